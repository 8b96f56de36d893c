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

// chargeOf, refundOf and disputeOf write the sources of balance transactions.
func chargeOf(intent, metadata string) string {
	return `{"id":"ch_1","object":"charge","amount":1290,"amount_captured":1290,"currency":"usd","payment_intent":` +
		intent + `,"metadata":` + metadata + `}`
}

func refundOf(metadata string) string {
	return `{"id":"re_1","object":"refund","amount":500,"currency":"usd","payment_intent":"pi_1","metadata":` +
		metadata + `}`
}

func disputeOf(intent string) string {
	return `{"id":"dp_1","object":"dispute","amount":1290,"currency":"usd","payment_intent":"` + intent +
		`","metadata":{}}`
}

// A balance transaction of each kind, and its line.
func TestStripe_Statement_kinds(t *testing.T) {
	t.Parallel()
	const (
		mine   = `{"shop":"videomall","attempt_no":"A1"}`
		other  = `{"shop":"another","attempt_no":"A1"}`
		asked  = `{"shop":"videomall","attempt_no":"A1","refund_no":"R1"}`
		pi1    = `"pi_1"`
		payout = `{"id":"po_1","object":"payout"}`
	)
	paid := chargeOf(pi1, mine)
	for name, c := range map[string]struct {
		kind        string
		amount, fee int64
		currency    string
		source      string
		want        string // kind, attempt, transaction, refund, dispute, sum, fee, foreign; or error
	}{
		"a payment":         {"charge", 1290, 67, "usd", paid, "payment A1 pi_1   1290 USD 67 USD false"},
		"not by card":       {"payment", 1290, 67, "usd", paid, "payment A1 pi_1   1290 USD 67 USD false"},
		"settled in EUR":    {"charge", 1190, 60, "eur", paid, "payment A1 pi_1   1290 USD 60 EUR false"},
		"another's":         {"charge", 1290, 67, "usd", chargeOf(`"pi_2"`, other), "payment  pi_2   1290 USD 67 USD true"},
		"without mark":      {"charge", 1290, 67, "usd", chargeOf(`"pi_2"`, `{}`), "payment  pi_2   1290 USD 67 USD true"},
		"without intent":    {"charge", 1290, 67, "usd", chargeOf(`null`, mine), "payment     1290 USD 67 USD true"},
		"a refund":          {"refund", -500, 0, "usd", refundOf(asked), "refund A1 pi_1 R1  500 USD 0 USD false"},
		"not of a card":     {"payment_refund", -500, 0, "usd", refundOf(asked), "refund A1 pi_1 R1  500 USD 0 USD false"},
		"a fee comes back":  {"refund", -460, -15, "eur", refundOf(`{}`), "refund A1 pi_1   500 USD -15 EUR false"},
		"another's refund":  {"refund", -500, 0, "usd", refundOf(other), "refund  pi_1   500 USD 0 USD true"},
		"it came back":      {"refund_failure", 500, 0, "usd", refundOf(asked), "refund_returned A1 pi_1 R1  500 USD 0 USD false"},
		"as an adjustment":  {"adjustment", 500, 0, "usd", refundOf(`{}`), "refund_returned A1 pi_1   500 USD 0 USD false"},
		"a dispute":         {"adjustment", -1290, 1500, "usd", disputeOf("pi_1"), "dispute A1 pi_1  dp_1 1290 USD 1500 USD false"},
		"another's dispute": {"adjustment", -1290, 1500, "usd", disputeOf("pi_2"), "dispute  pi_2  dp_1 1290 USD 1500 USD true"},
		"a dispute won":     {"adjustment", 1190, 0, "eur", disputeOf("pi_1"), "dispute_won A1 pi_1  dp_1 1290 USD 0 EUR false"},
		"sent back":         {"payment_failure_refund", -1290, 0, "usd", paid, "debit A1 pi_1   1290 USD 0 USD false"},
		"an adjustment":     {"adjustment", 77, 0, "usd", `null`, "credit     77 USD 0 USD false"},
		"a payout":          {"payout", -5000000000000, 0, "usd", payout, "debit     5000000000000 USD 0 USD false"},
		"a fee":             {"stripe_fee", -200, 0, "usd", `null`, "debit     200 USD 0 USD false"},
		"a fee alone":       {"something", 0, 9, "usd", `null`, "debit     9 USD 0 USD false"},
		"a named source":    {"charge", 1290, 67, "usd", `"ch_1"`, "credit     1290 USD 67 USD false"},
		"nothing":           {"something", 0, 0, "usd", `null`, ""},
		"a currency":        {"charge", 1290, 67, "xxx", paid, "error"},
		"a bad currency":    {"charge", 1290, 67, "eur", strings.Replace(paid, "usd", "xxx", 1), "error"},
		"a huge sum":        {"charge", 1 << 60, 67, "usd", paid, "error"},
		"a bad source":      {"charge", 1290, 67, "usd", `{"object":7}`, "error"},
		"whose?":            {"adjustment", -1290, 1500, "usd", disputeOf("pi_3"), "error"},
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
