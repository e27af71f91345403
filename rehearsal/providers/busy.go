package main

import (
	"fmt"
	"strings"
	"sync"
)

// busy is what is under way on each parent whose children the cloud changes one at a time (tables/one-at-a-time.txt).
type busy struct {
	mutex    sync.Mutex
	underWay map[string][]operation
}

type operation struct {
	name  string
	alone bool
}

// begin refuses an operation as the cloud does while another one of the same parent is under way; end has to be called
// when it is over.
func (b *busy) begin(typ string, subject map[string]any) (end func(), err error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	name := typ + " " + text(subject["name"])
	parents := []string{}
	end = func() {
		b.mutex.Lock()
		defer b.mutex.Unlock()
		for _, parent := range parents {
			for i, other := range b.underWay[parent] {
				if other.name == name {
					b.underWay[parent] = append(b.underWay[parent][:i:i], b.underWay[parent][i+1:]...)
					break
				}
			}
		}
	}
	for _, row := range tables.oneAtATime {
		id := text(lookup(subject, row.attribute))
		if row.typ != typ || id == "" {
			continue
		}
		parent := row.parent + " " + strings.ToLower(lastName(id))
		for _, other := range b.underWay[parent] {
			if err == nil && (row.alone || other.alone) {
				err = fmt.Errorf("%s: %s is under way on the %s %s", row.code, other.name, row.parent, lastName(id))
			}
		}
		parents = append(parents, parent)
		if b.underWay == nil {
			b.underWay = map[string][]operation{}
		}
		b.underWay[parent] = append(b.underWay[parent], operation{name, row.alone})
	}
	return end, err
}
