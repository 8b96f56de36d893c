// Package calendar owns the days and months of the time zones in the tz database: when each begins, and in which one a
// time lies. It refuses to know whose zone it is. The tz database is embedded and no other one is used, since two
// versions may differ about a change of clocks, and a day with two beginnings would count some things twice.
//
// A day is represented by midnight UTC of its date, and a month by its first day, in every zone.
package calendar

import (
	"fmt"
	"regexp"
	"sync"
	"time"
	_ "time/tzdata" // small systems have no tz database
)

// Zone is a time zone. The zero Zone is UTC. Zones of the same name are equal.
type Zone struct {
	location *time.Location // nil for UTC
}

// UTC is the zone of everything that belongs to no creator.
var UTC Zone

// named matches names of the tz database. It also matches "Local", which is a name of Go and not of the database.
var named = regexp.MustCompile(`^[A-Z][A-Za-z0-9_+-]{1,30}(/[A-Za-z0-9_+-]{1,30}){0,2}$`)

// zones caches the zones that were asked for, by name. It never holds more than the database has.
var zones sync.Map

// Find returns the zone with a name of the tz database, or false if there is none. The name may come from a browser.
func Find(name string) (Zone, bool) {
	if name == "UTC" {
		return UTC, true
	}
	if known, ok := zones.Load(name); ok {
		return known.(Zone), true
	}
	if !named.MatchString(name) || name == "Local" {
		return UTC, false
	}
	location, err := time.LoadLocation(name)
	if err != nil {
		return UTC, false
	}
	kept, _ := zones.LoadOrStore(name, Zone{location})
	return kept.(Zone), true
}

// Name returns the name of the zone in the tz database.
func (z Zone) Name() string { return z.Location().String() }

// Location returns the zone as a location of package time.
func (z Zone) Location() *time.Location {
	if z.location == nil {
		return time.UTC
	}
	return z.location
}

// Start returns the beginning of a day. If the clocks skip midnight, the day begins after the gap. A day that the zone
// skipped entirely begins when the next day does.
func (z Zone) Start(day time.Time) time.Time {
	at := day.Add(-48 * time.Hour) // no zone differs from UTC by as much
	for {
		since, until := at.In(z.Location()).ZoneBounds()
		_, offset := at.In(z.Location()).Zone()
		start := day.Add(-time.Duration(offset) * time.Second)
		if start.Before(since) {
			start = since
		}
		if until.IsZero() || start.Before(until) {
			return start.UTC()
		}
		at = until
	}
}

// DayOf returns the day in which a time lies.
func (z Zone) DayOf(at time.Time) time.Time {
	year, month, date := at.In(z.Location()).Date()
	day := time.Date(year, month, date, 0, 0, 0, 0, time.UTC)
	// Clocks that go back over midnight show the date of a day that has ended.
	if next := day.AddDate(0, 0, 1); !at.Before(z.Start(next)) {
		return next
	}
	return day
}

// MonthOf returns the month in which a time lies.
func (z Zone) MonthOf(at time.Time) time.Time {
	day := z.DayOf(at)
	return day.AddDate(0, 0, 1-day.Day())
}

// Starts returns the beginnings of the days from first to last, and of the day after last.
func (z Zone) Starts(first, last time.Time) []time.Time {
	var starts []time.Time
	for day := first; !day.After(last); day = day.AddDate(0, 0, 1) {
		starts = append(starts, z.Start(day))
	}
	return append(starts, z.Start(last.AddDate(0, 0, 1)))
}

// Offset returns the difference of the zone from UTC at a time, such as UTC+8 or UTC−3:30.
func (z Zone) Offset(at time.Time) string {
	_, seconds := at.In(z.Location()).Zone()
	sign := "+"
	if seconds < 0 {
		sign, seconds = "−", -seconds
	}
	hours, minutes := seconds/3600, seconds/60%60
	switch {
	case minutes != 0:
		return fmt.Sprintf("UTC%s%d:%02d", sign, hours, minutes)
	case hours != 0:
		return fmt.Sprintf("UTC%s%d", sign, hours)
	}
	return "UTC"
}
