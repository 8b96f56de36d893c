package formvalue_test

import (
	"testing"
	"time"

	"videomall/mall/locale"
	"videomall/web/formvalue"
)

func TestWhatCantBeReadIsRefusedByEveryRule(t *testing.T) {
	t.Parallel()
	for s, want := range map[string][3]int64{
		"7":                    {7, 7, 7},
		"":                     {0, -1, -1},
		"x":                    {0, -1, -1},
		"-3":                   {0, -3, -1},
		"1e3":                  {0, -1, -1},
		" 1":                   {0, -1, -1},
		"1000000000":           {1_000_000_000, 1_000_000_000, -1},
		"99999999999999999999": {0, -1, -1},
	} {
		if got := [3]int64{formvalue.ID(s), int64(formvalue.Version(s)), formvalue.Number(s)}; got != want {
			t.Errorf("%q is read as %v, want %v", s, got, want)
		}
	}
	zone := time.FixedZone("CST", 8*3600)
	for s, want := range map[string]time.Time{"2026-11-26T08:30": time.Date(2026, 11, 26, 0, 30, 0, 0, time.UTC),
		"2026-11-26T08:30:15": time.Date(2026, 11, 26, 0, 30, 15, 0, time.UTC),
		" 2026-11-26 08:30":   time.Date(2026, 11, 26, 0, 30, 0, 0, time.UTC),
		"2026-02-30T08:30":    {}, "tomorrow": {}, "": {}} {
		if got := formvalue.At(s, zone); !got.Equal(want) {
			t.Errorf("%q is read as %s, want %s", s, got, want)
		}
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	form := map[string]string{"title_en": "Night", "title_zh": "夜", "title": "x"}
	got := formvalue.Text(func(name string) string { return form[name] }, "title")
	if want := (locale.Text{En: "Night", Zh: "夜"}); got != want {
		t.Errorf("Text is %+v, want %+v", got, want)
	}
}
