package sale_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"videomall/db/dbtest"
	"videomall/mall/account"
	"videomall/mall/inventory"
	"videomall/mall/money"
	"videomall/mall/order"
	"videomall/mall/promotion"
	"videomall/mall/waitingroom"
	"videomall/web/sale"
	web "videomall/web/waitingroom"
	"videomall/web/webtest"
)

// fair is a mall with its flash sales, whose films are those of the creator 1.
type fair struct {
	*webtest.Mall
	t        *testing.T
	creator  account.User // the creator of all films
	olga     account.User // an operator
	mia      account.User // a shopper
	stopping chan struct{}
	asked    []order.PlaceRequest // what was handed to the order path
	refuse   error                // what it answers instead of placing
	queue    *waitingroom.Queue   // before each sale, which admits one person at a time
	ends     time.Time            // of that admission
}

func open(t *testing.T) *fair {
	t.Helper()
	t.Parallel()
	f := &fair{t: t, stopping: make(chan struct{})}
	f.Mall = webtest.Open(t, webtest.Options{Routes: func(g *echo.Group, m *webtest.Mall) {
		var err error
		f.queue, err = waitingroom.New(waitingroom.Deps{
			Redis: dbtest.Redis(t),
			Key:   []byte("a key of thirty-two bytes, no less"),
			Log:   slog.New(slog.DiscardHandler),
			Now:   m.Now,
		})
		f.ok(err)
		room := sale.WaitingRoom{
			Queue:     f.queue,
			Room:      waitingroom.SaleRoom,
			Admission: f.admission,
			Device:    func(echo.Context) string { return "" },
		}
		web.Routes(g, web.Deps{
			Site:      m.Site,
			Queue:     f.queue,
			Admission: f.admission,
			Device:    room.Device,
		})
		sale.Routes(g, sale.Deps{
			Site:        m.Site,
			Promotions:  m.Promotions,
			Catalog:     m.Catalog,
			Inventory:   m.Inventory,
			Now:         m.Now,
			WaitingRoom: room,
			Stopping:    f.stopping,
			Place: func(ctx context.Context, r order.PlaceRequest) (order.Order, bool, error) {
				f.asked = append(f.asked, r)
				if f.refuse != nil {
					return order.Order{}, false, f.refuse
				}
				return m.Orders.Place(ctx, r)
			},
		})
	}})
	f.creator = f.Person("carl", account.RoleCreator)
	f.olga = f.Person("olga", account.RoleOperator)
	f.mia = f.Person("mia", account.RoleShopper)
	if f.creator.ID != 1 {
		t.Fatalf("the first account is %d", f.creator.ID)
	}
	return f
}

func (f *fair) admission(_ context.Context, room string) (waitingroom.Admission, error) {
	return waitingroom.Admission{
		Room:  room,
		Slots: 1,
		Ends:  f.ends,
	}, nil
}

func (f *fair) ok(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

// scheduled is a sale that starts in an hour and lasts for one, at 4.90 instead of 9.90.
func (f *fair) scheduled(units int, skus ...int64) promotion.Campaign {
	f.t.Helper()
	by := promotion.Actor{UserID: f.olga.ID, Operator: true}
	d := promotion.Draft{
		NameZh:   "午夜抢购",
		NameEn:   "Midnight sale",
		StartsAt: f.Now().Add(time.Hour),
		EndsAt:   f.Now().Add(2 * time.Hour),
	}
	for _, sku := range skus {
		d.Items = append(d.Items, promotion.Item{
			SKUID:   sku,
			Amount:  money.Of(490, "CNY"),
			Units:   units,
			PerUser: 1,
		})
	}
	c, err := f.Promotions.Create(f.t.Context(), by, d)
	f.ok(err)
	c, err = f.Promotions.Schedule(f.t.Context(), by, c.ID, c.Version)
	f.ok(err)
	return c
}

// turn lets time pass, and the mall's tick come.
func (f *fair) turn(by time.Duration) {
	f.t.Helper()
	f.Advance(by)
	_, err := f.Promotions.Turn(f.t.Context())
	f.ok(err)
}

// stock moves units of a campaign's row as orders do.
func (f *fair) stock(c promotion.Campaign, available, frozen, sold int) {
	f.t.Helper()
	_, err := f.Pool.Exec(f.t.Context(), `update video_inventory set available = $2, frozen = $3, sold = $4
		where campaign_id = $1`, c.ID, available, frozen, sold)
	f.ok(err)
}

func path(c promotion.Campaign) string { return fmt.Sprint("/sales/", c.ID) }

// phase is what the page says of itself, to people by what is not hidden, to its script by an attribute.
func phase(a webtest.Answer) string {
	_, rest, _ := strings.Cut(a.Body, `data-phase="`)
	name, _, _ := strings.Cut(rest, `"`)
	return name
}

func TestASaleIsShownInAllItsPhases(t *testing.T) {
	f := open(t)
	sku := f.Film(990, -1)
	c := f.scheduled(5, sku)
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
	f.turn(0)
	is("running", true, "Ends in", "5 of 5 left", "1 a person")
	f.stock(c, 0, 2, 3)
	is("held", false, "Unpaid ones come back")
	f.stock(c, 0, 0, 5)
	is("sold_out", false)
	f.stock(c, 1, 0, 4)
	is("running", true, "1 of 5 left")
	f.Advance(time.Hour)
	is("ended", false, "This sale is over") // no tick has come
	f.turn(0)
	is("ended", false)
	b.Lang = "zh-CN"
	b.Get(path(c)).Wants(200).Shows("午夜抢购", "活动已结束")
	f.Browser(0).Get("/sales/999").Wants(404)
	f.Browser(0).Get("/sales/x").Wants(404)
}

func TestTheListShowsWhatRunsAndWhatComes(t *testing.T) {
	f := open(t)
	guest := f.Browser(0)
	guest.Get("/sales").Wants(200).Shows("No sale right now")
	f.scheduled(5, f.Film(990, -1))
	guest.Get("/sales").Wants(200).Shows("Coming soon", "Midnight sale", "Starts").Hides("On now")
	f.turn(61 * time.Minute)
	guest.Get("/sales").Wants(200).Shows("On now", "Midnight sale", "Ends").Hides("Coming soon")
	f.Advance(time.Hour)
	guest.Get("/sales").Wants(200).Hides("Midnight sale")
}

func TestBuyingPlacesOneLineOnce(t *testing.T) {
	f := open(t)
	first, second := f.Film(990, -1), f.Film(1990, -1)
	c := f.scheduled(5, first, second)
	f.turn(61 * time.Minute)
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
	r := f.asked[0]
	if r.CampaignID != c.ID || r.UserID != f.mia.ID || !slices.Equal(r.Items, []order.Line{{
		SKUID:    first,
		Quantity: 1,
	}}) || *r.ExpectTotal != money.Of(490, "CNY") {
		t.Errorf("asked for %+v", r)
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

func TestARefusedOrderIsSaidOnThePage(t *testing.T) {
	f := open(t)
	c := f.scheduled(5, f.Film(990, -1))
	f.turn(61 * time.Minute)
	b := f.Browser(f.mia.ID)
	form := b.Get(path(c)).Form(path(c) + "/buy")
	f.refuse = inventory.ErrSoldOut.With("sku:1", "sold_out")
	f.stock(c, 0, 0, 5)
	a := b.Post(path(c)+"/buy", form).Wants(409).Shows("The order was not placed", "sold out")
	if phase(a) != "sold_out" {
		t.Errorf("the page is %q", phase(a))
	}
	f.refuse = nil
	f.stock(c, 5, 0, 0)
	f.refuse = order.ErrAlreadyOwned
	if a := b.Post(path(c)+"/buy", form).Wants(409); a.Form(path(c)+"/buy").Get("key") != form.Get("key") {
		t.Error("the key changed, so that going back could order twice")
	}
	f.refuse = fmt.Errorf("no database")
	b.Post(path(c)+"/buy", form).Wants(500)
}

// TestBuy_a_busy_mall_leads_to_the_waiting_room has the order path refuse one buyer, who then goes first, whoever
// comes.
func TestBuy_a_busy_mall_leads_to_the_waiting_room(t *testing.T) {
	f := open(t)
	c := f.scheduled(5, f.Film(990, -1))
	f.turn(61 * time.Minute)
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

// stream is a page's event source.
type stream struct {
	t     *testing.T
	res   *http.Response
	lines *bufio.Scanner
}

func (f *fair) follow(path string) *stream {
	f.t.Helper()
	r, err := http.NewRequestWithContext(f.t.Context(), "GET", f.URL+path+"/events", nil)
	f.ok(err)
	res, err := http.DefaultClient.Do(r)
	f.ok(err)
	f.t.Cleanup(func() { _ = res.Body.Close() })
	return &stream{f.t, res, bufio.NewScanner(res.Body)}
}

type told struct {
	Now   int64  `json:"now"`
	Phase string `json:"phase"`
	Lots  []struct {
		SKU   int64  `json:"sku"`
		Left  int64  `json:"left"`
		Phase string `json:"phase"`
	} `json:"lots"`
}

// next waits for an event; ok is false when the server ended the stream.
func (s *stream) next() (e told, ok bool) {
	s.t.Helper()
	for s.lines.Scan() {
		if data, is := strings.CutPrefix(s.lines.Text(), "data: "); is {
			if err := json.Unmarshal([]byte(data), &e); err != nil {
				s.t.Fatal(err)
			}
			return e, true
		}
	}
	return e, false
}

func TestEventsFollowTheStockUntilTheEnd(t *testing.T) {
	f := open(t)
	sku := f.Film(990, -1)
	c := f.scheduled(5, sku)
	s := f.follow(path(c))
	if ct := s.res.Header.Get("Content-Type"); s.res.StatusCode != 200 || !strings.HasPrefix(ct, "text/event-stream") ||
		s.res.Header.Get("X-Accel-Buffering") != "no" || s.res.Header.Get("Cache-Control") != "no-store, no-transform" {
		t.Fatalf("%d %v", s.res.StatusCode, s.res.Header)
	}
	is := func(phase string, left int64) {
		t.Helper()
		e, ok := s.next()
		if !ok || e.Phase != phase || len(e.Lots) != 1 || e.Lots[0].SKU != sku || e.Lots[0].Left != left ||
			e.Lots[0].Phase != phase {
			t.Fatalf("event %+v (%v), want %s with %d left", e, ok, phase, left)
		}
		if early := f.Now().UnixMilli() - e.Now; early < 0 || early > 60_000 {
			t.Errorf("the mall's time is %d ms behind", early)
		}
	}
	is("before", 5)
	f.turn(61 * time.Minute)
	is("running", 5)
	f.stock(c, 3, 2, 0)
	is("running", 3)
	f.stock(c, 0, 2, 3)
	is("held", 0)
	f.stock(c, 0, 0, 5)
	is("sold_out", 0)
	f.turn(time.Hour)
	is("ended", 0)
	if _, ok := s.next(); ok {
		t.Error("the stream goes on after the end")
	}
}

func TestStreamsEndWhenTheServerStops(t *testing.T) {
	f := open(t)
	c := f.scheduled(5, f.Film(990, -1))
	s := f.follow(path(c))
	if _, ok := s.next(); !ok {
		t.Fatal("no first event")
	}
	close(f.stopping)
	if e, ok := s.next(); ok {
		t.Errorf("another event: %+v", e)
	}
}

func TestOnlyAnnouncedSalesAreStreamed(t *testing.T) {
	f := open(t)
	by := promotion.Actor{UserID: f.olga.ID, Operator: true}
	draft, err := f.Promotions.Create(t.Context(), by, promotion.Draft{
		NameZh:   "草稿",
		NameEn:   "Draft",
		StartsAt: f.Now(),
		EndsAt:   f.Now().Add(time.Hour),
		Items: []promotion.Item{{
			SKUID:   f.Film(990, -1),
			Amount:  money.Of(490, "CNY"),
			Units:   1,
			PerUser: 1,
		}},
	})
	f.ok(err)
	b := f.Browser(f.mia.ID)
	for _, p := range []string{path(draft), "/sales/999", "/sales/x"} {
		b.Get(p + "/events").Wants(404)
		b.Get(p).Wants(404)
		b.Post(p+"/buy", url.Values{"sku": {"1"}, "key": {"k"}}).Wants(404)
	}
	if len(f.asked) != 0 {
		t.Errorf("asked for %+v", f.asked)
	}
}
