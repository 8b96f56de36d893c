package wechatpay_test

import (
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"videomall/mall/money"
	"videomall/mall/payment"
	"videomall/mall/payment/wechatpay"
	"videomall/mall/payment/wechatpay/wechatpaytest"
)

// The golden signatures of requests are those of openssl dgst -sha256 -sign, and the golden notices those of Node's
// crypto module, with the keys of wechatpaytest/testdata.
const goldenNonce = "593BEC0C930BF1AFEB40B4A08C8FB242"

func golden(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestWeChatPay_signs_as_openssl_does(t *testing.T) {
	t.Parallel()
	c := open(t, wechatpaytest.Config{Change: func(o *wechatpay.Options) {
		o.Nonce = func() string { return goldenNonce }
	}})
	ref := payment.ChargeRef{CreateRequest: payment.CreateRequest{AttemptNo: "01HATTEMPT0000000000000001"}}
	_, _ = c.pay.Query(t.Context(), ref)
	_ = c.pay.Close(t.Context(), ref)
	sent := c.Requests()
	if len(sent) != 2 {
		t.Fatalf("%d requests", len(sent))
	}
	for i, name := range []string{"query.sig", "close.sig"} {
		want := `WECHATPAY2-SHA256-RSA2048 mchid="1900007291",nonce_str="` + goldenNonce + `",signature="` +
			golden(t, name) + `",timestamp="1772600767",serial_no="` + wechatpaytest.MerchantSerial(1) + `"`
		if got := sent[i].Header.Get("Authorization"); got != want {
			t.Errorf("%s %s\ngot  %s\nwant %s", sent[i].Method, sent[i].URI, got, want)
		}
		if got := sent[i].Header.Get("Wechatpay-Serial"); got != c.CurrentSerial() {
			t.Errorf("Wechatpay-Serial %q", got)
		}
	}
}

func TestWeChatPay_Create_signs_the_bridge_as_openssl_does(t *testing.T) {
	t.Parallel()
	var bank *wechatpaytest.Bank
	c := open(t, wechatpaytest.Config{Change: func(o *wechatpay.Options) {
		o.Nonce = func() string { return goldenNonce }
		o.Client = &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
			signed := bank.Sign([]byte(`{"prepay_id":"wx201410272009395522657a690389285100"}`))
			return answer(200, signed.Header, string(signed.Body)), nil
		})}
	}})
	bank = c.Bank
	created, err := c.pay.Create(t.Context(), c.request(wechatpay.MethodJSAPI))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"appId":     wechatpaytest.AppID,
		"timeStamp": "1772600767",
		"nonceStr":  goldenNonce,
		"package":   "prepay_id=wx201410272009395522657a690389285100",
		"signType":  "RSA",
		"paySign":   golden(t, "bridge.sig"),
	}
	if created.Action.Type != payment.ActionBridge || len(created.Action.Fields) != len(want) {
		t.Fatalf("%+v", created.Action)
	}
	for name, value := range want {
		if got := created.Action.Fields[name]; got != value {
			t.Errorf("%s\ngot  %s\nwant %s", name, got, value)
		}
	}
}

func goldenNotice(t *testing.T, c *counter, name string) (http.Header, []byte) {
	t.Helper()
	return http.Header{
		"Wechatpay-Timestamp":      {"1772600767"},
		"Wechatpay-Nonce":          {"EcYmlMgUNUJTJYbcbKpRlMFhMoIuaDdT"},
		"Wechatpay-Serial":         {c.CurrentSerial()},
		"Wechatpay-Signature":      {golden(t, name+".sig")},
		"Wechatpay-Signature-Type": {"WECHATPAY2-SHA256-RSA2048"},
	}, []byte(golden(t, name+".json"))
}

func TestWeChatPay_ParseNotice_golden(t *testing.T) {
	t.Parallel()
	c := open(t, wechatpaytest.Config{})
	at := time.Date(2026, time.March, 4, 5, 6, 5, 0, time.UTC)
	for name, want := range map[string]payment.Notice{
		"paid": {
			EventID:      "4200002026030400000000000001:SUCCESS",
			Type:         payment.PaymentSucceeded,
			AttemptNo:    "01HATTEMPT0000000000000001",
			ChannelTxnNo: "4200002026030400000000000001",
			Amount:       money.Of(1290, "CNY"),
			OccurredAt:   at,
		},
		"refunded": {
			EventID:         "50300002026030400000000001:SUCCESS",
			Type:            payment.RefundSucceeded,
			AttemptNo:       "01HATTEMPT0000000000000001",
			ChannelTxnNo:    "4200002026030400000000000001",
			RefundNo:        "01HREFUND00000000000000001",
			ChannelRefundNo: "50300002026030400000000001",
			Amount:          money.Of(290, "CNY"),
			OccurredAt:      at.Add(time.Second),
		},
	} {
		header, body := goldenNotice(t, c, name)
		got, err := c.pay.ParseNotice(header, body)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !got.OccurredAt.Equal(want.OccurredAt) || string(got.Raw) != string(body) ||
			got.Provider != wechatpay.Name || got.Merchant != wechatpaytest.MerchantID {
			t.Errorf("%s: %+v", name, got)
		}
		got.OccurredAt, got.Raw, got.Provider, got.Merchant = want.OccurredAt, nil, "", ""
		if got.EventID != want.EventID || got.Type != want.Type || got.AttemptNo != want.AttemptNo ||
			got.ChannelTxnNo != want.ChannelTxnNo || got.RefundNo != want.RefundNo ||
			got.ChannelRefundNo != want.ChannelRefundNo || got.Amount != want.Amount {
			t.Errorf("%s\ngot  %+v\nwant %+v", name, got, want)
		}
	}
}

// The headers of a good notice, changed one at a time.
func TestWeChatPay_ParseNotice_headers(t *testing.T) {
	t.Parallel()
	c := open(t, wechatpaytest.Config{})
	for name, change := range map[string]func(http.Header){
		"no signature":  func(h http.Header) { h.Del("Wechatpay-Signature") },
		"no serial":     func(h http.Header) { h.Del("Wechatpay-Serial") },
		"no timestamp":  func(h http.Header) { h.Del("Wechatpay-Timestamp") },
		"no nonce":      func(h http.Header) { h.Del("Wechatpay-Nonce") },
		"two nonces":    func(h http.Header) { h.Add("Wechatpay-Nonce", h.Get("Wechatpay-Nonce")) },
		"another nonce": func(h http.Header) { h.Set("Wechatpay-Nonce", strings.ToLower(h.Get("Wechatpay-Nonce"))) },
		"another type":  func(h http.Header) { h.Set("Wechatpay-Signature-Type", "WECHATPAY2-SM2-WITH-SM3") },
		"no prefix": func(h http.Header) {
			h.Set("Wechatpay-Serial", strings.TrimPrefix(h.Get("Wechatpay-Serial"), wechatpay.PublicKeyPrefix))
		},
		"another second": func(h http.Header) { h.Set("Wechatpay-Timestamp", "1772600768") },
		"no number":      func(h http.Header) { h.Set("Wechatpay-Timestamp", "now") },
		"no base64":      func(h http.Header) { h.Set("Wechatpay-Signature", "%%%") },
	} {
		header, body := goldenNotice(t, c, "paid")
		change(header)
		if n, err := c.pay.ParseNotice(header, body); kind(err) != "unknown" || !isBadSignature(err) {
			t.Errorf("%s: %+v, %v", name, n, err)
		}
	}
	// A newline in the nonce would move the border between it and the body.
	_, body := goldenNotice(t, c, "paid")
	moved := c.Sign(append([]byte("a line\n"), body...))
	moved.Header["Wechatpay-Nonce"][0] += "\na line"
	if n, err := c.pay.ParseNotice(moved.Header, body); !isBadSignature(err) {
		t.Errorf("a line in the nonce: %+v, %v", n, err)
	}
	for _, move := range []time.Duration{300 * time.Second, -301 * time.Second} {
		header, body := goldenNotice(t, c, "paid")
		c.Advance(move)
		_, err := c.pay.ParseNotice(header, body)
		if good := move == 300*time.Second; (err == nil) != good {
			t.Errorf("the clock %s later: %v", move, err)
		}
		c.Advance(-move)
	}
	for range 3 {
		if _, err := c.pay.ParseNotice(c.Probe().Header, c.Probe().Body); !isBadSignature(err) {
			t.Errorf("WeChat Pay's own bad signature: %v", err)
		}
	}
	if sent := c.Requests(); len(sent) != 0 {
		t.Errorf("checking notices called WeChat Pay: %+v", sent)
	}
}
