package admin

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"videomall/db"
	"videomall/views/admin/duties"
	"videomall/views/text"
	"videomall/web/page"

	adminview "videomall/views/admin"
)

// hitsShown limits the hits that the search shows of one kind.
const hitsShown = 8

// Finder looks for one kind of thing.
type Finder struct {
	Kind  string   // the message find.kind.<kind>
	Names []string // before a colon these ask for this kind alone: "order:01H…", as the audit log writes its subjects
	// Find asks an index and returns up to most things whose name begins with q or equals it. t has the words of the
	// reader's language.
	Find func(ctx context.Context, t *text.Printer, q string, most int) ([]adminview.Hit, error)
}

// find looks for every kind of thing, and shows what the operator's duties open. A query that can mean only one thing leads directly to it.
func (d Deps) find(c *page.Ctx) error {
	ctx, p := c.Request().Context(), adminview.FindPage{Query: strings.TrimSpace(c.QueryParam("q"))}
	if utf8.RuneCountInString(p.Query) > adminview.MaxQuery {
		p.Long, p.Query = true, ""
		return c.Render(http.StatusOK, c.Text.T("find.title"), adminview.Find(p))
	}
	c.Page.Query = p.Query
	q, finders := d.narrowed(p.Query)
	var exact []adminview.Hit
	for _, f := range finders {
		hits, err := f.Find(ctx, c.Text, q, hitsShown+1)
		if err != nil {
			return err
		}
		hits = slices.DeleteFunc(hits, func(h adminview.Hit) bool { return !duties.Opens(c.Viewer.Roles, h.Href) })
		for _, h := range hits {
			if h.Exact {
				exact = append(exact, h)
			}
		}
		if len(hits) > 0 {
			p.Groups = append(p.Groups, adminview.Group{
				Kind: f.Kind,
				Hits: hits[:min(len(hits), hitsShown)],
				More: len(hits) > hitsShown,
			})
		}
	}
	if len(exact) == 1 {
		return c.Redirect(exact[0].Href)
	}
	return c.Render(http.StatusOK, c.Text.T("find.title"), adminview.Find(p))
}

// narrowed returns what to look for, and the kinds to look in: none for an empty query.
func (d Deps) narrowed(query string) (q string, in []Finder) {
	if query == "" || !db.Storable(query) {
		return "", nil
	}
	if name, rest, named := strings.Cut(query, ":"); named {
		rest = strings.TrimSpace(rest)
		for _, f := range d.Finders {
			if slices.Contains(f.Names, strings.ToLower(name)) && rest != "" {
				in = append(in, f)
			}
		}
		if in != nil {
			return rest, in
		}
	}
	return query, d.Finders
}
