package finance

import (
	"errors"
	"net/http"
	"strconv"

	"videomall/mall/fault"
	"videomall/mall/ledger"
	"videomall/views/ui"
	"videomall/web/formvalue"
	"videomall/web/page"

	financeview "videomall/views/admin/finance"
)

// conversionDays is how many days of converted shares the page of a payout lists.
const conversionDays = 30

func (d Deps) listPayouts(c *page.Ctx) error {
	ctx := c.Request().Context()
	p := financeview.PayoutsPage{State: ledger.State(c.QueryParam("state"))}
	if _, known := ledger.Transitions()[p.State]; !known {
		p.State = ""
	}
	var err error
	if p.Counts, err = d.Ledger.CountPayouts(ctx); err != nil {
		return err
	}
	before := formvalue.ID(c.QueryParam("before"))
	list, err := d.Ledger.Payouts(ctx, p.State, before, listed+1)
	if err != nil {
		return err
	}
	at := "/admin/payouts?state=" + string(p.State)
	if before > 0 {
		p.First = at
	}
	if len(list) > listed {
		list = list[:listed]
		p.Next = at + "&before=" + strconv.FormatInt(list[listed-1].ID, 10)
	}
	creators := make([]int64, len(list))
	for n, o := range list {
		creators[n] = o.CreatorID
	}
	people, err := d.Accounts.Users(ctx, creators...)
	if err != nil {
		return err
	}
	for _, o := range list {
		p.Payouts = append(p.Payouts, financeview.PayoutRow{Payout: o, Creator: people.Name(o.CreatorID)})
	}
	return c.Render(http.StatusOK, c.Text.T("books.payouts"), financeview.Payouts(p))
}

func (d Deps) showPayout(c *page.Ctx) error {
	return d.renderPayout(c, http.StatusOK, financeview.PayoutPage{})
}

// renderPayout reads what the page shows besides what p holds already, and draws it.
func (d Deps) renderPayout(c *page.Ctx, status int, p financeview.PayoutPage) (err error) {
	ctx := c.Request().Context()
	if p.Payout, err = d.Ledger.Payout(ctx, formvalue.ID(c.Param("id"))); err != nil {
		return err
	}
	people, err := d.Accounts.Users(ctx, p.CreatorID)
	if err != nil {
		return err
	}
	p.Creator = people.Name(p.CreatorID)
	if p.Accounts, err = d.Ledger.AccountsOf(ctx, p.CreatorID); err != nil {
		return err
	}
	conversions, err := d.Ledger.ConversionsOf(ctx, p.CreatorID, d.Taxes.Shop().Zone, conversionDays)
	if err != nil {
		return err
	}
	for _, conversion := range conversions {
		if conversion.To.Currency == p.Amount.Currency {
			p.Conversions = append(p.Conversions, conversion)
		}
	}
	if p.Moves, err = d.Ledger.PayoutMoves(ctx, p.ID); err != nil {
		return err
	}
	if !p.Revealed {
		if p.Destination, err = d.Ledger.PayoutDestination(p.Payout); err != nil {
			return err
		}
	}
	p.Own = p.CreatorID == c.Viewer.UserID
	p.Waits = p.State == ledger.Requested && p.ApprovableAt.After(c.Now)
	for _, m := range p.Moves {
		p.First = p.First ||
			m.To == ledger.Approved && m.ActorID == c.Viewer.UserID && d.Ledger.Terms().TwoPeople(p.Payout)
	}
	return c.Render(status, c.Text.T("books.payout_n", "Number", strconv.FormatInt(p.ID, 10)), financeview.Payout(p))
}

// decide makes one of the four moves. A form that is refused comes back with what was typed and what is wrong with it.
func (d Deps) decide(do string) func(*page.Ctx) error {
	return func(c *page.Ctx) error {
		ctx, me, id, version := c.Request().Context(), c.Viewer.UserID, formvalue.ID(c.Param("id")), formvalue.Version(
			c.FormValue("version"))
		f := financeview.Form{
			Do:            do,
			Reason:        c.FormValue("reason"),
			BankReference: c.FormValue("bank_reference"),
		}
		var err error
		switch do {
		case "approve":
			err = d.Ledger.ApprovePayout(ctx, me, id, version, f.Reason)
		case "refuse":
			err = d.Ledger.RefusePayout(ctx, me, id, version, f.Reason)
		case "pay":
			err = d.Ledger.MarkPaid(ctx, me, id, version, f.BankReference)
		default:
			err = d.Ledger.MarkFailed(ctx, me, id, version, f.Reason)
		}
		switch {
		case err == nil:
			c.Flash(ui.Success, "payout_decided")
		case errors.Is(err, ledger.ErrPayoutMoved):
			c.Flash(ui.Warning, "payout_moved")
		case errors.Is(err, ledger.ErrPayoutWaits):
			c.Flash(ui.Warning, "payout_waits")
		case errors.Is(err, ledger.ErrPayoutInvalid):
			f.Errors = fault.From(err).Fields
			return d.renderPayout(c, http.StatusUnprocessableEntity, financeview.PayoutPage{Form: f})
		default:
			return err
		}
		return c.Redirect("/admin/payouts/" + strconv.FormatInt(id, 10))
	}
}

// reveal shows the account number in full, once: no cache may store the page.
func (d Deps) reveal(c *page.Ctx) error {
	id := formvalue.ID(c.Param("id"))
	where, err := d.Ledger.Reveal(c.Request().Context(), c.Viewer.UserID, id)
	if errors.Is(err, ledger.ErrPayoutMoved) {
		c.Flash(ui.Warning, "payout_moved")
		return c.Redirect("/admin/payouts/" + strconv.FormatInt(id, 10))
	}
	if err != nil {
		return err
	}
	return d.renderPayout(c, http.StatusOK, financeview.PayoutPage{Destination: where, Revealed: true})
}
