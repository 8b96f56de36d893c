// Package partners owns the console's pages about partners: who they are, their keys, the addresses where they are told
// of their orders, and those orders. It refuses to decide: mall/partner and mall/webhook do.
package partners

import (
	"crypto/rand"
	"errors"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"videomall/mall/account"
	"videomall/mall/fault"
	"videomall/mall/order"
	"videomall/mall/partner"
	"videomall/mall/partner/signature"
	"videomall/mall/webhook"
	"videomall/views/admin/duties"
	partnersview "videomall/views/admin/partners"
	"videomall/views/ui"
	"videomall/web/formvalue"
	"videomall/web/page"
)

// ordersListed is how many orders the page of a partner shows.
const ordersListed = 20

// Deps are the verbs that the pages call.
type Deps struct {
	Site     *page.Site
	Accounts *account.Accounts
	Partners *partner.Partners
	Hooks    *webhook.Webhooks // of partners
	Orders   *order.Orders
}

// Routes registers the pages.
func Routes(g *echo.Group, d Deps) {
	on := d.Site.Handle
	a := page.Guarded(g, partnersview.Base, d.Site.RequireDuty)
	a.GET("", on(d.list))
	a.POST("", on(d.create), d.Site.RequireRecent)
	a.GET("/:id", on(d.show))
	// After a form with errors the browser's address bar shows these addresses; reloading them has to show the page.
	// So do the addresses that ask for the password first.
	for _, form := range []string{
		"/end", "/keys", "/keys/:key/rotate", "/keys/:key/end", "/webhooks", "/webhooks/:hook/rotate", "/webhooks/:hook/on",
		"/webhooks/:hook/off", "/webhooks/:hook/remove",
	} {
		a.GET("/:id"+form, on(toPartner))
	}
	a.POST("/:id/end", on(d.end), d.Site.RequireRecent)
	a.POST("/:id/keys", on(d.addKey), d.Site.RequireRecent)
	a.POST("/:id/keys/:key/rotate", on(d.rotateKey), d.Site.RequireRecent)
	a.POST("/:id/keys/:key/end", on(d.endKey), d.Site.RequireRecent)
	a.POST("/:id/webhooks", on(d.addHook), d.Site.RequireRecent)
	a.POST("/:id/webhooks/:hook/rotate", on(d.rotateHook), d.Site.RequireRecent)
	a.POST("/:id/webhooks/:hook/on", on(d.turnHook(true)), d.Site.RequireRecent)
	a.POST("/:id/webhooks/:hook/off", on(d.turnHook(false)), d.Site.RequireRecent)
	a.POST("/:id/webhooks/:hook/remove", on(d.removeHook), d.Site.RequireRecent)
}

func toPartner(c *page.Ctx) error { return c.Redirect(partnersview.URL(formvalue.ID(c.Param("id")))) }

func (d Deps) list(c *page.Ctx) error { return d.renderList(c, http.StatusOK, partnersview.Form{}) }

func (d Deps) renderList(c *page.Ctx, status int, form partnersview.Form) (err error) {
	p := partnersview.ListPage{Form: form, Now: c.Now}
	if p.Partners, err = d.Partners.List(c.Request().Context()); err != nil {
		return err
	}
	owners := make([]int64, len(p.Partners))
	for n, one := range p.Partners {
		owners[n] = one.OwnerID
	}
	if p.People, err = d.Accounts.Users(c.Request().Context(), owners...); err != nil {
		return err
	}
	return c.Render(status, c.Text.T("partner.title"), partnersview.List(p))
}

// create registers a partner. A form that is refused comes back with what was typed.
func (d Deps) create(c *page.Ctx) error {
	ctx := c.Request().Context()
	form := partnersview.Form{
		Name:    c.FormValue("name"),
		Contact: c.FormValue("contact"),
		Owner:   strings.TrimSpace(c.FormValue("owner")),
	}
	owner, err := d.Accounts.ByEmail(ctx, form.Owner)
	if err != nil && !errors.Is(err, account.ErrNoUser) {
		return err
	}
	made, err := d.Partners.Create(ctx, c.Viewer.UserID, partner.Draft{
		Name:    form.Name,
		Contact: form.Contact,
		OwnerID: owner.ID,
	})
	if errors.Is(err, partner.ErrInvalid) {
		form.Errors = explain(c, err)
		return d.renderList(c, http.StatusUnprocessableEntity, form)
	}
	if err != nil {
		return err
	}
	c.Flash(ui.Success, "partner_made")
	return c.Redirect(partnersview.URL(made.ID))
}

// end ends the partner of the address for good.
func (d Deps) end(c *page.Ctx) error {
	id := formvalue.ID(c.Param("id"))
	if err := d.Partners.End(c.Request().Context(), c.Viewer.UserID, id); err != nil {
		return d.refused(c, err)
	}
	c.Flash(ui.Success, "partner_ended")
	return c.Redirect(partnersview.URL(id))
}

// living returns the partner of the address, unless it has been ended. Errors: partner.ErrNotFound, partner.ErrOver.
func (d Deps) living(c *page.Ctx) (partner.Partner, error) {
	p, err := d.Partners.Get(c.Request().Context(), formvalue.ID(c.Param("id")))
	if err == nil && p.EndedAt != nil {
		err = partner.ErrOver.Because("partner %d", p.ID)
	}
	return p, err
}

// explain puts the fields of a fault into words.
func explain(c *page.Ctx, err error) map[string]string {
	words := map[string]string{}
	for field, slug := range fault.From(err).Fields {
		words[field] = c.Explain(slug)
	}
	return words
}

func (d Deps) show(c *page.Ctx) error {
	return d.renderShow(c, http.StatusOK, partnersview.ShowPage{})
}

// renderShow reads the partner of the address and draws the page. Errors: partner.ErrNotFound.
func (d Deps) renderShow(c *page.Ctx, status int, p partnersview.ShowPage) (err error) {
	ctx := c.Request().Context()
	if p.Partner, err = d.Partners.Get(ctx, formvalue.ID(c.Param("id"))); err != nil {
		return err
	}
	people, err := d.Accounts.Users(ctx, p.Partner.OwnerID)
	if err != nil {
		return err
	}
	p.Owner = people[p.Partner.OwnerID].Email
	if p.Keys, err = d.Partners.Keys(ctx, p.Partner.ID); err != nil {
		return err
	}
	if p.Hooks, err = d.Hooks.List(ctx, p.Partner.ID); err != nil {
		return err
	}
	if p.Sees = duties.Opens(c.Viewer.Roles, "/admin/orders"); p.Sees {
		p.Orders, err = d.Orders.Referred(ctx, order.ReferredFilter{PartnerID: p.Partner.ID, Limit: ordersListed})
		if err != nil {
			return err
		}
	}
	if p.Form.Form == "" {
		p.Form.Form = string(signature.VM1)
		p.Form.Lifetime = partner.Lifetimes()[0].String()
	}
	p.FormKey, p.Now = rand.Text(), c.Now
	return c.Render(status, p.Partner.Name, partnersview.Show(p))
}
