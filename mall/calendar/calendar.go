// Package calendar owns days and months as a time zone of the tz database has them: when each begins, and in which one
// a moment lies. It refuses to know whose zone it is. The database is a part of the program, and nobody else's is
// asked: two of them may differ by a change of clocks, and a day that begins at two moments counts some things twice.
//
// A day is written as the midnight of UTC that has its date, and a month as the first of its days, whatever the zone.
package calendar

import (
	"fmt"
	"regexp"
	"sync"
	"time"
	_ "time/tzdata" // small machines have no tz database of their own
)

// Zone is a time zone. The zero Zone is UTC. Zones of the same name are equal.
type Zone struct {
	location *time.Location // nil for UTC
}

// UTC is the zone of what belongs to no creator.
var UTC Zone

// named is what names in the tz database look like. "Local", which Go knows besides, is no name there.
var named = regexp.MustCompile(`^[A-Z][A-Za-z0-9_+-]{1,30}(/[A-Za-z0-9_+-]{1,30}){0,2}$`)

// zones are those that were asked for, by name: at most as many as the database has.
var zones sync.Map

// Find is the zone of that name in the tz database; false where there is none, whatever a browser sent.
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

// Name is what the tz database calls the zone.
func (z Zone) Name() string { return z.Location().String() }

// Location is the zone as package time has it.
func (z Zone) Location() *time.Location {
	if z.location == nil {
		return time.UTC
	}
	return z.location
}

// Start is the first moment of a day. Where clocks skip midnight it is the moment after the gap, and a day that a zone
// skipped as a whole begins when the next one does.
func (z Zone) Start(day time.Time) time.Time {
	at := day.Add(-48 * time.Hour) // no zone is that far from UTC
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

// DayOf is the day in which a moment lies.
func (z Zone) DayOf(at time.Time) time.Time {
	year, month, date := at.In(z.Location()).Date()
	day := time.Date(year, month, date, 0, 0, 0, 0, time.UTC)
	// Clocks that go back over midnight show a date again that was over.
	if next := day.AddDate(0, 0, 1); !at.Before(z.Start(next)) {
		return next
	}
	return day
}

// MonthOf is the month in which a moment lies.
func (z Zone) MonthOf(at time.Time) time.Time {
	day := z.DayOf(at)
	return day.AddDate(0, 0, 1-day.Day())
}

// Starts are the first moments of the days from one to another, both included, and of the day after.
func (z Zone) Starts(first, last time.Time) []time.Time {
	var starts []time.Time
	for day := first; !day.After(last); day = day.AddDate(0, 0, 1) {
		starts = append(starts, z.Start(day))
	}
	return append(starts, z.Start(last.AddDate(0, 0, 1)))
}

// Offset is how far the zone is from UTC at a moment: UTC+8, UTC−3:30.
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
