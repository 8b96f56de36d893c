package admin

import (
	"context"
	"net/http"
	"slices"
	"strconv"

	"videomall/mall/calendar"
	"videomall/mall/insight"
	"videomall/web/page"

	adminview "videomall/views/admin"
)

const (
	topVideos = 10
	usualSpan = 30 // days
)

func (d Deps) showOverview(c *page.Ctx) error {
	ctx := c.Request().Context()
	p := adminview.OverviewPage{Days: usualSpan, At: c.Now}
	if n, err := strconv.Atoi(c.QueryParam("days")); err == nil && slices.Contains(adminview.Spans, n) {
		p.Days = n
	}
	r := insight.Last(p.Days, calendar.UTC.DayOf(c.Now))
	for _, fill := range []func(context.Context, insight.Range, *adminview.OverviewPage) error{
		d.fillWaiting,
		d.fillTrends, d.fillVideos,
	} {
		if err := fill(ctx, r, &p); err != nil {
			return err
		}
	}
	return c.Render(http.StatusOK, c.Text.T("admin.title"), adminview.Overview(p))
}

// fillWaiting counts the tasks that wait for an operator.
func (d Deps) fillWaiting(ctx context.Context, _ insight.Range, p *adminview.OverviewPage) (err error) {
	if p.Waiting, err = d.Orders.CountWaiting(ctx); err != nil {
		return err
	}
	if p.OpenCases, err = d.Orders.CountOpenCases(ctx); err != nil {
		return err
	}
	if p.PendingRefunds, err = d.Orders.Refunds().CountPending(ctx); err != nil {
		return err
	}
	if p.Differences, err = d.Reconciler.CountOpen(ctx); err != nil {
		return err
	}
	if p.Asked, err = d.Orders.Refunds().CountAsked(ctx); err != nil {
		return err
	}
	if p.Disputes, err = d.Payments.CountOpenDisputes(ctx); err != nil {
		return err
	}
	currencies, err := d.Exchange.Present(ctx)
	if err != nil {
		return err
	}
	for _, c := range currencies {
		p.Currencies = p.Currencies || c.Offered
		if c.Stale(p.At) {
			p.OldRates++
		}
	}
	events, err := d.Outbox.CountDead(ctx)
	if err != nil {
		return err
	}
	jobs, err := d.discarded(ctx)
	if err != nil {
		return err
	}
	p.DeadLetters = int(events) + len(jobs)
	if d.Waiting == nil {
		return nil
	}
	p.Desk = true
	p.Reviews, p.Appeals, err = d.Waiting(ctx)
	return err
}

// fillTrends reads the sums of each day. Values without stored sums are counted by an index.
func (d Deps) fillTrends(ctx context.Context, r insight.Range, p *adminview.OverviewPage) (err error) {
	if p.Now, err = d.Insight.Report(ctx, insight.Mall, insight.Whole, r); err != nil {
		return err
	}
	if p.Before, err = d.Insight.Report(ctx, insight.Mall, insight.Whole, r.Before()); err != nil {
		return err
	}
	since, until := r.Before().From, r.To.AddDate(0, 0, 1)
	if p.Failures, err = d.Orders.FailuresByDay(ctx, since, until); err != nil {
		return err
	}
	p.SignUps, err = d.Accounts.SignUpsByDay(ctx, since, until)
	return err
}

func (d Deps) fillVideos(ctx context.Context, r insight.Range, p *adminview.OverviewPage) error {
	videos, err := d.Insight.BestSellers(ctx, r, topVideos)
	if err != nil {
		return err
	}
	ids := make([]int64, len(videos))
	for n, f := range videos {
		ids[n] = f.SPUID
	}
	cards, err := d.Catalog.Cards(ctx, ids)
	if err != nil {
		return err
	}
	for _, f := range videos {
		row := adminview.TopVideo{BestSeller: f}
		for n := range cards {
			if cards[n].SPUID == f.SPUID {
				row.Card = &cards[n]
			}
		}
		p.Videos = append(p.Videos, row)
	}
	return nil
}
