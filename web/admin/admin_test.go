package admin_test

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"videomall/mall/account"
	"videomall/mall/audit"
	"videomall/mall/backoffice"
	"videomall/mall/insight"
	"videomall/mall/order"
	"videomall/mall/payment"
	"videomall/mall/payment/sandbox"
	"videomall/mall/playback"
	"videomall/mall/reconcile"
	"videomall/mall/risk"
	"videomall/web/admin"
	"videomall/web/admin/finance"
	"videomall/web/admin/people"
	"videomall/web/webtest"
)

// desk is a mall with its console, an operator who uses it, and a shopper.
type desk struct {
	audited []string    // what the settings of providers wrote into the audit log
	plays   []time.Time // since when plays were asked for
	*webtest.Mall
	olga, mia  account.User
	b          *webtest.Browser
	lists      *risk.Lists
	reconciler *reconcile.Reconciler
	routes     []*echo.Route
}

func open(t *testing.T, takes ...payment.Method) *desk {
	t.Helper()
	t.Parallel()
	d := &desk{}
	o := webtest.Options{Routes: func(g *echo.Group, m *webtest.Mall) {
		d.lists = risk.NewLists(risk.ListsDeps{
			Pool: m.Pool,
			Log:  slog.New(slog.DiscardHandler),
			Now:  m.Now,
		})
		asks := func(echo.Context) risk.Subject { return risk.Subject{Address: netip.MustParseAddr("198.51.100.9")} }
		deps := admin.Deps{
			Site:       m.Site,
			Accounts:   m.Accounts,
			Catalog:    m.Catalog,
			Orders:     m.Orders,
			Payments:   m.Payments,
			Outbox:     m.Outbox,
			Jobs:       m.Jobs,
			FailedJobs: backoffice.NewFailedJobs(backoffice.FailedJobsDeps{Pool: m.Pool, River: m.Jobs}),
			Audit: audit.New(audit.Deps{
				Pool: m.Pool,
				Key:  make([]byte, 32),
				Now:  m.Now,
			}),
			Reconciler: reconcile.New(reconcile.Deps{
				Pool:     m.Pool,
				Now:      m.Now,
				Payments: m.Payments,
				Orders:   m.Orders,
				River:    m.Jobs,
			}),
			Exchange: m.Exchange,
			Lists:    d.lists,
			Plays: func(_ context.Context, _ int64, spuIDs []int64, since time.Time,
				_, _ int,
			) (map[int64]playback.PlayLog, error) {
				d.plays = append(d.plays, since)
				return map[int64]playback.PlayLog{spuIDs[0]: {
					Plays: make([]playback.Play, 2),
					First: 1,
					Left:  1,
					Total: 3,
				}}, nil
			},
			PlayDays: func(_ context.Context, _ int64, spuIDs []int64, since time.Time, _ int) ([]playback.PlayDay, error) {
				return []playback.PlayDay{{
					SPUID:   spuIDs[0],
					FirstAt: since.Add(time.Minute),
					LastAt:  since.Add(time.Hour),
					Plays:   7,
					Devices: 2,
					Seconds: 61,
				}}, nil
			},
			Watched: func(_ context.Context, _ int64, spuIDs []int64) (map[int64]int, error) {
				return map[int64]int{spuIDs[0]: 42}, nil
			},
			Insight: insight.New(insight.Deps{
				Pool:   m.Pool,
				Now:    m.Now,
				Log:    slog.New(slog.DiscardHandler),
				Key:    make([]byte, 32),
				Values: m.Values,
			}),
		}
		admin.Routes(g, deps)
		finance.Routes(g, finance.Deps{
			Site:       m.Site,
			Payments:   m.Payments,
			Accounts:   m.Accounts,
			Reconciler: deps.Reconciler,
			Orders:     m.Orders,
			Settings:   d.settings(t, m),
			Taxes:      m.Taxes,
			Exchange:   m.Exchange,
			Catalog:    m.Catalog,
		})
		d.reconciler = deps.Reconciler
		peopleDeps := people.Deps{
			Site:     m.Site,
			Accounts: m.Accounts,
			Lists:    d.lists,
			Asks:     asks,
		}
		people.Routes(g, peopleDeps)
		e := echo.New() // only to list the routes
		admin.Routes(e.Group(""), deps)
		people.Routes(e.Group(""), peopleDeps)
		d.routes = e.Routes()
	}}
	for _, m := range takes {
		o.Provider = webtest.Limited(m)
	}
	d.Mall = webtest.Open(t, o)
	d.olga, d.mia = d.Person("olga", account.RoleOperator), d.Person("mia", account.RoleShopper)
	d.b = d.Browser(d.olga.ID)
	return d
}

// settle submits every refund to the provider, as the job does, and applies its notices.
func (d *desk) settle(t *testing.T) {
	t.Helper()
	for _, no := range webtest.Query[string](d.Mall, "select refund_no from order_refund where status = 'pending'") {
		if err := d.Orders.Refunds().Submit(t.Context(), no); err != nil && !errors.Is(err, order.ErrAwaitsProvider) {
			t.Fatal(err)
		}
	}
	d.DeliverNotices()
}

func TestConsole_access(t *testing.T) {
	d := open(t)
	o := d.Bought(d.mia.ID, d.Video(990, -1))
	creator, shopper, guest := d.Browser(d.Person("carl", account.RoleCreator).ID), d.Browser(d.mia.ID), d.Browser(0)
	if len(d.routes) < 17 {
		t.Fatalf("routes: got %d, want at least 17", len(d.routes))
	}
	fill := strings.NewReplacer(":orderNo", o.OrderNo, ":id", "1", ":subscriber", "search", ":provider", "sandbox")
	for _, r := range d.routes {
		if r.Method == echo.RouteNotFound {
			continue
		}
		path := fill.Replace(r.Path)
		for who, b := range map[string]*webtest.Browser{"creator": creator, "shopper": shopper} {
			ask := func() webtest.Answer {
				if r.Method == "POST" {
					return b.Post(path, url.Values{"key": {"k"}, "reason": {"r"}, "item": {"1"}, "note": {"n"}})
				}
				return b.Get(path)
			}
			if a := ask(); a.Status != 404 {
				t.Errorf("%s %s as a %s: got %d, want 404", r.Method, path, who, a.Status)
			}
		}
		if r.Method == "GET" {
			if a := guest.Get(path); a.Status != 303 || !strings.HasPrefix(a.Location, "/sign-in") {
				t.Errorf("GET %s as a guest: got %d to %q, want 303 to the sign-in", path, a.Status, a.Location)
			}
		} else if a := guest.Post(path, url.Values{"item": {"1"}}); a.Status != 303 ||
			!strings.HasPrefix(a.Location, "/sign-in") {
			t.Errorf("POST %s as a guest: got %d to %q, want 303 to the sign-in", path, a.Status, a.Location)
		}
	}
	if n := webtest.Query[int64](d.Mall, "select count(*) from order_refund")[0]; n != 0 {
		t.Fatalf("refunds: got %d, want 0", n)
	}
}

func TestOrders_search(t *testing.T) {
	d := open(t)
	first := d.Bought(d.mia.ID, d.Video(990, -1))
	leo := d.Person("leo", account.RoleShopper)
	second := d.Bought(leo.ID, d.Video(0, -1))
	for query, found := range map[string][2]bool{
		"":                                     {true, true},
		"?q=" + first.OrderNo:                  {true, false},
		"?q=" + strings.ToLower(first.OrderNo): {true, false},
		"?q=LEO@example.test":                  {false, true},
		"?q=nobody@example.test":               {false, false},
		"?q=nonsense":                          {false, false},
		"?status=DELIVERED":                    {true, true},
		"?status=CLOSED":                       {false, false},
		"?status=drop+table":                   {true, true},
		"?before=" + strconv.FormatInt(second.ID, 10): {true, false},
		"?before=x": {true, true},
	} {
		a := d.b.Get("/admin/orders" + query).Wants(200)
		if got := [2]bool{a.Has(first.OrderNo + "</a>"), a.Has(second.OrderNo + "</a>")}; got != found {
			t.Errorf("%q: orders found: got %v, want %v", query, got, found)
		}
	}
}

func TestOrders_show(t *testing.T) {
	d := open(t)
	o := d.Bought(d.mia.ID, d.Video(990, -1), d.Video(10, -1))
	attempt, err := d.Payments.Attempts(t.Context(), o.OrderNo)
	if err != nil {
		t.Fatal(err)
	}
	at := "/admin/orders/" + o.OrderNo
	d.b.Get(at).Wants(200).
		Shows(o.OrderNo, "mia@example.test", "Film 1", "Film 2", "CN¥10.00", "payment arrived", "access given",
			"shopper:"+strconv.FormatInt(d.mia.ID, 10), "provider:sandbox", attempt[0].AttemptNo,
			attempt[0].ChannelTxnNo,
			"payment.succeeded", "paid for the order")
	d.b.Get("/admin/orders/01HZZZZZZZZZZZZZZZZZZZZZZZ").Wants(404)
	d.b.Lang = "zh-CN"
	d.b.Get(at).Wants(200).Shows("流转记录", "款项到账", "影片1", "¥10.00")
	for _, path := range []string{"", "/orders", "/cases", "/dead-letters"} {
		d.b.Get("/admin" + path).Wants(200).Shows("概览")
	}
}

func TestRefund_shows_sum_and_happens_once(t *testing.T) {
	d := open(t)
	o := d.Bought(d.mia.ID, d.Video(990, -1), d.Video(510, -1))
	at := "/admin/orders/" + o.OrderNo
	choice := d.b.Get(at).Wants(200).Form(at + "/refund")
	if len(choice["item"]) != 2 {
		t.Fatalf("form: got items %v, want 2", choice)
	}
	d.b.Get(at + "/refund?" + choice.Encode()).Wants(422) // no reason
	choice["item"], choice["reason"] = choice["item"][:1], []string{"played with no sound"}
	review := d.b.Get(at+"/refund?"+choice.Encode()).Wants(200).
		Shows("Refund CN¥9.90", "played with no sound", "Film 1").Hides("Film 2")
	if n := webtest.Query[int64](d.Mall, "select count(*) from order_refund")[0]; n != 0 {
		t.Fatal("opening the confirmation page already refunded")
	}

	form := review.Form(at + "/refund")
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() { d.b.Post(at+"/refund", form).Wants(303) })
	}
	wg.Wait()
	d.b.Post(at+"/refund", form).Wants(303)
	sums := webtest.Query[int64](d.Mall, "select amount from order_refund")
	if len(sums) != 1 || sums[0] != 990 {
		t.Fatalf("refunds: got %v, want [990]", sums)
	}
	if actor := webtest.Query[string](d.Mall,
		"select actor from order_refund")[0]; actor != "operator:"+strconv.FormatInt(d.olga.ID, 10) {
		t.Errorf("actor of the refund: got %s, want the operator", actor)
	}
	// Only the other item is left, even before the provider has answered.
	left := d.b.Get(at).Shows("under way").Form(at + "/refund")
	if len(left["item"]) != 1 || left["item"][0] == form["item"][0] {
		t.Fatalf("form: got %v, want the item that is not refunded", left)
	}
	d.settle(t)
	d.b.Get(at).Shows("CN¥9.90 refunded", "succeeded", "played with no sound")

	// Refunding the rest ends the order.
	left.Set("reason", "the rest")
	d.b.Post(at+"/refund", d.b.Get(at+"/refund?"+left.Encode()).Shows("Refund CN¥5.10").Form(at+"/refund")).Wants(303)
	d.settle(t)
	after, err := d.Orders.GetAny(t.Context(), o.OrderNo)
	if err != nil || after.Status != order.Refunded || after.Refunded != o.Total {
		t.Fatalf("order after the second refund: got %+v, %v, want it refunded", after, err)
	}
	page := d.b.Get(at).Wants(200)
	if page.Has(`action="` + at + `/refund"`) {
		t.Error("the page of a refunded order offers a refund")
	}
	d.b.Get(at + "/refund?" + left.Encode()).Wants(303)
}

func TestRefund_two_operators_refund_once(t *testing.T) {
	d := open(t)
	o := d.Bought(d.mia.ID, d.Video(990, -1))
	at := "/admin/orders/" + o.OrderNo
	var forms []url.Values
	for range 2 {
		choice := d.b.Get(at).Form(at + "/refund")
		choice.Set("reason", "r")
		forms = append(forms, d.b.Get(at+"/refund?"+choice.Encode()).Wants(200).Form(at+"/refund"))
	}
	if forms[0].Get("key") == forms[1].Get("key") {
		t.Fatal("two confirmation pages have the same idempotency key")
	}
	for _, f := range forms {
		d.b.Post(at+"/refund", f).Wants(303)
	}
	if sums := webtest.Query[int64](d.Mall, "select amount from order_refund"); len(sums) != 1 {
		t.Fatalf("refunds: got %v, want one", sums)
	}
	for name, forged := range map[string]url.Values{
		"no item": {"key": {"k"}, "reason": {"r"}}, "no key": {"item": forms[0]["item"], "reason": {"r"}},
		"another's item": {
			"key":    {"k2"},
			"reason": {"r"},
			"item":   {"999999"},
		}, "no reason": {"key": {"k3"}, "item": forms[0]["item"]},
	} {
		if a := d.b.Post(at+"/refund", forged); a.Status != 422 {
			t.Errorf("%s: got %d, want 422", name, a.Status)
		}
	}
}

func TestRefund_free_order(t *testing.T) {
	d := open(t)
	o := d.Bought(d.mia.ID, d.Video(0, -1))
	at := "/admin/orders/" + o.OrderNo
	choice := d.b.Get(at).Form(at + "/refund")
	choice.Set("reason", "by mistake")
	form := d.b.Get(at + "/refund?" + choice.Encode()).Wants(200).Shows("no money moves").Form(at + "/refund")
	for range 2 {
		d.b.Post(at+"/refund", form).Wants(303)
	}
	if after, err := d.Orders.GetAny(t.Context(), o.OrderNo); err != nil || after.Status != order.Refunded {
		t.Fatalf("free order after the refund: got %+v, %v, want it refunded", after, err)
	}
}

func TestCases_close_once(t *testing.T) {
	d := open(t)
	ctx := t.Context()
	o, _, err := d.Orders.Place(ctx, order.PlaceRequest{
		UserID:         d.mia.ID,
		IdempotencyKey: "k",
		Items:          []order.Line{{SKUID: d.Video(990, -1), Quantity: 1}},
	})
	if err != nil {
		t.Fatal(err)
	}
	a, err := d.Orders.Prepay(ctx, order.PrepayRequest{
		UserID:    d.mia.ID,
		OrderNo:   o.OrderNo,
		Provider:  sandbox.Name,
		ReturnURL: d.URL,
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Sandbox.Pay(ctx, a.Action.URL[strings.LastIndex(a.Action.URL, "/")+1:],
		sandbox.PayOptions{Amount: 1}); err != nil {
		t.Fatal(err)
	}
	d.DeliverNotices()
	d.b.Get("/admin").Wants(200).Shows("Open cases 1")
	page := d.b.Get("/admin/cases").Wants(200).
		Shows("The paid amount differs", o.OrderNo, "Expected CN¥9.90", "Received CN¥0.01")
	d.b.Get("/admin/orders/"+o.OrderNo).Shows("The paid amount differs", "in suspense", "wrong amount")
	id := webtest.Query[int64](d.Mall, "select id from order_case")[0]
	at := "/admin/cases/" + strconv.FormatInt(id, 10) + "/close"
	form := page.Form(at)
	d.b.Post(at, form).Wants(422) // no note
	form.Set("note", "refunded at the bank")
	d.b.Post(at, form).Wants(303)
	form.Set("note", "me too")
	d.b.Post(at, form).Wants(303)
	d.b.Get("/admin/cases").Shows("Somebody closed this case already", "No open cases")
	if note := webtest.Query[string](d.Mall,
		"select detail->>'note' from order_case")[0]; note != "refunded at the bank" {
		t.Errorf("note: got %q, want the first one", note)
	}
}
