package calendar_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"videomall/mall/calendar"
)

func zone(t *testing.T, name string) calendar.Zone {
	t.Helper()
	z, ok := calendar.Find(name)
	if !ok || z.Name() != name {
		t.Fatalf("%q is found as %q, %v", name, z.Name(), ok)
	}
	return z
}

func moment(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func day(t *testing.T, s string) time.Time { t.Helper(); return moment(t, s+"T00:00:00Z") }

// TestZone_Start has days on which clocks change, also at midnight, and a day that was skipped.
func TestZone_Start(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		zone, day, start string
		length           time.Duration
	}{
		{"UTC", "2026-03-08", "2026-03-08T00:00:00Z", 24 * time.Hour},
		{"Asia/Shanghai", "2026-03-08", "2026-03-07T16:00:00Z", 24 * time.Hour},
		{"Asia/Kolkata", "2026-03-08", "2026-03-07T18:30:00Z", 24 * time.Hour},
		{"Asia/Kathmandu", "2026-03-08", "2026-03-07T18:15:00Z", 24 * time.Hour},
		{"Pacific/Kiritimati", "2026-03-08", "2026-03-07T10:00:00Z", 24 * time.Hour},
		{"Etc/GMT+12", "2026-03-08", "2026-03-08T12:00:00Z", 24 * time.Hour},
		{"Europe/Berlin", "2026-03-29", "2026-03-28T23:00:00Z", 23 * time.Hour},
		{"Europe/Berlin", "2026-10-25", "2026-10-24T22:00:00Z", 25 * time.Hour},
		{"America/New_York", "2026-11-01", "2026-11-01T04:00:00Z", 25 * time.Hour},
		{"America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00Z", 23 * time.Hour}, // midnight is skipped
		{"America/Sao_Paulo", "2018-02-17", "2018-02-17T02:00:00Z", 25 * time.Hour}, // the hour before midnight twice
		{"America/Havana", "2025-11-02", "2025-11-02T04:00:00Z", 25 * time.Hour},    // midnight twice
		// back over midnight at one past it
		{"America/St_Johns", "2010-11-07", "2010-11-07T02:30:00Z", 25 * time.Hour},
		{"Pacific/Apia", "2011-12-29", "2011-12-29T10:00:00Z", 24 * time.Hour},
		{"Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z", 0}, // the day was skipped
		{"Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00Z", 24 * time.Hour},
	} {
		z, d := zone(t, c.zone), day(t, c.day)
		start, next := z.Start(d), z.Start(d.AddDate(0, 0, 1))
		if !start.Equal(moment(t, c.start)) || next.Sub(start) != c.length {
			t.Errorf("%s of %s begins at %s and lasts %s", c.day, c.zone, start, next.Sub(start))
		}
	}
}

// TestZone_DayOf compares days with their starts: each time lies in the day that started last.
func TestZone_DayOf(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"UTC", "Asia/Shanghai", "Asia/Kolkata", "Europe/Berlin", "America/Sao_Paulo",
		"America/St_Johns", "America/Havana",
		"Pacific/Apia", "Pacific/Chatham", "Australia/Lord_Howe", "Asia/Beirut",
	} {
		z := zone(t, name)
		for _, year := range []string{"2010", "2011", "2018", "2026"} {
			first := day(t, year+"-01-01")
			starts := z.Starts(first, first.AddDate(1, 0, 0))
			if !slices.IsSortedFunc(starts, time.Time.Compare) {
				t.Errorf("days of %s overlap in %s", name, year)
			}
			for n, start := range starts[:len(starts)-1] {
				for _, in := range []time.Duration{
					0, time.Second, 59 * time.Second, time.Minute, 61 * time.Second,
					time.Hour, 12 * time.Hour,
					23*time.Hour - time.Second, starts[n+1].Sub(start) - time.Second,
				} {
					at := start.Add(in)
					if in < 0 || !at.Before(starts[n+1]) {
						continue
					}
					if got, want := z.DayOf(at), first.AddDate(0, 0, n); !got.Equal(want) {
						t.Fatalf("%s lies in %s of %s, want %s", at, got, name, want)
					}
				}
			}
		}
	}
	shanghai := zone(t, "Asia/Shanghai")
	if got := shanghai.DayOf(moment(t, "2026-02-28T23:30:00Z")); !got.Equal(day(t, "2026-03-01")) {
		t.Errorf("half past eleven in UTC is %s in Shanghai", got)
	}
	if got := shanghai.MonthOf(moment(t, "2026-02-28T23:30:00Z")); !got.Equal(day(t, "2026-03-01")) {
		t.Errorf("and its month %s", got)
	}
	if got := calendar.UTC.MonthOf(moment(t, "2026-02-28T23:30:00Z")); !got.Equal(day(t, "2026-02-01")) {
		t.Errorf("in UTC its month is %s", got)
	}
}

func TestZone_Offset(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ zone, at, want string }{
		{"UTC", "2026-07-01T00:00:00Z", "UTC"},
		{"Europe/London", "2026-01-01T00:00:00Z", "UTC"},
		{"Europe/London", "2026-07-01T00:00:00Z", "UTC+1"},
		{"Asia/Shanghai", "2026-07-01T00:00:00Z", "UTC+8"},
		{"Asia/Kathmandu", "2026-07-01T00:00:00Z", "UTC+5:45"},
		{"America/St_Johns", "2026-01-01T00:00:00Z", "UTC−3:30"},
	} {
		if got := zone(t, c.zone).Offset(moment(t, c.at)); got != c.want {
			t.Errorf("%s is %s at %s", c.zone, got, c.at)
		}
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"", "Local", "Mars/Phobos", "../../etc/passwd", "/etc/localtime", "Asia/../UTC",
		"Asia", "utc", "Asia/Shanghai\n",
		"Asia/Shanghai\x00", strings.Repeat("A", 1000), "亚洲/上海",
	} {
		if z, ok := calendar.Find(name); ok || z != calendar.UTC {
			t.Errorf("%q is taken for %s", name, z.Name())
		}
	}
	kolkata := zone(t, "Asia/Kolkata")
	if kolkata == zone(t, "Asia/Calcutta") || kolkata != zone(t, "Asia/Kolkata") {
		t.Error("zones are not distinguished by their names")
	}
	if names := calendar.Names(); len(names) < 400 || names[0] != "UTC" {
		t.Errorf("%d names", len(names))
	}
	for _, name := range calendar.Names() {
		zone(t, name)
	}
}
