package admin

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"videomall/mall/catalog"
	"videomall/mall/insight"
	"videomall/mall/money"
	"videomall/mall/order"
	"videomall/views/text"
	"videomall/views/ui"
)

// Spans are the periods that the overview offers, in days.
var Spans = []int{7, 30, 90}

// OverviewPage is what an operator sees first: what waits, and how the mall does, beside the period before.
type OverviewPage struct {
	Waiting        map[order.Status]int64 // orders
	OpenCases      int64
	PendingRefunds int64
	Differences    int64 // between statements, captures and the ledger
	Asked          int64 // requests for refunds
	Disputes       int64 // open ones
	DeadLetters    int   // deliveries and jobs
	Currencies     bool  // whether viewers are offered other currencies, with those whose rate is old
	OldRates       int
	Desk           bool // whether there is a review desk, with what waits there
	Reviews        int
	Appeals        int

	At          time.Time
	Days        int // one of Spans
	Now, Before insight.Report
	Failures    map[time.Time]int64 // of both periods, by day
	SignUps     map[time.Time]int64
	Videos      []TopVideo
}

// TopVideo is a video that sold; Card is nil for one that can't be found any more.
type TopVideo struct {
	insight.BestSeller
	Card *catalog.Card
}

// ProductURL is the console's page of a product.
func ProductURL(spuID int64) string { return "/admin/products/" + strconv.FormatInt(spuID, 10) }

func spanURL(days int) string {
	return "/admin?" + url.Values{"days": {strconv.Itoa(days)}}.Encode()
}

// trend is one number of the period with what each day had of it.
type trend struct {
	label string
	value string
	note  string // beside the change
	href  string // where what is counted is listed; empty for nowhere
	ui.Change
	days  []int64
	words func(int64) string
}

// waiting is one kind of task with how many of them wait.
type waiting struct {
	label string
	count int
	href  string // where they are listed
	note  string // instead of href: how they go on by themselves
}

// waiting are the tasks of the viewer's duties.
func (p OverviewPage) waiting(ctx context.Context, t *text.Printer) []waiting {
	list := []waiting{
		{
			label: t.T("admin.cases_open"),
			count: int(p.OpenCases),
			href:  "/admin/cases",
		},
		{
			label: t.T("admin.letters"),
			count: p.DeadLetters,
			href:  "/admin/dead-letters",
		},
		{
			label: t.T("admin.refunds_pending"),
			count: int(p.PendingRefunds),
			note:  t.T("admin.refunds_pending_note"),
		},
		{
			label: t.T("reconcile.open"),
			count: int(p.Differences),
			href:  "/admin/reconciliation",
		},
		{
			label: t.T("refund.waiting_count"),
			count: int(p.Asked),
			href:  "/admin/refunds",
		},
		{
			label: t.T("refund.disputes_count"),
			count: int(p.Disputes),
			href:  "/admin/refunds#disputes",
		},
	}
	if p.Currencies {
		list = append(list, waiting{
			label: t.T("currencies.old_rates"),
			count: p.OldRates,
			href:  "/admin/currencies",
		})
	}
	if p.Desk {
		list = append(list, waiting{
			label: t.T("review.waiting"),
			count: p.Reviews,
			href:  "/admin/review",
		}, waiting{
			label: t.T("review.appeals_open"),
			count: p.Appeals,
			href:  "/admin/takedowns",
		})
	}
	return slices.DeleteFunc(list, func(w waiting) bool {
		return !Opens(ctx, cmp.Or(w.href, "/admin/refunds"))
	})
}

// trends are the tiles of the page. Each currency has its own. They show what the viewer's duties open.
func (p OverviewPage) trends(ctx context.Context, t *text.Printer) []trend {
	return slices.DeleteFunc(p.allTrends(t), func(k trend) bool { return !Opens(ctx, k.href) })
}

func (p OverviewPage) allTrends(t *text.Printer) []trend {
	number := func(n int64) string { return t.Number(int(n)) }
	currencies := insight.Currencies(p.Now, p.Before)
	name := func(key, currency string) string {
		if len(currencies) > 1 {
			return t.T(key+"_in", "Currency", currency)
		}
		return t.T(key)
	}
	var list []trend
	sold := func(of func(insight.Sales) int64) func(insight.Day) int64 {
		return func(d insight.Day) (n int64) {
			for _, s := range d.Sales {
				n += of(s)
			}
			return n
		}
	}
	for _, c := range currencies {
		words := func(n int64) string { return t.Money(money.Of(n, c)) }
		now, before := p.Now.In(c).Gross, p.Before.In(c).Gross
		list = append(list, trend{
			label:  name("overview.revenue", c),
			value:  words(now),
			href:   "/admin/books",
			Change: ui.Change{Now: now, Before: before},
			days:   p.series(p.Now, func(d insight.Day) int64 { return d.Sales[c].Gross }),
			words:  words,
		})
	}
	list = append(list, trend{
		label:  t.T("overview.orders"),
		value:  number(p.Now.Orders()),
		href:   "/admin/orders",
		Change: ui.Change{Now: p.Now.Orders(), Before: p.Before.Orders()},
		days:   p.series(p.Now, sold(func(s insight.Sales) int64 { return s.Orders })),
		words:  number,
	})
	refunds := trend{
		label: t.T("overview.refunds"),
		value: number(p.Now.Refunds()),
		href:  "/admin/orders?status=" + string(order.Refunded),
		Change: ui.Change{
			Now:    p.Now.Refunds(),
			Before: p.Before.Refunds(),
			Worse:  true,
		},
		days:  p.series(p.Now, sold(func(s insight.Sales) int64 { return s.Refunds })),
		words: number,
	}
	for _, c := range currencies {
		if refunds.note != "" {
			refunds.note += " · "
		}
		refunds.note += t.Money(money.Of(p.Now.In(c).Refunded, c))
	}
	list = append(list, refunds)
	for _, k := range []struct {
		label string
		href  string
		days  map[time.Time]int64
		worse bool
	}{
		{t.T("admin.failures"), "/admin/orders?status=" + string(order.Closed), p.Failures, true},
		{t.T("admin.sign_ups"), "/admin/people", p.SignUps, false},
	} {
		now, before := sumOf(k.days, p.Now.Range), sumOf(k.days, p.Before.Range)
		list = append(list, trend{
			label: k.label,
			value: number(now),
			href:  k.href,
			Change: ui.Change{
				Now:    now,
				Before: before,
				Worse:  k.worse,
			},
			days:  daysOf(k.days, p.Now.Range),
			words: number,
		})
	}
	return list
}

func sumOf(days map[time.Time]int64, r insight.Range) (sum int64) {
	for _, n := range daysOf(days, r) {
		sum += n
	}
	return sum
}

// daysOf are the numbers of each day of a range.
func daysOf(days map[time.Time]int64, r insight.Range) []int64 {
	var list []int64
	for day := r.From; !day.After(r.To); day = day.AddDate(0, 0, 1) {
		list = append(list, days[day])
	}
	return list
}

func (p OverviewPage) series(r insight.Report, value func(insight.Day) int64) []int64 {
	days := make(map[time.Time]int64, len(r.Days))
	for _, d := range r.Days {
		days[d.Day] = value(d)
	}
	return daysOf(days, r.Range)
}

// spark says in words what a sparkline shows.
func (k trend) spark(t *text.Printer) string {
	return sparkWords(t, k.label, k.days, k.words)
}

func sparkWords(t *text.Printer, label string, days []int64, words func(int64) string) string {
	var top int64
	for _, n := range days {
		top = max(top, n)
	}
	return t.T("admin.spark", "What", label, "First", words(days[0]), "Last", words(days[len(days)-1]), "Top",
		words(top))
}

func (f TopVideo) title(t *text.Printer) string {
	if f.Card == nil {
		return t.T("overview.gone")
	}
	return t.Of(f.Card.Title)
}

// converted reports whether the value is not just what was paid.
func (f TopVideo) converted() bool {
	return len(f.Sold) > 1 || len(f.Sold) == 1 && f.Sold[0].Currency != f.Value.Currency
}

// sums are the sums of a video in each currency that are not 0.
func (f TopVideo) sums(t *text.Printer, of func(insight.Sales) int64) string {
	var words []string
	for _, s := range f.Sold {
		if n := of(s.Sales); n != 0 {
			words = append(words, t.Money(money.Of(n, s.Currency)))
		}
	}
	return strings.Join(words, " + ")
}

// videosNote says at which rate the values of videos are, if that is needed.
func (p OverviewPage) videosNote(t *text.Printer) (says string) {
	for _, f := range p.Videos {
		if f.Partial {
			return t.T("admin.videos_note_partial", "Currency", f.Value.Currency)
		}
		if f.converted() {
			says = t.T("admin.videos_note", "Currency", f.Value.Currency)
		}
	}
	return says
}

func (f TopVideo) words(t *text.Printer) func(int64) string {
	return func(n int64) string { return t.Money(money.Of(n, f.Value.Currency)) }
}
