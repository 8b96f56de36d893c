package sandbox_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"videomall/mall/money"
	"videomall/mall/payment"
	provider "videomall/mall/payment/sandbox"
	"videomall/web/sandbox"
	"videomall/web/webtest"
)

func open(t *testing.T) *webtest.Mall {
	t.Helper()
	return webtest.Open(t, webtest.Options{Routes: func(g *echo.Group, m *webtest.Mall) {
		sandbox.Routes(g, sandbox.Deps{Site: m.Site, Sandbox: m.Sandbox})
	}})
}

// charge opens a charge and returns the path of its page.
func charge(t *testing.T, m *webtest.Mall, attemptNo string) string {
	t.Helper()
	a, err := m.Sandbox.Create(t.Context(), payment.CreateRequest{
		AttemptNo: attemptNo,
		Method:    "page",
		Subject:   "A <film>",
		ReturnURL: m.URL + "/orders/7",
		Amount:    money.Of(990, "CNY"),
		ExpiresAt: m.Now().Add(15 * time.Minute),
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(a.Action.URL, m.URL)
}

func charged(t *testing.T, m *webtest.Mall, attemptNo string) payment.Charge {
	t.Helper()
	c, err := m.Sandbox.Query(t.Context(), payment.ChargeRef{CreateRequest: payment.CreateRequest{AttemptNo: attemptNo}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestSandbox_page_says_test_money(t *testing.T) {
	t.Parallel()
	m := open(t)
	path, b := charge(t, m, "attempt-1"), m.Browser(0)
	a := b.Get(path).Wants(http.StatusOK).
		Shows("Sandbox Pay", "nothing is charged", "CN¥9.90", "A <film>", "attempt-1", "Time left", "Pay CN¥9.90",
			"Let it fail", "Back to the shop", "Test options")
	if a.Has("A <film>") {
		t.Error("page does not escape the subject")
	}
	a.Hides("Cart", "Sign in")
	csp := a.Header.Get("Content-Security-Policy")
	for _, want := range []string{"script-src 'nonce-", "form-action 'self';", "frame-ancestors 'none'"} {
		if !strings.Contains(csp, want) {
			t.Errorf("Content-Security-Policy %q lacks %q", csp, want)
		}
	}
	b.Lang = "zh-CN"
	b.Get(path).Wants(http.StatusOK).Shows("沙盒支付", "不会扣款", "¥9.90", "模拟支付失败", "测试选项")
	b.Get("/sandbox/pay/guessed").Wants(http.StatusNotFound)
	b.Post("/sandbox/pay/guessed/pay", url.Values{}).Wants(http.StatusNotFound)
}

func TestSandbox_double_click_pays_once(t *testing.T) {
	t.Parallel()
	m := open(t)
	path := charge(t, m, "attempt-1")
	form := m.Browser(0).Get(path).Form(path + "/pay")
	var clicks sync.WaitGroup
	for range 6 {
		b := m.Browser(0)
		clicks.Go(func() {
			if a := b.Post(path+"/pay", form); a.Status != http.StatusSeeOther || a.Location != "/orders/7" {
				t.Errorf("payment: got %d to %q, want 303 to /orders/7", a.Status, a.Location)
			}
		})
	}
	clicks.Wait()
	if n := webtest.Query[int64](m, "select count(*) from sandbox_transaction"); n[0] != 1 {
		t.Fatalf("transactions: got %d, want 1", n[0])
	}
	if c := charged(t, m, "attempt-1"); c.Status != payment.ChargePaid || c.Amount != money.Of(990, "CNY") {
		t.Fatalf("charge: got %+v, want it paid with 990 CNY", c)
	}
	b := m.Browser(0)
	b.Get(path).Wants(http.StatusOK).Shows("Paid", "Back to the shop").Hides("Let it fail", "Test options")
	b.Post(path+"/fail", url.Values{}).Wants(http.StatusConflict).Shows("can no longer be done", "Paid")
	b.Post(path+"/pay", form).Wants(http.StatusSeeOther)
}

func TestSandbox_shows_every_outcome(t *testing.T) {
	t.Parallel()
	m := open(t)
	b := m.Browser(0)
	failed := charge(t, m, "failed")
	for range 2 {
		if a := b.Post(failed+"/fail", url.Values{}).Wants(http.StatusSeeOther); a.Location != "/orders/7" {
			t.Fatalf("redirect after a failure: got %q, want /orders/7", a.Location)
		}
	}
	b.Get(failed).Shows("Payment failed")
	b.Post(failed+"/pay", url.Values{}).Wants(http.StatusConflict).Shows("can no longer be done", "Payment failed")

	closed := charge(t, m, "closed")
	if err := m.Sandbox.Close(t.Context(), payment.ChargeRef{CreateRequest: payment.CreateRequest{AttemptNo: "closed"}}); err != nil {
		t.Fatal(err)
	}
	b.Get(closed).Shows("Payment closed").Hides("Let it fail")
	b.Post(closed+"/pay", url.Values{}).Wants(http.StatusConflict)

	slow := charge(t, m, "slow")
	b.Post(slow+"/pay", url.Values{"processing": {"on"}, "delay": {"60"}}).Wants(http.StatusSeeOther)
	b.Get(slow).Shows("In progress").Hides("Let it fail")
	b.Post(slow+"/pay", url.Values{}).Wants(http.StatusSeeOther)

	expired := charge(t, m, "expired")
	m.Advance(15 * time.Minute)
	b.Get(expired).Wants(http.StatusOK).Shows("Time is over").Hides("Let it fail")
	b.Post(expired+"/pay", url.Values{}).Wants(http.StatusConflict).Shows("Time is over")
	if n := webtest.Query[int64](m, "select count(*) from sandbox_transaction"); n[0] != 1 {
		t.Fatalf("transactions: got %d, want only the slow one", n[0])
	}
}

func TestSandbox_options_reach_provider(t *testing.T) {
	t.Parallel()
	m := open(t)
	b := m.Browser(0)
	path := charge(t, m, "attempt-1")
	b.Post(path+"/pay", url.Values{
		"copies": {"7"}, "delay": {"30"}, "amount": {"1"}, "currency": {"usd"}, "first_notice": {provider.SignBadly},
		"hold_notice": {"on"},
		"twice":       {"on"}, "refunds_fail": {"on"},
	}).Wants(http.StatusSeeOther)
	if c := charged(t, m, "attempt-1"); c.Amount != money.Of(1, "USD") {
		t.Fatalf("charge: got %+v, want amount 1 USD", c)
	}
	if n := webtest.Query[int64](m,
		"select count(*) from sandbox_notice where copies = 7 and held and first_signing = 'bad'"); n[0] != 2 {
		t.Fatalf("notices with the options: got %d, want 2", n[0])
	}
	if n := webtest.Query[bool](m, "select refunds_fail from sandbox_charge"); !n[0] {
		t.Fatal("refunds_fail: got false, want true")
	}
}

func TestSandbox_wrong_options_come_back(t *testing.T) {
	t.Parallel()
	m := open(t)
	b := m.Browser(0)
	path := charge(t, m, "attempt-1")
	for name, typed := range map[string]string{
		"copies": "101", "delay": "601", "amount": "-3", "currency": "yuan", "first_notice": "maybe",
		"hold_notice": "on",
	} {
		form := url.Values{"copies": {"3"}, name: {typed}}
		if name == "hold_notice" {
			form.Set("processing", "on")
		}
		a := b.Post(path+"/pay", form).Wants(http.StatusUnprocessableEntity).Shows("Please check the test options")
		if !a.Has(`id="` + name + `-error"`) {
			t.Errorf("%s=%s: field has no error", name, typed)
		}
		back := a.Form(path + "/pay")
		switch name {
		case "first_notice": // the form can't keep a choice that it does not offer
		case "hold_notice":
			if !back.Has(name) || !back.Has("processing") {
				t.Errorf("ticked boxes: got %v, want them kept", back)
			}
		default:
			if back.Get(name) != typed {
				t.Errorf("%s: got %q, want what was typed", name, back.Get(name))
			}
		}
		if name != "copies" && back.Get("copies") != "3" {
			t.Errorf("%s: form lost the value of another field", name)
		}
	}
	if c := charged(t, m, "attempt-1"); c.Status != payment.ChargeOpen {
		t.Fatalf("charge after refused forms: got %+v, want it open", c)
	}
}

func TestSandbox_cross_origin_press(t *testing.T) {
	t.Parallel()
	m := open(t)
	path := charge(t, m, "attempt-1")
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, m.URL+path+"/pay", strings.NewReader(""))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if c := charged(t, m, "attempt-1"); res.StatusCode != http.StatusForbidden || c.Status != payment.ChargeOpen {
		t.Fatalf("payment from another site: got %d and charge %+v, want 403 and an open charge", res.StatusCode, c)
	}
}
