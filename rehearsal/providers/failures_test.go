package main

import (
	"os"
	"slices"
	"strings"
	"testing"
)

func environment(pairs ...string) func(string) string {
	return func(name string) string {
		for _, pair := range pairs {
			if value, found := strings.CutPrefix(pair, name+"="); found {
				return value
			}
		}
		return ""
	}
}

func TestFailureSelects(t *testing.T) {
	subnet := map[string]any{"name": "aks-subnet"}
	subnetID := "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/v/subnets/aks-subnet"
	secret := map[string]any{"metadata": []any{map[string]any{"name": "git-dags", "namespace": "airflow"}}}
	trigger := map[string]any{"triggers": map[string]any{"job": "publish-model"}}
	for _, c := range []struct {
		spec, typ, id string
		arguments     map[string]any
		want          bool
	}{
		{"azurerm_subnet", "azurerm_subnet", subnetID, subnet, true},
		{"azurerm_*", "azurerm_subnet", subnetID, subnet, true},
		{"azurerm_subnet[aks-subnet]", "azurerm_subnet", subnetID, subnet, true},
		{"azurerm_subnet[aks-*]", "azurerm_subnet", subnetID, subnet, true},
		{"azurerm_subnet[pg-subnet]", "azurerm_subnet", subnetID, subnet, false},
		{"azurerm_subnet[subnet]", "azurerm_subnet", subnetID, subnet, false},
		{"azurerm_subnet[" + subnetID + "]", "azurerm_subnet", subnetID, subnet, true},
		{"azurerm_subnet[*/virtualNetworks/v/*]", "azurerm_subnet", subnetID, subnet, true},
		{"azurerm_network_security_group[aks-subnet]", "azurerm_subnet", subnetID, subnet, false},
		{"kubernetes_secret_v1[git-dags]", "kubernetes_secret_v1", "", secret, true}, // before the id is known
		{"kubernetes_secret_v1[airflow/git-dags]", "kubernetes_secret_v1", "airflow/git-dags", secret, true},
		{"kubernetes_secret_v1[metadata.namespace=airflow]", "kubernetes_secret_v1", "airflow/git-dags", secret, true},
		{"kubernetes_secret_v1[metadata.namespace=other]", "kubernetes_secret_v1", "airflow/git-dags", secret, false},
		{"null_resource[triggers.job=publish-model]", "null_resource", "123", trigger, true},
		{"null_resource[triggers.job=publish-dag]", "null_resource", "123", trigger, false},
		{"null_resource[triggers.none=*]", "null_resource", "123", trigger, false},
	} {
		failures, err := parseFailures(c.spec + ":create:1")
		if err != nil || len(failures) != 1 {
			t.Fatalf("%s: %v, %v", c.spec, failures, err)
		}
		if got := failures[0].selects(c.typ, c.id, c.arguments); got != c.want {
			t.Errorf("%s selects %s %s: %v", c.spec, c.typ, c.id, got)
		}
	}
}

func TestParseFailures(t *testing.T) {
	given := "azurerm_subnet, azurerm_key_vault_secret[https://kv/secrets/a,b]:update:2 azurerm_subnet[x]:create:1:taint,random_password:open,azurerm_subnet[y]:create:1:interrupted"
	failures, err := parseFailures(given)
	if err != nil || len(failures) != 5 {
		t.Fatalf("%v, %v", failures, err)
	}
	for i, want := range []failure{
		{"azurerm_subnet", "azurerm_subnet", "create", "", 1, false, false},
		{"azurerm_key_vault_secret[https://kv/secrets/a,b]:update:2", "azurerm_key_vault_secret", "update", "https://kv/secrets/a,b", 2, false, false},
		{"azurerm_subnet[x]:create:1:taint", "azurerm_subnet", "create", "x", 1, true, false},
		{"random_password:open", "random_password", "open", "", 1, false, false},
		{"azurerm_subnet[y]:create:1:interrupted", "azurerm_subnet", "create", "y", 1, false, true},
	} {
		if failures[i] != want {
			t.Errorf("%+v, wanted %+v", failures[i], want)
		}
	}
}

func TestMistakesInTheEnvironment(t *testing.T) {
	for given, want := range map[string]string{
		"REHEARSAL_FAIL=azurerm_subnet[x:create:1":             "not the form",
		"REHEARSAL_FAIL=azurerm_subnet[]:create":               "not the form",
		"REHEARSAL_FAIL=azurerm_subnet:creat:1":                `no action "creat"`,
		"REHEARSAL_FAIL=azurerm_subnet:create:none":            `"none" is no count`,
		"REHEARSAL_FAIL=azurerm_subnet:create:0":               `"0" is no count`,
		"REHEARSAL_FAIL=azurerm_subnet:create:1:tainted":       `"tainted" is not known`,
		"REHEARSAL_FAIL=azurerm_subnet:delete:1:taint":         "only what is created",
		"REHEARSAL_FAIL=azurerm_subnet:update:1:interrupted":   "only what is created",
		"REHEARSAL_FAIL=azurerm_subnets:create:1":              "no provider of this project has a type azurerm_subnets",
		"REHEARSAL_FAIL=random_password:create:1,aws_vpc:open": "no provider of this project has a type aws_vpc",
		"REHEARSAL_TIME_SCALE=fast":                            "a number from 0",
		"REHEARSAL_STRICT=yes":                                 "allowed are 1, 0 and nothing",
		"REHEARSAL_EXISTING=shared":                            "allowed is TYPE=NAME",
	} {
		_, err := stageFromEnv(environment("REHEARSAL_DIR=/x", given))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", given, err)
		}
	}
	_, err := stageFromEnv(environment("REHEARSAL_FAIL=azurerm_subnet"))
	if err == nil || !strings.Contains(err.Error(), "REHEARSAL_DIR is not set") {
		t.Errorf("a failure without a place to count: %v", err)
	}
	_, err = stageFromEnv(environment("REHEARSAL_FAIL=x:y", "REHEARSAL_TIME_SCALE=z"))
	if err == nil || !strings.Contains(err.Error(), "REHEARSAL_FAIL") || !strings.Contains(err.Error(), "REHEARSAL_TIME_SCALE") {
		t.Errorf("not all mistakes at once: %v", err)
	}
}

func TestFailuresAreUsedUp(t *testing.T) {
	dir := t.TempDir()
	turns := ""
	for range 4 { // a new stage each time, as in a new run
		s, err := stageFromEnv(environment("REHEARSAL_DIR="+dir, "REHEARSAL_FAIL=azurerm_subnet[a]:create:2,azurerm_subnet:create:1"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"a", "b"} {
			_, yes, err := s.fail("azurerm_subnet", "create", "/x/"+name, map[string]any{"name": name})
			if err != nil {
				t.Fatal(err)
			}
			if yes {
				turns += name
			}
		}
	}
	if turns != "aba" {
		t.Errorf("failed in turn: %s", turns)
	}
	s, err := stageFromEnv(environment("REHEARSAL_DIR="+dir, "REHEARSAL_FAIL=azurerm_subnet[a]:create:2,azurerm_subnet[c]:create:1"))
	if err != nil || !slices.Equal(s.unused(), []string{"azurerm_subnet[c]:create:1"}) {
		t.Errorf("unused: %q, %v", s.unused(), err)
	}
	if marks, err := os.ReadDir(dir + "/failures"); err != nil || len(marks) != 3 {
		t.Errorf("%d marks, %v", len(marks), err)
	}
}

func TestOneOfSeveralFails(t *testing.T) {
	w := newWorld(t, "REHEARSAL_FAIL=azurerm_subnet[pg-subnet]:create:1,azurerm_key_vault_secret[sql-admin]:create:1")
	w.init("infra")
	for _, failed := range []string{"pg-subnet", "sql-admin"} {
		if out, code := w.try("infra", "apply", "-auto-approve", "-no-color"); code == 0 || !strings.Contains(out, failed) {
			// Both may fail in the first run, when nothing of the one waits for the other.
			if code == 0 && failed == "sql-admin" {
				break
			}
			t.Fatalf("exit %d, no %s in\n%s", code, failed, out)
		}
	}
	w.apply("infra")
	asked := []string{}
	for _, e := range w.journal() {
		if e.AskedFor {
			asked = append(asked, e.Type+" "+lastName(e.ID))
		} else if e.Error != "" {
			t.Errorf("failed, but nobody asked for it: %s %s: %s", e.Type, e.ID, e.Error)
		}
	}
	if len(asked) != 2 {
		t.Errorf("failed as asked for: %q", asked)
	}
	w.expectNoChanges("infra")
}

func TestTerraformReportsAMistake(t *testing.T) {
	w := newWorld(t, "REHEARSAL_FAIL=azurerm_subnet:creat:1")
	w.init("infra")
	for _, command := range []string{"validate", "plan"} {
		if out, code := w.try("infra", command, "-no-color"); code == 0 || !strings.Contains(out, `there is no action "creat"`) {
			t.Errorf("%s: exit %d\n%s", command, code, out)
		}
	}
}
