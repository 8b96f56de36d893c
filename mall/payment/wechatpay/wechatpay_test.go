package wechatpay_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"videomall/mall/payment"
	"videomall/mall/payment/wechatpay"
	"videomall/mall/payment/wechatpay/wechatpaytest"
)

func goodOptions(t *testing.T) wechatpay.Options {
	t.Helper()
	bank := wechatpaytest.New(t, wechatpaytest.Config{})
	return wechatpay.Options{
		AppID:      wechatpaytest.AppID,
		MerchantID: wechatpaytest.MerchantID,
		Mark:       wechatpaytest.Mark,
		NotifyURL:  "https://mall.example/notify",
		Keys:       bank.Keys,
		Client:     &http.Client{},
		Now:        time.Now,
	}
}

func TestNew_names_what_is_wrong(t *testing.T) {
	t.Parallel()
	good := goodOptions(t)
	if _, err := wechatpay.New(good); err != nil {
		t.Fatal(err)
	}
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	keys := func(change func(*wechatpay.Keys)) func(*wechatpay.Options) {
		return func(o *wechatpay.Options) {
			k := o.Keys()
			change(&k)
			o.Keys = func() wechatpay.Keys { return k }
		}
	}
	for _, r := range []struct {
		field  string
		change func(*wechatpay.Options)
	}{
		{"AppID", func(o *wechatpay.Options) { o.AppID = "" }},
		{"AppID", func(o *wechatpay.Options) { o.AppID = "2021000" }},
		{"MerchantID", func(o *wechatpay.Options) { o.MerchantID = "" }},
		{"MerchantID", func(o *wechatpay.Options) { o.MerchantID = "19000?x=1" }},
		{"Mark", func(o *wechatpay.Options) { o.Mark = "" }},
		{"Mark", func(o *wechatpay.Options) { o.Mark = "a,`b" }},
		{"Client", func(o *wechatpay.Options) { o.Client = nil }},
		{"Now", func(o *wechatpay.Options) { o.Now = nil }},
		{"Keys", func(o *wechatpay.Options) { o.Keys = nil }},
		{"BaseURL", func(o *wechatpay.Options) { o.BaseURL = "http://api.mch.weixin.qq.com" }},
		{"BaseURL", func(o *wechatpay.Options) { o.BaseURL = "http://127.0.0.1:1" }},
		{"BaseURL", func(o *wechatpay.Options) { o.BaseURL = "https://api.mch.weixin.qq.com/v3" }},
		{"BaseURL", func(o *wechatpay.Options) { o.BaseURL = "https://" }},
		{"BaseURL", func(o *wechatpay.Options) { o.BaseURL = ":" }},
		{"NotifyURL", func(o *wechatpay.Options) { o.NotifyURL = "" }},
		{"NotifyURL", func(o *wechatpay.Options) { o.NotifyURL = "http://mall.example/notify" }},
		{"NotifyURL", func(o *wechatpay.Options) { o.NotifyURL = "https://mall.example/notify?x=1" }},
		{"NotifyURL", func(o *wechatpay.Options) { o.NotifyURL = "https://mall.example/notify?" }},
		{"NotifyURL", func(o *wechatpay.Options) { o.NotifyURL = "https://a:b@mall.example/notify" }},
		{"NotifyURL", func(o *wechatpay.Options) { o.NotifyURL = "http://127.0.0.1/notify" }},
		{"NotifyURL", func(o *wechatpay.Options) {
			o.Loopback, o.NotifyURL = true, "http://192.0.2.1/notify"
		}},
		{"NotifyURL", func(o *wechatpay.Options) { o.NotifyURL = "https://mall.example/" + strings.Repeat("x", 255) }},
		{"MerchantSerial", keys(func(k *wechatpay.Keys) { k.MerchantSerial = "" })},
		{"MerchantSerial", keys(func(k *wechatpay.Keys) { k.MerchantSerial = `x"` })},
		{"MerchantKey", keys(func(k *wechatpay.Keys) { k.MerchantKey = nil })},
		{"MerchantKey", keys(func(k *wechatpay.Keys) { k.MerchantKey = small })},
		{"APIv3", keys(func(k *wechatpay.Keys) { k.APIv3 = nil })},
		{"APIv3[1]", keys(func(k *wechatpay.Keys) { k.APIv3 = []string{wechatpaytest.APIv3, "short"} })},
		{"PublicKeys[0].ID", keys(func(k *wechatpay.Keys) {
			k.PublicKeys = []wechatpay.PublicKey{{ID: "0114232134912410000000000000", Key: k.PublicKeys[0].Key}}
		})},
		{"PublicKeys[0].Key", keys(func(k *wechatpay.Keys) {
			k.PublicKeys = []wechatpay.PublicKey{{ID: k.PublicKeys[0].ID}}
		})},
		{"PublicKeys[0].Key", keys(func(k *wechatpay.Keys) {
			k.PublicKeys = []wechatpay.PublicKey{{ID: k.PublicKeys[0].ID, Key: &small.PublicKey}}
		})},
		{"Certificates[0]", keys(func(k *wechatpay.Keys) { k.Certificates = []*x509.Certificate{nil} })},
		{"Certificates[0]", keys(func(k *wechatpay.Keys) { k.Certificates = []*x509.Certificate{{}} })},
	} {
		o := good
		r.change(&o)
		if _, err := wechatpay.New(o); err == nil || !strings.Contains(err.Error(), r.field) {
			t.Errorf("%s: %v", r.field, err)
		}
	}
}

func TestParse_keys(t *testing.T) {
	t.Parallel()
	key, err := wechatpaytest.PrivateKey("merchant1")
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	block := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	for _, text := range []string{
		block("PRIVATE KEY", pkcs8), block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key)),
	} {
		if got, err := wechatpay.ParsePrivateKey(text); err != nil || !got.Equal(key) {
			t.Errorf("%v", err)
		}
	}
	if got, err := wechatpay.ParsePublicKey(block("PUBLIC KEY", public)); err != nil || !got.Equal(key.Public()) {
		t.Errorf("%v", err)
	}
	for _, text := range []string{
		"", "a secret", block("PRIVATE KEY", []byte("a secret")), block("PUBLIC KEY", public),
	} {
		if _, err := wechatpay.ParsePrivateKey(text); err == nil || strings.Contains(err.Error(), "a secret") {
			t.Errorf("%.20q as a private key: %v", text, err)
		}
	}
	for _, text := range []string{"", block("PUBLIC KEY", []byte("x")), block("PRIVATE KEY", pkcs8)} {
		if _, err := wechatpay.ParsePublicKey(text); err == nil {
			t.Errorf("%.20q as a public key", text)
		}
		if _, err := wechatpay.ParseCertificate(text); err == nil {
			t.Errorf("%.20q as a certificate", text)
		}
	}
}

// Whatever prints options, keys, the client or its errors, no key is in it.
func TestWeChatPay_hides_its_keys(t *testing.T) {
	t.Parallel()
	c := open(t, wechatpaytest.Config{})
	keys := c.Keys()
	o := goodOptions(t)
	var log strings.Builder
	logger := slog.New(slog.NewJSONHandler(&log, nil))
	logger.Info("x", "options", o, "keys", keys, "client", c.pay)
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "options", o, "keys", keys, "client", c.pay)
	for _, value := range []any{o, keys, c.pay, &o, &keys, map[string]any{"k": keys}, []any{o}} {
		fmt.Fprintf(&log, "%v %+v %#v %s\n", value, value, value, value)
		text, _ := json.Marshal(value)
		log.Write(text)
	}
	ref := c.opened()
	for _, code := range []string{"SIGN_ERROR", "PARAM_ERROR", "SYSTEM_ERROR"} {
		c.Refuse(401, code)
		_, err := c.pay.Create(t.Context(), ref.CreateRequest)
		fmt.Fprintln(&log, err)
		c.Refuse(401, code)
		_, err = c.pay.Query(t.Context(), ref)
		fmt.Fprintln(&log, err)
	}
	c.Close()
	_, err := c.pay.Query(t.Context(), ref)
	fmt.Fprintln(&log, err)
	for name, secret := range map[string]string{
		"APIv3":            wechatpaytest.APIv3,
		"exponent":         keys.MerchantKey.D.String(),
		"prime":            keys.MerchantKey.Primes[0].String(),
		"exponent, in hex": keys.MerchantKey.D.Text(16),
		"signature":        "signature=",
	} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("%s is shown", name)
		}
	}
	if !strings.Contains(log.String(), wechatpaytest.MerchantSerial(1)) {
		t.Error("nothing is shown at all")
	}
}

// What a provider says is cut in our errors.
func TestWeChatPay_cuts_long_answers(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{"code":"` + strings.Repeat("x", 9000) + `","message":"` + strings.Repeat("y", 9000) + `"}`,
		strings.Repeat("z", 9000),
	} {
		c := open(t, wechatpaytest.Config{Change: func(o *wechatpay.Options) {
			o.Client = &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
				return answer(400, http.Header{}, body), nil
			})}
		}})
		_, err := c.pay.Create(t.Context(), c.request(wechatpay.MethodNative))
		if kind(err) != "unknown" || len(err.Error()) > 500 {
			t.Errorf("%d bytes: %v", len(err.Error()), err)
		}
	}
}

// An answer without a signature, with a stale one, with another body or too long is no answer.
func TestWeChatPay_believes_only_signed_answers(t *testing.T) {
	t.Parallel()
	const paid = `{"appid":"wxd678efh567hg6787","mchid":"1900007291","out_trade_no":"01HATTEMPT0000000000000001",` +
		`"transaction_id":"4200001","trade_state":"SUCCESS","success_time":"2026-03-04T13:06:05+08:00",` +
		`"amount":{"total":1290,"currency":"CNY"}}`
	as := func(*counter, http.Header) {}
	for name, r := range map[string]struct {
		body   string
		change func(c *counter, h http.Header)
		good   bool
	}{
		"as it is":      {paid, as, true},
		"unsigned":      {paid, func(_ *counter, h http.Header) { h.Del("Wechatpay-Signature") }, false},
		"old":           {paid, func(c *counter, _ http.Header) { c.Advance(301 * time.Second) }, false},
		"from tomorrow": {paid, func(c *counter, _ http.Header) { c.Advance(-301 * time.Second) }, false},
		"of a key of ours": {paid, func(_ *counter, h http.Header) {
			h.Set("Wechatpay-Serial", wechatpaytest.MerchantSerial(1))
		}, false},
		"another number":   {strings.Replace(paid, "0001\"", "0002\"", 1), as, false},
		"another merchant": {strings.Replace(paid, "1900007291", "1900007292", 1), as, false},
		"another app":      {strings.Replace(paid, "wxd", "wxe", 1), as, false},
		"another currency": {strings.Replace(paid, "CNY", "USD", 1), as, false},
		"a sum in text":    {strings.Replace(paid, "1290", `"1290"`, 1), as, false},
		"a name twice":     {strings.Replace(paid, `{"appid"`, `{"appid":"x","appid"`, 1), as, false},
		"no transaction":   {strings.Replace(paid, "4200001", "", 1), as, false},
		"too long":         {paid + strings.Repeat(" ", 1<<20), as, false},
	} {
		var c *counter
		c = open(t, wechatpaytest.Config{Change: func(o *wechatpay.Options) {
			o.Client = &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
				signed := c.Sign([]byte(r.body))
				r.change(c, signed.Header)
				return answer(200, signed.Header, r.body), nil
			})}
		}})
		charge, err := c.pay.Query(t.Context(), payment.ChargeRef{CreateRequest: c.request(wechatpay.MethodNative)})
		if r.good != (err == nil && charge.Status == payment.ChargePaid) || !r.good && kind(err) != "unknown" {
			t.Errorf("%s: %+v, %v", name, charge, err)
		}
	}
}

// A refusal may be unsigned, but not badly signed.
func TestWeChatPay_believes_refusals(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]struct {
		change func(http.Header)
		want   string
	}{
		"signed":       {func(http.Header) {}, "absent"},
		"unsigned":     {func(h http.Header) { h.Del("Wechatpay-Signature") }, "absent"},
		"badly signed": {func(h http.Header) { h.Set("Wechatpay-Nonce", "another") }, "unknown"},
	} {
		var c *counter
		c = open(t, wechatpaytest.Config{Change: func(o *wechatpay.Options) {
			o.Client = &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
				signed := c.Sign([]byte(`{"code":"ORDER_NOT_EXIST","message":"订单不存在"}`))
				r.change(signed.Header)
				return answer(404, signed.Header, string(signed.Body)), nil
			})}
		}})
		err := c.pay.Close(t.Context(), payment.ChargeRef{CreateRequest: c.request(wechatpay.MethodNative)})
		if kind(err) != r.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A state that we have never heard of is unknown, and one that is not an error either.
func TestWeChatPay_Query_unknown_state(t *testing.T) {
	t.Parallel()
	for state, want := range map[string]payment.ChargeStatus{
		"SUCCESS":    "",
		"NOTPAY":     payment.ChargeOpen,
		"CLOSED":     payment.ChargeClosed,
		"REVOKED":    payment.ChargeClosed,
		"USERPAYING": payment.ChargeProcessing,
		"PAYERROR":   payment.ChargeFailed,
		"ACCEPT":     payment.ChargeUnknown,
		"":           payment.ChargeUnknown,
	} {
		var c *counter
		c = open(t, wechatpaytest.Config{Change: func(o *wechatpay.Options) {
			o.Client = &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
				signed := c.Sign([]byte(`{"appid":"wxd678efh567hg6787","mchid":"1900007291",` +
					`"out_trade_no":"01HATTEMPT0000000000000001","trade_state":"` + state + `"}`))
				return answer(200, signed.Header, string(signed.Body)), nil
			})}
		}})
		charge, err := c.pay.Query(t.Context(), payment.ChargeRef{CreateRequest: c.request(wechatpay.MethodNative)})
		if charge.Status != want || (err == nil) != (want != "") {
			t.Errorf("%q: %+v, %v", state, charge, err)
		}
	}
}

// A redirect is not followed: the request is signed for one address.
func TestWeChatPay_follows_no_redirect(t *testing.T) {
	t.Parallel()
	asked := false
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer other.Close()
	first := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	defer first.Close()
	c := open(t, wechatpaytest.Config{Change: func(o *wechatpay.Options) { o.BaseURL = first.URL }})
	_, err := c.pay.Query(t.Context(), payment.ChargeRef{CreateRequest: c.request(wechatpay.MethodNative)})
	if kind(err) != "unknown" || asked {
		t.Errorf("%v, %v", asked, err)
	}
}

// Everything at once, with the race detector in mind.
func TestWeChatPay_at_once(t *testing.T) {
	t.Parallel()
	c := open(t, wechatpaytest.Config{Certificates: true})
	ref := payment.ChargeRef{CreateRequest: c.request(wechatpay.MethodNative)}
	done := make(chan error)
	for range 8 {
		go func() {
			_, err := c.pay.Create(t.Context(), ref.CreateRequest)
			if err == nil {
				_, err = c.pay.Query(t.Context(), ref)
			}
			d := c.Notice("TRANSACTION.SUCCESS", "transaction", goodPayment, nil)
			_, parsed := c.pay.ParseNotice(d.Header, d.Body)
			done <- errors.Join(err, parsed)
		}()
	}
	for range 8 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if n := c.downloads(); n != 1 || c.Charges(ref.AttemptNo) != 1 {
		t.Errorf("%d downloads, %d charges", n, c.Charges(ref.AttemptNo))
	}
}
