package stripe_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"videomall/mall/money"
	"videomall/mall/payment"
	"videomall/mall/payment/paymenttest"
	"videomall/mall/payment/stripe"
)

// Each status of a session and its payment.
func TestStripe_Query_statuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		session, paid, intent string
		want                  payment.ChargeStatus
		closed                error // what Close says of it
	}{
		{"open", "unpaid", "", payment.ChargeOpen, nil},
		{"open", "unpaid", "requires_payment_method", payment.ChargeOpen, nil},
		{"expired", "unpaid", "", payment.ChargeClosed, nil},
		{"expired", "unpaid", "canceled", payment.ChargeClosed, nil},
		{"complete", "paid", "succeeded", payment.ChargePaid, payment.ErrAlreadyPaid},
		{"complete", "unpaid", "succeeded", payment.ChargePaid, payment.ErrAlreadyPaid}, // the session lags behind
		{"complete", "unpaid", "processing", payment.ChargeProcessing, payment.ErrProcessing},
		{"complete", "unpaid", "requires_action", payment.ChargeProcessing, payment.ErrProcessing},
		{"complete", "unpaid", "requires_payment_method", payment.ChargeFailed, nil},
		{"complete", "unpaid", "canceled", payment.ChargeFailed, nil},
		{"complete", "unpaid", "requires_capture", payment.ChargeUnknown, errAny},
		{"complete", "no_payment_required", "", payment.ChargeUnknown, errAny},
		{"later", "paid", "succeeded", payment.ChargeUnknown, errAny},
	} {
		s := answering(t, func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/expire") && c.session != "open" {
				w.WriteHeader(http.StatusBadRequest)
				_, _ = fmt.Fprint(w, `{"error":{"type":"invalid_request_error","message":"Only Checkout Sessions …"}}`)
				return
			}
			intent := "null"
			if c.intent != "" {
				intent = `{"id":"pi_1","object":"payment_intent","status":"` + c.intent + `","amount_received":1300,` +
					`"currency":"usd","created":1774612000,"latest_charge":{"id":"ch_1","created":1774612345}}`
			}
			status := c.session
			if strings.HasSuffix(r.URL.Path, "/expire") {
				status, intent = "expired", `"pi_1"`
			} else if r.URL.Query().Get("expand[]") != "payment_intent.latest_charge" {
				t.Errorf("asked for %s", r.URL)
			}
			_, _ = fmt.Fprintf(w, `{"id":"cs_1","object":"checkout.session","status":%q,"payment_status":%q,`+
				`"client_reference_id":%q,"amount_total":1290,"currency":"usd","payment_intent":%s}`,
				status, c.paid, request().AttemptNo, intent)
		})
		ref := payment.ChargeRef{CreateRequest: request(), ProviderRef: "cs_1"}
		name := c.session + " " + c.paid + " " + c.intent
		got, err := s.Query(t.Context(), ref)
		if err != nil || got.Status != c.want || got.ProviderRef != "cs_1" {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		if got.Status == payment.ChargePaid && (got.ChannelTxnNo != "pi_1" || got.Amount != money.Of(1300, "USD") ||
			got.PaidAt.Unix() != 1774612345) {
			t.Errorf("%s: %+v", name, got)
		}
		if got.Status != payment.ChargePaid && (got.ChannelTxnNo != "" || !got.PaidAt.IsZero()) {
			t.Errorf("%s: %+v", name, got)
		}
		switch err := s.Close(t.Context(), ref); {
		case c.closed == nil && err != nil, c.closed != nil && err == nil:
			t.Errorf("%s: close: %v", name, err)
		case errors.Is(c.closed, errAny):
			unknown(t, err)
		case !errors.Is(err, c.closed):
			t.Errorf("%s: close: %v", name, err)
		}
	}
}

var errAny = errors.New("any that isn't definite")

// The sum that was taken must be one.
func TestStripe_Query_checks_the_answer(t *testing.T) {
	t.Parallel()
	const good = `{"id":"cs_1","status":"complete","client_reference_id":"01HATTEMPT0000000000000001","livemode":false,` +
		`"payment_intent":{"id":"pi_1","status":"succeeded","amount_received":1290,"currency":"usd","created":5}}`
	for name, change := range map[string][2]string{
		"another session":  {"cs_1", "cs_2"},
		"another attempt":  {"0001\"", "0002\""},
		"live":             {`"livemode":false`, `"livemode":true`},
		"nothing taken":    {"1290", "0"},
		"below zero":       {"1290", "-1"},
		"a huge sum":       {"1290", "1000000000001"},
		"another currency": {"usd", "xxx"},
		"an odd payment":   {`{"id":"pi_1"`, `{"id":7`},
		"a name twice":     {`"status":"succeeded"`, `"status":"succeeded","status":"processing"`},
	} {
		s := answering(t, func(w http.ResponseWriter, _ *http.Request) {
			_, _ = fmt.Fprint(w, strings.Replace(good, change[0], change[1], 1))
		})
		_, err := s.Query(t.Context(), payment.ChargeRef{CreateRequest: request(), ProviderRef: "cs_1"})
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		unknown(t, err)
	}
}

func TestStripe_Query_an_unknown_session(t *testing.T) {
	t.Parallel()
	bank := open(t)
	s := bank.Provider()
	ref := payment.ChargeRef{CreateRequest: request(), ProviderRef: "cs_test_unknown"}
	if c, err := s.Query(t.Context(), ref); err != nil || c.Status != payment.ChargeAbsent {
		t.Errorf("query: %+v, %v", c, err)
	}
	if err := s.Close(t.Context(), ref); !errors.Is(err, payment.ErrAbsent) {
		t.Errorf("close: %v", err)
	}
	// It is a name, wherever it points.
	ref.ProviderRef = "../../refunds?x=1"
	_, err := s.Query(t.Context(), ref)
	unknown(t, err)
	if path := bank.Requests()[2].Path; path != "/v1/checkout/sessions/"+ref.ProviderRef {
		t.Errorf("asked for %s", path)
	}
}

// The answer to the request was lost: until a day has passed the request itself finds the session, and then the mark on
// the payment does.
func TestStripe_Query_after_a_lost_answer(t *testing.T) {
	t.Parallel()
	for _, wait := range []time.Duration{time.Minute, 20 * time.Minute, 3 * time.Hour, 30 * time.Hour} {
		for want, pay := range map[payment.ChargeStatus]func(*paymenttest.Payment) bool{
			payment.ChargeOpen:       nil,
			payment.ChargePaid:       func(*paymenttest.Payment) bool { return true },
			payment.ChargeProcessing: func(p *paymenttest.Payment) bool { p.Pending = true; return true },
			payment.ChargeFailed:     func(p *paymenttest.Payment) bool { p.Fails = true; return true },
		} {
			bank := open(t)
			s, r := bank.Provider(), request()
			bank.Fault(paymenttest.FaultLostAnswer)
			_, err := s.Create(t.Context(), r)
			unknown(t, err)
			if pay != nil {
				var how paymenttest.Payment
				pay(&how)
				if err := bank.Pay(r.AttemptNo, how); err != nil {
					t.Fatal(err)
				}
			}
			bank.Advance(wait)
			late := wait > 24*time.Hour
			switch {
			case want == payment.ChargeOpen && late:
				want = payment.ChargeAbsent // its session has expired, and was never paid
			case want == payment.ChargeOpen && wait > time.Hour, want == payment.ChargeFailed && late:
				want = payment.ChargeClosed
			}
			c, err := s.Query(t.Context(), payment.ChargeRef{CreateRequest: r})
			if err != nil || c.Status != want || (c.ProviderRef == "") != late {
				t.Errorf("%s later, want %s: %+v, %v", wait, want, c, err)
			}
			if n := bank.Charges(r.AttemptNo); n != 1 {
				t.Errorf("%s later: %d sessions", wait, n)
			}
		}
	}
}

// The request never arrived, and would now open a session that expires too soon for Stripe.
func TestStripe_Query_what_never_arrived(t *testing.T) {
	t.Parallel()
	bank := open(t)
	s, r := bank.Provider(), request()
	bank.Advance(20 * time.Minute)
	ref := payment.ChargeRef{CreateRequest: r}
	if c, err := s.Query(t.Context(), ref); err != nil || c.Status != payment.ChargeAbsent {
		t.Errorf("query: %+v, %v", c, err)
	}
	if err := s.Close(t.Context(), ref); !errors.Is(err, payment.ErrAbsent) {
		t.Errorf("close: %v", err)
	}
	if n := bank.Charges(r.AttemptNo); n != 0 {
		t.Errorf("%d sessions", n)
	}
}

// Closing what may never have arrived leaves nothing that a late request could open.
func TestStripe_Close_takes_the_key(t *testing.T) {
	t.Parallel()
	bank := open(t)
	s, r := bank.Provider(), request()
	if err := s.Close(t.Context(), payment.ChargeRef{CreateRequest: r}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Create(t.Context(), r); !errors.Is(err, payment.ErrRejected) {
		t.Errorf("the late request: %v", err)
	}
	if err := bank.Pay(r.AttemptNo, paymenttest.Payment{}); !errors.Is(err, paymenttest.ErrNotPayable) {
		t.Errorf("pay: %v", err)
	}
}

// A restart lost the answer and changed the configuration: the request can't be repeated, since Stripe refuses its key
// with other parameters.
func TestStripe_Query_after_a_change_of_the_configuration(t *testing.T) {
	t.Parallel()
	bank := open(t)
	r := request()
	r.AttemptNo = "01HATTEMPT0000000000000000"
	bank.Fault(paymenttest.FaultLostAnswer)
	if _, err := bank.Provider().Create(t.Context(), r); err == nil {
		t.Fatal("the answer was to be lost")
	}
	for n := range 150 { // the next ones fill more than a page
		other := request()
		other.AttemptNo = fmt.Sprintf("01HATTEMPT1%015d", n)
		if _, err := bank.Provider().Create(t.Context(), other); err != nil {
			t.Fatal(err)
		}
	}
	o := bank.ProviderOptions()
	o.AdaptivePricing = true
	s, err := stripe.New(o)
	if err != nil {
		t.Fatal(err)
	}
	c, err := s.Query(t.Context(), payment.ChargeRef{CreateRequest: r})
	if err != nil || c.Status != payment.ChargeOpen || c.ProviderRef == "" {
		t.Errorf("%+v, %v", c, err)
	}
	if err := s.Close(t.Context(), payment.ChargeRef{CreateRequest: r}); err != nil {
		t.Error(err)
	}
	if _, err := s.Create(t.Context(), r); err == nil {
		t.Error("the key was used with other parameters")
	} else {
		unknown(t, err)
	}
}

// An attempt from before requests were stored has only its number.
func TestStripe_Query_without_a_stored_request(t *testing.T) {
	t.Parallel()
	s := open(t).Provider()
	c, err := s.Query(t.Context(), payment.ChargeRef{CreateRequest: payment.CreateRequest{AttemptNo: "A1"}})
	if err != nil || c.Status != payment.ChargeAbsent {
		t.Errorf("%+v, %v", c, err)
	}
}

// Of several payments with one mark, the one that succeeded counts, and others' don't.
func TestStripe_Query_searches(t *testing.T) {
	t.Parallel()
	intent := func(status, shop, attempt string) string {
		return fmt.Sprintf(`{"id":"pi_%s","object":"payment_intent","status":%q,"amount_received":1290,"currency":"usd",`+
			`"created":5,"metadata":{"shop":%q,"attempt_no":%q}}`, status, status, shop, attempt)
	}
	no := request().AttemptNo
	for want, data := range map[payment.ChargeStatus][]string{
		payment.ChargeAbsent:     {intent("succeeded", "another", no), intent("succeeded", "videomall", "A2")},
		payment.ChargeClosed:     {intent("canceled", "videomall", no), intent("requires_payment_method", "videomall", no)},
		payment.ChargeProcessing: {intent("processing", "videomall", no), intent("canceled", "videomall", no)},
		payment.ChargePaid: {
			intent("processing", "videomall", no), intent("succeeded", "videomall", no),
			intent("canceled", "videomall", no),
		},
		payment.ChargeUnknown: {intent("requires_capture", "videomall", no)},
	} {
		s := answering(t, func(w http.ResponseWriter, r *http.Request) {
			if q := r.URL.Query().Get("query"); q != "metadata['shop']:'videomall' AND metadata['attempt_no']:'"+no+"'" {
				t.Errorf("query %s", q)
			}
			_, _ = fmt.Fprintf(w, `{"object":"search_result","data":[%s],"has_more":false}`, strings.Join(data, ","))
		}, func(o *stripe.Options) { o.Now = func() time.Time { return start.Add(48 * time.Hour) } })
		c, err := s.Query(t.Context(), payment.ChargeRef{CreateRequest: request()})
		if err != nil || c.Status != want {
			t.Errorf("want %s: %+v, %v", want, c, err)
		}
	}
}
