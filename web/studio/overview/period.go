package overview

import (
	"net/url"
	"time"

	"videomall/mall/insight"

	overviewview "videomall/views/studio/overview"
)

// lengths are the days of the periods that need none to be typed.
var lengths = map[string]int{"day": 1, "week": 7, "month": 30}

// readPeriod reads the chosen days, of which today is the last possible one. A choice that can't be shown comes back as
// it was typed, with what is wrong, and the last week is shown.
func readPeriod(q url.Values, today time.Time) overviewview.Period {
	p := overviewview.Period{
		Name:  q.Get("period"),
		From:  q.Get("from"),
		To:    q.Get("to"),
		Range: insight.Last(lengths["week"], today),
	}
	if n, ok := lengths[p.Name]; ok {
		p.Range = insight.Last(n, today)
		return p
	}
	if p.Name != "own" && (p.From == "" || p.To == "") {
		p.Name = "week"
		return p
	}
	p.Name = "own"
	if r, wrong := readRange(p.From, p.To, today); len(wrong) > 0 {
		p.Errors = wrong
	} else {
		p.Range = r
	}
	return p
}

// readRange reads two days up to today; wrong are slugs by field.
func readRange(first, last string, today time.Time) (r insight.Range, wrong map[string]string) {
	wrong = map[string]string{}
	var err error
	if r.From, err = time.Parse(time.DateOnly, first); err != nil {
		wrong["from"] = "date"
	}
	if r.To, err = time.Parse(time.DateOnly, last); err != nil {
		wrong["to"] = "date"
	}
	if len(wrong) > 0 {
		return r, wrong
	}
	switch {
	case r.From.After(today):
		wrong["from"] = "future"
	case r.To.After(today):
		wrong["to"] = "future"
	case r.To.Before(r.From):
		wrong["to"] = "reversed"
	case r.Days() > insight.MostDays:
		wrong["to"] = "long"
	}
	return r, wrong
}
