package pageview_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"videomall/mall/account"
	"videomall/mall/calendar"
	"videomall/mall/insight"
	"videomall/web/pageview"
	"videomall/web/webtest"
)

func TestPageView_counts_once_with_source(t *testing.T) {
	t.Parallel()
	var sums *insight.Insight
	m := webtest.Open(t, webtest.Options{Routes: func(g *echo.Group, m *webtest.Mall) {
		sums = insight.New(insight.Deps{
			Pool: m.Pool,
			Now:  m.Now,
			Log:  slog.New(slog.DiscardHandler),
			Key:  make([]byte, 32),
			CreatorsOf: func(_ context.Context, ids []int64) (map[int64]int64, error) {
				creators := map[int64]int64{}
				for _, id := range ids {
					if id == 5 {
						creators[id] = 1
					}
				}
				return creators, nil
			},
		})
		pageview.Routes(g, pageview.Deps{
			Site:    m.Site,
			Insight: sums,
			Now:     m.Now,
		})
	}})
	// Noon, so that an hour later is still the same day.
	m.Advance(calendar.UTC.DayOf(m.Now()).Add(36 * time.Hour).Sub(m.Now()))
	// This is account 1, the creator, whose own visits would not count.
	m.Person("creator", account.RoleCreator)
	person := m.Person("ann", account.RoleShopper)
	b := m.Browser(0)
	first := b.Post("/seen/5", url.Values{"from": {"https://www.google.com/"}}).Wants(204)
	if c := first.Header.Get("Set-Cookie"); !strings.HasPrefix(c, "visit=") || !strings.Contains(c, "Path=/seen;") ||
		!strings.Contains(c, "HttpOnly") || !strings.Contains(c, "Max-Age=604800") {
		t.Errorf("cookie of the first visit: got %q", c)
	}
	if err := sums.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	m.Advance(time.Hour)
	b.SignIn(person.ID)
	second := b.Post("/seen/5", url.Values{"tag": {"newsletter"}}).Wants(204) // the first name counts
	if c := second.Header.Get("Set-Cookie"); strings.Contains(c, "visit=") {
		t.Errorf("second visit sets another cookie: %q", c)
	}
	b.Post("/seen", nil).Wants(204) // the checkout, of no video
	b.Post("/seen/0", nil).Wants(204)
	b.Post("/seen/99", nil).Wants(204)
	b.Post("/seen/x", nil).Wants(204)
	if err := sums.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := webtest.Query[string](m, `select spu_id || ' ' || source || ' ' || views from insight_arrival order by 1`)
	if fmt.Sprint(got) != "[0 search 2 5 search 2]" {
		t.Errorf("arrivals: got %v", got)
	}
	if got := webtest.Query[string](m,
		`select user_id || ' ' || source from insight_touch`); fmt.Sprint(got) != fmt.Sprintf("[%d search]",
		person.ID) {
		t.Errorf("touches: got %v", got)
	}
	if got := webtest.Query[int64](m,
		`select visitors from insight_traffic where spu_id = 5`); fmt.Sprint(got) != "[1]" {
		t.Errorf("visitors: got %v, want [1]", got)
	}
}
