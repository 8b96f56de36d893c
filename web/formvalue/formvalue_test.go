package formvalue_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"videomall/mall/locale"
	"videomall/web/formvalue"
)

func TestPrice(t *testing.T) {
	t.Parallel()
	for s, want := range map[string][2]int64{
		"19":       {1900, 1900},
		" 19,9 ":   {1990, 1990},
		"":         {-1, 0},
		" ":        {-1, 0},
		"much":     {-1, -1},
		"12345678": {-1, -1},
	} {
		if got := [2]int64{formvalue.Price(s, "CNY"), formvalue.OptionalPrice(s, "CNY")}; got != want {
			t.Errorf("price %q: got %v, want %v", s, got, want)
		}
	}
	for s, want := range map[string]int64{"": 0, " ": 0, "48": 48, "x": -1} {
		if got := formvalue.OptionalNumber(s); got != want {
			t.Errorf("optional number %q: got %d, want %d", s, got, want)
		}
	}
}

func TestFormat(t *testing.T) {
	t.Parallel()
	if got := formvalue.FormatNumber(0) + formvalue.FormatPrice(0, "CNY"); got != "" {
		t.Errorf("zero: got %q, want an empty string", got)
	}
	if got := formvalue.FormatNumber(int64(48)) + " " + formvalue.FormatPrice(1990, "CNY"); got != "48 19.90" {
		t.Errorf("number and price: got %q, want \"48 19.90\"", got)
	}
}

func TestPressRow(t *testing.T) {
	t.Parallel()
	for button, want := range map[string]string{
		"add":      "a b new",
		"remove-0": "b",
		"remove-1": "a",
	} {
		rows := []string{"a", "b"}
		if pressed := formvalue.PressRow(&rows, button, 3, "new"); !pressed || strings.Join(rows, " ") != want {
			t.Errorf("%s: got rows %v, %t, want %q", button, rows, pressed, want)
		}
	}
	for _, button := range []string{"", "save", "remove-2", "remove--1", "remove-x", "remove-"} {
		rows := []string{"a", "b"}
		if formvalue.PressRow(&rows, button, 3, "new") || len(rows) != 2 {
			t.Errorf("%q is not a button of a row, but was treated as one: %v", button, rows)
		}
	}
	full := []string{"a", "b"}
	if !formvalue.PressRow(&full, "add", 2, "new") || len(full) != 2 {
		t.Errorf("adding a row to a full form: got rows %v, want them unchanged", full)
	}
}

func TestRow(t *testing.T) {
	t.Parallel()
	values := url.Values{"price": {" 5 ", "6"}}
	if got := formvalue.Row(values, "price", 0) + formvalue.Row(values, "price", 2) +
		formvalue.Row(values, "units", 0); got != "5" {
		t.Errorf("rows: got %q, want \"5\"", got)
	}
}

func TestFormValue_unreadable(t *testing.T) {
	t.Parallel()
	for s, want := range map[string][3]int64{
		"7":                    {7, 7, 7},
		"":                     {0, -1, -1},
		"x":                    {0, -1, -1},
		"-3":                   {0, -3, -1},
		"1e3":                  {0, -1, -1},
		" 1":                   {0, -1, 1},
		"1000000000":           {1_000_000_000, 1_000_000_000, -1},
		"99999999999999999999": {0, -1, -1},
	} {
		if got := [3]int64{formvalue.ID(s), int64(formvalue.Version(s)), formvalue.Number(s)}; got != want {
			t.Errorf("id, version and number of %q: got %v, want %v", s, got, want)
		}
	}
	zone := time.FixedZone("CST", 8*3600)
	for s, want := range map[string]time.Time{
		"2026-11-26T08:30":    time.Date(2026, 11, 26, 0, 30, 0, 0, time.UTC),
		"2026-11-26T08:30:15": time.Date(2026, 11, 26, 0, 30, 15, 0, time.UTC),
		" 2026-11-26 08:30":   time.Date(2026, 11, 26, 0, 30, 0, 0, time.UTC),
		"2026-02-30T08:30":    {}, "tomorrow": {}, "": {},
	} {
		if got := formvalue.At(s, zone); !got.Equal(want) {
			t.Errorf("time %q: got %s, want %s", s, got, want)
		}
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	form := map[string]string{"title_en": "Night", "title_zh": "夜", "title": "x"}
	got := formvalue.Text(func(name string) string { return form[name] }, "title")
	if want := (locale.Text{En: "Night", Zh: "夜"}); got != want {
		t.Errorf("Text: got %+v, want %+v", got, want)
	}
}
