package checkout_test

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"videomall/mall/order"
	"videomall/mall/payment"
	"videomall/web/webtest"
)

// flakyProvider is a payment provider that is unreachable while down is set.
type flakyProvider struct {
	payment.Provider
	down atomic.Bool
}

func (p *flakyProvider) Create(ctx context.Context, r payment.CreateRequest) (payment.Created, error) {
	if p.down.Load() {
		return payment.Created{}, errors.New("connection refused")
	}
	return p.Provider.Create(ctx, r)
}

func (p *flakyProvider) Query(ctx context.Context, c payment.ChargeRef) (payment.Charge, error) {
	if p.down.Load() {
		return payment.Charge{}, errors.New("connection refused")
	}
	return p.Provider.Query(ctx, c)
}

func TestOrder_prepay_fails_and_is_retried(t *testing.T) {
	bank := &flakyProvider{}
	bank.down.Store(true)
	m := open(t, func(o *webtest.Options) {
		o.Provider = func(_ *webtest.Mall, p payment.Provider) payment.Provider { bank.Provider = p; return bank }
	})
	video := m.Video(990, -1)
	b := m.Browser(m.Person("mia", "shopper").ID)
	b.Post("/cart/items", item(video))
	at := b.Post("/checkout", b.Get("/checkout").Form("/checkout")).Wants(303).Location
	if !strings.HasPrefix(at, "/orders/") {
		t.Fatalf("redirect while the provider is unreachable: got %q, want the order", at)
	}
	page := b.Get(at).Wants(200).Shows("The payment provider gives no answer right now", "Waiting for your payment")
	bank.down.Store(false)
	if to := b.Post(at+"/pay", page.Form(at+"/pay")).Wants(303).Location; !strings.HasPrefix(to, "/sandbox/pay/") {
		t.Fatalf("redirect of the second try: got %q, want the payment page", to)
	}
	if n := orders(m); n != 1 {
		t.Fatalf("orders: got %d, want 1", n)
	}
}

func TestOrder_page_follows_state(t *testing.T) {
	m := open(t)
	video := m.Video(990, -1)
	b := m.Browser(m.Person("mia", "shopper").ID)
	b.Post("/cart/items", item(video))
	bank := b.Post("/checkout", b.Get("/checkout").Form("/checkout")).Wants(303).Location
	no := webtest.Query[string](m, "select order_no from video_order")[0]
	at := "/orders/" + no

	waiting := b.Get(at).Wants(200).Shows("Waiting for your payment", "Time left to pay", "Open the payment page again")
	poll := pollOf(t, waiting)
	same := b.HTMX(poll, nil).Wants(200)
	if same.Header.Get("HX-Reswap") != "none" || !same.Has(`id="time-left"`) || same.Has("order-status") {
		t.Errorf("poll of an unchanged order: got %v %s, want only the time left", same.Header, same.Body)
	}
	m.Advance(30 * time.Second)
	b.HTMX(poll, nil).Shows("14:")

	m.PayAt(bank)
	paid := b.HTMX(poll, nil).Wants(200).Shows("Payment received", "Being unlocked").Hides("Watch now")
	poll = pollOf(t, paid)
	if paid.Header.Get("HX-Reswap") != "" {
		t.Error("poll of a changed order has HX-Reswap, want the change to be swapped in")
	}
	if err := m.Orders.Deliver(t.Context(), no); err != nil {
		t.Fatal(err)
	}
	ready := b.HTMX(poll, nil).Wants(200).Shows("Ready to watch", "Watch now")
	if ready.Has("hx-trigger") || !ready.Has(`href="/watch/film-1"`) {
		t.Errorf("delivered order still polls, or lacks the link to watch: %s", ready.Body)
	}
	b.Get(at).Shows("Paid with Sandbox", no)
	if to := b.Get(poll).Wants(303).Location; to != at {
		t.Errorf("redirect of the fragment's address without htmx: got %q, want the order", to)
	}
}

// pollOf returns the address that a waiting page polls, taken from the page as htmx does.
func pollOf(t *testing.T, a webtest.Answer) string {
	t.Helper()
	if !a.Has(`hx-trigger="every 1s"`) {
		t.Fatalf("page does not poll: %s", a.Body)
	}
	_, rest, ok := strings.Cut(a.Body, `hx-get="`)
	poll, _, _ := strings.Cut(rest, `"`)
	if !ok {
		t.Fatal("page lacks hx-get")
	}
	return strings.ReplaceAll(poll, "&amp;", "&")
}

func TestOrder_pay_window_ends(t *testing.T) {
	m := open(t)
	video := m.Video(990, 1)
	mia := m.Person("mia", "shopper")
	b := m.Browser(mia.ID)
	b.Post("/cart/items", item(video))
	b.Post("/checkout", b.Get("/checkout").Form("/checkout")).Wants(303)
	no := webtest.Query[string](m, "select order_no from video_order")[0]
	at := "/orders/" + no
	poll := pollOf(t, b.Get(at))
	m.Advance(16 * time.Minute)
	late := b.HTMX(poll, nil).Wants(200).Shows("The time to pay is over")
	if late.Header.Get("HX-Reswap") != "" || late.Has(at+"/pay") {
		t.Errorf("expired order is not swapped in, or can be paid: %s", late.Body)
	}
	b.Post(at+"/pay", url.Values{"provider": {"sandbox"}}).Wants(303)
	if err := m.Orders.Expire(t.Context(), no); err != nil {
		t.Fatal(err)
	}
	closed := b.HTMX(pollOf(t, late), nil).Wants(200).
		Shows("This order is closed", "It was not paid in time", "Buy again")
	if closed.Has("hx-trigger") {
		t.Error("closed order still polls")
	}
	if to := b.Post(at+"/again", closed.Form(at+"/again")).Wants(303).Location; to != "/cart" {
		t.Errorf("redirect of buy again: got %q, want /cart", to)
	}
	b.Get("/cart").Shows("Film 1")
}

func TestOrder_cancel(t *testing.T) {
	m := open(t)
	video := m.Video(990, 1)
	b := m.Browser(m.Person("mia", "shopper").ID)
	b.Post("/cart/items", item(video))
	b.Post("/checkout", b.Get("/checkout").Form("/checkout")).Wants(303)
	at := "/orders/" + webtest.Query[string](m, "select order_no from video_order")[0]
	form := b.Get(at).Form(at + "/cancel")
	for range 2 {
		b.Post(at+"/cancel", form).Wants(303)
	}
	b.Get(at).Wants(200).Shows("The order is cancelled", "You cancelled it")
	if left := webtest.Query[int64](m, "select available from video_inventory"); left[0] != 1 {
		t.Errorf("available units after the cancellation: got %d, want 1", left[0])
	}
}

func TestOrder_of_somebody_else(t *testing.T) {
	m := open(t)
	video := m.Video(990, -1)
	mia, eve := m.Person("mia", "shopper"), m.Person("eve", "operator")
	o := m.Bought(mia.ID, video)
	open, _, err := m.Orders.Place(t.Context(), order.PlaceRequest{
		UserID:         mia.ID,
		IdempotencyKey: "k",
		Items:          []order.Line{{SKUID: m.Video(5, -1), Quantity: 1}},
	})
	if err != nil {
		t.Fatal(err)
	}
	b := m.Browser(eve.ID)
	for _, no := range []string{o.OrderNo, open.OrderNo, "01HZZZZZZZZZZZZZZZZZZZZZZZ", "x"} {
		b.Get("/orders/" + no).Wants(404)
		b.Get("/orders/" + no + "/status").Wants(404)
		b.HTMX("/orders/"+no+"/status", nil).Wants(404)
		b.Get("/orders?before=" + no).Wants(404)
		for _, verb := range []string{"pay", "cancel", "again"} {
			b.Post("/orders/"+no+"/"+verb, url.Values{"provider": {"sandbox"}}).Wants(404)
		}
	}
	b.Get("/orders").Wants(200).Shows("No orders yet")
	if after, err := m.Orders.GetAny(t.Context(), open.OrderNo); err != nil || after.Status != order.PendingPay {
		t.Errorf("order after requests of a stranger: got status %s, %v, want pending", after.Status, err)
	}
	guest := m.Browser(0)
	if at := guest.Get("/orders/" + o.OrderNo).Wants(303).Location; !strings.HasPrefix(at, "/sign-in?next=") {
		t.Errorf("redirect of a guest: got %q, want the sign-in", at)
	}
}

func TestOrders_pages(t *testing.T) {
	m := open(t)
	mia := m.Person("mia", "shopper")
	for range 23 {
		sku := m.Video(0, -1)
		m.Bought(mia.ID, sku)
	}
	b := m.Browser(mia.ID)
	first := b.Get("/orders").Wants(200).Shows("Film 23", "Film 4", "Next").Hides("Film 3 ", "Previous")
	_, rest, _ := strings.Cut(first.Body, `href="/orders?before=`)
	cursor, _, _ := strings.Cut(rest, `"`)
	b.Get("/orders?before="+cursor).Wants(200).Shows("Film 3", "Film 1", "Previous").Hides("Film 4", "Next")
}
