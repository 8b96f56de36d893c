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
	"videomall/mall/payment/stripe/stripetest"
)

// chargeOf writes the source of a payment.
func chargeOf(id, intent, metadata string) string {
	return `{"id":"` + id + `","object":"charge","amount":1290,"amount_captured":1290,"currency":"usd",` +
		`"payment_intent":` + intent + `,"metadata":` + metadata + `}`
}

// A balance transaction of each kind, and its line.
func TestStripe_Statement_kinds(t *testing.T) {
	t.Parallel()
	const mine, other = `{"shop":"videomall","attempt_no":"A1"}`, `{"shop":"another","attempt_no":"A1"}`
	const refunded = `{"id":"re_1","object":"refund","amount":500,"currency":"usd","payment_intent":"pi_1","metadata":%s}`
	const disputed = `{"id":"dp_1","object":"dispute","amount":1290,"currency":"usd","payment_intent":%q,"metadata":{}}`
	for name, c := range map[string]struct {
		kind        string
		amount, fee int64
		currency    string
		source      string
		want        string // kind, attempt, transaction, refund, dispute, sum, fee, foreign; or error
	}{
		"a payment":               {"charge", 1290, 67, "usd", chargeOf("ch_1", `"pi_1"`, mine), "payment A1 pi_1   1290 USD 67 USD false"},
		"not by card":             {"payment", 1290, 67, "usd", chargeOf("py_1", `"pi_1"`, mine), "payment A1 pi_1   1290 USD 67 USD false"},
		"settled in another":      {"charge", 1190, 60, "eur", chargeOf("ch_1", `"pi_1"`, mine), "payment A1 pi_1   1290 USD 60 EUR false"},
		"of another shop":         {"charge", 1290, 67, "usd", chargeOf("ch_1", `"pi_2"`, other), "payment  pi_2   1290 USD 67 USD true"},
		"with no mark":            {"charge", 1290, 67, "usd", chargeOf("ch_1", `"pi_2"`, `{}`), "payment  pi_2   1290 USD 67 USD true"},
		"with no payment intent":  {"charge", 1290, 67, "usd", chargeOf("ch_1", `null`, mine), "payment     1290 USD 67 USD true"},
		"a refund":                {"refund", -500, 0, "usd", fmt.Sprintf(refunded, `{"shop":"videomall","attempt_no":"A1","refund_no":"R1"}`), "refund A1 pi_1 R1  500 USD 0 USD false"},
		"not of a card":           {"payment_refund", -500, 0, "usd", fmt.Sprintf(refunded, `{"shop":"videomall","attempt_no":"A1","refund_no":"R1"}`), "refund A1 pi_1 R1  500 USD 0 USD false"},
		"with a fee given back":   {"refund", -460, -15, "eur", fmt.Sprintf(refunded, `{}`), "refund A1 pi_1   500 USD -15 EUR false"},
		"another's refund":        {"refund", -500, 0, "usd", fmt.Sprintf(refunded, other), "refund  pi_1   500 USD 0 USD true"},
		"a refund that came back": {"refund_failure", 500, 0, "usd", fmt.Sprintf(refunded, `{"shop":"videomall","attempt_no":"A1","refund_no":"R1"}`), "refund_returned A1 pi_1 R1  500 USD 0 USD false"},
		"as an adjustment":        {"adjustment", 500, 0, "usd", fmt.Sprintf(refunded, `{}`), "refund_returned A1 pi_1   500 USD 0 USD false"},
		"a dispute":               {"adjustment", -1290, 1500, "usd", fmt.Sprintf(disputed, "pi_1"), "dispute A1 pi_1  dp_1 1290 USD 1500 USD false"},
		"another's dispute":       {"adjustment", -1290, 1500, "usd", fmt.Sprintf(disputed, "pi_2"), "dispute  pi_2  dp_1 1290 USD 1500 USD true"},
		"a dispute won":           {"adjustment", 1190, 0, "eur", fmt.Sprintf(disputed, "pi_1"), "dispute_won A1 pi_1  dp_1 1290 USD 0 EUR false"},
		"a debit sent back":       {"payment_failure_refund", -1290, 0, "usd", chargeOf("py_1", `"pi_1"`, mine), "debit A1 pi_1   1290 USD 0 USD false"},
		"an adjustment":           {"adjustment", 77, 0, "usd", `null`, "credit     77 USD 0 USD false"},
		"a payout":                {"payout", -5000000000000, 0, "usd", `{"id":"po_1","object":"payout"}`, "debit     5000000000000 USD 0 USD false"},
		"a fee of the account":    {"stripe_fee", -200, 0, "usd", `null`, "debit     200 USD 0 USD false"},
		"a fee beside nothing":    {"something", 0, 9, "usd", `null`, "debit     9 USD 0 USD false"},
		"a source by name":        {"charge", 1290, 67, "usd", `"ch_1"`, "credit     1290 USD 67 USD false"},
		"nothing":                 {"something", 0, 0, "usd", `null`, ""},
		"a currency":              {"charge", 1290, 67, "xxx", chargeOf("ch_1", `"pi_1"`, mine), "error"},
		"another currency":        {"charge", 1290, 67, "eur", strings.Replace(chargeOf("ch_1", `"pi_1"`, mine), "usd", "xxx", 1), "error"},
		"a sum beyond reason":     {"charge", 1 << 60, 67, "usd", chargeOf("ch_1", `"pi_1"`, mine), "error"},
		"a source that is none":   {"charge", 1290, 67, "usd", `{"object":7}`, "error"},
		"an unknown payment":      {"adjustment", -1290, 1500, "usd", fmt.Sprintf(disputed, "pi_3"), "error"},
	} {
		s := answering(t, func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/v1/payment_intents/pi_1":
				_, _ = fmt.Fprintf(w, `{"id":"pi_1","metadata":%s}`, mine)
			case "/v1/payment_intents/pi_2":
				_, _ = fmt.Fprintf(w, `{"id":"pi_2","metadata":%s}`, other)
			case "/v1/balance_transactions":
				_, _ = fmt.Fprintf(w, `{"object":"list","has_more":false,"data":[{"id":"txn_1","type":%q,"amount":%d,`+
					`"fee":%d,"currency":%q,"created":1774612345,"source":%s}]}`, c.kind, c.amount, c.fee, c.currency, c.source)
			default:
				w.WriteHeader(http.StatusNotFound)
				_, _ = fmt.Fprint(w, `{"error":{"type":"invalid_request_error","code":"resource_missing"}}`)
			}
		}, func(o *stripe.Options) { o.Now = func() time.Time { return start.Add(48 * time.Hour) } })
		got := ""
		for l, err := range s.Statement(t.Context(), start) {
			if err != nil {
				got += "error"
				continue
			}
			if l.At.Unix() != 1774612345 {
				t.Errorf("%s: at %s", name, l.At)
			}
			got += fmt.Sprintf("%s %s %s %s %s %s %s %t", l.Kind, l.AttemptNo, l.ChannelTxnNo, l.RefundNo, l.DisputeNo,
				l.Amount, l.Fee, l.Foreign)
		}
		if got != c.want {
			t.Errorf("%s:\n got %q\nwant %q", name, got, c.want)
		}
	}
}

// A day of more than a page is read page by page, and no further than it is wanted.
func TestStripe_Statement_pages(t *testing.T) {
	t.Parallel()
	bank := open(t)
	s := bank.Provider()
	for n := range 230 {
		r := request()
		r.AttemptNo = fmt.Sprintf("01HATTEMPT%016d", n)
		if _, err := s.Create(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		if err := bank.Pay(r.AttemptNo, paymenttest.Payment{}); err != nil {
			t.Fatal(err)
		}
	}
	bank.Advance(24 * time.Hour)
	bank.Requests()
	seen := map[string]bool{}
	for l, err := range s.Statement(t.Context(), start) {
		if err != nil {
			t.Fatal(err)
		}
		seen[l.AttemptNo] = true
	}
	if n := len(bank.Requests()); len(seen) != 230 || n != 3 {
		t.Errorf("%d lines in %d requests", len(seen), n)
	}
	for range s.Statement(t.Context(), start) {
		break
	}
	if n := len(bank.Requests()); n != 1 {
		t.Errorf("one line took %d requests", n)
	}
	// The second page is lost.
	lines, failed := 0, false
	for _, err := range s.Statement(t.Context(), start) {
		if lines++; lines == 100 {
			bank.Fault(paymenttest.FaultUnavailable)
		}
		failed = failed || err != nil
	}
	if lines != 101 || !failed {
		t.Errorf("%d lines, failed: %t", lines, failed)
	}
}

// Of a shared account only our sales are ours; refunds and disputes have no mark, and are asked about once per payment.
func TestStripe_Statement_of_a_shared_account(t *testing.T) {
	t.Parallel()
	bank, r := paid(t)
	s := bank.Provider()
	if err := bank.Foreign(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := bank.RefundAtBank(r.Charge.AttemptNo, money.Of(100, "USD")); err != nil {
			t.Fatal(err)
		}
	}
	if err := bank.RefundAtBank("theirs-1", money.Of(100, "USD")); err != nil {
		t.Fatal(err)
	}
	if err := bank.Dispute(r.Charge.AttemptNo, payment.DisputeFundsWithdrawn); err != nil {
		t.Fatal(err)
	}
	bank.Advance(24 * time.Hour)
	bank.Requests()
	mine, theirs := map[string]int{}, map[string]int{}
	for l, err := range s.Statement(t.Context(), start) {
		if err != nil {
			t.Fatal(err)
		}
		if l.Foreign {
			theirs[l.Kind]++
		} else {
			mine[l.Kind]++
		}
		if l.Foreign != (l.AttemptNo == "") && l.ChannelTxnNo != "" {
			t.Errorf("line %+v", l)
		}
	}
	if got := fmt.Sprint(mine, theirs); got != "map[debit:2 dispute:1 payment:1 refund:2] map[payment:1 refund:2]" {
		t.Error(got)
	}
	if n := len(bank.Requests()); n != 3 {
		t.Errorf("%d requests", n)
	}
}

func TestStripe_Statement_when(t *testing.T) {
	t.Parallel()
	midnight := time.Date(2026, 3, 28, 0, 0, 0, 0, time.UTC)
	for now, ready := range map[time.Time]bool{
		midnight: false, midnight.Add(time.Hour - time.Second): false, midnight.Add(time.Hour): true,
	} {
		bank := stripetest.New(stripetest.Options{Now: func() time.Time { return now }})
		defer bank.Close()
		var got error
		// Where it is the 28th already, the day is still the 27th of UTC.
		for _, err := range bank.Provider().Statement(t.Context(), start.In(time.FixedZone("", 14*60*60))) {
			got = err
		}
		if ready && got != nil || !ready && !errors.Is(got, payment.ErrNoStatement) {
			t.Errorf("%s: %v", now, got)
		}
		for _, sent := range bank.Requests() {
			if sent.Form["created[gte]"] != fmt.Sprint(midnight.AddDate(0, 0, -1).Unix()) ||
				sent.Form["created[lt]"] != fmt.Sprint(midnight.Unix()) {
				t.Errorf("sent %+v", sent)
			}
		}
	}
}
