package campaigns

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"videomall/mall/catalog"
	"videomall/mall/fault"
	"videomall/mall/promotion"
	"videomall/views/ui"
	"videomall/web/formvalue"
	"videomall/web/page"
	"videomall/web/payable"
	"videomall/web/sale"

	saleview "videomall/views/sale"
	campaignview "videomall/views/studio/campaigns"
)

// deskPage is how many sales a page of the list has.
const deskPage = 50

// desk is where sales are made: a creator's in the studio, an operator's in the console. Both are the same pages.
type desk struct {
	Deps
	base     string // "/studio" or "/admin"
	operator bool
}

func (k desk) routes(r *page.Group) {
	on := k.Site.Handle
	r.GET("/sales", on(k.list))
	r.GET("/sales/new", on(k.begin))
	r.POST("/sales", on(k.create))
	r.GET("/sales/:id", on(k.show))
	r.POST("/sales/:id", on(k.edit))
	r.POST("/sales/:id/schedule", on(k.schedule))
	r.POST("/sales/:id/cancel", on(k.cancel))
	r.POST("/sales/:id/stop", on(k.stop))
}

func (k desk) actor(c *page.Ctx) promotion.Actor {
	return promotion.Actor{UserID: c.Viewer.UserID, Operator: k.operator}
}

// creator returns the account whose SKUs may be chosen; 0 means everybody's.
func (k desk) creator(c *page.Ctx) int64 {
	if k.operator {
		return 0
	}
	return c.Viewer.UserID
}

func (k desk) url(id int64) string { return k.base + saleview.URL(id) }

func (k desk) frame() campaignview.Frame {
	return campaignview.Frame{Base: k.base, Operator: k.operator}
}

func (k desk) list(c *page.Ctx) error {
	before := formvalue.ID(c.QueryParam("before"))
	campaigns, err := k.Promotions.List(c.Request().Context(), k.actor(c), before, deskPage+1)
	if err != nil {
		return err
	}
	p := campaignview.DeskPage{Frame: k.frame()}
	if len(campaigns) > deskPage {
		campaigns = campaigns[:deskPage]
		p.Next = k.base + "/sales?before=" + strconv.FormatInt(campaigns[deskPage-1].ID, 10)
	}
	if before > 0 {
		p.First = k.base + "/sales"
	}
	p.Campaigns = campaigns
	return c.Render(http.StatusOK, c.Text.T("sale.desk"), campaignview.Desk(p))
}

func (k desk) begin(c *page.Ctx) error {
	return k.renderForm(c, http.StatusOK,
		campaignview.FormPage{Form: campaignview.Form{Rows: []campaignview.Row{newRow}}})
}

// renderForm shows the form of a new sale, or of the draft in p.
func (k desk) renderForm(c *page.Ctx, status int, p campaignview.FormPage) error {
	var err error
	ctx := c.Request().Context()
	var offers map[int64]catalog.Offer
	if p.Choices, offers, err = k.choices(ctx, k.creator(c), p.Form); err != nil {
		return err
	}
	judge, err := payable.New(ctx, k.Exchange, k.Payments)
	if err != nil {
		return err
	}
	for n, item := range draft(p.Form, c.Text.Zone(), offers).Items {
		p.Form.Rows[n].Untaken = judge.Untaken(item.Amount)
	}
	p.Frame, p.MaxItems = k.frame(), promotion.MaxItems
	title := c.Text.T("sale.new")
	if p.Campaign != nil {
		title = saleview.Name(c.Text, *p.Campaign)
	}
	return c.Render(status, title, campaignview.FormView(p))
}

func (k desk) create(c *page.Ctx) error {
	return k.save(c, nil,
		func(ctx context.Context, by promotion.Actor, _ campaignview.Form,
			d promotion.Draft,
		) (promotion.Campaign, error) {
			return k.Promotions.Create(ctx, by, d)
		})
}

func (k desk) edit(c *page.Ctx) error {
	campaign, err := k.Promotions.Get(c.Request().Context(), k.actor(c), formvalue.ID(c.Param("id")))
	if err != nil {
		return err
	}
	return k.save(c, &campaign,
		func(ctx context.Context, by promotion.Actor, f campaignview.Form,
			d promotion.Draft,
		) (promotion.Campaign, error) {
			return k.Promotions.Edit(ctx, by, campaign.ID, f.Version, d)
		})
}

// save reads a form and stores it. A form that is refused comes back with what was typed and what is wrong with it.
func (k desk) save(c *page.Ctx, campaign *promotion.Campaign,
	keep func(context.Context, promotion.Actor, campaignview.Form, promotion.Draft) (promotion.Campaign, error),
) error {
	ctx := c.Request().Context()
	values, err := c.FormParams()
	if err != nil {
		return page.ErrBadRequest(err)
	}
	f := readForm(values)
	if formvalue.PressRow(&f.Rows, values.Get("do"), promotion.MaxItems, newRow) {
		return k.renderForm(c, http.StatusOK, campaignview.FormPage{Campaign: campaign, Form: f})
	}
	_, offers, err := k.choices(ctx, k.creator(c), f)
	if err != nil {
		return err
	}
	kept, err := keep(ctx, k.actor(c), f, draft(f, c.Text.Zone(), offers))
	switch {
	case err == nil:
		c.Flash(ui.Success, "sale_saved")
		return c.Redirect(k.url(kept.ID))
	case errors.Is(err, promotion.ErrMoved):
		c.Flash(ui.Warning, "sale_moved")
		return c.Redirect(k.url(campaign.ID))
	case errors.Is(err, promotion.ErrInvalid):
		f.Errors = fault.From(err).Fields
		return k.renderForm(c, http.StatusUnprocessableEntity, campaignview.FormPage{Campaign: campaign, Form: f})
	}
	return err
}

// show is a draft's form, or how any other sale stands.
func (k desk) show(c *page.Ctx) error {
	ctx := c.Request().Context()
	campaign, err := k.Promotions.Get(ctx, k.actor(c), formvalue.ID(c.Param("id")))
	if err != nil {
		return err
	}
	if campaign.Status == promotion.Drafted {
		return k.renderForm(c, http.StatusOK, campaignview.FormPage{
			Campaign: &campaign,
			Form:     formOf(campaign, c.Text.Zone()),
		})
	}
	p := campaignview.StandPage{Frame: k.frame(), Campaign: campaign}
	if p.Counts, err = k.Inventory.CampaignCounts(ctx, []int64{campaign.ID}); err != nil {
		return err
	}
	if p.Lots, err = sale.Lots(ctx, k.Catalog, campaign); err != nil {
		return err
	}
	return c.Render(http.StatusOK, saleview.Name(c.Text, campaign), campaignview.Stand(p))
}

// schedule announces a draft as it was last saved. What prevents that is said beside the field.
func (k desk) schedule(c *page.Ctx) error {
	ctx, id := c.Request().Context(), formvalue.ID(c.Param("id"))
	_, err := k.Promotions.Schedule(ctx, k.actor(c), id, formvalue.Version(c.FormValue("version")))
	f := fault.From(err)
	switch {
	case err == nil:
		c.Flash(ui.Success, "sale_scheduled")
	case errors.Is(err, promotion.ErrMoved):
		c.Flash(ui.Warning, "sale_moved")
	case f.Kind == fault.Invalid || f.Kind == fault.Conflict: // whoever sent the form can do something about it
		campaign, err := k.Promotions.Get(ctx, k.actor(c), id)
		if err != nil {
			return err
		}
		form := formOf(campaign, c.Text.Zone())
		form.Errors = f.Fields
		p := campaignview.FormPage{Campaign: &campaign, Form: form}
		_, p.Refused = page.Words(c.Text, f, http.StatusConflict)
		return k.renderForm(c, http.StatusConflict, p)
	default:
		return err
	}
	return c.Redirect(k.url(id))
}

func (k desk) cancel(c *page.Ctx) error { return k.giveUp(c, k.Promotions.Cancel, "sale_cancelled") }

func (k desk) stop(c *page.Ctx) error { return k.giveUp(c, k.Promotions.Stop, "sale_stopped") }

func (k desk) giveUp(c *page.Ctx, do func(context.Context, promotion.Actor, int64, int) error, done string) error {
	id := formvalue.ID(c.Param("id"))
	err := do(c.Request().Context(), k.actor(c), id, formvalue.Version(c.FormValue("version")))
	switch {
	case err == nil:
		c.Flash(ui.Success, done)
	case errors.Is(err, promotion.ErrMoved):
		c.Flash(ui.Warning, "sale_moved")
	default:
		return err
	}
	return c.Redirect(k.url(id))
}
