package paypal_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"videomall/mall/money"
	"videomall/mall/payment"
	"videomall/mall/payment/paymenttest"
	"videomall/mall/payment/paypal"
	"videomall/mall/payment/paypal/paypaltest"
)

var paymentNow = paymenttest.Payment{}

// A card that is declined leaves the order open: the payer chooses another one and approves again.
func TestPayPal_Capture_declined(t *testing.T) {
	t.Parallel()
	bank := open(t)
	p := bank.Provider().(payment.Capturer)
	created, err := p.Create(t.Context(), request())
	if err != nil {
		t.Fatal(err)
	}
	ref := payment.ChargeRef{CreateRequest: request(), ProviderRef: created.ProviderRef}
	bank.Refuse("INSTRUMENT_DECLINED")
	if err := bank.Pay(ref.AttemptNo, paymentNow); err != nil {
		t.Fatal(err)
	}
	if c, err := p.Capture(t.Context(), ref); err != nil || c.Status != payment.ChargeOpen {
		t.Fatalf("declined: %+v, %v", c, err)
	}
	if c, err := p.Query(t.Context(), ref); err != nil || c.Status != payment.ChargeOpen {
		t.Errorf("after that: %+v, %v", c, err)
	}
	bank.Advance(time.Minute)
	if err := bank.Pay(ref.AttemptNo, paymentNow); err != nil {
		t.Fatal(err)
	}
	if c, err := p.Capture(t.Context(), ref); err != nil || c.Status != payment.ChargePaid {
		t.Errorf("with another card: %+v, %v", c, err)
	}
}

// However many capture at once, the money is taken once.
func TestPayPal_Capture_many_at_once(t *testing.T) {
	t.Parallel()
	bank := open(t)
	p := bank.Provider().(payment.Capturer)
	created, err := p.Create(t.Context(), request())
	if err != nil {
		t.Fatal(err)
	}
	ref := payment.ChargeRef{CreateRequest: request(), ProviderRef: created.ProviderRef}
	if err := bank.Pay(ref.AttemptNo, paymentNow); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if c, err := p.Capture(t.Context(), ref); err != nil || c.Status != payment.ChargePaid {
				t.Errorf("%+v, %v", c, err)
			}
		})
	}
	wg.Wait()
	paid := 0
	for _, sent := range bank.Notices() {
		if strings.Contains(string(sent.Body), "PAYMENT.CAPTURE.COMPLETED") {
			paid++
		}
	}
	if paid != 1 {
		t.Errorf("paid %d times", paid)
	}
}

// The request that opens an order is golden: it must not change while attempts are under way.
func TestPayPal_Create_request(t *testing.T) {
	t.Parallel()
	bank := open(t)
	r := request()
	r.Subject = strings.Repeat("北", 200)
	if _, err := bank.Provider().Create(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	sent := bank.Requests()[0]
	want := `{"intent":"CAPTURE","payment_source":{"paypal":{"experience_context":{` +
		`"cancel_url":"https://mall.example/orders/1","locale":"zh-CN",` +
		`"payment_method_preference":"IMMEDIATE_PAYMENT_REQUIRED","return_url":"https://mall.example/orders/1",` +
		`"shipping_preference":"NO_SHIPPING","user_action":"PAY_NOW"}}},"purchase_units":[{` +
		`"amount":{"currency_code":"USD","value":"12.90"},"custom_id":"videomall:01HATTEMPT0000000000000001",` +
		`"description":"` + strings.Repeat("北", 127) + `","invoice_id":"videomall-01HATTEMPT0000000000000001"}]}`
	if sent.Body != want || sent.Key != "videomall-01HATTEMPT0000000000000001" {
		t.Errorf("sent %s with the id %s\nwant %s", sent.Body, sent.Key, want)
	}
}

// After some hours PayPal has forgotten the request, and a second order would be opened by it.
func TestPayPal_Query_of_an_old_attempt_opens_nothing(t *testing.T) {
	t.Parallel()
	bank := open(t)
	bank.Advance(5*time.Hour + 51*time.Minute)
	c, err := bank.Provider().Query(t.Context(), payment.ChargeRef{CreateRequest: request()})
	if err != nil || c.Status != payment.ChargeAbsent || bank.Charges(request().AttemptNo) != 0 {
		t.Errorf("%+v, %v; %d orders", c, err, bank.Charges(request().AttemptNo))
	}
	if _, err := bank.Provider().Create(t.Context(), request()); !errors.Is(err, payment.ErrRejected) {
		t.Errorf("create: %v", err)
	}
}

func TestPayPal_tokens(t *testing.T) {
	t.Parallel()
	bank := paypaltest.New(paypaltest.Options{TokenLife: time.Hour})
	t.Cleanup(bank.Close)
	secret := paypaltest.Secret
	var mu sync.Mutex
	o := bank.ProviderOptions()
	o.Secret = func() string {
		mu.Lock()
		defer mu.Unlock()
		return secret
	}
	p, err := paypal.New(o)
	if err != nil {
		t.Fatal(err)
	}
	ask := func(want int, when string) {
		t.Helper()
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				if _, err := p.Query(t.Context(), payment.ChargeRef{CreateRequest: request(), ProviderRef: "X"}); err != nil {
					t.Errorf("%s: %v", when, err)
				}
			})
		}
		wg.Wait()
		if n := bank.Tokens(); n != want {
			t.Errorf("%s: %d tokens, want %d", when, n, want)
		}
	}
	ask(1, "at first")
	bank.Advance(54 * time.Minute)
	ask(1, "before its end")
	bank.Advance(2 * time.Minute)
	ask(2, "shortly before its end")
	bank.Revoke()
	ask(3, "once it is refused")
	bank.Replace("another-secret-0001")
	ask(3, "while the token lasts")
	mu.Lock()
	secret = "another-secret-0001"
	mu.Unlock()
	ask(4, "with another secret")
	bank.Revoke()
	bank.Replace("a-third-secret-0001")
	_, err = p.Query(t.Context(), payment.ChargeRef{CreateRequest: request(), ProviderRef: "X"})
	if !errors.Is(err, payment.ErrRetryLater) || strings.Contains(err.Error(), "another-secret") {
		t.Errorf("with a wrong secret: %v", err)
	}
}

func TestAmount(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		amount   int64
		currency string
		value    string // empty if it can't be paid
	}{
		{1290, "USD", "12.90"}, {5, "EUR", "0.05"}, {1290, "JPY", "1290"}, {129000, "HUF", "1290"}, {129000, "TWD", "1290"},
		{129010, "HUF", ""}, {129001, "TWD", ""}, {1290, "CNY", ""}, {0, "USD", ""}, {-1, "USD", ""}, {1290, "KWD", ""},
		{money.MaxSum, "USD", "10000000000.00"}, {money.MaxSum + 1, "USD", ""},
	} {
		m := money.Of(c.amount, c.currency)
		value, currency, err := paypal.ToPayPal(m)
		if value != c.value || (err == nil) != (c.value != "") {
			t.Errorf("%s is %q %q, %v; want %q", m, value, currency, err, c.value)
		}
		if err != nil {
			continue
		}
		if back, err := paypal.FromPayPal(value, currency); err != nil || back != m {
			t.Errorf("%s comes back as %s, %v", m, back, err)
		}
	}
	for _, wrong := range [][2]string{
		{"12.901", "USD"}, {"1e3", "USD"}, {"", "USD"}, {"12,90", "USD"}, {" 1", "USD"}, {"+1", "USD"}, {"0.00", "USD"},
		{"-1.00", "USD"}, {"1.00", "CNY"}, {"1.5", "JPY"}, {"99999999999999.00", "USD"}, {"1.00", "usd"}, {"1.", "USD"},
	} {
		if m, err := paypal.FromPayPal(wrong[0], wrong[1]); err == nil {
			t.Errorf("%q %q is %s", wrong[0], wrong[1], m)
		}
	}
	if m, err := paypal.FromPayPal("1290.00", "JPY"); err != nil || m != money.Of(1290, "JPY") {
		t.Errorf("the report's yen: %s, %v", m, err)
	}
	for _, code := range paypal.Currencies() {
		if !money.IsCurrency(code) || code == "CNY" {
			t.Errorf("%s", code)
		}
	}
}

func TestNew_refuses(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*paypal.Options){
		"no client":       func(o *paypal.Options) { o.ClientID = "" },
		"no secret":       func(o *paypal.Options) { o.Secret = nil },
		"an empty secret": func(o *paypal.Options) { o.Secret = func() string { return "" } },
		"no webhook":      func(o *paypal.Options) { o.WebhookIDs = nil },
		"a bad webhook":   func(o *paypal.Options) { o.WebhookIDs = []string{"a|b"} },
		"no shop":         func(o *paypal.Options) { o.Shop = "" },
		"a colon":         func(o *paypal.Options) { o.Shop = "a:b" },
		"plain http":      func(o *paypal.Options) { o.BaseURL = "http://api-m.paypal.com" },
		"a path":          func(o *paypal.Options) { o.BaseURL = "https://api-m.paypal.com/v2" },
		"a bad page":      func(o *paypal.Options) { o.PageURL = "javascript:alert(1)" },
	} {
		o := open(t).ProviderOptions()
		change(&o)
		if _, err := paypal.New(o); err == nil || strings.Contains(err.Error(), paypaltest.Secret) {
			t.Errorf("%s: %v", name, err)
		}
	}
	o := open(t).ProviderOptions()
	for address, page := range map[string]string{
		"": "https://www.paypal.com", "https://api-m.sandbox.paypal.com": "https://www.sandbox.paypal.com",
	} {
		o.BaseURL = address
		p, err := paypal.New(o)
		if err != nil || p.Methods()[0].Origins[0] != page || strings.Contains(p.GoString(), paypaltest.Secret) {
			t.Errorf("%q: %v, %v", address, p, err)
		}
	}
}
