// Package overview owns what creators see of their business: the studio's first page, one video's numbers, and both as
// CSV. It refuses to count: insight does.
package overview

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"videomall/mall/account"
	"videomall/mall/catalog"
	"videomall/mall/insight"
	"videomall/mall/order"
	overviewview "videomall/views/studio/overview"
	"videomall/web/page"
)

const (
	topVideos = 20
	// company is how many days a chart of a single day shows.
	company = 14
)

// Deps are the verbs that these pages call.
type Deps struct {
	Site    *page.Site
	Insight *insight.Insight
	Catalog *catalog.Catalog
	// Lines reads paid lines of a creator's orders, for the CSV of orders: those of SPU spuID, 0 for any, after the
	// line of that id.
	Lines func(ctx context.Context, creatorID, spuID int64, since, until time.Time, after int64,
		most int) ([]order.SoldLine, error)
}

// Routes registers the pages.
func Routes(g *echo.Group, d Deps) {
	on := d.Site.Handle
	g.GET("/studio", on(d.all), d.Site.RequireRoleOrLead("/sell", account.RoleCreator))
	r := page.Guarded(g, "/studio", d.Site.RequireRole(account.RoleCreator))
	r.GET("/insight/:spuId", on(d.video))
	r.GET("/insight.csv", on(d.csv))
	r.GET("/time-zone", on(d.showZone))
	r.POST("/time-zone", on(d.setZone))
}

func (d Deps) all(c *page.Ctx) error {
	ctx := c.Request().Context()
	p, err := d.begin(c)
	if err != nil {
		return err
	}
	if err := d.fill(ctx, c.Viewer.UserID, insight.Whole, &p); err != nil {
		return err
	}
	sums, err := d.Insight.Videos(ctx, c.Viewer.UserID, p.Now.Range, topVideos)
	if err != nil {
		return err
	}
	if p.Videos, err = d.rows(ctx, sums); err != nil {
		return err
	}
	return c.Render(status(p), c.Text.T("studio.overview"), overviewview.Overview(p))
}

func (d Deps) video(c *page.Ctx) error {
	ctx := c.Request().Context()
	card, err := d.own(ctx, c.Viewer.UserID, c.Param("spuId"))
	if err != nil {
		return err
	}
	p, err := d.begin(c)
	if err != nil {
		return err
	}
	p.Video = &card
	if err := d.fill(ctx, c.Viewer.UserID, card.SPUID, &p); err != nil {
		return err
	}
	if p.Curve, err = d.Insight.Retention(ctx, c.Viewer.UserID, card.SPUID, p.Now.Range); err != nil {
		return err
	}
	return c.Render(status(p), c.Text.T("studio.overview"), overviewview.Overview(p))
}

// begin reads of which days a page is asked for: those of the creator's zone.
func (d Deps) begin(c *page.Ctx) (overviewview.Page, error) {
	zone, err := d.Insight.Zone(c.Request().Context(), c.Viewer.UserID)
	return overviewview.Page{Zone: zone, Period: readPeriod(c.QueryParams(), zone.DayOf(c.Now))}, err
}

// status returns 422 if the typed days can't be shown.
func status(p overviewview.Page) int {
	if len(p.Period.Errors) > 0 {
		return http.StatusUnprocessableEntity
	}
	return http.StatusOK
}

// own finds a video of the creator; somebody else's is not found.
func (d Deps) own(ctx context.Context, creatorID int64, param string) (catalog.Card, error) {
	id, err := strconv.ParseInt(param, 10, 64)
	if err != nil {
		return catalog.Card{}, catalog.ErrProductNotFound.Because("video %q", param)
	}
	cards, err := d.Catalog.Cards(ctx, []int64{id})
	if err != nil {
		return catalog.Card{}, err
	}
	if len(cards) == 0 || cards[0].CreatorID != creatorID {
		return catalog.Card{}, catalog.ErrProductNotFound.Because("video %d of creator %d", id, creatorID)
	}
	return cards[0], nil
}

func (d Deps) fill(ctx context.Context, creatorID, spuID int64, p *overviewview.Page) (err error) {
	r := p.Period.Range
	if p.Now, err = d.Insight.Report(ctx, creatorID, spuID, r); err != nil {
		return err
	}
	if p.Before, err = d.Insight.Report(ctx, creatorID, spuID, r.Before()); err != nil {
		return err
	}
	p.Around = p.Now
	if r.Days() == 1 {
		around := insight.Range{From: r.To.AddDate(0, 0, 1-company), To: r.To}
		if p.Around, err = d.Insight.Report(ctx, creatorID, spuID, around); err != nil {
			return err
		}
	}
	p.Sources, err = d.Insight.Sources(ctx, creatorID, spuID, r, p.Now.Orders())
	return err
}

func (d Deps) rows(ctx context.Context, sums []insight.VideoSums) ([]overviewview.Row, error) {
	ids := make([]int64, len(sums))
	for n, v := range sums {
		ids[n] = v.SPUID
	}
	cards, err := d.Catalog.Cards(ctx, ids)
	if err != nil {
		return nil, err
	}
	known := make(map[int64]*catalog.Card, len(cards))
	for _, c := range cards {
		known[c.SPUID] = &c
	}
	rows := make([]overviewview.Row, len(sums))
	for n, v := range sums {
		rows[n] = overviewview.Row{VideoSums: v, Card: known[v.SPUID]}
	}
	return rows, nil
}
