package finance

import (
	"errors"

	"videomall/mall/ledger"
	"videomall/views/ui"
	"videomall/web/formvalue"
	"videomall/web/page"

	financeview "videomall/views/admin/finance"
)

// credits returns the credits that wait for a second operator: those of one creator, or all for creator 0.
func (d Deps) credits(c *page.Ctx, creatorID int64) ([]financeview.CreditRow, error) {
	ctx := c.Request().Context()
	list, err := d.Ledger.ProposedCredits(ctx, creatorID, listed)
	if err != nil {
		return nil, err
	}
	var named []int64
	for _, credit := range list {
		named = append(named, credit.CreatorID, credit.ProposedBy)
	}
	people, err := d.Accounts.Users(ctx, named...)
	if err != nil {
		return nil, err
	}
	rows := make([]financeview.CreditRow, len(list))
	for n, credit := range list {
		rows[n] = financeview.CreditRow{
			Credit:  credit,
			Creator: people.Name(credit.CreatorID),
			By:      people.Name(credit.ProposedBy),
			Mine:    credit.ProposedBy == c.Viewer.UserID,
			Own:     credit.CreatorID == c.Viewer.UserID,
		}
	}
	return rows, nil
}

// decideCredit confirms or refuses what another operator proposed.
func (d Deps) decideCredit(state string) func(*page.Ctx) error {
	return func(c *page.Ctx) error {
		do, done := d.Ledger.ConfirmCredit, "credit_confirmed"
		if state == ledger.CreditRefused {
			do, done = d.Ledger.RefuseCredit, "credit_refused"
		}
		err := do(c.Request().Context(), c.Viewer.UserID, formvalue.ID(c.Param("id")))
		switch {
		case err == nil:
			c.Flash(ui.Success, done)
		case errors.Is(err, ledger.ErrCreditMoved):
			c.Flash(ui.Warning, "credit_moved")
		default:
			return err
		}
		return c.Redirect("/admin/books#credits")
	}
}
