package checkout_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"videomall/mall/payment"
	"videomall/mall/payment/sandbox"
	"videomall/web/webtest"
)

// way is the sandbox with another way to pay: what it gives the payer to do is the test's.
type way struct {
	payment.Provider
	method payment.Method
	action payment.Action
}

func (w way) Methods() []payment.Method { return []payment.Method{w.method} }

func (w way) Create(ctx context.Context, r payment.CreateRequest) (payment.Created, error) {
	r.Method = "page"
	created, err := w.Provider.Create(ctx, r)
	if w.action.Type != payment.ActionRedirect {
		created.Action = w.action
	}
	return created, err
}

// ordered opens a mall with this way to pay, places an order and follows its button. It returns where that leads.
func ordered(t *testing.T, w way) (m *webtest.Mall, b *webtest.Browser, orderURL, to string) {
	t.Helper()
	m = open(t, func(o *webtest.Options) {
		o.Provider = func(_ *webtest.Mall, p payment.Provider) payment.Provider { w.Provider = p; return w }
	})
	video := m.Video(990, -1)
	b = m.Browser(m.Person("mia", "shopper").ID)
	b.Post("/cart/items", item(video))
	to = b.Post("/checkout", b.Get("/checkout").Form("/checkout")).Wants(http.StatusSeeOther).Location
	return m, b, "/orders/" + webtest.Query[string](m, "select order_no from video_order")[0], to
}

// holds fails for every piece of markup that an answer lacks.
func holds(t *testing.T, a webtest.Answer, pieces ...string) {
	t.Helper()
	for _, piece := range pieces {
		if !a.Has(piece) {
			t.Errorf("the page lacks %s", piece)
		}
	}
}

func TestPayment_QR(t *testing.T) {
	m, b, at, to := ordered(t, way{
		method: payment.Method{Name: "qr", Currencies: []string{"CNY"}},
		action: payment.Action{Type: payment.ActionQR, Code: "weixin://wxpay/bizpayurl?pr=abcdefg"},
	})
	if to != at+"/pay" {
		t.Fatalf("the button leads to %q", to)
	}
	page := b.Get(to).Wants(http.StatusOK).Shows("Pay with Sandbox", "scan the code", "15:00", "Pay in another way")
	holds(t, page, `id="pay-code"`)
	if strings.Contains(page.Body, "weixin://") {
		t.Error("the address of the payment is in the page as text")
	}
	poll := pollOf(t, page)
	m.Advance(30 * time.Second)
	if same := b.HTMX(poll, nil).Wants(http.StatusOK); same.Header.Get("HX-Reswap") != "none" || !same.Has("14:30") {
		t.Errorf("poll of an unpaid order: %v %s", same.Header, same.Body)
	}
	if again := b.Post(at+"/pay", b.Get(at).Form(at+"/pay")).Wants(http.StatusSeeOther).Location; again != to {
		t.Errorf("the second click leads to %q", again)
	}
	if n := webtest.Query[int](m, "select count(*)::int from video_payment"); n[0] != 1 {
		t.Errorf("%d attempts", n[0])
	}
	// The payer scans the code and pays; the page goes on by itself.
	m.PayAt("/sandbox/pay/" + webtest.Query[string](m, "select page_token from sandbox_charge")[0])
	if gone := b.HTMX(poll, nil); gone.Header.Get("HX-Redirect") != at {
		t.Errorf("poll of a paid order: %v %s", gone.Header, gone.Body)
	}
	if back := b.Get(to).Wants(http.StatusSeeOther).Location; back != at { // the back button
		t.Errorf("the page of a paid order leads to %q", back)
	}
	m.Browser(m.Person("eve", "shopper").ID).Get(to).Wants(http.StatusNotFound)
}

func TestPayment_QR_expires(t *testing.T) {
	m, b, at, to := ordered(t, way{
		method: payment.Method{Name: "qr"},
		action: payment.Action{Type: payment.ActionQR, Code: "code"},
	})
	poll := pollOf(t, b.Get(to))
	m.Advance(16 * time.Minute)
	if gone := b.HTMX(poll, nil); gone.Header.Get("HX-Redirect") != at {
		t.Errorf("poll of an expired payment: %v", gone.Header)
	}
}

func TestPayment_form(t *testing.T) {
	_, b, at, to := ordered(t, way{
		method: payment.Method{Name: "form", Origins: []string{"https://gateway.example"}},
		action: payment.Action{
			Type:   payment.ActionForm,
			URL:    "https://gateway.example/do",
			Fields: map[string]string{"sign": "a<b\"c", "total": "9.90"},
		},
	})
	if to != at+"/pay" {
		t.Fatalf("the button leads to %q", to)
	}
	page := b.Get(to).Wants(http.StatusOK).Shows("Go on to Sandbox")
	if form := page.Form("https://gateway.example/do"); form.Get("sign") != "a<b\"c" || form.Get("total") != "9.90" {
		t.Errorf("form %v", form)
	}
	if policy := page.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "https://gateway.example") {
		t.Errorf("the page's policy does not let its form go: %s", policy)
	}
	if page.Has("csrf") && strings.Contains(page.Form("https://gateway.example/do").Encode(), "csrf") {
		t.Error("the provider's form has our CSRF token")
	}
}

func TestPayment_bridge(t *testing.T) {
	_, b, _, to := ordered(t, way{
		method: payment.Method{Name: "jsapi"},
		action: payment.Action{Type: payment.ActionBridge, Fields: map[string]string{"appId": "wx1", "paySign": "s"}},
	})
	page := b.Get(to).Wants(http.StatusOK).Shows("Go on to Sandbox", "Pay in another way", "Show a QR code")
	holds(t, page, "getBrandWCPayRequest", "paySign", "The payment window of Sandbox needs JavaScript",
		`data-why="missing" hidden`, `data-why="cancelled" hidden`, `data-why="failed" hidden`)
	if form := page.Form(to); form.Get("by_code") != "1" || form.Get("provider") != "sandbox" {
		t.Errorf("the form for a code: %v", form)
	}
	b.Lang = "zh-CN"
	b.Get(to).Wants(http.StatusOK).Shows("当前浏览器无法打开", "付款窗口已关闭", "未能在付款窗口中完成付款", "显示二维码", "重试")
}

func TestPayment_redirect(t *testing.T) {
	_, b, at, to := ordered(t, way{
		method: payment.Method{Name: "page"},
		action: payment.Action{Type: payment.ActionRedirect},
	})
	if !strings.HasPrefix(to, "/sandbox/pay/") {
		t.Fatalf("the button leads to %q", to)
	}
	if again := b.Get(at + "/pay").Wants(http.StatusSeeOther).Location; again != to {
		t.Errorf("the payment's address leads to %q", again)
	}
}

// A way to pay that does not fit the browser is not offered, and can't be forced.
func TestPayment_device(t *testing.T) {
	m := open(t, func(o *webtest.Options) {
		o.Provider = func(_ *webtest.Mall, p payment.Provider) payment.Provider {
			return way{p, payment.Method{Name: "page", Devices: []payment.Device{payment.DeviceWeChat}}, payment.Action{
				Type: payment.ActionRedirect,
			}}
		}
	})
	video := m.Video(990, -1)
	b := m.Browser(m.Person("mia", "shopper").ID)
	b.Post("/cart/items", item(video))
	page := b.Get("/checkout").Wants(http.StatusOK).Shows("No way to pay here takes this sum")
	form := page.Form("/checkout")
	form.Set("provider", "sandbox")
	at := b.Post("/checkout", form).Wants(http.StatusSeeOther).Location
	b.Get(at).Shows("No way to pay here takes this sum", "does not take the order’s currency on this device")
	if n := webtest.Query[int](m, "select count(*)::int from video_payment"); n[0] != 0 {
		t.Errorf("%d attempts", n[0])
	}
}

// A currency that nobody takes is said before anything is ordered, with those that somebody takes.
func TestPayment_currency(t *testing.T) {
	m := open(t, func(o *webtest.Options) {
		o.Provider = func(_ *webtest.Mall, p payment.Provider) payment.Provider {
			return way{p, payment.Method{Name: "page", Currencies: []string{"CNY", "JPY"}}, payment.Action{
				Type: payment.ActionRedirect,
			}}
		}
	})
	m.Offer("JPY", "21.5", 1, 0)
	m.Offer("USD", "0.14", 1, 0)
	b := m.Browser(m.Person("mia", "shopper").ID)
	b.Cookie("currency", "USD")
	b.Post("/cart/items", item(m.Video(1000, -1)))
	page := b.Get("/checkout").Wants(http.StatusOK).Shows("No way to pay takes this sum in USD", "Pay in CNY", "Pay in JPY").
		Hides("Pay in USD")
	form := page.Form("/checkout")
	form.Set("provider", "sandbox")
	at := b.Post("/checkout", form).Wants(http.StatusSeeOther).Location
	b.Get(at).Shows("No way to pay takes this sum in USD", "choose another currency (CNY, JPY)")
	if n := webtest.Query[int](m, "select count(*)::int from video_payment"); n[0] != 0 {
		t.Errorf("%d attempts", n[0])
	}
	b.Post("/cart/items", item(m.Video(2000, -1)))
	b.Cookie("currency", "JPY")
	b.Get("/checkout").Wants(http.StatusOK).Shows("Pay ¥430").Hides("No way to pay")
}

func TestOrder_ask(t *testing.T) {
	m, b, at, _ := ordered(t, way{
		method: payment.Method{Name: "qr"},
		action: payment.Action{Type: payment.ActionQR, Code: "code"},
	})
	holds(t, b.Get(at), `hx-post="`+at+`/ask"`)
	if _, err := m.Sandbox.Pay(t.Context(), webtest.Query[string](m, "select page_token from sandbox_charge")[0], sandbox.PayOptions{Delay: time.Minute}); err != nil {
		t.Fatal(err)
	}
	b.Post(at+"/ask", url.Values{}).Wants(http.StatusSeeOther)
	if got := webtest.Query[string](m, "select status from video_order"); got[0] != "PAID" {
		t.Errorf("after the provider was asked the order is %s", got[0])
	}
	m.Browser(m.Person("eve", "shopper").ID).Post(at+"/ask", url.Values{}).Wants(http.StatusNotFound)
}
