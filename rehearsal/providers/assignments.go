package main

import (
	"errors"
	"strings"
	"sync"
)

// Azure has one assignment of a role for each principal in a scope, whatever its name.

const assignmentType = "azurerm_role_assignment"

func assignmentKey(attributes map[string]any) string {
	return strings.Join([]string{text(attributes["scope"]), text(attributes["role_definition_name"]), text(attributes["principal_id"])}, "|")
}

var errAssignmentExists = errors.New("unexpected status 409 (409 Conflict) with error: RoleAssignmentExists: The role assignment already exists.")

// arrivals are the creations that the cloud has accepted and not finished.
type arrivals struct {
	mutex sync.Mutex
	keys  map[string]bool
}

// assign accepts the creation of an assignment, or refuses it because there is one, or one is being made. The old one counts for
// as long as its deletion has not ended. The caller ends the creation by the function that it gets.
func (p *provider) assign(typ, action string, subject map[string]any) (func(), error) {
	if typ != assignmentType || action != "create" || p.stage.dir == "" {
		return func() {}, nil
	}
	id := strings.ToLower(key(typ, subject))
	p.arrivals.mutex.Lock()
	defer p.arrivals.mutex.Unlock()
	if p.arrivals.keys[id] || p.stage.load(typ, id) != nil {
		return func() {}, errAssignmentExists
	}
	if p.arrivals.keys == nil {
		p.arrivals.keys = map[string]bool{}
	}
	p.arrivals.keys[id] = true
	return func() {
		p.arrivals.mutex.Lock()
		defer p.arrivals.mutex.Unlock()
		delete(p.arrivals.keys, id)
	}, nil
}
