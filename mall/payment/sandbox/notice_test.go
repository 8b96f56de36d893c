package sandbox_test

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"videomall/mall/money"
	"videomall/mall/payment"
	"videomall/mall/payment/sandbox"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const goodBody = `{"eventId":"evt-1","type":"payment.succeeded","outTradeNo":"attempt-1","channelTxnNo":"txn-1","amount":990,"currency":"CNY","occurredAt":"2026-03-01T11:59:59Z"}`

// receiver returns a sandbox that only parses notices, so that it needs no database.
func receiver() *sandbox.Sandbox {
	return sandbox.New(sandbox.Deps{
		Pool:    nil,
		River:   nil,
		Options: sandbox.Options{Secret: secret, Now: func() time.Time { return noon }},
	})
}

func header(value string) http.Header { return http.Header{sandbox.SignatureHeader: {value}} }

func TestSandbox_ParseNotice_signature(t *testing.T) {
	t.Parallel()
	good := sandbox.Sign(secret, noon, []byte(goodBody))
	_, v1, _ := strings.Cut(good, ",")
	at := func(d time.Duration) string { return sandbox.Sign(secret, noon.Add(d), []byte(goodBody)) }
	for name, c := range map[string]struct {
		header http.Header
		body   string
		ok     bool
	}{
		"good":        {header: header(good), ok: true},
		"300 s old":   {header: header(at(-300 * time.Second)), ok: true},
		"300 s ahead": {header: header(at(300 * time.Second)), ok: true},
		"old secret beside new": {
			header: header("t=" + strconv.FormatInt(noon.Unix(), 10) + ",v1=00ff," + v1),
			ok:     true,
		},
		"new secret beside old":   {header: header(good + ",v1=00ff"), ok: true},
		"unknown scheme beside":   {header: header(good + ",v9=abc, x"), ok: true},
		"301 s old":               {header: header(at(-301 * time.Second))},
		"301 s ahead":             {header: header(at(301 * time.Second))},
		"far future":              {header: header("t=9223372036854775807," + v1)},
		"far past":                {header: header("t=-9223372036854775808," + v1)},
		"missing":                 {header: http.Header{}},
		"empty":                   {header: header("")},
		"another secret":          {header: header(sandbox.Sign("another", noon, []byte(goodBody)))},
		"no signature":            {header: header("t=" + strconv.FormatInt(noon.Unix(), 10))},
		"empty signature":         {header: header("t=" + strconv.FormatInt(noon.Unix(), 10) + ",v1=")},
		"no timestamp":            {header: header(v1)},
		"two timestamps":          {header: header("t=1," + good)},
		"timestamp of the replay": {header: header("t=" + strconv.FormatInt(noon.Unix()+1, 10) + "," + v1)},
		"tampered body":           {header: header(good), body: strings.Replace(goodBody, "990", "1", 1)},
		"shortened signature":     {header: header(good[:len(good)-2])},
		"upper case":              {header: header(strings.ToUpper(good))},
	} {
		body := c.body
		if body == "" {
			body = goodBody
		}
		n, err := receiver().ParseNotice(c.header, []byte(body))
		if c.ok && (err != nil || n.AttemptNo != "attempt-1") {
			t.Errorf("%s: %+v, %v", name, n, err)
		}
		if !c.ok {
			if err == nil {
				t.Errorf("%s was accepted", name)
				continue
			}
			wantErr(t, err, payment.ErrBadSignature)
		}
	}
	open := sandbox.New(sandbox.Deps{
		Pool:    nil,
		River:   nil,
		Options: sandbox.Options{Now: func() time.Time { return noon }},
	})
	if _, err := open.ParseNotice(header(sandbox.Sign("", noon, []byte(goodBody))), []byte(goodBody)); err == nil {
		t.Fatal("without a secret anybody can sign")
	}
}

func TestSandbox_ParseNotice_body(t *testing.T) {
	t.Parallel()
	parse := func(body string) (payment.Notice, error) {
		return receiver().ParseNotice(header(sandbox.Sign(secret, noon, []byte(body))), []byte(body))
	}
	n, err := parse(strings.TrimSuffix(goodBody, "}") + `,"merchant":"` + sandbox.Merchant + `","added":{"later":[1]}}`)
	if err != nil || n.Provider != "sandbox" || n.EventID != "evt-1" || n.Type != payment.PaymentSucceeded ||
		n.ChannelTxnNo != "txn-1" ||
		n.Amount != money.Of(990, "CNY") || !n.OccurredAt.Equal(noon.Add(-time.Second)) ||
		n.Merchant != sandbox.Merchant || len(n.Raw) == 0 {
		t.Fatalf("%+v, %v", n, err)
	}
	change := func(key string, value any) string {
		var m map[string]any
		if err := json.Unmarshal([]byte(goodBody), &m); err != nil {
			t.Fatal(err)
		}
		if value == nil {
			delete(m, key)
		} else {
			m[key] = value
		}
		out, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	for _, body := range []string{
		"", "null", "[]", `"x"`, goodBody + goodBody, goodBody[:40],
		change("eventId", nil), change("eventId", ""), change("eventId", 7), change("eventId", "a\x00b"),
		change("eventId", strings.Repeat("a", 129)),
		change("type", nil), change("type", "payment.maybe"), change("outTradeNo", nil), change("outTradeNo", "a b"),
		change("channelTxnNo", nil),
		change("amount", nil), change("amount", "990"), change("amount", 9.9), change("amount", 0),
		change("amount", -5), change("amount", 1e30),
		change("currency", nil), change("currency", "cny"), change("currency", "CNYX"), change("occurredAt", nil),
		change("occurredAt", "yesterday"),
		change("occurredAt", 5), change("merchant", "somebody else"),
		change("amount", money.MaxSum+1), strings.Replace(goodBody, "990", "9223372036854775807", 1),
		strings.TrimSuffix(goodBody, "}") + `,"AMOUNT":600}`, strings.TrimSuffix(goodBody, "}") + `,"amount":600}`,
		strings.Replace(goodBody, `"amount"`, `"Amount"`, 1), strings.TrimSuffix(goodBody, "}") + `,"\u0061mount":600}`,
	} {
		if n, err := parse(body); err == nil {
			t.Errorf("%s was read as %+v", body, n)
		} else {
			wantErr(t, err, payment.ErrMalformedNotice)
		}
	}
	if _, err := parse(goodBody + strings.Repeat(" ", payment.MaxNotice)); err == nil {
		t.Error("a notice beyond 64 KB was read")
	}
	if n, err := parse(change("type", payment.PaymentFailed)); err != nil || n.Type != payment.PaymentFailed {
		t.Errorf("%+v, %v", n, err)
	}
}

func TestSandbox_Acknowledge(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err    error
		status int
		body   string
	}{
		{nil, 200, `{"received": true}`},
		{payment.ErrBadSignature.Because("secret detail"), 401, `{"received": false, "code": "bad_signature"}`},
		{payment.ErrMalformedNotice.Because("secret detail"), 400, `{"received": false, "code": "malformed_notice"}`},
		{http.ErrServerClosed, 500, `{"received": false, "code": "internal"}`},
	} {
		if got := receiver().Acknowledge(c.err); got.Status != c.status || got.Body != c.body ||
			got.ContentType != "application/json" {
			t.Errorf("%v: %+v", c.err, got)
		}
	}
}

// FuzzParseNotice checks that a notice without a valid signature is never accepted, and that every parsed notice has
// values that the tables can hold.
func FuzzParseNotice(f *testing.F) {
	f.Add([]byte(goodBody), "")
	f.Add([]byte(`{"eventId":"\u0000","amount":1e9}`), "t=1,v1=00")
	f.Add([]byte(`{"amount":{}}`), "t=,v1=,,=,v1")
	f.Fuzz(func(t *testing.T, body []byte, forged string) {
		if _, err := receiver().ParseNotice(header(forged), body); err == nil {
			t.Fatalf("a forged signature was accepted: %q", forged)
		}
		n, err := receiver().ParseNotice(header(sandbox.Sign(secret, noon, body)), body)
		if err != nil {
			return
		}
		for _, s := range []string{
			n.EventID, n.AttemptNo, n.ChannelTxnNo, n.RefundNo, n.ChannelRefundNo, n.Merchant,
			n.Amount.Currency,
		} {
			for i := range len(s) {
				if s[i] <= ' ' || s[i] > '~' {
					t.Fatalf("%q", s)
				}
			}
			if len(s) > 128 {
				t.Fatalf("%d characters", len(s))
			}
		}
		if n.EventID == "" || n.AttemptNo == "" || n.Amount.Amount <= 0 || len(n.Amount.Currency) != 3 ||
			n.OccurredAt.IsZero() {
			t.Fatalf("%+v", n)
		}
	})
}
