package alipay_test

import (
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"videomall/mall/money"
	"videomall/mall/payment"
	"videomall/mall/payment/alipay"
	"videomall/mall/payment/alipay/alipaytest"
)

// receiver returns a client that only parses notices.
func receiver(t *testing.T) *alipay.Alipay {
	t.Helper()
	return client(t, options(t, "https://openapi.alipay.com/gateway.do"))
}

// The golden notice was signed with OpenSSL. It has an empty value, and values with a percent sign and a plus.
func TestAlipay_ParseNotice_golden(t *testing.T) {
	t.Parallel()
	body := golden(t, "notice.form")
	n, err := receiver(t).ParseNotice(http.Header{}, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	at := n.OccurredAt
	if n.OccurredAt = (time.Time{}); !at.Equal(time.Date(2026, 3, 1, 12, 1, 2, 0, time.UTC)) {
		t.Errorf("at %s", at)
	}
	if string(n.Raw) != body {
		t.Error("the raw body was changed")
	}
	n.Raw = nil
	want := payment.Notice{
		Provider:     "alipay",
		EventID:      "2026030122001400000000000007:TRADE_SUCCESS",
		Type:         payment.PaymentSucceeded,
		AttemptNo:    attempt,
		ChannelTxnNo: "2026030122001400000000000007",
		Merchant:     alipaytest.SellerID,
		Amount:       money.Of(1290, "CNY"),
	}
	if n.EventID != want.EventID || n.Type != want.Type || n.AttemptNo != want.AttemptNo ||
		n.ChannelTxnNo != want.ChannelTxnNo || n.Merchant != want.Merchant || n.Amount != want.Amount ||
		n.ProviderRef != "" || n.RefundNo != "" || !n.RefundedTotal.IsZero() || n.Provider != want.Provider {
		t.Errorf("got %+v, want %+v", n, want)
	}
}

// fields are those of the golden notice, without its signature.
func fields(t *testing.T) map[string]string {
	t.Helper()
	form, err := url.ParseQuery(golden(t, "notice.form"))
	if err != nil {
		t.Fatal(err)
	}
	f := map[string]string{}
	for name := range form {
		f[name] = form.Get(name)
	}
	delete(f, "sign")
	return f
}

// signed encodes fields as a notice that Alipay has signed.
func signed(t *testing.T, f map[string]string) string {
	t.Helper()
	var pairs []string
	form := url.Values{}
	for _, name := range slices.Sorted(maps.Keys(f)) {
		form.Set(name, f[name])
		if name != "sign" && name != "sign_type" {
			pairs = append(pairs, name+"="+f[name])
		}
	}
	form.Set("sign", signature(t, alipaytest.AlipayKey, strings.Join(pairs, "&")))
	return form.Encode()
}

// with returns the fields of the golden notice with some set, or removed if the value is "-".
func with(t *testing.T, pairs ...string) map[string]string {
	t.Helper()
	f := fields(t)
	for i := 0; i < len(pairs); i += 2 {
		if f[pairs[i]] = pairs[i+1]; pairs[i+1] == "-" {
			delete(f, pairs[i])
		}
	}
	return f
}

func TestAlipay_ParseNotice_types(t *testing.T) {
	t.Parallel()
	const trade = "2026030122001400000000000007"
	for name, c := range map[string]struct {
		fields   map[string]string
		kind     string
		event    string
		refundNo string
		amount   int64
		refunded int64
		at       string // in Beijing
	}{
		"paid": {
			with(t), payment.PaymentSucceeded, trade + ":TRADE_SUCCESS", "", 1290, 0, "2026-03-01 20:01:02",
		},
		"paid, with a refund of nothing": {
			with(t, "refund_fee", "0.00"), payment.PaymentSucceeded, trade + ":TRADE_SUCCESS", "", 1290, 0,
			"2026-03-01 20:01:02",
		},
		"paid, without the time": {
			with(t, "gmt_payment", "-"), payment.PaymentSucceeded, trade + ":TRADE_SUCCESS", "", 1290, 0,
			"2026-03-01 20:01:03",
		},
		"paid, without our mark": {
			with(t, "passback_params", "-"), payment.PaymentSucceeded, trade + ":TRADE_SUCCESS", "", 1290, 0,
			"2026-03-01 20:01:02",
		},
		"paid, without sign_type": {
			with(t, "sign_type", "-"), payment.PaymentSucceeded, trade + ":TRADE_SUCCESS", "", 1290, 0,
			"2026-03-01 20:01:02",
		},
		"past refunds": {
			with(t, "trade_status", "TRADE_FINISHED"), payment.PaymentSucceeded, trade + ":TRADE_FINISHED", "", 1290, 0,
			"2026-03-01 20:01:02",
		},
		"timed out": {
			with(t, "trade_status", "TRADE_CLOSED", "gmt_close", "2026-03-01 20:15:00", "gmt_payment", "-"),
			payment.PaymentFailed, trade + ":TRADE_CLOSED", "", 1290, 0, "2026-03-01 20:15:00",
		},
		"refunded in part": {
			with(t, "gmt_refund", "2026-03-01 23:59:59.138", "refund_fee", "3.00", "out_biz_no", "R1"),
			payment.RefundSucceeded, trade + ":TRADE_SUCCESS:3.00", "R1", 0, 300, "2026-03-01 23:59:59",
		},
		"refunded in part once more": {
			with(t, "gmt_refund", "2026-03-02 00:00:00", "refund_fee", "7.00", "out_biz_no", "R2"),
			payment.RefundSucceeded, trade + ":TRADE_SUCCESS:7.00", "R2", 0, 700, "2026-03-02 00:00:00",
		},
		"refunded in full": {
			with(t, "trade_status", "TRADE_CLOSED", "gmt_refund", "2026-03-02 00:00:00", "refund_fee", "12.90",
				"out_biz_no", "R3", "gmt_close", "2026-03-02 00:00:01"),
			payment.RefundSucceeded, trade + ":TRADE_CLOSED:12.90", "R3", 0, 1290, "2026-03-02 00:00:00",
		},
		"refunded by hand": {
			with(t, "gmt_refund", "2026-03-02 00:00:00", "refund_fee", "7"),
			payment.RefundSucceeded, trade + ":TRADE_SUCCESS:7.00", "", 0, 700, "2026-03-02 00:00:00",
		},
		"refunded, without the time": {
			with(t, "refund_fee", "7.00"), payment.RefundSucceeded, trade + ":TRADE_SUCCESS:7.00", "", 0, 700,
			"2026-03-01 20:01:03",
		},
		"waiting": {
			with(t, "trade_status", "WAIT_BUYER_PAY", "gmt_payment", "-"), payment.Foreign, trade + ":WAIT_BUYER_PAY", "",
			1290, 0, "2026-03-01 20:00:30",
		},
		"another shop's": {
			with(t, "out_trade_no", "till-17"), payment.Foreign, trade + ":TRADE_SUCCESS", "", 1290, 0,
			"2026-03-01 20:01:02",
		},
		"another shop's with a similar number": {
			with(t, "out_trade_no", "mall2_"+attempt), payment.Foreign, trade + ":TRADE_SUCCESS", "", 1290, 0,
			"2026-03-01 20:01:02",
		},
		"another shop's by its mark": {
			with(t, "passback_params", "till"), payment.Foreign, trade + ":TRADE_SUCCESS", "", 1290, 0,
			"2026-03-01 20:01:02",
		},
	} {
		n, err := receiver(t).ParseNotice(nil, []byte(signed(t, c.fields)))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		no := attempt
		if c.kind == payment.Foreign {
			no = ""
		}
		if n.Type != c.kind || n.EventID != c.event || n.RefundNo != c.refundNo || n.Amount.Amount != c.amount ||
			n.RefundedTotal.Amount != c.refunded || n.OccurredAt.Format(time.DateTime) != c.at || n.AttemptNo != no ||
			n.ChannelTxnNo != trade {
			n.Raw = nil
			t.Errorf("%s: %+v", name, n)
		}
	}
	n, err := receiver(t).ParseNotice(nil, []byte(signed(t, map[string]string{
		"app_id": alipaytest.AppID, "notify_type": "dut_user_sign", "notify_id": "7", "sign_type": "RSA2",
	})))
	if err != nil || n.Type != payment.Foreign || n.EventID != "7" {
		t.Errorf("another type of notice: %+v, %v", n, err)
	}
}

func TestAlipay_ParseNotice_malformed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string][]string{
		"another app":                     {"app_id", "2021000000000002"},
		"no app":                          {"app_id", "-"},
		"another seller":                  {"seller_id", "2088000000000002"},
		"no seller":                       {"seller_id", "-"},
		"no trade":                        {"trade_no", "-"},
		"a spaced trade":                  {"trade_no", "1 2"},
		"no number":                       {"out_trade_no", ""},
		"a long number":                   {"out_trade_no", strings.Repeat("a", 65)},
		"a spaced refund":                 {"out_biz_no", "1 2"},
		"no status":                       {"trade_status", "-"},
		"an unheard-of status":            {"trade_status", "TRADE_PENDING"},
		"no amount":                       {"total_amount", "-"},
		"nothing":                         {"total_amount", "0.00"},
		"a negative amount":               {"total_amount", "-12.90"},
		"three digits":                    {"total_amount", "12.900"},
		"a comma":                         {"total_amount", "12,90"},
		"an exponent":                     {"total_amount", "1e3"},
		"a huge amount":                   {"total_amount", "10000000000.01"},
		"a larger one":                    {"total_amount", "99999999999999999999"},
		"a bad time":                      {"gmt_payment", "2026-03-01T20:01:02Z"},
		"a time long ago":                 {"gmt_payment", "1970-01-01 07:59:59"},
		"no time at all":                  {"gmt_payment", "-", "notify_time", "-"},
		"a refund of no sum":              {"gmt_refund", "2026-03-02 00:00:00"},
		"a refund of nothing":             {"gmt_refund", "2026-03-02 00:00:00", "refund_fee", "0.00"},
		"a refund of more than was paid":  {"gmt_refund", "2026-03-02 00:00:00", "refund_fee", "12.91"},
		"a refund of a negative sum":      {"gmt_refund", "2026-03-02 00:00:00", "refund_fee", "-1.00"},
		"a refund of what was never paid": {"trade_status", "WAIT_BUYER_PAY", "refund_fee", "1.00"},
		"closed after it was paid":        {"trade_status", "TRADE_CLOSED"},
		"another type without an id":      {"notify_type", "dut_user_sign", "notify_id", "-"},
		"no type":                         {"notify_type", "-", "notify_id", "a b"},
	} {
		n, err := receiver(t).ParseNotice(nil, []byte(signed(t, with(t, c...))))
		if !errors.Is(err, payment.ErrMalformedNotice) {
			t.Errorf("%s: %+v, %v", name, n, err)
		}
	}
	good := signed(t, with(t))
	for name, body := range map[string]string{
		"empty":           "",
		"a name twice":    good + "&total_amount=12.90",
		"a value twice":   good + "&sign_type=RSA2",
		"a nameless one":  good + "&=1",
		"an empty pair":   good + "&",
		"a bad escape":    good + "&a=%zz",
		"no UTF-8":        good + "&a=%ff",
		"no UTF-8 at all": good + "&a=\xff",
		"too large":       good + "&a=" + strings.Repeat("a", payment.MaxNotice),
	} {
		n, err := receiver(t).ParseNotice(nil, []byte(body))
		if !errors.Is(err, payment.ErrMalformedNotice) {
			t.Errorf("%s: %+v, %v", name, n, err)
		}
	}
}

func TestAlipay_ParseNotice_signature(t *testing.T) {
	t.Parallel()
	good := signed(t, with(t))
	for name, body := range map[string]string{
		"unsigned":           url.Values{"app_id": {alipaytest.AppID}}.Encode(),
		"an empty signature": strings.Replace(good, "sign=", "sign=&x=", 1),
		"no base64":          strings.Replace(good, "sign=", "sign=!", 1),
		"another amount":     strings.Replace(good, "total_amount=12.90", "total_amount=0.01", 1),
		"an empty one added": good + "&empty=",
		"an empty one gone":  strings.Replace(good, "body=&", "", 1),
		"RSA for RSA2":       strings.Replace(good, "sign_type=RSA2", "sign_type=RSA", 1),
		"decoded twice":      strings.Replace(good, "100%25%2B1", "100%2525%2B1", 1),
		"other spare bits": func() string {
			form, _ := url.ParseQuery(good)
			sign := form.Get("sign") // 256 bytes, of which the last character before the padding holds two bits
			last := strings.Index("AQgw", sign[341:342])
			form.Set("sign", sign[:341]+"BRhx"[last:last+1]+"==")
			return form.Encode()
		}(),
		"not signed by Alipay": func() string {
			form, _ := url.ParseQuery(good)
			form.Set("sign", signatureBy(t, appKey(t), golden(t, "notice.txt")))
			return form.Encode()
		}(),
	} {
		if body == good {
			t.Errorf("%s: nothing was changed", name)
		}
		n, err := receiver(t).ParseNotice(nil, []byte(body))
		if !errors.Is(err, payment.ErrBadSignature) {
			t.Errorf("%s: %+v, %v", name, n, err)
		}
	}
}

// Two announcements of one event are one; whatever else happens to a charge is another.
func TestAlipay_ParseNotice_events(t *testing.T) {
	t.Parallel()
	s := bank(t, alipaytest.Options{})
	c := paid(t, s, alipay.MethodPage)
	for no, fen := range map[string]int64{"R1": 100, "R2": 100} {
		s.Advance(10 * time.Second)
		if _, err := s.Provider().Refund(t.Context(), refundOf(c, no, fen)); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 { // in the same second, without a number of ours
		if err := s.RefundAtBank(attempt, money.Of(100, "CNY")); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Finish(attempt); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	sent := s.Notices()
	for _, d := range sent {
		n, err := s.Provider().ParseNotice(d.Header, d.Body)
		if err != nil {
			t.Fatal(err)
		}
		seen[n.EventID] = true
	}
	if len(sent) != 6 || len(seen) != 6 {
		t.Errorf("%d notices of %d events", len(sent), len(seen))
	}
	again := with(t, "notify_id", "2026030101222200102031461234567891", "notify_time", "2026-03-01 21:00:00")
	first, _ := receiver(t).ParseNotice(nil, []byte(signed(t, with(t))))
	second, err := receiver(t).ParseNotice(nil, []byte(signed(t, again)))
	if err != nil || first.EventID != second.EventID {
		t.Errorf("announced again as %q, %v; first %q", second.EventID, err, first.EventID)
	}
}

// A charge that nobody paid in time is announced as failed.
func TestAlipay_ParseNotice_timed_out(t *testing.T) {
	t.Parallel()
	s := bank(t, alipaytest.Options{})
	if _, err := s.Provider().Create(t.Context(), request(alipay.MethodPage)); err != nil {
		t.Fatal(err)
	}
	if err := s.Visit(attempt); err != nil {
		t.Fatal(err)
	}
	s.Advance(15 * time.Minute)
	sent := s.Notices()
	if len(sent) != 1 {
		t.Fatalf("%d notices", len(sent))
	}
	n, err := s.Provider().ParseNotice(sent[0].Header, sent[0].Body)
	if err != nil || n.Type != payment.PaymentFailed || !n.OccurredAt.Equal(noon.Add(15*time.Minute)) {
		t.Errorf("%+v, %v", n, err)
	}
}

func TestAlipay_Acknowledge(t *testing.T) {
	t.Parallel()
	a := receiver(t)
	for err, want := range map[error]payment.Ack{
		nil:                        {Status: 200, ContentType: "text/plain", Body: "success"},
		payment.ErrBadSignature:    {Status: 401, ContentType: "text/plain", Body: "failure"},
		payment.ErrMalformedNotice: {Status: 400, ContentType: "text/plain", Body: "failure"},
		errors.New("down"):         {Status: 500, ContentType: "text/plain", Body: "failure"},
	} {
		if got := a.Acknowledge(err); got != want {
			t.Errorf("%v: %+v", err, got)
		}
	}
}
