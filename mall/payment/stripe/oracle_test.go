package stripe_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"videomall/mall/payment/paymenttest"
	"videomall/mall/payment/stripe"
	"videomall/mall/payment/stripe/stripetest"
	"videomall/test/nodetest"
)

// job is what Stripe's own library for Node is asked, and result what it answers: see testdata/oracle.mjs.
type job struct {
	Do         string `json:"do"`
	Payload    string `json:"payload"`
	Header     string `json:"header,omitempty"`
	Secret     string `json:"secret"`
	Timestamp  int64  `json:"timestamp,omitempty"`
	Scheme     string `json:"scheme,omitempty"`
	ReceivedAt int64  `json:"receivedAt,omitempty"`
}

type result struct {
	Header, Type, ID, Error string
}

// oracle asks the library.
func oracle(t *testing.T, jobs ...job) (results []result) {
	t.Helper()
	if nodetest.Ask(t, "stripe", jobs, &results); len(results) != len(jobs) {
		t.Fatalf("%d results of %d jobs", len(results), len(jobs))
	}
	return results
}

// Stripe's library signs as we do, and we accept what it signs.
func TestSign_as_the_library_of_Stripe(t *testing.T) {
	t.Parallel()
	at := start.Unix()
	golden, header := goldenEvent(t)
	payloads := []string{golden, event("evt_1", "payout.paid", `{"name":"北境之光 & <b>é</b>\u2028"}`, "")}
	var jobs []job
	for _, p := range payloads {
		jobs = append(jobs,
			job{Do: "sign", Payload: p, Secret: stripetest.WebhookSecret, Timestamp: at},
			job{Do: "sign", Payload: p, Secret: "whsec_anotherSecret", Timestamp: at},
			job{Do: "sign", Payload: p, Secret: stripetest.WebhookSecret, Timestamp: at, Scheme: "v0"},
		)
	}
	results := oracle(t, jobs...)
	if results[0].Header != header {
		t.Errorf("the library signs %q, testdata has %q", results[0].Header, header)
	}
	s := open(t).Provider()
	for i, p := range payloads {
		good, other, v0 := results[3*i].Header, results[3*i+1].Header, results[3*i+2].Header
		if ours := stripe.Sign(start, []byte(p), stripetest.WebhookSecret); ours != good {
			t.Errorf("we sign %q, the library %q", ours, good)
		}
		_, otherSum, _ := strings.Cut(other, ",")
		_, goodSum, _ := strings.Cut(good, ",")
		for header, accepted := range map[string]bool{
			good: true, other: false, v0: false, good + "," + otherSum: true, other + "," + goodSum: true,
		} {
			h := http.Header{stripe.SignatureHeader: {header}}
			if _, err := s.ParseNotice(h, []byte(p)); (err == nil) != accepted {
				t.Errorf("%s: %v, want accepted: %t", header, err, accepted)
			}
		}
	}
}

// Stripe's library accepts what the stand-in signs, and refuses it changed, late or under another secret.
func TestServer_signs_as_Stripe(t *testing.T) {
	t.Parallel()
	bank := open(t)
	r := request()
	if _, err := bank.Provider().Create(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if err := bank.Pay(r.AttemptNo, paymenttest.Payment{}); err != nil {
		t.Fatal(err)
	}
	sent := bank.Notices()[0]
	good := job{
		Do: "verify", Payload: string(sent.Body), Header: sent.Header.Get(stripe.SignatureHeader),
		Secret: stripetest.WebhookSecret, ReceivedAt: start.Unix(),
	}
	changed, late, other := good, good, good
	changed.Payload = strings.Replace(good.Payload, "1290", "1291", 1)
	late.ReceivedAt += int64(stripe.Tolerance/time.Second) + 1
	other.Secret = "whsec_anotherSecret"
	results := oracle(t, good, changed, late, other)
	if results[0].Type != "checkout.session.completed" || results[0].Error != "" {
		t.Errorf("the library reads %+v", results[0])
	}
	for i, r := range results[1:] {
		if r.Error == "" {
			t.Errorf("%d: the library accepts it", i)
		}
	}
}
