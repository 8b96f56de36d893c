package people_test

import (
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"videomall/mall/account"
	"videomall/mall/risk"
	"videomall/web/admin/people"
	"videomall/web/webtest"
)

// desk is a mall with the lists of the console, an operator who uses them, and a shopper.
type desk struct {
	*webtest.Mall
	olga, mia account.User
	b         *webtest.Browser
	lists     *risk.Lists
}

func open(t *testing.T) *desk {
	t.Helper()
	t.Parallel()
	d := &desk{}
	d.Mall = webtest.Open(t, webtest.Options{Routes: func(g *echo.Group, m *webtest.Mall) {
		d.lists = risk.NewLists(risk.ListsDeps{
			Pool: m.Pool,
			Log:  slog.New(slog.DiscardHandler),
			Now:  m.Now,
		})
		people.Routes(g, people.Deps{
			Site:     m.Site,
			Accounts: m.Accounts,
			Lists:    d.lists,
			Asks: func(echo.Context) risk.Subject {
				return risk.Subject{Address: netip.MustParseAddr("198.51.100.9")}
			},
		})
	}})
	d.olga, d.mia = d.Person("olga", account.RoleOperator), d.Person("mia", account.RoleShopper)
	d.b = d.Browser(d.olga.ID)
	return d
}

func entry(kind risk.Kind, subject string) url.Values {
	return url.Values{
		"effect":  {"deny"},
		"kind":    {string(kind)},
		"subject": {subject},
		"reason":  {"asks for everything"},
		"for":     {"24h"},
	}
}

func TestLists_add_and_end(t *testing.T) {
	d := open(t)
	d.b.Get("/admin/lists").Wants(200).Shows("Nobody is listed", "Add an entry")
	for _, form := range []url.Values{
		entry(risk.Address, "203.0.113.7/24"), entry(risk.User, "MIA@example.test"),
		entry(risk.Device, "0123456789abcdef0123456789abcdef"),
	} {
		if a := d.b.Post("/admin/lists", form).Wants(303); a.Location != "/admin/lists" {
			t.Errorf("redirect after adding an entry: got %s, want /admin/lists", a.Location)
		}
	}
	d.b.Get("/admin/lists").Wants(200).
		Shows("The entry is in force.", "203.0.113.0/24", "mia", "0123456789abcdef0123456789abcdef",
			"asks for everything", "olga", "in 1 day")
	d.b.Lang = "zh-CN"
	d.b.Get("/admin/lists").Wants(200).Shows("名单", "生效中", "拒绝")
	d.b.Lang = "en"
	if verdict, _ := d.lists.Judge(t.Context(), risk.Subject{UserID: d.mia.ID}); verdict != risk.Deny {
		t.Errorf("verdict on a listed account: got %q, want deny", verdict)
	}
	id := webtest.Query[int64](d.Mall, "select id from risk_entry where user_id is not null")[0]
	d.b.Post(fmt.Sprintf("/admin/lists/%d/end", id), url.Values{}).Wants(303)
	d.b.Get("/admin/lists").Wants(200).Shows("The entry has ended.", "Ended", "by olga")
	d.b.Post(fmt.Sprintf("/admin/lists/%d/end", id), url.Values{}).Wants(303)
	d.b.Get("/admin/lists").Wants(200).Shows("Somebody ended this entry already.")
	if verdict, _ := d.lists.Judge(t.Context(), risk.Subject{UserID: d.mia.ID}); verdict != "" {
		t.Errorf("verdict after the entry has ended: got %q, want none", verdict)
	}
	d.Advance(25 * time.Hour)
	d.b = d.Browser(d.olga.ID) // the operator's session has expired meanwhile
	d.b.Get("/admin/lists").Wants(200).Shows("Nobody is listed", "203.0.113.0/24")
	if n := webtest.Query[int64](d.Mall, "select count(*) from risk_entry")[0]; n != 3 {
		t.Errorf("entries after they ended: got %d, want 3", n)
	}
}

func TestLists_wrong_entry_comes_back(t *testing.T) {
	d := open(t)
	for subject, c := range map[string]struct {
		kind risk.Kind
		says string
	}{
		"mall.example":        {risk.Address, "Enter an address or a block"},
		"nobody@example.test": {risk.User, "There is no such account."},
		"4711":                {risk.User, "There is no such account."},
		"xyz":                 {risk.Device, "Enter the 32 characters"},
		"198.51.100.0/24":     {risk.Address, "This would lock you out yourself."}, // the operator's own network
		"olga@example.test":   {risk.User, "This would lock you out yourself."},
	} {
		a := d.b.Post("/admin/lists", entry(c.kind, subject)).Wants(422).Shows(c.says)
		if got := a.Form("/admin/lists"); got.Get("subject") != subject || got.Get("reason") != "asks for everything" ||
			got.Get("kind") != string(c.kind) || got.Get("for") != "24h" {
			t.Errorf("form after the refused entry %s: got %v, want what was typed", subject, got)
		}
	}
	form := entry(risk.Address, "203.0.113.7")
	form.Set("reason", " ")
	form.Set("for", "1y")
	d.b.Post("/admin/lists", form).Wants(422).Shows("Say why", "Choose how long it holds.")
	if n := webtest.Query[int64](d.Mall, "select count(*) from risk_entry")[0]; n != 0 {
		t.Errorf("entries: got %d, want 0", n)
	}
}
