package stripetest_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"videomall/mall/money"
	"videomall/mall/payment"
	"videomall/mall/payment/paymenttest"
	"videomall/mall/payment/stripe"
	"videomall/mall/payment/stripe/stripetest"
)

func request(now time.Time) payment.CreateRequest {
	return payment.CreateRequest{
		AttemptNo: "A1", Method: stripe.MethodPage, Subject: "Tom & <Jerry>", Amount: money.Of(1290, "USD"),
		ReturnURL: "https://mall.example/orders/1", CreatedAt: now, ExpiresAt: now.Add(15 * time.Minute),
	}
}

// browser follows no redirect.
var browser = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

func TestServer_page(t *testing.T) {
	t.Parallel()
	for how, status := range map[string]payment.ChargeStatus{
		"pay": payment.ChargePaid, "later": payment.ChargeProcessing, "fail": payment.ChargeFailed,
	} {
		bank := stripetest.New(stripetest.Options{})
		defer bank.Close()
		r := request(bank.Now())
		created, err := bank.Provider().Create(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := browser.Get(created.Action.URL)
		if err != nil {
			t.Fatal(err)
		}
		page, _ := io.ReadAll(answer.Body)
		answer.Body.Close()
		for _, part := range []string{
			"Tom &amp; &lt;Jerry&gt;", "1290 usd", `href="https://mall.example/orders/1"`, ">Pay<",
		} {
			if !strings.Contains(string(page), part) {
				t.Errorf("%q is not in %s", part, page)
			}
		}
		for n, want := range []int{http.StatusSeeOther, http.StatusGone} {
			answer, err = browser.PostForm(created.Action.URL, url.Values{"how": {how}})
			if err != nil {
				t.Fatal(err)
			}
			answer.Body.Close()
			if answer.StatusCode != want || n == 0 && answer.Header.Get("Location") != r.ReturnURL {
				t.Errorf("%s: %s to %s", how, answer.Status, answer.Header.Get("Location"))
			}
		}
		c, err := bank.Provider().Query(t.Context(), payment.ChargeRef{CreateRequest: r, ProviderRef: created.ProviderRef})
		if err != nil || c.Status != status {
			t.Errorf("%s: %+v, %v", how, c, err)
		}
		answer, err = browser.Get(created.Action.URL)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusGone {
			t.Errorf("%s: the page is still there: %s", how, answer.Status)
		}
	}
}

// Events are posted until a 2xx acknowledges them.
func TestServer_posts_events(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var bank *stripetest.Server
	heard, refuse := map[string]int{}, http.StatusFound
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		n, err := bank.Provider().ParseNotice(r.Header, body)
		if err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		if heard[n.EventID]++; heard[n.EventID] == 1 {
			w.WriteHeader(refuse)
		}
	}))
	defer shop.Close()
	bank = stripetest.New(stripetest.Options{NotifyURL: shop.URL})
	if _, err := bank.Provider().Create(t.Context(), request(bank.Now())); err != nil {
		t.Fatal(err)
	}
	if err := bank.Pay("A1", paymenttest.Payment{}); err != nil {
		t.Fatal(err)
	}
	bank.Close() // waits for the posts
	if n := bank.Unacknowledged(); n != 0 {
		t.Errorf("%d events are not acknowledged", n)
	}
	if len(heard) != 2 {
		t.Errorf("heard %v", heard)
	}
	for id, n := range heard {
		if n != 2 {
			t.Errorf("%s came %d times", id, n)
		}
	}
}

// The server refuses what Stripe refuses.
func TestServer_refuses(t *testing.T) {
	t.Parallel()
	bank := stripetest.New(stripetest.Options{})
	defer bank.Close()
	if _, err := bank.Provider().Create(t.Context(), request(bank.Now())); err != nil {
		t.Fatal(err)
	}
	good := url.Values{}
	for name, value := range bank.Requests()[0].Form {
		good.Set(name, value)
	}
	base := bank.ProviderOptions().BaseURL
	send := func(form url.Values, key, secret, version string) int {
		t.Helper()
		r, err := http.NewRequest(http.MethodPost, base+"/v1/checkout/sessions", strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Idempotency-Key", key)
		r.Header.Set("Authorization", "Bearer "+secret)
		r.Header.Set("Stripe-Version", version)
		answer, err := browser.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		return answer.StatusCode
	}
	if got := send(good, "k1", stripetest.SecretKey, stripe.Version); got != http.StatusOK {
		t.Fatalf("the request that is changed below: %d", got)
	}
	if got := send(good, "k2", "sk_test_another", stripe.Version); got != http.StatusUnauthorized {
		t.Errorf("another key: %d", got)
	}
	if got := send(good, "k3", stripetest.SecretKey, "2020-01-01"); got != http.StatusBadRequest {
		t.Errorf("another version: %d", got)
	}
	for name, value := range map[string]string{
		"mode": "setup", "success_url": "/orders", "cancel_url": "", "expires_at": "1", "locale": "zh-CN",
		"line_items[0][price_data][unit_amount]": "-5", "line_items[0][price_data][currency]": "USD",
		"line_items[0][quantity]": "2", "adaptive_pricing[enabled]": "", "payment_method_types[0]": "wechat_pay",
		"metadata[shop]": strings.Repeat("x", 501), "metadata[" + strings.Repeat("x", 41) + "]": "x", "unknown": "1",
		"client_reference_id": strings.Repeat("x", 201),
	} {
		form := url.Values{}
		for n, v := range good {
			form[n] = v
		}
		form.Set(name, value)
		if got := send(form, "of "+name, stripetest.SecretKey, stripe.Version); got != http.StatusBadRequest {
			t.Errorf("%s = %.20s: %d", name, value, got)
		}
		if got := send(form, "k1", stripetest.SecretKey, stripe.Version); got != http.StatusBadRequest {
			t.Errorf("%s = %.20s under a used key: %d", name, value, got)
		}
	}
	// A request that was refused for its parameters leaves its key free.
	if got := send(good, "of mode", stripetest.SecretKey, stripe.Version); got != http.StatusOK {
		t.Errorf("the key of a refused request: %d", got)
	}
}
