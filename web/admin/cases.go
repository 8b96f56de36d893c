package admin

import (
	"errors"
	"maps"
	"net/http"
	"slices"

	"videomall/mall/order"
	"videomall/views/ui"
	"videomall/web/formvalue"
	"videomall/web/page"

	adminview "videomall/views/admin"
)

// maxListed limits the lists that an operator works through from the top.
const maxListed = 200

func (d Deps) listCases(c *page.Ctx) error {
	ctx := c.Request().Context()
	cases, err := d.Orders.Cases(ctx, maxListed)
	if err != nil {
		return err
	}
	p := adminview.CasesPage{Cases: cases, Now: c.Now}
	var numbers []string
	for _, k := range cases {
		if k.OrderNo != "" {
			numbers = append(numbers, k.OrderNo)
		}
	}
	if p.Orders, err = d.Orders.Numbered(ctx, numbers); err != nil {
		return err
	}
	if p.People, err = d.Accounts.Users(ctx, partiesOf(slices.Collect(maps.Values(p.Orders))...)...); err != nil {
		return err
	}
	return c.Render(http.StatusOK, c.Text.T("admin.cases"), adminview.Cases(p))
}

func (d Deps) closeCase(c *page.Ctx) error {
	note, err := readReason(c.FormValue("note"))
	if err != nil {
		return err
	}
	err = d.Orders.CloseCase(c.Request().Context(), formvalue.ID(c.Param("id")), actor(c), note)
	switch {
	case err == nil:
		c.Flash(ui.Success, "case_closed")
	case errors.Is(err, order.ErrCaseNotFound):
		c.Flash(ui.Info, "case_gone")
	default:
		return err
	}
	return c.Redirect("/admin/cases")
}
