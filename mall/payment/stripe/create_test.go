package stripe_test

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"videomall/mall/money"
	"videomall/mall/payment"
	"videomall/mall/payment/paymenttest"
	"videomall/mall/payment/stripe"
	"videomall/mall/payment/stripe/stripetest"
)

func TestStripe_Create_parameters(t *testing.T) {
	t.Parallel()
	bank := open(t)
	o := bank.ProviderOptions()
	o.PaymentMethodTypes = []string{"card", "wechat_pay"}
	o.AdaptivePricing = true
	s, err := stripe.New(o)
	if err != nil {
		t.Fatal(err)
	}
	r := request()
	r.Subject = strings.Repeat("北", 300)
	r.Amount = money.Of(5120, "KWD")
	created, err := s.Create(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(created.ProviderRef, "cs_") || created.Action.Type != payment.ActionRedirect ||
		!strings.Contains(created.Action.URL, created.ProviderRef) {
		t.Errorf("created %+v", created)
	}
	sent := bank.Requests()
	if len(sent) != 1 || sent[0].Method != http.MethodPost || sent[0].Path != "/v1/checkout/sessions" ||
		sent[0].Key != "attempt-01HATTEMPT0000000000000001" {
		t.Fatalf("sent %+v", sent)
	}
	want := map[string]string{
		"mode":                                   "payment",
		"client_reference_id":                    r.AttemptNo,
		"success_url":                            r.ReturnURL,
		"cancel_url":                             r.ReturnURL,
		"expires_at":                             strconv.FormatInt(start.Add(46*time.Minute).Unix(), 10),
		"locale":                                 "zh",
		"adaptive_pricing[enabled]":              "true",
		"line_items[0][quantity]":                "1",
		"line_items[0][price_data][currency]":    "kwd",
		"line_items[0][price_data][unit_amount]": "5120",
		"line_items[0][price_data][product_data][name]": strings.Repeat("北", 250),
		"metadata[shop]":                             stripetest.Shop,
		"metadata[attempt_no]":                       r.AttemptNo,
		"payment_intent_data[metadata][shop]":        stripetest.Shop,
		"payment_intent_data[metadata][attempt_no]":  r.AttemptNo,
		"payment_method_types[0]":                    "card",
		"payment_method_types[1]":                    "wechat_pay",
		"payment_method_options[wechat_pay][client]": "web",
	}
	for name, value := range want {
		if sent[0].Form[name] != value {
			t.Errorf("%s = %q, want %q", name, sent[0].Form[name], value)
		}
	}
	if len(sent[0].Form) != len(want) {
		t.Errorf("sent %+v", sent[0].Form)
	}
}

func TestStripe_Create_language(t *testing.T) {
	t.Parallel()
	for language, locale := range map[string]string{"zh-CN": "zh", "en": "en", "": "auto", "tlh": "auto"} {
		bank := open(t)
		r := request()
		r.Language = language
		if _, err := bank.Provider().Create(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		if got := bank.Requests()[0].Form["locale"]; got != locale {
			t.Errorf("%q: %q", language, got)
		}
	}
}

// The session expires at Stripe half an hour and more after the attempt, and within a day.
func TestStripe_Create_expiry(t *testing.T) {
	t.Parallel()
	for window, want := range map[time.Duration]time.Duration{
		0: 31 * time.Minute, 15 * time.Minute: 46 * time.Minute, 2 * time.Hour: 151 * time.Minute,
		24 * time.Hour: 24*time.Hour - 10*time.Minute, 90 * time.Hour: 24*time.Hour - 10*time.Minute,
	} {
		bank := open(t)
		r := request()
		r.ExpiresAt = r.CreatedAt.Add(window)
		// The first request to arrive may be the last that is sent.
		bank.Advance(min(window, 20*time.Hour))
		if _, err := bank.Provider().Create(t.Context(), r); err != nil {
			t.Errorf("%s: %v", window, err)
			continue
		}
		if got := bank.Requests()[0].Form["expires_at"]; got != strconv.FormatInt(start.Add(want).Unix(), 10) {
			t.Errorf("%s: expires at %s", window, got)
		}
	}
}

func TestStripe_Create_refuses(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*payment.CreateRequest){
		"no subject":          func(r *payment.CreateRequest) { r.Subject = "" },
		"no method":           func(r *payment.CreateRequest) { r.Method = "" },
		"a number with quote": func(r *payment.CreateRequest) { r.AttemptNo = "a'b" },
		"a long number":       func(r *payment.CreateRequest) { r.AttemptNo = strings.Repeat("a", 201) },
		"no time":             func(r *payment.CreateRequest) { r.CreatedAt = time.Time{} },
		"over before":         func(r *payment.CreateRequest) { r.ExpiresAt = r.CreatedAt.Add(-time.Second) },
		"a path":              func(r *payment.CreateRequest) { r.ReturnURL = "/orders/1" },
		"rounding":            func(r *payment.CreateRequest) { r.Amount = money.Of(5124, "KWD") },
	} {
		r := request()
		change(&r)
		s := answering(t, func(http.ResponseWriter, *http.Request) { t.Errorf("%s: it was sent", name) })
		if _, err := s.Create(t.Context(), r); !errors.Is(err, payment.ErrRejected) {
			t.Errorf("%s: %v", name, err)
		}
	}
	r := request()
	r.ReturnURL = "http://mall.example/orders/1"
	live := answering(t, func(http.ResponseWriter, *http.Request) { t.Error("it was sent") },
		func(o *stripe.Options) { o.SecretKey = "sk_live_StandInOfStripe1" })
	if _, err := live.Create(t.Context(), r); !errors.Is(err, payment.ErrRejected) {
		t.Errorf("back to plain HTTP in live mode: %v", err)
	}
	if _, err := open(t).Provider().Create(t.Context(), r); err != nil {
		t.Errorf("back to plain HTTP in test mode: %v", err)
	}
}

// Stripe replays a stored 500 for a day. The attempt gets another key, and one session.
func TestStripe_Create_after_a_stored_failure(t *testing.T) {
	t.Parallel()
	for fault, sessions := range map[paymenttest.Fault]int{
		stripetest.FaultStored: 1,
		// Nobody ever saw the page of the session that was opened under the first key.
		stripetest.FaultStoredDone: 2,
	} {
		bank := open(t)
		s, r := bank.Provider(), request()
		bank.Fault(fault)
		_, err := s.Create(t.Context(), r)
		unknown(t, err)
		first, err := s.Create(t.Context(), r)
		if err != nil {
			t.Fatalf("%s: %v", fault, err)
		}
		keys := map[string]bool{}
		for _, sent := range bank.Requests() {
			keys[sent.Key] = true
		}
		if len(keys) != 2 {
			t.Errorf("%s: keys %v", fault, keys)
		}
		bank.Advance(10 * time.Minute)
		for range 2 {
			if again, err := s.Create(t.Context(), r); err != nil || again.ProviderRef != first.ProviderRef {
				t.Errorf("%s: first %+v, again %+v, %v", fault, first, again, err)
			}
		}
		if n := bank.Charges(r.AttemptNo); n != sessions {
			t.Errorf("%s: %d sessions", fault, n)
		}
	}
}

// A request that has been answered tells how the session is now, not how it was.
func TestStripe_Create_of_what_has_ended(t *testing.T) {
	t.Parallel()
	for want, end := range map[error]func(*stripetest.Server, payment.ChargeRef) error{
		payment.ErrAlreadyPaid: func(b *stripetest.Server, c payment.ChargeRef) error {
			return b.Pay(c.AttemptNo, paymenttest.Payment{})
		},
		payment.ErrProcessing: func(b *stripetest.Server, c payment.ChargeRef) error {
			return b.Pay(c.AttemptNo, paymenttest.Payment{Pending: true})
		},
		payment.ErrRejected: func(b *stripetest.Server, c payment.ChargeRef) error {
			return b.Provider().Close(t.Context(), c)
		},
	} {
		for _, late := range []bool{false, true} {
			bank := open(t)
			s, r := bank.Provider(), request()
			created, err := s.Create(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			if err := end(bank, payment.ChargeRef{CreateRequest: r, ProviderRef: created.ProviderRef}); err != nil {
				t.Fatal(err)
			}
			if late {
				bank.Advance(48 * time.Hour)
			}
			if _, err := s.Create(t.Context(), r); !errors.Is(err, want) {
				t.Errorf("late %t: got %v, want %v", late, err, want)
			}
			if n := bank.Charges(r.AttemptNo); n != 1 {
				t.Errorf("late %t: %d sessions", late, n)
			}
		}
	}
}

// After a day Stripe has forgotten the key, and would open another session.
func TestStripe_Create_never_posts_after_a_day(t *testing.T) {
	t.Parallel()
	bank := open(t)
	s, r := bank.Provider(), request()
	bank.Advance(24*time.Hour - 5*time.Minute)
	if _, err := s.Create(t.Context(), r); !errors.Is(err, payment.ErrRejected) {
		t.Errorf("create: %v", err)
	}
	ref := payment.ChargeRef{CreateRequest: r}
	if c, err := s.Query(t.Context(), ref); err != nil || c.Status != payment.ChargeAbsent {
		t.Errorf("query: %+v, %v", c, err)
	}
	if err := s.Close(t.Context(), ref); !errors.Is(err, payment.ErrAbsent) {
		t.Errorf("close: %v", err)
	}
	for _, sent := range bank.Requests() {
		if sent.Method == http.MethodPost {
			t.Errorf("sent %+v", sent)
		}
	}
}

// An answer about something else than what was asked is no answer.
func TestStripe_Create_checks_the_answer(t *testing.T) {
	t.Parallel()
	const good = `{"id":"cs_1","object":"checkout.session","livemode":false,"status":"open","payment_status":"unpaid",` +
		`"client_reference_id":"01HATTEMPT0000000000000001","amount_total":1290,"currency":"usd",` +
		`"url":"https://checkout.stripe.com/c/pay/cs_1","payment_intent":null}`
	for name, change := range map[string][2]string{
		"good":               {"", ""},
		"another attempt":    {"0001\"", "0002\""},
		"live":               {`"livemode":false`, `"livemode":true`},
		"another sum":        {"1290", "1291"},
		"another currency":   {`"usd"`, `"eur"`},
		"no page":            {`"https://checkout.stripe.com/c/pay/cs_1"`, "null"},
		"a page of scripts":  {"https://checkout.stripe.com/c/pay/cs_1", "javascript:alert(1)"},
		"a page without TLS": {"https://checkout", "http://checkout"},
		"a page elsewhere":   {"checkout.stripe.com", "checkout.stripe.com.example"},
		"a page with a user": {"https://checkout.stripe.com", "https://checkout.stripe.com:443@other.example"},
		"a status":           {`"open"`, `"opened"`},
		"a name twice":       {`"url"`, `"id":"cs_2","url"`},
		"no JSON":            {`{"id"`, `{'id'`},
	} {
		s := answering(t, func(w http.ResponseWriter, _ *http.Request) {
			_, _ = fmt.Fprint(w, strings.Replace(good, change[0], change[1], 1))
		}, func(o *stripe.Options) { o.CheckoutURL = "https://checkout.stripe.com" })
		_, err := s.Create(t.Context(), request())
		if name == "good" {
			if err != nil {
				t.Errorf("good: %v", err)
			}
			continue
		}
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		unknown(t, err)
	}
}
