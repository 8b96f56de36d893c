package admin

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"videomall/mall/account"
	adminview "videomall/views/admin"
	"videomall/web/formvalue"
	"videomall/web/page"
)

const peoplePerPage = 30

// suspendedSearched bounds how many of those who are kept out a page chooses from, the latest first.
const suspendedSearched = 5000

// listPeople searches by what was typed, by role, and by whether somebody is kept out.
func (d Deps) listPeople(c *page.Ctx) error {
	ctx := c.Request().Context()
	c.Page.OwnSearch = true
	p := adminview.PeoplePage{
		Query:     strings.TrimSpace(c.QueryParam("q")),
		Suspended: c.QueryParam("suspended") != "",
		Now:       c.Now,
	}
	f := account.PeopleFilter{
		Query:  p.Query,
		Before: formvalue.ID(c.QueryParam("before")),
		Most:   peoplePerPage + 1,
	}
	if role := c.QueryParam("role"); slices.Contains(account.Roles(), role) {
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
	return c.Render(http.StatusOK, c.Text.T("people.title"), adminview.People(p))
}

func peopleURL(p adminview.PeoplePage, before int64) string {
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
