package calendar

import (
	_ "embed" // the names
	"strings"
)

// list has UTC and the names in zone.tab, the list that tzdata offers for people to choose from.
//
//go:embed zones.txt
var list string

// Names returns the zones that a person can choose from, grouped by continent.
func Names() []string { return strings.Fields(list) }
