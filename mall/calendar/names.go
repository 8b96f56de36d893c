package calendar

import (
	_ "embed" // the names
	"strings"
)

// list is UTC and the names of zone.tab, which tzdata gives for people to choose from.
//
//go:embed zones.txt
var list string

// Names are the zones that a person chooses from, those of a continent together.
func Names() []string { return strings.Fields(list) }
