package text

import (
	"regexp"
	"sync"
	"time"
	_ "time/tzdata" // small machines have no tz database of their own
)

// zoneName is what names in the tz database look like. "Local", which Go knows besides, is no name there.
var zoneName = regexp.MustCompile(`^[A-Z][A-Za-z0-9_+-]{1,30}(/[A-Za-z0-9_+-]{1,30}){0,2}$`)

// locations are the zones that were asked for, by name: at most as many as the database has.
var locations sync.Map

// locationOf finds a zone by its name in the tz database; nil where there is none, whatever a browser sent.
func locationOf(name string) *time.Location {
	if known, ok := locations.Load(name); ok {
		return known.(*time.Location)
	}
	if !zoneName.MatchString(name) || name == "Local" {
		return nil
	}
	location, err := time.LoadLocation(name)
	if err != nil {
		return nil
	}
	locations.Store(name, location)
	return location
}
