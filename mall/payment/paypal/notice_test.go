package paypal_test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"videomall/mall/money"
	"videomall/mall/payment"
	"videomall/mall/payment/paypal"
	"videomall/mall/payment/paypal/paypaltest"
)

func file(t testing.TB, name string) string {
	t.Helper()
	raw, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// A notice whose CRC was computed by zlib and whose signature was made by OpenSSL.
func TestPayPal_ParseNotice_golden(t *testing.T) {
	t.Parallel()
	bank := open(t)
	body := file(t, "captured.json")
	const id, at = "69cd13f0-d67a-11e5-baa3-778b53f4ae55", "2026-03-27T12:03:59Z"
	if got := string(paypal.Signed(id, at, paypaltest.WebhookID, []byte(body))); got != file(t, "signed.txt") {
		t.Errorf("signed is %s", got)
	}
	h := http.Header{}
	for name, value := range map[string]string{
		"PAYPAL-TRANSMISSION-ID": id, "PAYPAL-TRANSMISSION-TIME": at,
		"PAYPAL-TRANSMISSION-SIG": file(t, "captured.signature"), "PAYPAL-AUTH-ALGO": "SHA256withRSA",
		"PAYPAL-CERT-URL": bank.URL() + "/v1/notifications/certs/CERT-360caa42-fca2a594-1d93a270",
	} {
		h.Set(name, value)
	}
	n, err := bank.Provider().ParseNotice(h, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	n.Raw = nil
	want := payment.Notice{
		Provider:     "paypal",
		EventID:      "WH-58D329510W468432D-8HN650336L201105X",
		Type:         payment.PaymentSucceeded,
		AttemptNo:    "01HATTEMPT0000000000000001",
		ProviderRef:  "5O190127TN364715T",
		ChannelTxnNo: "42311647XV020574X",
		Amount:       money.Of(1290, "USD"),
		OccurredAt:   time.Date(2026, 3, 27, 12, 3, 58, 514e6, time.UTC),
	}
	if fmt.Sprint(n) != fmt.Sprint(want) {
		t.Errorf("got  %+v\nwant %+v", n, want)
	}
}

// parse signs a body as PayPal does and parses it.
func parse(bank *paypaltest.Server, body string) (payment.Notice, error) {
	return bank.Provider().ParseNotice(bank.Header([]byte(body), bank.Now(), paypaltest.WebhookID), []byte(body))
}

// PayPal repeats a notice for three days, perhaps with the time of its first transmission: it must not be lost.
func TestPayPal_ParseNotice_time(t *testing.T) {
	t.Parallel()
	bank := open(t)
	body := []byte(file(t, "captured.json"))
	for ago, good := range map[time.Duration]bool{
		0: true, 3*24*time.Hour + 12*time.Hour: true, 4*24*time.Hour + time.Second: false, -4 * time.Minute: true,
		-6 * time.Minute: false, 100 * 365 * 24 * time.Hour: false,
	} {
		h := bank.Header(body, bank.Now().Add(-ago), paypaltest.WebhookID)
		if _, err := bank.Provider().ParseNotice(h, body); (err == nil) != good ||
			err != nil && !errors.Is(err, payment.ErrBadSignature) {
			t.Errorf("%s ago: %v", ago, err)
		}
	}
}

func TestPayPal_ParseNotice_headers(t *testing.T) {
	t.Parallel()
	bank := open(t)
	body := []byte(file(t, "captured.json"))
	certs := "/v1/notifications/certs/CERT-1"
	for name, change := range map[string]func(h http.Header){
		"another webhook":      func(http.Header) {},
		"algorithm":            func(h http.Header) { h.Set(paypal.AlgorithmHeader, "SHA1withRSA") },
		"no algorithm":         func(h http.Header) { h.Del(paypal.AlgorithmHeader) },
		"two signatures":       func(h http.Header) { h.Add(paypal.SignatureHeader, h.Get(paypal.SignatureHeader)) },
		"no base64":            func(h http.Header) { h.Set(paypal.SignatureHeader, "%%%") },
		"another id":           func(h http.Header) { h.Set(paypal.IDHeader, "another") },
		"another time":         func(h http.Header) { h.Set(paypal.TimeHeader, "2026-03-27T12:04:01Z") },
		"no time":              func(h http.Header) { h.Set(paypal.TimeHeader, "yesterday") },
		"another host":         func(h http.Header) { h.Set(paypal.CertHeader, "https://api.paypal.com.example"+certs) },
		"plain http":           func(h http.Header) { h.Set(paypal.CertHeader, "http://api.paypal.com"+certs) },
		"another port":         func(h http.Header) { h.Set(paypal.CertHeader, "http://127.0.0.1:1"+certs) },
		"a user":               func(h http.Header) { h.Set(paypal.CertHeader, "http://u@"+bank.Host()+certs) },
		"a query":              func(h http.Header) { h.Set(paypal.CertHeader, bank.URL()+certs+"?a=b") },
		"another path":         func(h http.Header) { h.Set(paypal.CertHeader, bank.URL()+"/checkoutnow") },
		"a path with dots":     func(h http.Header) { h.Set(paypal.CertHeader, bank.URL()+"/v1/notifications/certs/../x") },
		"a file":               func(h http.Header) { h.Set(paypal.CertHeader, "file:///etc/passwd") },
		"a header without end": func(h http.Header) { h.Set(paypal.IDHeader, strings.Repeat("x", 3000)) },
	} {
		webhook := paypaltest.WebhookID
		if name == "another webhook" {
			webhook = "ANOTHER"
		}
		h := bank.Header(body, bank.Now(), webhook)
		change(h)
		if _, err := bank.Provider().ParseNotice(h, body); !errors.Is(err, payment.ErrBadSignature) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A webhook that replaces another has another id: both are accepted for that time.
func TestPayPal_ParseNotice_two_webhooks(t *testing.T) {
	t.Parallel()
	bank := open(t)
	o := bank.ProviderOptions()
	o.WebhookIDs = []string{"NEW", paypaltest.WebhookID}
	p, err := paypal.New(o)
	if err != nil {
		t.Fatal(err)
	}
	body := []byte(file(t, "captured.json"))
	for webhook, good := range map[string]bool{"NEW": true, paypaltest.WebhookID: true, "OLD": false} {
		if _, err := p.ParseNotice(bank.Header(body, bank.Now(), webhook), body); (err == nil) != good {
			t.Errorf("%s: %v", webhook, err)
		}
	}
}

// A certificate must lead to a root, be good now and be PayPal's. One that can't be fetched says nothing about the notice.
func TestPayPal_ParseNotice_certificates(t *testing.T) {
	t.Parallel()
	body := []byte(file(t, "captured.json"))
	for name, want := range map[string]error{
		"notices.pem": nil, "other.pem": payment.ErrBadSignature, "expired.pem": payment.ErrBadSignature,
		"strange.pem": payment.ErrBadSignature, "bare.pem": payment.ErrBadSignature, "notices.key": payment.ErrBadSignature,
	} {
		bank := open(t)
		bank.Certificate(name)
		_, err := bank.Provider().ParseNotice(bank.Header(body, bank.Now(), paypaltest.WebhookID), body)
		if !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	}
	bank := open(t)
	p := bank.Provider()
	h := bank.Header(body, bank.Now(), paypaltest.WebhookID)
	bank.Certificate("")
	_, err := p.ParseNotice(h, body)
	if err == nil || errors.Is(err, payment.ErrBadSignature) || errors.Is(err, payment.ErrMalformedNotice) ||
		p.Acknowledge(err).Status != http.StatusInternalServerError {
		t.Errorf("without a certificate: %v", err)
	}
	bank.Certificate("notices.pem")
	for range 3 {
		if _, err := p.ParseNotice(h, body); err != nil {
			t.Errorf("sent again: %v", err)
		}
	}
	if n := bank.Fetched(); n != 2 {
		t.Errorf("asked %d times for the certificate", n)
	}
	// Whoever invents addresses can't make us ask for many, nor push out the one that is known.
	for i := range 30 {
		forged := h.Clone()
		forged.Set(paypal.CertHeader, fmt.Sprintf("%s/v1/notifications/certs/NONE-%d", bank.URL(), i))
		if _, err := p.ParseNotice(forged, body); err == nil {
			t.Error("a forged notice was taken")
		}
	}
	if n := bank.Fetched(); n > 10 {
		t.Errorf("asked %d times for certificates", n)
	}
	if _, err := p.ParseNotice(h, body); err != nil {
		t.Errorf("after that: %v", err)
	}
	bank.Advance(25 * time.Hour)
	if _, err := p.ParseNotice(bank.Header(body, bank.Now(), paypaltest.WebhookID), body); err != nil {
		t.Errorf("a day later: %v", err)
	}
}

// event is an event of a kind about a resource.
func event(kind, resource string) string {
	return fmt.Sprintf(`{"id":"WH-1","event_version":"1.0","create_time":"2026-03-27T12:04:00.000Z","event_type":%q,`+
		`"resource":%s}`, kind, resource)
}

const (
	ours     = `"custom_id":"videomall:A1"`
	ourBack  = `"custom_id":"videomall:A1:R1"`
	theirs   = `"custom_id":"another:A1"`
	usd      = `"amount":{"currency_code":"USD","value":"12.90"}`
	up       = `"links":[{"rel":"up","href":"https://api.paypal.com/v2/payments/captures/C1"}]`
	disputed = `"dispute_amount":{"currency_code":"USD","value":"12.90"},"disputed_transactions":[{"seller_transaction_id":"C1"`
)

// Each event that is read, and each that isn't ours.
func TestPayPal_ParseNotice_events(t *testing.T) {
	t.Parallel()
	bank := open(t)
	captured := func(status, mark string) string {
		return `{"id":"C1","status":"` + status + `",` + usd + `,` + mark + `}`
	}
	back := func(status, mark string) string {
		return `{"id":"B1","status":"` + status + `",` + usd + `,` + mark + up + `}`
	}
	approved := func(mark string) string {
		return `{"id":"O1","status":"APPROVED","purchase_units":[{` + usd + `,` + mark + `}]}`
	}
	claim := func(rest, more string) string {
		return `{"dispute_id":"PP-D-1","reason":"UNAUTHORISED",` + disputed + rest + `}]` + more + `}`
	}
	malformed := "malformed"
	for _, c := range []struct{ kind, resource, want string }{
		{"CHECKOUT.ORDER.APPROVED", approved(ours), payment.PaymentApproved + " A1   "},
		{"CHECKOUT.ORDER.APPROVED", approved(theirs), payment.Foreign},
		{"CHECKOUT.ORDER.APPROVED", `{"id":"O1","status":"APPROVED","purchase_units":[]}`, payment.Foreign},
		{"CHECKOUT.ORDER.APPROVED", `{"id":"O1","status":"VOIDED","purchase_units":[{` + usd + `,` + ours + `}]}`, malformed},
		{"CHECKOUT.PAYMENT-APPROVAL.REVERSED", `{"order_id":"O1","purchase_units":[{` + ours + `}]}`, payment.PaymentFailed + " A1   "},
		{"CHECKOUT.PAYMENT-APPROVAL.REVERSED", `{"order_id":"O1","purchase_units":[{` + theirs + `}]}`, payment.Foreign},
		{"PAYMENT.CAPTURE.COMPLETED", captured("COMPLETED", ours), payment.PaymentSucceeded + " A1 C1  "},
		{"PAYMENT.CAPTURE.COMPLETED", captured("REFUNDED", ours), payment.PaymentSucceeded + " A1 C1  "},
		{"PAYMENT.CAPTURE.COMPLETED", captured("PENDING", ours), payment.Foreign},
		{"PAYMENT.CAPTURE.COMPLETED", captured("DECLINED", ours), malformed},
		{"PAYMENT.CAPTURE.COMPLETED", captured("COMPLETED", theirs), payment.Foreign},
		{"PAYMENT.CAPTURE.COMPLETED", captured("COMPLETED", `"custom_id":""`), payment.Foreign},
		{"PAYMENT.CAPTURE.COMPLETED", captured("COMPLETED", `"custom_id":"videomall:"`), payment.Foreign},
		{"PAYMENT.CAPTURE.COMPLETED", captured("COMPLETED", `"custom_id":"videomall:a b"`), payment.Foreign},
		{"PAYMENT.CAPTURE.COMPLETED", `{"id":"C1","status":"COMPLETED",` + ours + `,"amount":{"currency_code":"USD","value":"-1.00"}}`, malformed},
		{"PAYMENT.CAPTURE.COMPLETED", `{"id":"C1","ID":"C2","status":"COMPLETED",` + usd + `,` + ours + `}`, malformed},
		{"PAYMENT.CAPTURE.COMPLETED", `[]`, malformed},
		{"PAYMENT.CAPTURE.PENDING", captured("PENDING", ours), payment.Foreign},
		{"PAYMENT.CAPTURE.DENIED", captured("DECLINED", ours), payment.PaymentFailed + " A1 C1  "},
		{"PAYMENT.CAPTURE.DECLINED", captured("DECLINED", ours), payment.PaymentFailed + " A1 C1  "},
		{"PAYMENT.CAPTURE.DENIED", captured("COMPLETED", ours), malformed},
		{"PAYMENT.CAPTURE.REFUNDED", back("COMPLETED", ourBack+","), payment.RefundSucceeded + " A1 C1 R1 B1"},
		{"PAYMENT.CAPTURE.REFUNDED", back("COMPLETED", ours+","), payment.RefundSucceeded + " A1 C1  B1"},
		{"PAYMENT.CAPTURE.REFUNDED", back("COMPLETED", ""), payment.RefundSucceeded + "  C1  B1"},
		{"PAYMENT.CAPTURE.REFUNDED", back("COMPLETED", theirs+","), payment.Foreign},
		{"PAYMENT.CAPTURE.REFUNDED", back("PENDING", ourBack+","), payment.Foreign},
		{"PAYMENT.CAPTURE.REFUNDED", `{"id":"B1","status":"COMPLETED",` + usd + `,` + ourBack + `}`, malformed},
		{"PAYMENT.REFUND.FAILED", back("FAILED", ourBack+","), payment.RefundFailed + " A1 C1 R1 B1"},
		{"PAYMENT.REFUND.FAILED", back("COMPLETED", ourBack+","), malformed},
		{"PAYMENT.CAPTURE.REVERSED", back("COMPLETED", ours+","), payment.RefundSucceeded + " A1 C1  B1"},
		{
			"PAYMENT.CAPTURE.REVERSED", `{"id":"C1","status":"REFUNDED",` + usd + `,` + ours + `,` +
				`"links":[{"rel":"self","href":"https://api.paypal.com/v2/payments/captures/C1"}]}`,
			payment.RefundSucceeded + " A1 C1  ",
		},
		{"CUSTOMER.DISPUTE.CREATED", claim("", ""), payment.DisputeOpened + "  C1  "},
		{"CUSTOMER.DISPUTE.CREATED", claim(`,"custom":"videomall:A1"`, ""), payment.DisputeOpened + " A1 C1  "},
		{"CUSTOMER.DISPUTE.CREATED", claim(`,"custom":"another:A1"`, ""), payment.Foreign},
		{"CUSTOMER.DISPUTE.CREATED", claim("", `,"dispute_channel":"ALERT"`), payment.DisputeWarning + "  C1  "},
		{"CUSTOMER.DISPUTE.UPDATED", claim("", `,"dispute_channel":"ALERT"`), payment.Foreign},
		{"CUSTOMER.DISPUTE.UPDATED", claim("", `,"status":"UNDER_REVIEW"`), payment.DisputeOpened + "  C1  "},
		{"CUSTOMER.DISPUTE.UPDATED", claim("", `,"status":"RESOLVED"`), payment.Foreign},
		{"CUSTOMER.DISPUTE.RESOLVED", claim("", `,"dispute_outcome":{"outcome_code":"RESOLVED_BUYER_FAVOUR"}`), payment.DisputeLost + "  C1  "},
		{"CUSTOMER.DISPUTE.RESOLVED", claim("", `,"dispute_outcome":{"outcome_code":"ACCEPTED"}`), payment.DisputeLost + "  C1  "},
		{"CUSTOMER.DISPUTE.RESOLVED", claim("", `,"dispute_outcome":{"outcome_code":"RESOLVED_SELLER_FAVOUR"}`), payment.DisputeWon + "  C1  "},
		{"CUSTOMER.DISPUTE.RESOLVED", claim("", `,"dispute_outcome":{"outcome_code":"CANCELED_BY_BUYER"}`), payment.DisputeWon + "  C1  "},
		{"CUSTOMER.DISPUTE.RESOLVED", claim("", `,"dispute_outcome":{"outcome_code":"RESOLVED_WITH_PAYOUT"}`), payment.DisputeWon + "  C1  "},
		{"CUSTOMER.DISPUTE.RESOLVED", claim("", `,"dispute_outcome":{"outcome_code":"SOMETHING_NEW"}`), malformed},
		{"CUSTOMER.DISPUTE.CREATED", claim("", `,"seller_response_due_date":"soon"`), malformed},
		{"PAYMENT.SALE.COMPLETED", `{"id":"S1"}`, payment.Foreign},
	} {
		n, err := parse(bank, event(c.kind, c.resource))
		got := strings.Join([]string{n.Type, n.AttemptNo, n.ChannelTxnNo, n.RefundNo, n.ChannelRefundNo}, " ")
		if n.Type == payment.Foreign {
			got = strings.TrimSpace(got)
		}
		if errors.Is(err, payment.ErrMalformedNotice) {
			got = malformed
		}
		if got != c.want {
			t.Errorf("%s of %s: %q, %v; want %q", c.kind, c.resource, got, err, c.want)
		}
	}
	for _, kind := range paypal.EventTypes() {
		if _, err := parse(bank, event(kind, "null")); !errors.Is(err, payment.ErrMalformedNotice) {
			t.Errorf("%s without a resource: %v", kind, err)
		}
	}
	if n := len(paypal.EventTypes()); n != 12 {
		t.Errorf("%d types of events", n)
	}
}

// A reversal that nobody at the mall made is told as a refund at the bank.
func TestPayPal_ParseNotice_reversal(t *testing.T) {
	t.Parallel()
	bank := open(t)
	paid := pays(t, bank, request())
	bank.Notices()
	if err := bank.Reverse(request().AttemptNo); err != nil {
		t.Fatal(err)
	}
	sent := bank.Notices()[0]
	n, err := bank.Provider().ParseNotice(sent.Header, sent.Body)
	if err != nil || n.Type != payment.RefundSucceeded || n.ChannelTxnNo != paid.ChannelTxnNo || n.Amount != paid.Amount {
		t.Errorf("%+v, %v", n, err)
	}
}

func FuzzPayPal_ParseNotice(f *testing.F) {
	bank := paypaltest.New(paypaltest.Options{})
	f.Cleanup(bank.Close)
	f.Add(file(f, "captured.json"))
	f.Add(event("CUSTOMER.DISPUTE.CREATED", `{"dispute_id":"PP-D-1",`+disputed+`}]}`))
	f.Fuzz(func(t *testing.T, body string) {
		n, err := parse(bank, body)
		if err == nil && n.Type != payment.Foreign && n.ChannelTxnNo == "" && n.AttemptNo == "" {
			t.Errorf("%s is %+v", body, n)
		}
		if err == nil && n.Amount.Amount < 0 {
			t.Errorf("%s is over %s", body, n.Amount)
		}
	})
}
