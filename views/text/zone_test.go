package text_test

import (
	"strings"
	"testing"
	"time"

	"videomall/mall/calendar"
	"videomall/views/text"
)

// TestPrinter_In writes moments around changes of clocks, and in zones that are no whole hour away.
func TestPrinter_In(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ zone, at, en, zh, day string }{
		{"", "2026-03-08T06:59:00Z", "Mar 8, 2026, 06:59 UTC", "2026年3月8日 14:59（北京时间）", "Mar 8, 2026"},
		{"Asia/Shanghai", "2026-03-08T16:30:00Z", "Mar 9, 2026, 00:30", "2026年3月9日 00:30", "Mar 9, 2026"},
		{"America/New_York", "2026-03-08T06:59:00Z", "Mar 8, 2026, 01:59", "2026年3月8日 01:59", "Mar 8, 2026"},
		{"America/New_York", "2026-03-08T07:00:00Z", "Mar 8, 2026, 03:00", "2026年3月8日 03:00", "Mar 8, 2026"},
		{"America/New_York", "2026-11-01T05:30:00Z", "Nov 1, 2026, 01:30", "2026年11月1日 01:30", "Nov 1, 2026"},
		{"America/New_York", "2026-11-01T06:30:00Z", "Nov 1, 2026, 01:30", "2026年11月1日 01:30", "Nov 1, 2026"},
		{"Asia/Kathmandu", "2026-03-08T18:15:00Z", "Mar 9, 2026, 00:00", "2026年3月9日 00:00", "Mar 9, 2026"},
		{"Asia/Kolkata", "2026-03-08T18:29:00Z", "Mar 8, 2026, 23:59", "2026年3月8日 23:59", "Mar 8, 2026"},
		{"Etc/GMT+8", "2026-03-08T18:29:00Z", "Mar 8, 2026, 10:29", "2026年3月8日 10:29", "Mar 8, 2026"},
		{"UTC", "2026-03-08T18:29:00Z", "Mar 8, 2026, 18:29", "2026年3月8日 18:29", "Mar 8, 2026"},
	} {
		at, err := time.Parse(time.RFC3339, c.at)
		if err != nil {
			t.Fatal(err)
		}
		en, zh := text.For(text.En).In(c.zone), text.For(text.ZhCN).In(c.zone)
		if en.DateTime(at) != c.en || zh.DateTime(at) != c.zh || en.Date(at) != c.day {
			t.Errorf("%s in %q: %q, %q, %q", c.at, c.zone, en.DateTime(at), zh.DateTime(at), en.Date(at))
		}
		if c.zone != "" && en.HereName() != c.zone {
			t.Errorf("%q is called %q", c.zone, en.HereName())
		}
		if en.Zone() != text.For(text.En).Zone() {
			t.Errorf("what is typed moves with the zone %q", c.zone)
		}
	}
}

func TestPrinter_In_no_zone(t *testing.T) {
	t.Parallel()
	for _, zone := range []string{
		"Local", "Mars/Phobos", "../../etc/passwd", "/etc/localtime", "Asia/../UTC", "Asia",
		"zone.tab", "utc", "x",
		"Asia/Shanghai\n", "Asia/Shanghai\x00", "<b>", strings.Repeat("A", 1000), "America/Argentina/Buenos_Aires/x",
		"亚洲/上海",
	} {
		if p := text.For(text.En).In(zone); p != text.For(text.En) {
			t.Errorf("%q is taken for %s", zone, p.HereName())
		}
	}
}

func TestPrinter_ZoneName(t *testing.T) {
	t.Parallel()
	from, to := time.Date(2026, 10, 20, 0, 0, 0, 0, time.UTC), time.Date(2026, 10, 30, 0, 0, 0, 0, time.UTC)
	for zone, want := range map[string][2]string{
		"UTC":           {"UTC", "UTC"},
		"Asia/Kolkata":  {"Asia/Kolkata (UTC+5:30)", "Asia/Kolkata（UTC+5:30）"},
		"Europe/Berlin": {"Europe/Berlin (UTC+2, then UTC+1)", "Europe/Berlin（UTC+2，后为 UTC+1）"},
	} {
		z, _ := calendar.Find(zone)
		for n, lang := range []text.Lang{text.En, text.ZhCN} {
			if got := text.For(lang).ZoneName(z, from, to); got != want[n] {
				t.Errorf("%s is named %q", zone, got)
			}
		}
	}
	if _, known := text.For(text.En).OwnZone(); known {
		t.Error("a reader's zone is known from nothing")
	}
	if z, known := text.For(text.En).In("Asia/Kolkata").OwnZone(); !known || z.Name() != "Asia/Kolkata" {
		t.Errorf("the reader's zone is %s", z.Name())
	}
}
