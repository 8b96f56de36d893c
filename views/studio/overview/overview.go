// Package overview draws what creators see of their business: numbers beside those of the period before, charts
// that are drawn on the server and can be read as tables, and where to take it all as CSV. It takes sums as the
// business hands them out.
package overview

import (
	"cmp"
	"net/url"
	"strconv"
	"strings"
	"time"

	"videomall/mall/calendar"
	"videomall/mall/catalog"
	"videomall/mall/insight"
	"videomall/mall/money"
	"videomall/views/text"
	"videomall/views/ui"
)

// Period is the choice of days, as it stands in the address.
type Period struct {
	Name     string // day, week, month or own
	From, To string // as typed, for own
	Errors   map[string]string
	Range    insight.Range
}

// Periods are the choices that need no days to be typed.
var Periods = []string{"day", "week", "month"}

// query is the period in an address.
func (p Period) query() url.Values {
	if p.Name == "own" {
		return url.Values{"period": {"own"}, "from": {p.From}, "to": {p.To}}
	}
	return url.Values{"period": {p.Name}}
}

// Page is the overview of a creator, or of one video.
type Page struct {
	Zone    calendar.Zone // whose days they are
	Period  Period
	Video   *catalog.Card // nil for all of the creator's
	Now     insight.Report
	Before  insight.Report
	Around  insight.Report // what a chart shows: the range, or for a single day some days before it as well
	Videos  []Row
	Sources []insight.Source
	Curve   insight.Curve
}

// Row is a video with what it did; Card is nil for one that can't be found any more.
type Row struct {
	insight.VideoSums
	Card *catalog.Card
}

// address is the page itself, with a period.
func (p Page) address(period Period) string {
	return p.path() + "?" + period.query().Encode()
}

func (p Page) path() string {
	if p.Video != nil {
		return VideoURL(p.Video.SPUID)
	}
	return "/studio"
}

// VideoURL is the page of one video's numbers.
func VideoURL(spuID int64) string { return "/studio/insight/" + strconv.FormatInt(spuID, 10) }

func (p Page) csv(what string) string {
	q := url.Values{
		"what": {what},
		"from": {p.Now.Range.From.Format(time.DateOnly)},
		"to":   {p.Now.Range.To.Format(time.DateOnly)},
	}
	if p.Video != nil {
		q.Set("video", strconv.FormatInt(p.Video.SPUID, 10))
	}
	return "/studio/insight.csv?" + q.Encode()
}

// sheets are the CSVs that the page offers.
func (p Page) sheets() []string {
	if p.Video != nil {
		return []string{"days", "traffic", "sources", "retention", "orders"}
	}
	return []string{"days", "traffic", "videos", "sources", "orders"}
}

func (p Page) empty() bool { return p.Now.Empty() && p.Before.Empty() && p.Curve.Plays == 0 }

// currencies are those of both periods, in the order of their codes.
func (p Page) currencies() []string { return insight.Currencies(p.Now, p.Before) }

// tile is one number beside that of the period before.
type tile struct {
	Label, Value string
	Now, Before  int64
	Worse        bool // when it grows
	Points       bool // a share in thousandths: what changed is said in points
	None         bool // nothing to compare
}

func (p Page) tiles(t *text.Printer) []tile {
	var list []tile
	currencies := p.currencies()
	for _, c := range currencies {
		label := t.T("overview.revenue")
		if len(currencies) > 1 {
			label = t.T("overview.revenue_in", "Currency", c)
		}
		now, before := p.Now.In(c), p.Before.In(c)
		list = append(list, tile{
			Label:  label,
			Value:  t.Money(money.Of(now.Gross, c)),
			Now:    now.Gross,
			Before: before.Gross,
		})
	}
	if len(currencies) == 0 {
		list = append(list, tile{
			Label: t.T("overview.revenue"),
			Value: "–",
			None:  true,
		})
	}
	list = append(list, tile{
		Label:  t.T("overview.orders"),
		Value:  t.Number(int(p.Now.Orders())),
		Now:    p.Now.Orders(),
		Before: p.Before.Orders(),
	})
	conversion := tile{
		Label:  t.T("overview.conversion"),
		Value:  "–",
		None:   true,
		Points: true,
	}
	if now, ok := p.Now.Conversion(); ok {
		before, compared := p.Before.Conversion()
		conversion.Value = share(now)
		conversion.Now = now
		conversion.Before = before
		conversion.None = !compared
	}
	list = append(list, conversion)
	for _, c := range currencies {
		now, before := p.Now.In(c), p.Before.In(c)
		label := t.T("overview.refunded")
		if len(currencies) > 1 {
			label = t.T("overview.refunded_in", "Currency", c)
		}
		list = append(list, tile{
			Label:  label,
			Value:  t.Money(money.Of(now.Refunded, c)),
			Now:    now.Refunded,
			Before: before.Refunded,
			Worse:  true,
		})
	}
	a, b := p.Now.Traffic, p.Before.Traffic
	return append(list,
		tile{
			Label:  t.T("overview.visitors"),
			Value:  t.Number(int(a.Visitors)),
			Now:    a.Visitors,
			Before: b.Visitors,
		},
		tile{
			Label:  t.T("overview.viewers"),
			Value:  t.Number(int(a.Viewers)),
			Now:    a.Viewers,
			Before: b.Viewers,
		},
		tile{
			Label:  t.T("overview.watched"),
			Value:  hours(t, a.WatchSeconds),
			Now:    a.WatchSeconds,
			Before: b.WatchSeconds,
		})
}

// change says how a number moved, in words, and how it is to be taken.
func (k tile) change(t *text.Printer) (words string, tone string) {
	if k.None {
		return t.T("overview.no_change"), ""
	}
	return ui.Change{
		Now:    k.Now,
		Before: k.Before,
		Worse:  k.Worse,
		Points: k.Points,
	}.Say(t)
}

func share(perMille int64) string { return ui.Tenths(perMille) + "%" }

// hours writes how long was watched.
func hours(t *text.Printer, seconds int64) string {
	if seconds < 3600 {
		return t.T("overview.minutes", "Count", t.Number(int(seconds/60)))
	}
	return t.T("overview.hours", "Count", t.Number(int(seconds/3600))+"."+strconv.FormatInt(seconds%3600/360, 10))
}

// longest is the most columns a chart has before days are gathered into weeks.
const longest = 92

// step is how many days a column holds.
func (p Page) step() int {
	if p.Around.Range.Days() > longest {
		return 7
	}
	return 1
}

// note says what a column and the line of a chart are.
func (p Page) note(t *text.Printer) string {
	if p.step() > 1 {
		return t.T("overview.dashed_weeks")
	}
	return t.T("overview.dashed")
}

// series makes a chart's columns of a number of each day.
func (p Page) series(t *text.Printer, value func(insight.Day) int64, words func(int64) string) []Bar {
	now, before := byDay(p.Around, value), byDay(p.Before, value)
	step := p.step()
	shift := p.Now.Range.Days()
	var bars []Bar
	for day := p.Around.Range.From; !day.After(p.Around.Range.To); day = day.AddDate(0, 0, step) {
		b := Bar{Label: shortDay(t, day), Beside: day.Before(p.Now.Range.From)}
		for n := range step {
			if d := day.AddDate(0, 0, n); !d.After(p.Around.Range.To) {
				b.Value += now[d]
				b.Before += before[d.AddDate(0, 0, -shift)]
			}
		}
		b.Text, b.Was = words(b.Value), words(b.Before)
		bars = append(bars, b)
	}
	return bars
}

func byDay(r insight.Report, value func(insight.Day) int64) map[time.Time]int64 {
	m := make(map[time.Time]int64, len(r.Days))
	for _, d := range r.Days {
		m[d.Day] += value(d)
	}
	return m
}

// zone names the zone of the days shown.
func (p Page) zone(t *text.Printer) string {
	return t.ZoneName(p.Zone, p.Zone.Start(p.Now.Range.From),
		p.Zone.Start(p.Now.Range.To.AddDate(0, 0, 1)).Add(-time.Second))
}

// shortDay names a day by its own date.
func shortDay(t *text.Printer, day time.Time) string {
	if t.Lang == text.ZhCN {
		return strconv.Itoa(int(day.Month())) + "月" + strconv.Itoa(day.Day()) + "日"
	}
	return day.Format("Jan 2")
}

// days names a range.
func days(t *text.Printer, r insight.Range) string {
	layout := "Jan 2, 2006"
	if t.Lang == text.ZhCN {
		layout = "2006年1月2日"
	}
	if r.From.Equal(r.To) {
		return r.From.Format(layout)
	}
	return r.From.Format(layout) + " – " + r.To.Format(layout)
}

func orders(d insight.Day) (n int64) {
	for _, s := range d.Sales {
		n += s.Orders
	}
	return n
}

func (p Page) heading(t *text.Printer) string {
	if p.Video == nil {
		return t.T("studio.overview")
	}
	return cardTitle(t, p.Video)
}

func cardTitle(t *text.Printer, c *catalog.Card) string {
	if c == nil {
		return t.T("overview.gone")
	}
	return t.Of(c.Title)
}

func sourceName(t *text.Printer, name string) string {
	switch name {
	case insight.SourceDirect, insight.SourceSearch, insight.SourceSocial, insight.SourceOther, insight.SourceUnknown:
		return t.T("overview.source_" + name)
	}
	return name
}

func conversionOf(v insight.VideoSums) string {
	if v.Traffic.Visitors == 0 {
		return "–"
	}
	return share(v.Value.Orders * 1000 / v.Traffic.Visitors)
}

// converted reports whether the value of a video is not just what it took in.
func converted(v insight.VideoSums) bool {
	return len(v.Sold) > 1 || len(v.Sold) == 1 && v.Sold[0].Currency != v.Value.Currency
}

// ranked says how the videos are put in order, if that needs rates.
func (p Page) ranked(t *text.Printer) (says string) {
	for _, v := range p.Videos {
		if v.Partial {
			return t.T("overview.ranked_partial", "Currency", v.Value.Currency)
		}
		if converted(v.VideoSums) {
			says = t.T("overview.ranked", "Currency", v.Value.Currency)
		}
	}
	return says
}

// bought is what a video took in, in each currency.
func bought(t *text.Printer, v insight.VideoSums) string {
	words := make([]string, len(v.Sold))
	for n, s := range v.Sold {
		words[n] = t.Money(money.Of(s.Gross, s.Currency))
	}
	return cmp.Or(strings.Join(words, " + "), "–")
}

// kept is how many of a hundred plays showed a hundredth of the video.
func (p Page) kept(n int) int64 {
	if p.Curve.Plays == 0 {
		return 0
	}
	return p.Curve.Reached[n] * 100 / p.Curve.Plays
}

func (p Page) keptAll() []int64 {
	list := make([]int64, len(p.Curve.Reached))
	for n := range list {
		list[n] = p.kept(n)
	}
	return list
}

// at is the moment of a video that a hundredth begins at.
func (p Page) at(t *text.Printer, n int) string {
	if p.Video == nil || p.Video.DurationSeconds == 0 {
		return t.Percent(n)
	}
	return t.Duration(p.Video.DurationSeconds * n / 100)
}

// mostOf is the greatest number among sources, which fills a bar.
func mostOf(list []insight.Source, value func(insight.Source) int64) (top int64) {
	for _, s := range list {
		top = max(top, value(s))
	}
	return max(1, top)
}

func views(s insight.Source) int64 { return s.Views }

func sourceOrders(s insight.Source) int64 { return s.Orders }

func crumbs(t *text.Printer, p Page) []ui.Link {
	return []ui.Link{{
		Label: t.T("studio.overview"),
		Href:  "/studio?" + p.Period.query().Encode(),
	}, {Label: cardTitle(t, p.Video)}}
}

// from and to are what the fields of an own range hold.
func (p Page) from() string {
	if p.Period.Name == "own" {
		return p.Period.From
	}
	return p.Now.Range.From.Format(time.DateOnly)
}

func (p Page) to() string {
	if p.Period.Name == "own" {
		return p.Period.To
	}
	return p.Now.Range.To.Format(time.DateOnly)
}

// wrong is what is wrong with a field, in words; empty when nothing is.
func (p Page) wrong(t *text.Printer, field string) string {
	slug, ok := p.Period.Errors[field]
	if !ok {
		return ""
	}
	return t.T("overview.wrong_"+slug, "Days", t.Number(insight.MostDays))
}
