// Package people owns the console's pages about people: the list of accounts, one person in full, what an operator may
// do to an account, and the lists of who is denied or allowed access. It refuses to decide: accounts, lists and the
// back office do.
package people

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"videomall/mall/account"
	"videomall/mall/audit"
	"videomall/mall/backoffice"
	"videomall/mall/catalog"
	"videomall/mall/catalog/listing"
	"videomall/mall/entitlement"
	"videomall/mall/insight"
	"videomall/mall/ledger"
	"videomall/mall/media"
	"videomall/mall/order"
	"videomall/mall/playback"
	"videomall/mall/risk"
	"videomall/mall/webhook"
	peopleview "videomall/views/admin/people"
	"videomall/web/formvalue"
	"videomall/web/page"
)

const peoplePerPage = 30

// Deps are the verbs that the pages call.
type Deps struct {
	Site         *page.Site
	Accounts     *account.Accounts
	Lists        *risk.Lists
	Asks         func(echo.Context) risk.Subject // the operator's address and device
	People       *backoffice.People
	Sessions     *account.Sessions
	Orders       *order.Orders
	Catalog      *catalog.Catalog
	Listings     *listing.Listings
	Media        media.Media
	Entitlements *entitlement.Entitlements
	Playback     *playback.Playback
	Ledger       *ledger.Ledger
	Webhooks     *webhook.Webhooks
	Insight      *insight.Insight
	Audit        *audit.Log
}

// Routes registers the pages.
func Routes(g *echo.Group, d Deps) {
	on := d.Site.Handle
	a := page.Guarded(g, "/admin", d.Site.RequireDuty)
	a.GET("/people", on(d.listPeople))
	a.GET("/people/:id", on(d.showPerson))
	a.GET("/people/:id/statements/:month", on(d.showStatement))
	a.GET("/people/:id/statements/:month/csv", on(d.statementFile("csv")))
	a.GET("/people/:id/statements/:month/pdf", on(d.statementFile("pdf")))
	a.GET("/people/:id/roles", on(d.askRoles))
	a.POST("/people/:id/roles", on(d.changeRoles), d.Site.RequireRecent)
	a.GET("/people/:id/suspend", on(d.ask("suspend")))
	a.POST("/people/:id/suspend", on(d.suspend))
	a.GET("/people/:id/lift", on(d.ask("lift")))
	a.POST("/people/:id/lift", on(d.lift))
	a.GET("/people/:id/sign-out", on(d.ask("sign-out")))
	a.POST("/people/:id/sign-out", on(d.signOutPerson))
	a.GET("/lists", on(d.showLists))
	a.POST("/lists", on(d.addEntry))
	a.POST("/lists/:id/end", on(d.endEntry))
}

// suspendedSearched limits how many suspended accounts a search considers, the latest first.
const suspendedSearched = 5000

// listPeople filters by the query, by role, and by suspension.
func (d Deps) listPeople(c *page.Ctx) error {
	ctx := c.Request().Context()
	c.Page.OwnSearch = true
	p := peopleview.PeoplePage{
		Query:     strings.TrimSpace(c.QueryParam("q")),
		Suspended: c.QueryParam("suspended") != "",
		Now:       c.Now,
	}
	f := account.PeopleFilter{
		Query:  p.Query,
		Before: formvalue.ID(c.QueryParam("before")),
		Most:   peoplePerPage + 1,
	}
	if role := c.QueryParam("role"); slices.Contains(peopleview.FilterRoles(), role) {
		f.Role, p.Role = role, role
	}
	var err error
	if p.Suspended {
		if f.Only, err = d.Lists.Denied(ctx, suspendedSearched); err != nil {
			return err
		}
	}
	if p.People, err = d.Accounts.People(ctx, f); err != nil {
		return err
	}
	if len(p.People) > peoplePerPage {
		p.People = p.People[:peoplePerPage]
		p.Next = peopleURL(p, p.People[peoplePerPage-1].ID)
	}
	if f.Before > 0 {
		p.First = peopleURL(p, 0)
	}
	ids := make([]int64, len(p.People))
	for n, u := range p.People {
		ids[n] = u.ID
	}
	if p.Denials, err = d.Lists.DenialsOf(ctx, ids); err != nil {
		return err
	}
	return c.Render(http.StatusOK, c.Text.T("people.title"), peopleview.People(p))
}

func peopleURL(p peopleview.PeoplePage, before int64) string {
	q := url.Values{}
	if p.Query != "" {
		q.Set("q", p.Query)
	}
	if p.Role != "" {
		q.Set("role", p.Role)
	}
	if p.Suspended {
		q.Set("suspended", "on")
	}
	if before > 0 {
		q.Set("before", strconv.FormatInt(before, 10))
	}
	return "/admin/people?" + q.Encode()
}
