// Package transition is the table of a state machine: which states may follow which. It refuses to know what a state
// means, who moves something, and where the state is stored.
package transition

import (
	"fmt"
	"maps"
	"slices"
)

// Table lists, for each state, the states that may follow it. A state that nothing follows has an empty entry.
type Table[S ~string] map[S][]S

// Check returns an error that names both states if to may not follow from.
func (t Table[S]) Check(from, to S) error {
	if slices.Contains(t[from], to) {
		return nil
	}
	return fmt.Errorf("no transition from %s to %s", from, to)
}

// Clone returns a copy that shares nothing with the table.
func (t Table[S]) Clone() Table[S] {
	c := maps.Clone(t)
	for from, to := range c {
		c[from] = slices.Clone(to)
	}
	return c
}
