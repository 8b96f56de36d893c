// Package earnings owns the creator's pages on money: what was earned, what clears when, payouts, and the monthly
// statement as page, CSV and PDF. Every address is the viewer's own; it refuses to show anybody else's.
package earnings

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"videomall/mall/account"
	"videomall/mall/calendar"
	"videomall/mall/fault"
	"videomall/mall/ledger"
	"videomall/mall/money"
	earningsview "videomall/views/studio/earnings"
	"videomall/views/ui"
	"videomall/web/formvalue"
	"videomall/web/page"
)

// Bounds of what one page lists.
const (
	payoutsListed = 20
	daysListed    = 30
)

// Deps are the verbs that the pages call.
type Deps struct {
	Site   *page.Site
	Ledger *ledger.Ledger
	Zone   ZoneOf
}

// ZoneOf is the zone of a creator's reports.
type ZoneOf func(ctx context.Context, creatorID int64) (calendar.Zone, error)

// Routes registers the pages.
func Routes(g *echo.Group, d Deps) {
	on := d.Site.Handle
	s := page.Guarded(g, "/studio/earnings", d.Site.RequireRole(account.RoleCreator))
	s.GET("", on(d.show))
	s.POST("/payouts", on(d.request))
	s.POST("/payouts/:id/cancel", on(d.cancel))
	s.POST("/destination", on(d.setDestination), d.Site.RequireRecent)
	s.POST("/settlement", on(d.setSettlement), d.Site.RequireRecent)
	s.GET("/statements/:month", on(d.showStatement))
	s.GET("/statements/:month/csv", on(d.file("csv")))
	s.GET("/statements/:month/pdf", on(d.file("pdf")))
}

func (d Deps) show(c *page.Ctx) error {
	return d.render(c, http.StatusOK, earningsview.Page{Request: earningsview.RequestForm{Key: rand.Text()}})
}

// render fills the page around the forms that p carries.
func (d Deps) render(c *page.Ctx, status int, p earningsview.Page) (err error) {
	ctx, me := c.Request().Context(), c.Viewer.UserID
	p.Terms, p.Now = d.Ledger.Terms(), c.Now
	if p.Zone, err = d.Zone(ctx, me); err != nil {
		return err
	}
	if p.Accounts, err = d.Ledger.AccountsOf(ctx, me); err != nil {
		return err
	}
	if p.Clearing, err = d.Ledger.ClearingOf(ctx, me, p.Zone); err != nil {
		return err
	}
	if p.Days, err = d.Ledger.DaysOf(ctx, me, p.Zone, daysListed); err != nil {
		return err
	}
	if p.Months, err = d.Ledger.Months(ctx, me, p.Zone); err != nil {
		return err
	}
	if p.Destination, err = d.Ledger.DestinationOf(ctx, me); err != nil {
		return err
	}
	if p.Settlement, err = d.Ledger.SettlementOf(ctx, me); err != nil {
		return err
	}
	if p.Conversions, err = d.Ledger.ConversionsOf(ctx, me, p.Zone, daysListed); err != nil {
		return err
	}
	if p.Least, err = d.Ledger.LeastPayouts(ctx, p.Accounts); err != nil {
		return err
	}
	before := formvalue.ID(c.QueryParam("before"))
	if p.Payouts, err = d.Ledger.PayoutsOf(ctx, me, before, payoutsListed+1); err != nil {
		return err
	}
	if before > 0 {
		p.First = "/studio/earnings"
	}
	if len(p.Payouts) > payoutsListed {
		p.Payouts = p.Payouts[:payoutsListed]
		p.Next = "/studio/earnings?before=" + strconv.FormatInt(p.Payouts[payoutsListed-1].ID, 10)
	}
	return c.Render(status, c.Text.T("earnings.title"), earningsview.View(p))
}

// request asks for a payout. The form's key makes a second click the same request.
func (d Deps) request(c *page.Ctx) error {
	f := earningsview.RequestForm{Currency: c.FormValue("currency"), Amount: strings.TrimSpace(c.FormValue("amount"))}
	key := c.FormValue("key")
	_, err := d.Ledger.RequestPayout(c.Request().Context(), c.Viewer.UserID,
		money.Of(money.ParseDecimal(f.Amount, f.Currency, 12), f.Currency), key)
	switch {
	case err == nil:
		c.Flash(ui.Success, "payout_requested")
		return c.Redirect("/studio/earnings")
	case errors.Is(err, ledger.ErrPayoutInvalid):
		f.Errors, f.Key = fault.From(err).Fields, strings.TrimSuffix(key, "-"+f.Currency)
		return d.render(c, http.StatusUnprocessableEntity, earningsview.Page{Request: f})
	}
	return err
}

func (d Deps) cancel(c *page.Ctx) error {
	err := d.Ledger.CancelPayout(c.Request().Context(), c.Viewer.UserID, formvalue.ID(c.Param("id")),
		formvalue.Version(c.FormValue("version")))
	switch {
	case err == nil:
		c.Flash(ui.Success, "payout_cancelled")
	case errors.Is(err, ledger.ErrPayoutMoved):
		c.Flash(ui.Warning, "payout_moved")
	default:
		return err
	}
	return c.Redirect("/studio/earnings")
}

func (d Deps) setDestination(c *page.Ctx) error {
	f := earningsview.WhereForm{Name: c.FormValue("name"), Account: c.FormValue("account")}
	err := d.Ledger.SetDestination(c.Request().Context(), c.Viewer.UserID, ledger.Destination{
		Name:    f.Name,
		Account: f.Account,
	})
	switch {
	case err == nil:
		c.Flash(ui.Success, "destination_saved")
		return c.Redirect("/studio/earnings")
	case errors.Is(err, ledger.ErrPayoutInvalid):
		f.Errors = fault.From(err).Fields
		return d.render(c, http.StatusUnprocessableEntity, earningsview.Page{
			Where:   f,
			Request: earningsview.RequestForm{Key: rand.Text()},
		})
	}
	return err
}

func (d Deps) setSettlement(c *page.Ctx) error {
	f := earningsview.SettlementForm{Currency: c.FormValue("settlement")}
	err := d.Ledger.SetSettlement(c.Request().Context(), c.Viewer.UserID, f.Currency)
	switch {
	case err == nil:
		c.Flash(ui.Success, "settlement_saved")
		return c.Redirect("/studio/earnings")
	case errors.Is(err, ledger.ErrPayoutInvalid):
		f.Errors = fault.From(err).Fields
		return d.render(c, http.StatusUnprocessableEntity, earningsview.Page{
			Settling: f,
			Request:  earningsview.RequestForm{Key: rand.Text()},
		})
	}
	return err
}
