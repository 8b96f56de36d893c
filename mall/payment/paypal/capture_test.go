package paypal_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

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
