package stripe_test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"videomall/mall/payment"
	"videomall/mall/payment/stripe"
	"videomall/mall/payment/stripe/stripetest"
)

// goldenEvent returns an event and the header with which Stripe's library has signed it at start.
func goldenEvent(t *testing.T) (body, header string) {
	t.Helper()
	raw, err := os.ReadFile("testdata/event.json")
	if err != nil {
		t.Fatal(err)
	}
	signed, err := os.ReadFile("testdata/event.signature")
	if err != nil {
		t.Fatal(err)
	}
	return string(raw), strings.TrimSpace(string(signed))
}

// event writes an event at start. previous may be empty.
func event(id, kind, about, previous string) string {
	if previous != "" {
		previous = `,"previous_attributes":` + previous
	}
	return fmt.Sprintf(`{"id":%q,"object":"event","api_version":%q,"created":%d,"data":{"object":%s%s},`+
		`"livemode":false,"pending_webhooks":1,"request":{"id":null,"idempotency_key":null},"type":%q}`,
		id, stripe.Version, start.Unix(), about, previous, kind)
}

func parse(s payment.Provider, body string) (payment.Notice, error) {
	h := http.Header{}
	h.Set(stripe.SignatureHeader, stripe.Sign(start, []byte(body), stripetest.WebhookSecret))
	return s.ParseNotice(h, []byte(body))
}

const ours = `"metadata":{"shop":"videomall","attempt_no":"A1"}`

func sessionWith(status, paymentStatus, more string) string {
	return `{"id":"cs_1","object":"checkout.session","livemode":false,"status":"` + status + `","payment_status":"` +
		paymentStatus + `","client_reference_id":"A1","amount_total":1290,"currency":"usd","payment_intent":"pi_1",` +
		more + `}`
}

func refundWith(status, more string) string {
	return `{"id":"re_1","object":"refund","status":"` + status + `","amount":500,"currency":"usd","charge":"ch_1",` +
		`"payment_intent":"pi_1",` + more + `}`
}

func disputeWith(status string, movements ...string) string {
	return `{"id":"dp_1","object":"dispute","status":"` + status + `","reason":"fraudulent","amount":1290,` +
		`"currency":"usd","charge":"ch_1","payment_intent":"pi_1","evidence_details":{"due_by":1775000000},` +
		`"metadata":{},"balance_transactions":[` + strings.Join(movements, ",") + `]}`
}

const (
	taken   = `{"id":"txn_1","amount":-1290,"fee":1500,"currency":"usd","created":10,"source":"dp_1"}`
	given   = `{"id":"txn_2","amount":1000,"fee":0,"currency":"usd","created":20,"source":"dp_1"}`
	settled = `{"id":"txn_3","amount":-9300,"fee":0,"currency":"cny","created":30,"source":"dp_1"}`
	warned  = `{"id":"issfr_1","object":"radar.early_fraud_warning","charge":"ch_1","payment_intent":"pi_1",` +
		`"fraud_type":"made_with_lost_card","actionable":true}`
	dashboard = `"metadata":{}`
	made      = `"metadata":{"shop":"videomall","attempt_no":"A1","refund_no":"R1"}`
	theirs    = `"metadata":{"shop":"another","attempt_no":"A1","refund_no":"R1"}`
)

// The events that mean something to us, and those that don't.
func TestStripe_ParseNotice_events(t *testing.T) {
	t.Parallel()
	s := open(t).Provider()
	const (
		hasPaid, hasFailed = "payment.succeeded A1 pi_1   1290 USD ", "payment.failed A1 pi_1   1290 USD "
		hasRefunded        = "refund.succeeded A1 pi_1 R1 re_1 500 USD "
		hasNotRefunded     = "refund.failed A1 pi_1 R1 re_1 500 USD "
		whole, part        = "  pi_1   1290 USD dp_1 fraudulent 1775000000", "  pi_1   1000 USD dp_1 fraudulent 1775000000"
	)
	for _, c := range []struct {
		kind, about, previous string
		want                  string // type, attempt, transaction, refund, its number there, sum, dispute
	}{
		{"checkout.session.completed", sessionWith("complete", "paid", ours), "", hasPaid},
		{"checkout.session.completed", sessionWith("complete", "unpaid", ours), "", ""},
		{"checkout.session.completed", sessionWith("complete", "paid", theirs), "", ""},
		{"checkout.session.completed", sessionWith("complete", "paid", `"metadata":null`), "", ""},
		{"checkout.session.async_payment_succeeded", sessionWith("complete", "paid", ours), "", hasPaid},
		{"checkout.session.async_payment_failed", sessionWith("complete", "unpaid", ours), "", hasFailed},
		{"checkout.session.expired", sessionWith("expired", "unpaid", ours), "", hasFailed},

		{"refund.created", refundWith("succeeded", made), "", hasRefunded},
		{"refund.created", refundWith("pending", made), "", ""},
		{"refund.created", refundWith("succeeded", dashboard), "", "refund.succeeded  pi_1  re_1 500 USD "},
		{"refund.created", refundWith("succeeded", theirs), "", ""},
		{"refund.created", refundWith("failed", made), "", ""}, // refund.failed tells it
		{"refund.updated", refundWith("succeeded", made), `{"status":"pending"}`, hasRefunded},
		{"refund.updated", refundWith("succeeded", made), `{"destination_details":{"card":{}}}`, ""},
		{"refund.updated", refundWith("failed", made), `{"status":"succeeded"}`, ""},
		{"refund.updated", refundWith("canceled", made), `{"status":"requires_action"}`, hasNotRefunded},
		{"refund.updated", refundWith("requires_action", made), `{"status":"pending"}`, ""},
		{"refund.failed", refundWith("failed", made), "", hasNotRefunded},
		{"charge.refunded", refundWith("succeeded", made), "", ""},
		{"charge.refund.updated", refundWith("succeeded", made), `{"status":"pending"}`, ""},

		{"charge.dispute.created", disputeWith("needs_response"), "", "dispute.opened" + whole},
		{"charge.dispute.created", disputeWith("warning_needs_response"), "", "dispute.warning" + whole},
		{"charge.dispute.created", disputeWith("prevented"), "", "dispute.warning" + whole},
		{"charge.dispute.updated", disputeWith("under_review"), `{"status":"needs_response"}`, ""},
		{"charge.dispute.updated", disputeWith("needs_response"), `{"evidence":{}}`, ""},
		{
			"charge.dispute.updated", disputeWith("needs_response"), `{"status":"warning_under_review"}`,
			"dispute.opened" + whole,
		},
		{"charge.dispute.updated", disputeWith("warning_under_review"), `{"status":"warning_needs_response"}`, ""},
		{"charge.dispute.closed", disputeWith("won", taken), "", "dispute.won" + whole},
		{"charge.dispute.closed", disputeWith("lost", taken), "", "dispute.lost" + whole},
		{"charge.dispute.closed", disputeWith("warning_closed"), "", "dispute.won" + whole},
		{"charge.dispute.funds_withdrawn", disputeWith("needs_response", taken), "", "dispute.funds_withdrawn" + whole},
		{"charge.dispute.funds_withdrawn", disputeWith("needs_response", settled), "", "dispute.funds_withdrawn" + whole},
		{"charge.dispute.funds_reinstated", disputeWith("won", taken, given), "", "dispute.funds_reinstated" + part},
		{"charge.dispute.created", strings.Replace(disputeWith("needs_response"), `"pi_1"`, "null", 1), "", ""},
		{"radar.early_fraud_warning.created", warned, "", "dispute.warning  pi_1   0  issfr_1 made_with_lost_card 0"},

		{"payment_intent.succeeded", `{"id":"pi_1","object":"payment_intent",` + ours + `}`, "", ""},
		{"account.updated", `{"id":"acct_1"}`, `{"status":{"deep":1}}`, ""},
		{"something.new", `[1,2]`, "", ""},
	} {
		n, err := parse(s, event("evt_1", c.kind, c.about, c.previous))
		if err != nil {
			t.Errorf("%s: %v", c.kind, err)
			continue
		}
		if n.EventID != "evt_1" || n.Provider != "stripe" || !n.OccurredAt.Equal(start) || len(n.Raw) == 0 {
			t.Errorf("%s: envelope %+v", c.kind, n)
		}
		got := ""
		if n.Type != payment.Foreign {
			got = fmt.Sprintf("%s %s %s %s %s %s ", n.Type, n.AttemptNo, n.ChannelTxnNo, n.RefundNo, n.ChannelRefundNo, n.Amount)
		}
		if n.Dispute != nil {
			due := int64(0)
			if !n.Dispute.EvidenceDue.IsZero() {
				due = n.Dispute.EvidenceDue.Unix()
			}
			got += fmt.Sprintf("%s %s %d", n.Dispute.DisputeNo, n.Dispute.Reason, due)
		}
		if got != c.want {
			t.Errorf("%s %s\n got %q\nwant %q", c.kind, c.about, got, c.want)
		}
		if strings.HasPrefix(c.kind, "checkout.") && got != "" && n.ProviderRef != "cs_1" {
			t.Errorf("%s: session %q", c.kind, n.ProviderRef)
		}
	}
}

// A notice that is signed but isn't as documented is refused whole.
func TestStripe_ParseNotice_malformed(t *testing.T) {
	t.Parallel()
	s := open(t).Provider()
	good := event("evt_1", "checkout.session.completed", sessionWith("complete", "paid", ours), "")
	if _, err := parse(s, good); err != nil {
		t.Fatal(err)
	}
	swap := func(old, new string) string {
		t.Helper()
		if !strings.Contains(good, old) {
			t.Fatalf("%q is not in %s", old, good)
		}
		return strings.Replace(good, old, new, 1)
	}
	refundFailed := func(old, new string) string {
		return event("evt_1", "refund.failed", strings.Replace(refundWith("failed", made), old, new, 1), "")
	}
	disputed := func(old, new string) string {
		body := strings.Replace(disputeWith("lost", taken), old, new, 1)
		return event("evt_1", "charge.dispute.funds_withdrawn", body, "")
	}
	for name, body := range map[string]string{
		"nothing":                      "",
		"no JSON":                      "{",
		"two values":                   good + good,
		"a list":                       "[" + good + "]",
		"no id":                        swap(`"evt_1"`, `""`),
		"an id with spaces":            swap(`"evt_1"`, `"evt 1"`),
		"no time":                      swap(`"created"`, `"creation"`),
		"a time before all times":      swap(fmt.Sprint(start.Unix()), "-1"),
		"a time after all times":       swap(fmt.Sprint(start.Unix()), "9223372036854775807"),
		"a thin event":                 swap(`"object":"event"`, `"object":"v2.core.event"`),
		"another release train":        swap(stripe.Version, "2026-10-28.endive"),
		"an old version":               swap(stripe.Version, "2024-06-20"),
		"no version":                   swap(`"`+stripe.Version+`"`, "null"),
		"live":                         swap(`"livemode":false,"pending`, `"livemode":true,"pending`),
		"neither live nor test":        swap(`"livemode":false,"pending`, `"pending`),
		"a name twice":                 swap(`"type"`, `"type":"payout.paid","type"`),
		"a name in other letters":      swap(`"type"`, `"Type":"payout.paid","type"`),
		"a name twice in the object":   swap(`"amount_total":1290`, `"amount_total":1290,"amount_total":1`),
		"another case in the object":   swap(`"amount_total":1290`, `"amount_total":1290,"Amount_Total":1`),
		"a sum below zero":             swap(`"amount_total":1290`, `"amount_total":-1290`),
		"a sum of zero":                swap(`"amount_total":1290`, `"amount_total":0`),
		"no sum":                       swap(`"amount_total":1290,`, ``),
		"a huge sum":                   swap(`"amount_total":1290`, `"amount_total":1000000000001`),
		"a sum beyond int64":           swap(`"amount_total":1290`, `"amount_total":92233720368547758080`),
		"a sum with a fraction":        swap(`"amount_total":1290`, `"amount_total":12.9`),
		"a sum as text":                swap(`"amount_total":1290`, `"amount_total":"1290"`),
		"an unknown currency":          swap(`"usd"`, `"xxx"`),
		"a currency in capitals":       swap(`"usd"`, `"USD"`),
		"another object":               swap(`"checkout.session",`, `"setup_intent",`),
		"another attempt in the mark":  swap(`"attempt_no":"A1"`, `"attempt_no":"A2"`),
		"an attempt with a line break": strings.ReplaceAll(good, `"A1"`, `"A\n1"`),
		"paid without a payment":       swap(`"payment_intent":"pi_1"`, `"payment_intent":null`),
		"a payment with a space":       swap(`"pi_1"`, `"pi 1"`),
		"a payment that is a number":   swap(`"pi_1"`, `7`),
		"nothing to pay":               swap(`"payment_status":"paid"`, `"payment_status":"no_payment_required"`),
		"metadata that is no text":     swap(`"attempt_no":"A1"`, `"attempt_no":1`),
		"ended although it is paid":    event("evt_1", "checkout.session.expired", sessionWith("complete", "paid", ours), ""),
		"late and unpaid": event("evt_1", "checkout.session.async_payment_succeeded",
			sessionWith("complete", "unpaid", ours), ""),
		"a refund of an unknown status":  event("evt_1", "refund.created", refundWith("lost", made), ""),
		"a failure that is none":         event("evt_1", "refund.failed", refundWith("succeeded", made), ""),
		"a refund below zero":            refundFailed("500", "-500"),
		"a refund with a strange number": refundFailed("R1", "R 1"),
		"a refund that is no refund":     refundFailed(`"refund"`, `"charge"`),
		"a change that is no object":     event("evt_1", "refund.updated", refundWith("succeeded", made), `"status"`),
		"a dispute closed but not":       event("evt_1", "charge.dispute.closed", disputeWith("under_review"), ""),
		"a dispute over nothing":         disputed("1290", "0"),
		"a dispute due before all times": disputed("1775000000", "-5"),
		"a huge movement":                disputed("-1290", "-9000000000000"),
		"a warning that is no warning":   event("evt_1", "radar.early_fraud_warning.created", refundWith("failed", made), ""),
		"an object that is none":         event("evt_1", "checkout.session.completed", `"cs_1"`, ""),
		"no object":                      event("evt_1", "checkout.session.completed", `null`, ""),
	} {
		n, err := parse(s, body)
		if !errors.Is(err, payment.ErrMalformedNotice) {
			t.Errorf("%s: %+v, %v", name, n, err)
		}
		if n.Type != "" {
			t.Errorf("%s: a refused notice has the type %s", name, n.Type)
		}
	}
	for size, fits := range map[int]bool{payment.MaxNotice: true, payment.MaxNotice + 1: false} {
		body := good + strings.Repeat(" ", size-len(good))
		if _, err := parse(s, body); fits != (err == nil) {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
	if _, err := parse(s, swap(stripe.Version, "2026-08-26.dahlia")); err != nil {
		t.Errorf("a later date of the same release: %v", err)
	}
	if n, err := parse(s, swap(`"type"`, `"account":"acct_1","type"`)); err != nil || n.Type != payment.Foreign {
		t.Errorf("of a connected account: %+v, %v", n, err)
	}
}

func TestStripe_ParseNotice_signature(t *testing.T) {
	t.Parallel()
	body, header := goldenEvent(t)
	if got := stripe.Sign(start, []byte(body), stripetest.WebhookSecret); got != header {
		t.Errorf("signed %q, want %q", got, header)
	}
	sum := strings.TrimPrefix(header, fmt.Sprintf("t=%d,v1=", start.Unix()))
	now := start
	s := answering(t, nil, func(o *stripe.Options) {
		o.Now = func() time.Time { return now }
		o.WebhookSecrets = []string{"whsec_replacement1", stripetest.WebhookSecret}
	})
	unix := fmt.Sprint(start.Unix())
	zeros := strings.Repeat("0", 64)
	for header, good := range map[string]bool{
		header:                      true,
		"t=" + unix + ", v1=" + sum: true,
		header + ",v1=" + zeros:     true,
		"t=" + unix + ",v1=" + zeros + ",v1=" + sum + ",v0=" + zeros: true,
		"v1=" + sum + ",t=" + unix:                                   true,
		header + ",t=" + unix:                                        false,
		"t=1," + header:                                              false,
		"t=" + unix + ",v1=" + zeros:                                 false,
		"t=" + unix + ",v0=" + sum:                                   false,
		"t=" + unix + ",v1=" + sum[:62]:                              false,
		"t=" + unix + ",v1=":                                         false,
		"t=" + unix:                                                  false,
		"v1=" + sum:                                                  false,
		"t=,v1=" + sum:                                               false,
		"t=0" + unix + ",v1=" + sum:                                  false,
		"t=" + unix + ".0,v1=" + sum:                                 false,
		"":                                                           false,
		header + strings.Repeat(",v1="+zeros, 40):                    false,
	} {
		_, err := s.ParseNotice(http.Header{stripe.SignatureHeader: {header}}, []byte(body))
		if good && err != nil || !good && !errors.Is(err, payment.ErrBadSignature) {
			t.Errorf("%.100s: %v, want good: %t", header, err, good)
		}
	}
	if _, err := s.ParseNotice(http.Header{stripe.SignatureHeader: {header, header}}, []byte(body)); err == nil {
		t.Error("two headers were accepted")
	}
	for _, move := range []time.Duration{-301, -300, 300, 301} {
		now = start.Add(move * time.Second)
		_, err := s.ParseNotice(http.Header{stripe.SignatureHeader: {header}}, []byte(body))
		if good := move.Abs() == 300; good != (err == nil) {
			t.Errorf("%d s: %v", move, err)
		}
	}
	now = start
	for _, far := range []string{"-9223372036854775808", "9223372036854775807"} {
		h := http.Header{stripe.SignatureHeader: {"t=" + far + ",v1=" + sum}}
		if _, err := s.ParseNotice(h, []byte(body)); !errors.Is(err, payment.ErrBadSignature) {
			t.Errorf("t=%s: %v", far, err)
		}
	}
}

func TestStripe_Acknowledge(t *testing.T) {
	t.Parallel()
	s := open(t).Provider()
	for err, want := range map[error]int{
		nil: 200, payment.ErrBadSignature: 400, payment.ErrMalformedNotice.Because("x"): 400,
		payment.ErrProviderDown: 500, errors.New("x"): 500,
	} {
		if got := s.Acknowledge(err); got.Status != want {
			t.Errorf("%v: %d", err, got.Status)
		}
	}
}

func TestEventTypes(t *testing.T) {
	t.Parallel()
	list := stripe.EventTypes()
	if len(list) != 13 || !slices.IsSorted(list) || slices.Contains(list, "charge.refunded") {
		t.Errorf("%q", list)
	}
}
