// Package moderation draws the review desk: the queue, one case with what it is compared to, the words that raise a
// score, takedowns and the answers to appeals. It refuses to decide anything: who may press which button is handed to
// it.
package moderation

import (
	"slices"
	"strconv"
	"strings"

	"videomall/mall/account"
	"videomall/mall/locale"
	"videomall/mall/review"
	"videomall/views/text"
	"videomall/views/ui"
)

// label is somebody's name and email; "#7" for account 7 where that is gone.
func label(people account.Users, id int64) string {
	if who, ok := people[id]; ok {
		return who.Name + " · " + who.Email
	}
	return people.Name(id)
}

// Found is a listing as a list shows it.
type Found struct {
	SPUID, CreatorID int64
	Slug             string
	Title            locale.Text
	Creator          locale.Text
	Cover            string
}

func num(n int64) string { return strconv.FormatInt(n, 10) }

func caseURL(id int64) string { return "/admin/review/" + num(id) }

var stateTones = map[review.State]ui.Tone{
	review.Open: ui.Info, review.Second: ui.Warning, review.Approved: ui.Success,
	review.Returned: ui.Error,
}

func scoreTone(score int) ui.Tone {
	switch {
	case score >= review.SecondFrom:
		return ui.Error
	case score >= review.SecondFrom/2:
		return ui.Warning
	}
	return ui.Plain
}

// reason says what a rule saw.
func reason(t *text.Printer, r review.Reason) string {
	switch {
	case len(r.Words) > 0:
		return t.T("review.rule."+r.Rule, "Words", strings.Join(r.Words, ", "))
	case r.Price != nil && r.Low != nil && r.High != nil:
		return t.T("review.rule."+r.Rule, "Price", t.Money(*r.Price), "Low", t.Money(*r.Low), "High", t.Money(*r.High))
	case r.Count > 0:
		return t.T("review.rule."+r.Rule, "Count", t.Number(r.Count))
	}
	return t.T("review.rule." + r.Rule)
}

func skuName(t *text.Printer, p review.Price) string {
	return t.SKU(p.Kind, p.Quality, p.RentHours)
}

// pair is one property of a listing, as it was submitted and as it is on sale.
type pair struct {
	label     string
	new, live string
	whole     bool // a price or a name: compared as one, not letter by letter
}

// parts are the pieces of a change that the reader sees.
func (p pair) parts() parts {
	if p.whole {
		return parts{old: p.live, new: p.new}
	}
	return compare(p.live, p.new)
}

func (p pair) changed() bool { return p.new != p.live }

// pairs lists the two versions side by side; without one on sale everything is new.
func pairs(t *text.Printer, n review.Content, live *review.Content) []pair {
	l := review.Content{}
	if live != nil {
		l = *live
	}
	out := []pair{
		{
			label: t.T("review.title_en"),
			new:   n.Title.En,
			live:  l.Title.En,
		},
		{
			label: t.T("review.title_zh"),
			new:   n.Title.Zh,
			live:  l.Title.Zh,
		},
		{
			label: t.T("review.description_en"),
			new:   n.Description.En,
			live:  l.Description.En,
		},
		{
			label: t.T("review.description_zh"),
			new:   n.Description.Zh,
			live:  l.Description.Zh,
		},
		{
			label: t.T("review.tags"),
			new:   strings.Join(n.Tags, ", "),
			live:  strings.Join(l.Tags, ", "),
			whole: true,
		},
		{
			label: t.T("review.category"),
			new:   t.Of(n.Category),
			live:  t.Of(l.Category),
			whole: true,
		},
		{
			label: t.T("review.series"),
			new:   series(t, n),
			live:  series(t, l),
			whole: true,
		},
		{
			label: t.T("review.slug"),
			new:   n.Slug,
			live:  l.Slug,
			whole: true,
		},
		{
			label: t.T("review.free"),
			new:   free(t, n),
			live:  free(t, l),
			whole: true,
		},
	}
	var names []string
	prices := func(c review.Content) map[string]string {
		found := map[string]string{}
		for _, p := range c.Prices {
			name := skuName(t, p)
			found[name] = t.Money(p.Amount)
			if p.List != nil {
				found[name] = t.T("review.price_list", "Price", t.Money(p.Amount), "List", t.Money(*p.List))
			}
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
		return found
	}
	newPrices, livePrices := prices(n), prices(l)
	for _, name := range names {
		out = append(out, pair{
			label: name,
			new:   newPrices[name],
			live:  livePrices[name],
			whole: true,
		})
	}
	return out
}

// series is what it is an episode of.
func series(t *text.Printer, c review.Content) string {
	if c.Series.IsZero() {
		return ""
	}
	return t.T("review.episode", "Series", t.Of(c.Series), "Number", t.Number(c.Episode))
}

// free is how much of a video is free to watch, in words; empty for nothing.
func free(t *text.Printer, c review.Content) string {
	if c.FreeSeconds == 0 {
		return ""
	}
	return t.DurationSpoken(c.FreeSeconds)
}

// parts are what two texts share at their beginning and end, and what each has between.
type parts struct{ head, old, new, tail string }

func compare(old, now string) parts {
	a, b := []rune(old), []rune(now)
	head := 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	return parts{
		string(a[:head]), string(a[head : len(a)-tail]), string(b[head : len(b)-tail]),
		string(a[len(a)-tail:]),
	}
}

// wrong is what is wrong with a field, in words; empty when nothing is.
func wrong(t *text.Printer, errors map[string]string, field string) string {
	return ui.FieldError(t, errors, field, "review.wrong.")
}
