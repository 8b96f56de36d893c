package load_test

import (
	"net/http/httptest"
	"testing"

	"github.com/labstack/echo/v4"

	"videomall/load"
	"videomall/load/stage"
	"videomall/mall/malltest"
	"videomall/web/api"
	"videomall/web/page"
)

// mall is a whole business behind a real HTTP server.
func mall(t *testing.T) (m *malltest.Mall, url string) {
	t.Helper()
	e := echo.New()
	server := httptest.NewServer(e)
	t.Cleanup(server.Close)
	m = malltest.Open(t, server.URL+api.Prefix+"/payments/callback/sandbox")
	site := page.New(page.Options{
		Accounts:  m.Accounts,
		Sessions:  m.Sessions,
		PublicURL: server.URL,
		Log:       m.Log,
		Now:       m.Now,
	})
	site.Use(e)
	api.Routes(e.Group(""), api.Deps{
		Site:         site,
		PublicURL:    server.URL,
		Accounts:     m.Accounts,
		Catalog:      m.Catalog,
		Search:       m.Search,
		Orders:       m.Orders,
		Entitlements: m.Entitlements,
	})
	return m, server.URL
}

// sent prepares a crowd, sends it and counts.
func sent(t *testing.T, m *malltest.Mall, p load.Plan, w stage.Request) (*load.Crowd, load.Result) {
	t.Helper()
	c, err := load.New(m.Ctx, p, w.Run)
	m.OK(err)
	w.People = c.People()
	ready, err := stage.Set(m.Ctx, m.Mall, c.Scenario(), w)
	m.OK(err)
	r, err := c.Run(m.Ctx, ready, nil)
	m.OK(err)
	r.Checks, err = c.Count(m.Ctx, m.Pool)
	m.OK(err)
	for _, wrong := range load.Broken(r.Checks) {
		t.Error(wrong)
	}
	return c, r
}

func count(s load.Step, name string) int {
	for _, o := range s.Outcomes {
		if o.Name == name {
			return o.Count
		}
	}
	return 0
}

func TestFlash_300_buyers_for_50_units(t *testing.T) {
	t.Parallel()
	m, url := mall(t)
	m.Sells(990, -1)
	sku := m.Sells(990, 7) // the newest that is limited: what a flash takes by itself
	c, r := sent(t, m, plan(url, 2000, 300), stage.Request{Run: "flash", Units: 50})
	if placed, out := count(r.Visits, "order placed"), count(r.Visits, "sold_out"); placed != 50 || out != 250 {
		t.Errorf("%d orders placed and %d told that it is sold out, want 50 and 250: %v", placed, out,
			r.Visits.Outcomes)
	}
	if n := malltest.Query[int](m, `select count(*) from video_order_item where sku_id = $1`, sku)[0]; n != 50 {
		t.Errorf("%d orders in the table, want 50", n)
	}
	if len(r.Checks) < 7 || len(r.Notes) != 1 {
		t.Errorf("%d checks and the notes %q", len(r.Checks), r.Notes)
	}
	m.Whole()

	// The count has to notice a unit that is held for nobody, and a missing order that was promised.
	for _, spoil := range []string{
		`update inventory_reservation set state = 'released' where id = (select min(id) from inventory_reservation)`,
		`update video_order set idempotency_key = 'gone' where id = (select min(id) from video_order)`,
	} {
		before, err := c.Count(m.Ctx, m.Pool)
		m.OK(err)
		_, err = m.Pool.Exec(m.Ctx, spoil)
		m.OK(err)
		after, err := c.Count(m.Ctx, m.Pool)
		m.OK(err)
		if len(load.Broken(after)) <= len(load.Broken(before)) {
			t.Errorf("nothing more is wrong after %s", spoil)
		}
	}
}

// Duplicates and notices out of order pay each order once.
func TestNotices_Report(t *testing.T) {
	t.Parallel()
	m, url := mall(t)
	m.Sells(990, -1)
	p := plan(url, 500, 60)
	p.Scenario = "notices"
	_, r := sent(t, m, p, stage.Request{Run: "notices", Secret: malltest.Secret})
	if n := count(r.Visits, "acknowledged"); n != 60 {
		t.Errorf("%d of 60 notices acknowledged: %v", n, r.Visits.Outcomes)
	}
	if n := malltest.Query[int](m, `select count(*) from video_order where status = 'PAID'`)[0]; n != 20 {
		t.Errorf("%d orders are paid, want 20", n)
	}
	m.Relayed()
}

func TestStage_Set_refuses(t *testing.T) {
	t.Parallel()
	m, _ := mall(t)
	unlimited := m.Sells(990, -1)
	for name, try := range map[string]struct {
		scenario string
		request  stage.Request
	}{
		"a flash at something unlimited":   {"flash", stage.Request{SKU: unlimited}},
		"a flash where nothing is limited": {"flash", stage.Request{}},
		"a campaign without a SKU":         {"flash", stage.Request{CampaignID: 3}},
		"notices that nobody signs":        {"notices", stage.Request{}},
	} {
		if _, err := stage.Set(m.Ctx, m.Mall, *load.Find(try.scenario), try.request); err == nil {
			t.Errorf("%s was made ready", name)
		}
	}
	limited := m.Sells(990, 3)
	ready, err := stage.Set(m.Ctx, m.Mall, *load.Find("flash"), stage.Request{
		Run:    "as-is",
		SKU:    limited,
		Units:  -1,
		People: 2,
	})
	m.OK(err)
	if ready.Units != 3 || len(ready.People) != 2 || ready.People[0].Token == ready.People[1].Token {
		t.Errorf("%d units and %d people, want 3 and 2 of their own", ready.Units, len(ready.People))
	}
}
