package sale_test

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"videomall/mall/account"
	"videomall/mall/inventory"
	"videomall/mall/money"
	"videomall/mall/order"
	"videomall/web/webtest"
)

func TestSale_every_phase(t *testing.T) {
	f := open(t)
	sku := f.Video(990, -1)
	c := f.ScheduledSale(5, sku)
	b := f.Browser(f.mia.ID)
	is := func(want string, buyable bool, words ...string) {
		t.Helper()
		a := b.Get(path(c)).Wants(200).Shows(append(words, "Midnight sale", "Film 1", "CN¥4.90", "CN¥9.90")...)
		if got := phase(a); got != want || !a.Has(`<span data-shows="`+want+`">`) ||
			a.Has(`data-buy="" hidden`) == buyable {
			t.Errorf("the page is %q, want %q, with the button: %v", got, want, buyable)
		}
		if at := fmt.Sprintf(`data-now="%d`, f.Now().Unix()/1000); !a.Has(at) {
			t.Errorf("the page does not carry the mall's time %s", at)
		}
	}
	is("before", false, "Starts in", "5 units at this price")
	f.Advance(61 * time.Minute)
	is("before", false) // the clock says so, and the mall has not opened it yet
	f.TurnSales(0)
	is("running", true, "Ends in", "5 of 5 left", "1 a person")
	f.SetSaleStock(c, 0, 2, 3)
	is("held", false, "Unpaid ones come back")
	f.SetSaleStock(c, 0, 0, 5)
	is("sold_out", false)
	f.SetSaleStock(c, 1, 0, 4)
	is("running", true, "1 of 5 left")
	f.Advance(time.Hour)
	is("ended", false, "This sale is over") // no tick has come
	f.TurnSales(0)
	is("ended", false)
	b.Lang = "zh-CN"
	b.Get(path(c)).Wants(200).Shows("午夜抢购", "活动已结束")
	f.Browser(0).Get("/sales/999").Wants(404)
	f.Browser(0).Get("/sales/x").Wants(404)
}

func TestSales_running_and_coming(t *testing.T) {
	f := open(t)
	guest := f.Browser(0)
	guest.Get("/sales").Wants(200).Shows("No sale right now")
	f.ScheduledSale(5, f.Video(990, -1))
	guest.Get("/sales").Wants(200).Shows("Coming soon", "Midnight sale", "Starts").Hides("On now")
	f.TurnSales(61 * time.Minute)
	guest.Get("/sales").Wants(200).Shows("On now", "Midnight sale", "Ends").Hides("Coming soon")
	f.Advance(time.Hour)
	guest.Get("/sales").Wants(200).Hides("Midnight sale")
}

func TestBuy_places_one_line_once(t *testing.T) {
	f := open(t)
	first, second := f.Video(990, -1), f.Video(1990, -1)
	c := f.ScheduledSale(5, first, second)
	f.TurnSales(61 * time.Minute)
	guest := f.Browser(0)
	guest.Get(path(c)).Wants(200).Shows("Sign in to buy")
	if a := guest.Post(path(c)+"/buy", url.Values{
		"sku": {"1"},
		"key": {"k"},
	}); a.Status != 303 || !strings.HasPrefix(a.Location, "/sign-in") {
		t.Fatalf("a guest: %d %s", a.Status, a.Location)
	}
	b := f.Browser(f.mia.ID)
	form := b.Get(path(c)).Wants(200).Form(path(c) + "/buy") // of the first lot
	bought := b.Post(path(c)+"/buy", form).Wants(303)
	again := b.Post(path(c)+"/buy", form).Wants(303)
	if !strings.HasPrefix(bought.Location, "/orders/") || bought.Location != again.Location {
		t.Errorf("bought %s, and again %s", bought.Location, again.Location)
	}
	if n := webtest.Query[int64](f.Mall, `select count(*) from video_order`)[0]; n != 1 {
		t.Errorf("%d orders", n)
	}
	want := order.PlaceRequest{
		UserID:         f.mia.ID,
		IdempotencyKey: f.asked[0].IdempotencyKey, // which the page drew
		CampaignID:     c.ID,
		Items:          []order.Line{{SKUID: first, Quantity: 1}},
		ExpectTotal:    new(money.Of(490, "CNY")),
	}
	if diff := cmp.Diff(want, f.asked[0]); diff != "" {
		t.Errorf("asked for (-want +got):\n%s", diff)
	}
	other := url.Values{"sku": {strconv.FormatInt(second, 10)}, "key": {"another"}}
	if a := b.Post(path(c)+"/buy", other).Wants(303); a.Location == bought.Location {
		t.Error("two lots are one order")
	}
	used := url.Values{"sku": other["sku"], "key": form["key"]} // one key for two things
	if a := b.Post(path(c)+"/buy", used).Wants(303); a.Location != "/orders" {
		t.Errorf("a used key leads to %s", a.Location)
	}
	b.Post(path(c)+"/buy", url.Values{"sku": {"4711"}, "key": {"k"}}).Wants(404)
	b.Post(path(c)+"/buy", url.Values{"sku": {"x"}, "key": {"k"}}).Wants(400)
	b.Post("/sales/999/buy", other).Wants(404)
}

func TestBuy_refused(t *testing.T) {
	f := open(t)
	c := f.ScheduledSale(5, f.Video(990, -1))
	f.TurnSales(61 * time.Minute)
	b := f.Browser(f.mia.ID)
	form := b.Get(path(c)).Form(path(c) + "/buy")
	f.refuse = inventory.ErrSoldOut.With("sku:1", "sold_out")
	f.SetSaleStock(c, 0, 0, 5)
	a := b.Post(path(c)+"/buy", form).Wants(409).Shows("The order was not placed", "sold out")
	if phase(a) != "sold_out" {
		t.Errorf("the page is %q", phase(a))
	}
	f.refuse = nil
	f.SetSaleStock(c, 5, 0, 0)
	f.refuse = order.ErrAlreadyOwned
	if a := b.Post(path(c)+"/buy", form).Wants(409); a.Form(path(c)+"/buy").Get("key") != form.Get("key") {
		t.Error("the key changed, so that going back could order twice")
	}
	f.refuse = fmt.Errorf("no database")
	b.Post(path(c)+"/buy", form).Wants(500)
}

// TestBuy_busy_mall_leads_to_waiting_room has the order path refuse one buyer, who then goes first, whoever
// comes.
func TestBuy_busy_mall_leads_to_waiting_room(t *testing.T) {
	f := open(t)
	c := f.ScheduledSale(5, f.Video(990, -1))
	f.TurnSales(61 * time.Minute)
	room := fmt.Sprintf("/queue/campaign:%d?next=%%2Fsales%%2F%d", c.ID, c.ID)
	first, second, third := f.Browser(f.mia.ID), f.Browser(f.Person("ann", account.RoleShopper).ID), f.Browser(
		f.Person("bob", account.RoleShopper).ID)
	buy := func(b *webtest.Browser) string {
		t.Helper()
		return b.Post(path(c)+"/buy", b.Get(path(c)).Wants(200).Form(path(c)+"/buy")).Wants(303).Location
	}
	f.refuse = order.ErrBusy
	for _, b := range []*webtest.Browser{first, second} {
		if to := buy(b); to != room {
			t.Fatalf("a busy mall led to %q, not %q", to, room)
		}
	}
	f.refuse = nil
	if to := first.Get(room).Wants(303).Location; to != path(c) { // the only one admitted
		t.Fatalf("the first one was led to %q", to)
	}
	second.Get(room).Wants(200).Shows("You are in line")
	asked := len(f.asked)
	time.Sleep(1100 * time.Millisecond) // what a process has just seen of the queue it takes to be so for a second
	if to := buy(third); to != room || len(f.asked) != asked {
		t.Errorf("somebody who has just come was led to %q before those who wait", to)
	}
	third.Get(room).Wants(200).Shows("Your place 2")
	if to := buy(first); !strings.HasPrefix(to, "/orders/") {
		t.Errorf("the one who is admitted was led to %q", to)
	}
	if a := second.HTMX(room, nil).Wants(200); a.Header.Get("Hx-Redirect") != path(c) { // at once: the first has left
		t.Errorf("the next one waits on: %v", a.Header)
	}
	if to := buy(second); !strings.HasPrefix(to, "/orders/") {
		t.Errorf("the next one was led to %q", to)
	}
	third.Get(room).Wants(303)
	if to := buy(third); !strings.HasPrefix(to, "/orders/") {
		t.Errorf("the last one was led to %q", to)
	}
	time.Sleep(1100 * time.Millisecond)
	// nobody waits any more
	if to := buy(f.Browser(f.Person("eve", account.RoleShopper).ID)); !strings.HasPrefix(to, "/orders/") {
		t.Errorf("after the crowd: %q", to)
	}
}
