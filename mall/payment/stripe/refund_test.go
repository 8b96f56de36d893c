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
	"videomall/mall/payment/stripe/stripetest"
)

// paid returns a bank at which an attempt has been paid, and the request for a refund of it.
func paid(t *testing.T) (*stripetest.Server, payment.RefundRequest) {
	t.Helper()
	bank := open(t)
	r := request()
	created, err := bank.Provider().Create(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if err := bank.Pay(r.AttemptNo, paymenttest.Payment{}); err != nil {
		t.Fatal(err)
	}
	ref := payment.ChargeRef{CreateRequest: r, ProviderRef: created.ProviderRef}
	c, err := bank.Provider().Query(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	bank.Requests()
	bank.Notices()
	return bank, payment.RefundRequest{
		RefundRef: payment.RefundRef{
			RefundNo: "01HREFUND00000000000000001", Charge: ref, ChannelTxnNo: c.ChannelTxnNo, Captured: c.Amount,
			Amount: money.Of(500, "USD"),
		},
		Reason: strings.Repeat("因", 600),
	}
}

func TestStripe_Refund_parameters(t *testing.T) {
	t.Parallel()
	bank, r := paid(t)
	if _, err := bank.Provider().Refund(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	sent := bank.Requests()
	if len(sent) != 2 || sent[0].Method != http.MethodGet || sent[1].Method != http.MethodPost ||
		sent[1].Key != r.RefundNo {
		t.Fatalf("sent %+v", sent)
	}
	want := map[string]string{
		"payment_intent": r.ChannelTxnNo, "amount": "500", "metadata[shop]": stripetest.Shop,
		"metadata[attempt_no]": r.Charge.AttemptNo, "metadata[refund_no]": r.RefundNo,
		"metadata[reason]": strings.Repeat("因", 500),
	}
	if fmt.Sprint(sent[1].Form) != fmt.Sprint(want) {
		t.Errorf("sent %v", sent[1].Form)
	}
}

// Days later Stripe has forgotten the key, but lists the refund.
func TestStripe_Refund_again_after_days(t *testing.T) {
	t.Parallel()
	bank, r := paid(t)
	s := bank.Provider()
	bank.Fault(paymenttest.FaultLostAnswer)
	_, err := s.Refund(t.Context(), r)
	unknown(t, err)
	if err := bank.FinishRefund(r.RefundNo, true); err != nil {
		t.Fatal(err)
	}
	for n := range 150 { // the refund is on the second page
		other := r
		other.RefundNo, other.Amount = fmt.Sprintf("01HREFUND1%016d", n), money.Of(1, "USD")
		if _, err := s.Refund(t.Context(), other); err != nil {
			t.Fatal(err)
		}
	}
	bank.Advance(72 * time.Hour)
	got, err := s.Refund(t.Context(), r)
	if err != nil || got.Status != payment.ResultSucceeded || got.ChannelRefundNo == "" {
		t.Errorf("again: %+v, %v", got, err)
	}
	if back := bank.Refunded(r.Charge.AttemptNo); back != 650 {
		t.Errorf("gave %d back", back)
	}
}

// Stripe has stored a failure, and the refund is made all the same, once.
func TestStripe_Refund_after_a_stored_failure(t *testing.T) {
	t.Parallel()
	for _, fault := range []paymenttest.Fault{stripetest.FaultStored, stripetest.FaultStoredDone} {
		bank, r := paid(t)
		s := bank.Provider()
		// The first request looks for the refund; the fault is for the one that makes it.
		if _, err := s.QueryRefund(t.Context(), r.RefundRef); !errors.Is(err, payment.ErrAbsent) {
			t.Fatal(err)
		}
		bank.Fault(fault)
		_, err := s.Refund(t.Context(), r)
		unknown(t, err)
		for range 3 {
			bank.Advance(time.Minute)
			if got, err := s.Refund(t.Context(), r); err != nil || got.Status != payment.ResultProcessing {
				t.Errorf("%s: %+v, %v", fault, got, err)
			}
		}
		if back := bank.Refunded(r.Charge.AttemptNo); back != 500 {
			t.Errorf("%s: gave %d back", fault, back)
		}
	}
}

// The balance is too low all day long. Each time the refund is tried anew, as Stripe would only repeat its refusal.
func TestStripe_Refund_until_the_balance_is_enough(t *testing.T) {
	t.Parallel()
	bank, r := paid(t)
	s := bank.Provider()
	bank.SetBalance(0)
	for range 20 {
		_, err := s.Refund(t.Context(), r)
		if !errors.Is(err, payment.ErrRetryLater) {
			t.Fatal(err)
		}
		bank.Advance(11 * time.Minute)
	}
	bank.SetBalance(500)
	// It is 15:44 now. At the beginning of a period no key is used for the first time.
	bank.Advance(7 * time.Minute)
	if _, err := s.Refund(t.Context(), r); !errors.Is(err, payment.ErrRetryLater) {
		t.Errorf("at %s: %v", bank.Now(), err)
	}
	bank.Advance(time.Minute)
	bank.Requests()
	if got, err := s.Refund(t.Context(), r); err != nil || got.Status != payment.ResultProcessing {
		t.Errorf("at %s: %+v, %v", bank.Now(), got, err)
	}
	if n := len(bank.Requests()); n != 3 {
		t.Errorf("it took %d requests", n)
	}
	if back := bank.Refunded(r.Charge.AttemptNo); back != 500 {
		t.Errorf("gave %d back", back)
	}
}

// A refusal that Stripe has stored, and that would not change, is not asked for under another key.
func TestStripe_Refund_refused_for_good(t *testing.T) {
	t.Parallel()
	bank, r := paid(t)
	if err := bank.RefundAtBank(r.Charge.AttemptNo, r.Captured); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := bank.Provider().Refund(t.Context(), r); !errors.Is(err, payment.ErrRejected) {
			t.Error(err)
		}
	}
	if sent := bank.Requests(); len(sent) != 4 || sent[1].Key != r.RefundNo || sent[3].Key != r.RefundNo {
		t.Errorf("sent %+v", sent)
	}
}

func TestStripe_Refund_statuses(t *testing.T) {
	t.Parallel()
	_, r := paid(t)
	for status, want := range map[string]payment.ResultStatus{
		"pending": payment.ResultProcessing, "requires_action": payment.ResultProcessing,
		"succeeded": payment.ResultSucceeded, "failed": payment.ResultFailed, "canceled": payment.ResultFailed,
		"": "", "something_new": "",
	} {
		s := answering(t, func(w http.ResponseWriter, q *http.Request) {
			made := fmt.Sprintf(`{"id":"re_1","object":"refund","status":%q,"amount":500,"currency":"usd",`+
				`"payment_intent":%q,"metadata":{"shop":"videomall","refund_no":%q}}`, status, r.ChannelTxnNo, r.RefundNo)
			if q.Method == http.MethodGet && q.URL.Path == "/v1/refunds" {
				made = `{"object":"list","data":[],"has_more":false}`
			}
			_, _ = fmt.Fprint(w, made)
		})
		r.ChannelRefundNo = "re_1"
		for name, ask := range map[string]func() (payment.RefundResult, error){
			"refund": func() (payment.RefundResult, error) { return s.Refund(t.Context(), r) },
			"query":  func() (payment.RefundResult, error) { return s.QueryRefund(t.Context(), r.RefundRef) },
		} {
			got, err := ask()
			if got.Status != want || (err == nil) != (want != "") || want != "" && got.ChannelRefundNo != "re_1" {
				t.Errorf("%s, %q: %+v, %v", name, status, got, err)
			}
		}
	}
}

func TestStripe_Refund_refuses(t *testing.T) {
	t.Parallel()
	_, good := paid(t)
	s := answering(t, func(http.ResponseWriter, *http.Request) { t.Error("it was sent") })
	for name, change := range map[string]func(*payment.RefundRequest){
		"no number":           func(r *payment.RefundRequest) { r.RefundNo = "" },
		"a number with a gap": func(r *payment.RefundRequest) { r.RefundNo = "a b" },
		"no transaction":      func(r *payment.RefundRequest) { r.ChannelTxnNo = "" },
		"nothing":             func(r *payment.RefundRequest) { r.Amount.Amount = 0 },
		"below zero":          func(r *payment.RefundRequest) { r.Amount.Amount = -500 },
		"another currency":    func(r *payment.RefundRequest) { r.Amount.Currency = "XXX" },
	} {
		r := good
		change(&r)
		if _, err := s.Refund(t.Context(), r); !errors.Is(err, payment.ErrRejected) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Stripe's list does not have a refund yet that its key has: the refund is asked for as it is now.
func TestStripe_Refund_replayed(t *testing.T) {
	t.Parallel()
	_, r := paid(t)
	for status, want := range map[int]payment.ResultStatus{200: payment.ResultSucceeded, 404: ""} {
		s := answering(t, func(w http.ResponseWriter, q *http.Request) {
			made := `{"id":"re_1","object":"refund","status":%q,"amount":500,"currency":"usd","payment_intent":"` +
				r.ChannelTxnNo + `","metadata":{"shop":"videomall","refund_no":"` + r.RefundNo + `"}}`
			switch {
			case q.Method == http.MethodPost:
				w.Header().Set("Idempotent-Replayed", "true")
				_, _ = fmt.Fprintf(w, made, "pending")
			case q.URL.Path == "/v1/refunds":
				_, _ = fmt.Fprint(w, `{"object":"list","data":[],"has_more":false}`)
			case status == 200:
				_, _ = fmt.Fprintf(w, made, "succeeded")
			default:
				w.WriteHeader(status)
				_, _ = fmt.Fprint(w, `{"error":{"type":"invalid_request_error","code":"resource_missing"}}`)
			}
		})
		got, err := s.Refund(t.Context(), r)
		if got.Status != want {
			t.Errorf("%d: %+v, %v", status, got, err)
		}
		if status == 404 && (err == nil || errors.Is(err, payment.ErrRejected)) {
			t.Errorf("%d: %v", status, err)
		}
	}
}

// An answer about another refund than was asked for tells nothing about ours.
func TestStripe_Refund_checks_the_answer(t *testing.T) {
	t.Parallel()
	_, r := paid(t)
	good := fmt.Sprintf(`{"id":"re_1","object":"refund","status":"pending","amount":500,"currency":"usd",`+
		`"payment_intent":%q,"metadata":{"shop":"videomall","refund_no":%q}}`, r.ChannelTxnNo, r.RefundNo)
	for name, c := range map[string]struct {
		old, new string
		want     error
	}{
		"good":                {"", "", nil},
		"another number":      {r.RefundNo, "R2", errAny},
		"another transaction": {r.ChannelTxnNo, "pi_2", errAny},
		"no id":               {"re_1", "", errAny},
		"another sum":         {"500", "501", payment.ErrRejected},
		"another currency":    {"usd", "eur", payment.ErrRejected},
	} {
		list := `{"object":"list","data":[],"has_more":false}`
		s := answering(t, func(w http.ResponseWriter, q *http.Request) {
			if q.Method == http.MethodGet {
				_, _ = fmt.Fprint(w, list)
			} else {
				_, _ = fmt.Fprint(w, strings.Replace(good, c.old, c.new, 1))
			}
		})
		_, err := s.Refund(t.Context(), r)
		if errors.Is(c.want, errAny) {
			unknown(t, err)
		} else if !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
		// A refund of another shop with our number is not ours.
		list = `{"object":"list","data":[` + strings.Replace(good, "videomall", "another", 1) + `],"has_more":false}`
		if _, err := s.QueryRefund(t.Context(), r.RefundRef); !errors.Is(err, payment.ErrAbsent) {
			t.Errorf("of another shop: %v", err)
		}
	}
}

// The refund that Stripe answers with must be the one that was asked for.
func TestStripe_QueryRefund_of_another(t *testing.T) {
	t.Parallel()
	bank, r := paid(t)
	s := bank.Provider()
	made, err := s.Refund(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	r.ChannelRefundNo = made.ChannelRefundNo
	for name, change := range map[string]func(*payment.RefundRef){
		"another number":      func(r *payment.RefundRef) { r.RefundNo = "R2" },
		"another transaction": func(r *payment.RefundRef) { r.ChannelTxnNo = "pi_2" },
		"an unknown one":      func(r *payment.RefundRef) { r.ChannelRefundNo = "re_unknown" },
	} {
		ref := r.RefundRef
		change(&ref)
		if _, err := s.QueryRefund(t.Context(), ref); !errors.Is(err, payment.ErrAbsent) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// One that was made in the Dashboard has no number of ours, and may have been taken up.
	if err := bank.RefundAtBank(r.Charge.AttemptNo, money.Of(300, "USD")); err != nil {
		t.Fatal(err)
	}
	for _, sent := range bank.Notices() {
		n, err := s.ParseNotice(sent.Header, sent.Body)
		if err != nil {
			t.Fatal(err)
		}
		if n.Type == payment.RefundSucceeded {
			ref := r.RefundRef
			ref.RefundNo, ref.ChannelRefundNo = "R3", n.ChannelRefundNo
			if got, err := s.QueryRefund(t.Context(), ref); err != nil || got.Status != payment.ResultSucceeded {
				t.Errorf("%+v, %v", got, err)
			}
		}
	}
}
