package finance

import (
	"errors"
	"net/http"
	"strings"

	"videomall/mall/fault"
	"videomall/mall/reconcile"
	"videomall/views/ui"
	"videomall/web/formvalue"
	"videomall/web/page"

	financeview "videomall/views/admin/finance"
)

func (d Deps) showBank(c *page.Ctx) error {
	return d.renderBank(c, http.StatusOK, financeview.BankPage{})
}

func (d Deps) renderBank(c *page.Ctx, status int, p financeview.BankPage) (err error) {
	ctx := c.Request().Context()
	if p.Report, err = d.Reconciler.Bank(ctx, listed); err != nil {
		return err
	}
	creators := make([]int64, len(p.Report.Missing))
	for n, o := range p.Report.Missing {
		creators[n] = o.CreatorID
	}
	if p.People, err = d.Accounts.Users(ctx, creators...); err != nil {
		return err
	}
	return c.Render(status, c.Text.T("reconcile.bank"), financeview.Bank(p))
}

// readBank keeps the lines that were pasted. The same lines again add nothing.
func (d Deps) readBank(c *page.Ctx) error {
	typed := c.FormValue("lines")
	lines, err := reconcile.ReadBank(strings.NewReader(typed))
	if err == nil && len(lines) == 0 {
		err = reconcile.ErrBankFile.With("line", "1")
	}
	if errors.Is(err, reconcile.ErrBankFile) {
		return d.renderBank(c, http.StatusUnprocessableEntity, financeview.BankPage{
			Typed: typed,
			Wrong: fault.From(err).Fields["line"],
		})
	}
	if err != nil {
		return err
	}
	if _, err := d.Reconciler.KeepBank(c.Request().Context(), c.Viewer.UserID, lines); err != nil {
		return err
	}
	c.Flash(ui.Success, "bank_read")
	return c.Redirect("/admin/payouts/bank")
}

func (d Deps) closeBankLine(c *page.Ctx) error {
	err := d.Reconciler.CloseBankLine(c.Request().Context(), c.Viewer.UserID, formvalue.ID(c.Param("id")),
		c.FormValue("note"))
	switch {
	case err == nil:
		c.Flash(ui.Success, "bank_line_closed")
	case errors.Is(err, reconcile.ErrNotFound):
		c.Flash(ui.Info, "difference_gone")
	default:
		return err
	}
	return c.Redirect("/admin/payouts/bank")
}
