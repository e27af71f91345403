package main

import (
	"strings"
	"testing"
)

func TestARoleIsAssignedOnce(t *testing.T) {
	p := providerIn(t, "azurerm")
	assignment := func(scope, role, principal string) map[string]any {
		return map[string]any{"scope": scope, "role_definition_name": role, "principal_id": principal}
	}
	assign := func(subject map[string]any) (func(), string) {
		ended, err := p.assign(assignmentType, "create", subject)
		if err != nil {
			return ended, err.Error()
		}
		return ended, ""
	}
	one := assignment("/group", "Officer", "aaaa")
	same := assignment("/GROUP", "Officer", "AAAA")
	ended, problem := assign(one)
	if problem != "" {
		t.Fatalf("the first: %s", problem)
	}
	if _, problem := assign(same); !strings.Contains(problem, "RoleAssignmentExists") {
		t.Errorf("while it is being made: %q", problem)
	}
	if err := p.remember(p.catalogue.Resources.get(assignmentType).Block, "create", assignmentType, one, one); err != nil {
		t.Fatal(err)
	}
	ended()
	if _, problem := assign(same); !strings.Contains(problem, "RoleAssignmentExists") {
		t.Errorf("when it is there: %q", problem)
	}
	for _, other := range []map[string]any{assignment("/other", "Officer", "aaaa"), assignment("/group", "Admin", "aaaa"), assignment("/group", "Officer", "bbbb")} {
		if _, problem := assign(other); problem != "" {
			t.Errorf("%v: %s", other, problem)
		}
	}
	if err := p.stage.remove(assignmentType, key(assignmentType, one)); err != nil {
		t.Fatal(err)
	}
	if _, problem := assign(same); problem != "" {
		t.Errorf("after the old one has gone: %s", problem)
	}
}
