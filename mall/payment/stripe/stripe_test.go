package stripe_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"videomall/mall/money"
	"videomall/mall/payment"
	"videomall/mall/payment/paymenttest"
	"videomall/mall/payment/stripe"
	"videomall/mall/payment/stripe/stripetest"
)

// open starts a stand-in for the time of a test.
func open(t *testing.T) *stripetest.Server {
	t.Helper()
	s := stripetest.New(stripetest.Options{})
	t.Cleanup(s.Close)
	return s
}

// start is the time of the stand-in.
var start = time.Date(2026, 3, 27, 12, 4, 0, 0, time.UTC)

// answering returns a provider whose Stripe is a function.
func answering(t *testing.T, answer http.HandlerFunc, change ...func(*stripe.Options)) *stripe.Stripe {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	o := stripe.Options{
		SecretKey:      stripetest.SecretKey,
		WebhookSecrets: []string{stripetest.WebhookSecret},
		Shop:           stripetest.Shop,
		BaseURL:        server.URL,
		Now:            func() time.Time { return start },
	}
	for _, c := range change {
		c(&o)
	}
	s, err := stripe.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// request is a request for an attempt that begins then.
func request() payment.CreateRequest {
	return payment.CreateRequest{
		AttemptNo: "01HATTEMPT0000000000000001",
		Method:    stripe.MethodPage,
		Subject:   "Northern Lights",
		ReturnURL: "https://mall.example/orders/1?a=b",
		Language:  "zh-CN",
		Amount:    money.Of(1290, "USD"),
		CreatedAt: start,
		ExpiresAt: start.Add(15 * time.Minute),
	}
}

// TestStripe_is_a_provider runs what every provider must do.
func TestStripe_is_a_provider(t *testing.T) {
	t.Parallel()
	suite.Run(t)
}

var suite = paymenttest.Suite{
	Open:     func(t *testing.T) paymenttest.Bank { return open(t) },
	Method:   stripe.MethodPage,
	Currency: "USD",
	Without:  []paymenttest.Feature{paymenttest.QueryCreates},
}

func TestNew_refuses(t *testing.T) {
	t.Parallel()
	type options = stripe.Options
	for name, c := range map[string]struct {
		field  string
		change func(*options)
	}{
		"no key":            {"SecretKey", func(o *options) { o.SecretKey = "" }},
		"a publishable key": {"SecretKey", func(o *options) { o.SecretKey = "pk_test_secretsecret" }},
		"a line break":      {"SecretKey", func(o *options) { o.SecretKey = "sk_test_secretsecret\n" }},
		"no webhook secret": {"WebhookSecrets", func(o *options) { o.WebhookSecrets = nil }},
		"an empty secret":   {"WebhookSecrets[0]", func(o *options) { o.WebhookSecrets[0] = "" }},
		"a space":           {"WebhookSecrets[0]", func(o *options) { o.WebhookSecrets[0] += " " }},
		"no shop":           {"Shop", func(o *options) { o.Shop = "" }},
		"a quoted shop":     {"Shop", func(o *options) { o.Shop = "a'b" }},
		"plain HTTP":        {"BaseURL", func(o *options) { o.BaseURL = "http://api.stripe.com" }},
		"a user":            {"BaseURL", func(o *options) { o.BaseURL = "https://u:secretsecret@api.stripe.com" }},
		"an API below":      {"BaseURL", func(o *options) { o.BaseURL = "https://api.stripe.com/v1" }},
		"a query":           {"BaseURL", func(o *options) { o.BaseURL = "https://api.stripe.com?x=1" }},
		"no host":           {"BaseURL", func(o *options) { o.BaseURL = "https://" }},
		"a page below":      {"CheckoutURL", func(o *options) { o.CheckoutURL = "https://pay.example/c" }},
		"a plain page":      {"CheckoutURL", func(o *options) { o.CheckoutURL = "http://pay.example" }},
		"no address":        {"CheckoutURL", func(o *options) { o.CheckoutURL = "pay.example" }},
		"a method":          {"PaymentMethodTypes", func(o *options) { o.PaymentMethodTypes = []string{"card]["} }},
	} {
		o := stripe.Options{
			SecretKey: "sk_test_secretsecret", WebhookSecrets: []string{"whsec_secretsecret"}, Shop: "videomall",
		}
		if _, err := stripe.New(o); err != nil {
			t.Fatalf("what is changed below is good: %v", err)
		}
		c.change(&o)
		_, err := stripe.New(o)
		if err == nil || !strings.Contains(err.Error(), c.field) {
			t.Errorf("%s: %v", name, err)
		} else if strings.Contains(err.Error(), "secretsecret") {
			t.Errorf("%s: %v tells a secret", name, err)
		}
	}
}

// Neither logs nor errors tell a key, even if Stripe repeats it.
func TestStripe_keeps_its_secrets(t *testing.T) {
	t.Parallel()
	var o stripe.Options
	s := answering(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = fmt.Fprintf(w, `{"error":{"type":"invalid_request_error","message":"Invalid API Key: %s"}}`,
			strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
	}, func(given *stripe.Options) { o = *given })
	_, err := s.Query(t.Context(), payment.ChargeRef{CreateRequest: request(), ProviderRef: "cs_test_1"})
	if !errors.Is(err, payment.ErrRetryLater) {
		t.Errorf("a wrong key: %v", err)
	}
	var logged strings.Builder
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("x", "options", o, "provider", s, "error", err)
	slog.New(slog.NewTextHandler(&logged, nil)).Info("x", "options", o, "provider", s, "error", err)
	raw, _ := json.Marshal(struct{ Key []string }{[]string{o.String(), s.String()}})
	text := fmt.Sprintf("%v %+v %#v %s | %v %+v %#v %s | %v %+v", o, o, o, o, s, s, s, s, err, err) +
		logged.String() + string(raw)
	for _, secret := range []string{"StandInOfStripe", "sk_test", "whsec"} {
		if strings.Contains(text, secret) {
			t.Errorf("%q is in %s", secret, text)
		}
	}
	if !strings.Contains(text, "[key]") {
		t.Errorf("the error should tell what Stripe wrote: %s", text)
	}
	if raw, err := json.Marshal(o); err == nil && strings.Contains(string(raw), "StandIn") {
		t.Errorf("%s tells a secret", raw)
	}
}

func TestStripe_follows_no_redirect(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("the redirect was followed")
	}))
	defer elsewhere.Close()
	for _, client := range []*http.Client{nil, {}} {
		s := answering(t, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, http.StatusFound)
		}, func(o *stripe.Options) { o.Client = client })
		_, err := s.Create(t.Context(), request())
		unknown(t, err)
	}
}

func TestStripe_bounds_an_answer(t *testing.T) {
	t.Parallel()
	s := answering(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"id":"`+strings.Repeat("x", 9<<20)+`"}`)
	})
	_, err := s.Query(t.Context(), payment.ChargeRef{CreateRequest: request(), ProviderRef: "cs_test_1"})
	unknown(t, err)
	if !strings.Contains(err.Error(), "bytes") {
		t.Errorf("got %v", err)
	}
}

// unknown says that an error tells nothing definite.
func unknown(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	for _, definite := range []error{
		payment.ErrRejected, payment.ErrRetryLater, payment.ErrAbsent, payment.ErrProcessing, payment.ErrAlreadyPaid,
	} {
		if errors.Is(err, definite) {
			t.Fatalf("%v is definite", err)
		}
	}
}

func TestStripe_Methods(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"": "https://checkout.stripe.com", "https://pay.example/": "https://pay.example",
		"http://[::1]:80": "http://[::1]:80",
	} {
		s := answering(t, nil, func(o *stripe.Options) { o.BaseURL, o.CheckoutURL = "https://api.stripe.com", address })
		if got := s.Methods()[0].Origins; len(got) != 1 || got[0] != want {
			t.Errorf("%q: %q", address, got)
		}
	}
	m := open(t).Provider().Methods()[0]
	for currency, fits := range map[string]bool{
		"USD": true, "CNY": true, "JPY": true, "KWD": true, "XXX": false, "IRR": false,
	} {
		if m.Fits(payment.DeviceWeChat, currency) != fits {
			t.Errorf("%s: want %t", currency, fits)
		}
	}
}
