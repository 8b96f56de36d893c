package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"videomall/mall/malltest"
	"videomall/mall/payment/sandbox"
)

func TestNotices_signature_only(t *testing.T) {
	t.Parallel()
	m := open(t)
	sku := m.Sells(990, -1)
	ann := m.person("ann")
	c, bank := m.browser(ann), m.guest()
	no := m.Place(ann.ID, sku).OrderNo
	attempt := c.call("POST", "/payments/"+no+"/prepay", `{"provider": "sandbox"}`).wants(200)
	notice := fmt.Sprintf(
		`{"eventId": "e1", "type": "payment.succeeded", "outTradeNo": %q, "channelTxnNo": "T1", "amount": 990, "currency": "CNY", "occurredAt": %q}`,
		attempt.text("attemptNo"), time.Now().UTC().Format(time.RFC3339))
	signed := func(body string) []string {
		return []string{
			sandbox.SignatureHeader, sandbox.Sign(malltest.Secret, m.Now(), []byte(body)), "Sec-Fetch-Site",
			"cross-site", "Origin", "https://bank.example",
		}
	}
	stale := []string{sandbox.SignatureHeader, sandbox.Sign(malltest.Secret, m.Now().Add(-time.Hour), []byte(notice))}
	huge := strings.Replace(notice, "990", "9223372036854775807", 1)
	twice := strings.Replace(notice, `"amount": 990`, `"amount": 990, "amount": 1`, 1)
	misspelt := strings.Replace(notice, `"amount": 990`, `"amount": 1, "AMOUNT": 990`, 1)
	for name, w := range map[string]struct {
		body    string
		headers []string
		status  int
		code    string
	}{
		"not signed":        {notice, nil, 401, "bad_signature"},
		"old signature":     {notice, stale, 401, "bad_signature"},
		"changed body":      {strings.Replace(notice, "990", "1", 1), signed(notice), 401, "bad_signature"},
		"empty object":      {"{}", signed("{}"), 400, "malformed_notice"},
		"not JSON":          {"x", signed("x"), 400, "malformed_notice"},
		"huge amount":       {huge, signed(huge), 400, "malformed_notice"},
		"duplicate name":    {twice, signed(twice), 400, "malformed_notice"},
		"name in two cases": {misspelt, signed(misspelt), 400, "malformed_notice"},
	} {
		a := bank.call("POST", "/payments/callback", w.body, w.headers...).wants(w.status)
		if a.at("received") != false || a.at("code") != w.code {
			t.Errorf("%s: got %s, want code %s", name, a.body, w.code)
		}
	}
	large := strings.Repeat(" ", 64<<10) + notice
	bank.call("POST", "/payments/callback/sandbox", large, signed(large)...).refuses(413, "too_large")
	bank.call("POST", "/payments/callback/nobody", notice, signed(notice)...).refuses(404, "not_found")
	bank.call("GET", "/payments/callback", "").refuses(http.StatusMethodNotAllowed, "method_not_allowed")
	if a := c.call("GET", "/orders/"+no, "").wants(200); a.text("status") != "PENDING_PAY" {
		t.Fatalf("order after refused notices: got %s, want status PENDING_PAY", a.body)
	}
	if n := malltest.Query[int64](m.Mall, `select (select count(*) from payment_notice) + (select count(*)
		from payment_capture)`)[0]; n != 0 {
		t.Errorf("notices and captures after refused notices: got %d, want 0", n)
	}

	// A signed notice from another site, with a useless token, is accepted and counts once.
	for _, address := range []string{"/payments/callback/sandbox", "/payments/callback", "/payments/callback/sandbox"} {
		a := bank.call("POST", address, notice, append(signed(notice), "Authorization", "Bearer vmt_nonsense")...).
			wants(200)
		if a.body != `{"received": true}` {
			t.Errorf("notice to %s: got %s, want it received", address, a.body)
		}
	}
	if a := c.call("GET", "/orders/"+no, "").wants(200); a.text("status") != "PAID" {
		t.Errorf("order after the notices: got %s, want status PAID", a.body)
	}
	c.call("POST", "/payments/"+no+"/prepay", `{"provider": "sandbox"}`).refuses(409, "order_not_payable")
	if n := malltest.Query[int64](m.Mall, `select count(*) from payment_capture`)[0]; n != 1 {
		t.Errorf("captures: got %d, want 1", n)
	}
	m.Whole()
}
