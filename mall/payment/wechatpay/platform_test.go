package wechatpay_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"videomall/mall/payment"
	"videomall/mall/payment/paymenttest"
	"videomall/mall/payment/wechatpay"
	"videomall/mall/payment/wechatpay/wechatpaytest"
)

// downloads counts how often the certificates were asked for since the last call.
func (c *counter) downloads() int {
	n := 0
	for _, r := range c.Requests() {
		if r.URI == "/v3/certificates" {
			n++
		}
	}
	return n
}

// The first call downloads the certificates, and an answer that is signed with a new one downloads them again.
func TestWeChatPay_certificates_are_replaced(t *testing.T) {
	t.Parallel()
	c := open(t, wechatpaytest.Config{Certificates: true})
	ref := c.opened()
	if n := c.downloads(); n != 1 {
		t.Fatalf("%d downloads", n)
	}
	old := c.CurrentSerial()
	if _, err := c.pay.Query(t.Context(), ref); err != nil {
		t.Fatal(err)
	}
	if sent := c.Requests(); len(sent) != 1 || sent[0].Header.Get("Wechatpay-Serial") != old {
		t.Fatalf("%+v", sent)
	}
	c.Advance(time.Hour)
	if err := c.RotateCertificate(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.pay.Query(t.Context(), ref); err != nil {
		t.Fatal(err)
	}
	if n := c.downloads(); n != 1 {
		t.Errorf("%d downloads after a new certificate", n)
	}
	if _, err := c.pay.Query(t.Context(), ref); err != nil {
		t.Fatal(err)
	}
	if sent := c.Requests(); len(sent) != 1 || sent[0].Header.Get("Wechatpay-Serial") == old {
		t.Errorf("%+v", sent)
	}
}

// Two new certificates within a minute: the second is not asked for before the minute is over.
func TestWeChatPay_certificates_at_most_once_a_minute(t *testing.T) {
	t.Parallel()
	c := open(t, wechatpaytest.Config{Certificates: true})
	ref := c.opened()
	c.Requests()
	if err := c.RotateCertificate(); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		c.Advance(10 * time.Second)
		if _, err := c.pay.Query(t.Context(), ref); kind(err) != "unknown" {
			t.Fatalf("%v", err)
		}
	}
	if n := c.downloads(); n != 0 {
		t.Errorf("%d downloads within a minute", n)
	}
	c.Advance(10 * time.Second)
	if _, err := c.pay.Query(t.Context(), ref); err != nil {
		t.Errorf("after a minute: %v", err)
	}
}

// A notice never makes a call. One with a new certificate is refused, and taken after the next call.
func TestWeChatPay_ParseNotice_with_a_new_certificate(t *testing.T) {
	t.Parallel()
	c := open(t, wechatpaytest.Config{Certificates: true})
	ref := c.opened()
	c.Advance(2 * time.Minute)
	if err := c.RotateCertificate(); err != nil {
		t.Fatal(err)
	}
	ref2 := payment.ChargeRef{CreateRequest: c.request(wechatpay.MethodNative)}
	if err := c.Pay(ref.AttemptNo, paymenttest.Payment{}); err != nil {
		t.Fatal(err)
	}
	notice := c.Notices()[0]
	c.Requests()
	for range 100 {
		if _, err := c.pay.ParseNotice(notice.Header, notice.Body); !errors.Is(err, payment.ErrBadSignature) {
			t.Fatalf("%v", err)
		}
	}
	if sent := c.Requests(); len(sent) != 0 {
		t.Fatalf("a notice made calls: %+v", sent)
	}
	if _, err := c.pay.Query(t.Context(), ref2); err != nil {
		t.Fatal(err)
	}
	if n := c.downloads(); n != 1 {
		t.Errorf("%d downloads with the next call", n)
	}
	if _, err := c.pay.ParseNotice(notice.Header, notice.Body); err != nil {
		t.Errorf("after it: %v", err)
	}
}

// Notices with invented serial numbers make one download in a minute at most, and those that name public keys none.
func TestWeChatPay_ParseNotice_with_invented_serials(t *testing.T) {
	t.Parallel()
	for serial, want := range map[string]int{
		"ABCDEF0123":                       1,
		wechatpay.PublicKeyPrefix + "0123": 0,
		"no hex":                           0,
		strings.Repeat("A", 65):            0,
	} {
		c := open(t, wechatpaytest.Config{})
		ref := c.opened()
		c.Requests()
		for range 20 {
			d := c.Notice("TRANSACTION.SUCCESS", "transaction", goodPayment, nil)
			d.Header.Set("Wechatpay-Serial", serial)
			if _, err := c.pay.ParseNotice(d.Header, d.Body); !errors.Is(err, payment.ErrBadSignature) {
				t.Fatalf("%v", err)
			}
			if _, err := c.pay.Query(t.Context(), ref); err != nil {
				t.Fatal(err)
			}
		}
		if n := c.downloads(); n != want {
			t.Errorf("%s: %d downloads, want %d", serial, n, want)
		}
	}
}

// A merchant without certificates who gets a notice with an invented serial number asks for them once, and not for ever.
func TestWeChatPay_one_invented_serial(t *testing.T) {
	t.Parallel()
	c := open(t, wechatpaytest.Config{})
	ref := c.opened()
	d := c.Notice("TRANSACTION.SUCCESS", "transaction", goodPayment, nil)
	d.Header.Set("Wechatpay-Serial", "ABCDEF")
	_, _ = c.pay.ParseNotice(d.Header, d.Body)
	c.Requests()
	for range 5 {
		if _, err := c.pay.Query(t.Context(), ref); err != nil {
			t.Fatal(err)
		}
		c.Advance(2 * time.Minute)
	}
	if n := c.downloads(); n != 1 {
		t.Errorf("%d downloads", n)
	}
}

// While no key is known at all, the certificates are asked for again soon.
func TestWeChatPay_certificates_after_a_failure(t *testing.T) {
	t.Parallel()
	down := true
	c := open(t, wechatpaytest.Config{Certificates: true, Change: func(o *wechatpay.Options) {
		o.Client = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			if down {
				return nil, errors.New("no network")
			}
			return http.DefaultTransport.RoundTrip(r)
		})}
	}})
	r := c.request(wechatpay.MethodNative)
	for range 3 {
		if _, err := c.pay.Create(t.Context(), r); kind(err) != "unknown" {
			t.Fatal(err)
		}
	}
	down = false
	if _, err := c.pay.Create(t.Context(), r); kind(err) != "unknown" || c.downloads() != 0 {
		t.Errorf("at once: %v", err)
	}
	c.Advance(5 * time.Second)
	if _, err := c.pay.Create(t.Context(), r); err != nil {
		t.Errorf("after five seconds: %v", err)
	}
}

// An expired certificate verifies nothing, even if it is the only one.
func TestWeChatPay_expired_certificate(t *testing.T) {
	t.Parallel()
	c := open(t, wechatpaytest.Config{Certificates: true})
	c.opened()
	c.Advance(6 * 365 * 24 * time.Hour)
	d := c.Notice("TRANSACTION.SUCCESS", "transaction", goodPayment, nil)
	if _, err := c.pay.ParseNotice(d.Header, d.Body); !errors.Is(err, payment.ErrBadSignature) {
		t.Errorf("%v", err)
	}
}

// Certificates that another APIv3 key encrypted are nobody's.
func TestWeChatPay_certificates_of_another(t *testing.T) {
	t.Parallel()
	c := open(t, wechatpaytest.Config{Certificates: true})
	c.SetAPIv3(strings.Repeat("0", 32))
	if _, err := c.pay.Create(t.Context(), c.request(wechatpay.MethodNative)); kind(err) != "unknown" {
		t.Errorf("%v", err)
	}
	if c.Charges("01HATTEMPT0000000000000001") != 0 {
		t.Error("a charge was opened although no answer could be verified")
	}
}

// A list of certificates is believed as a whole or not at all.
func TestWeChatPay_certificates_changed_on_the_way(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]struct {
		change func(c *counter, body string) paymenttest.Delivery
		good   bool
	}{
		"signed anew": {func(c *counter, body string) paymenttest.Delivery { return c.Sign([]byte(body)) }, true},
		"another serial number": {func(c *counter, body string) paymenttest.Delivery {
			return c.Sign([]byte(strings.Replace(body, `"serial_no":"4`, `"serial_no":"5`, 1)))
		}, false},
		"another ciphertext": {func(c *counter, body string) paymenttest.Delivery {
			return c.Sign([]byte(strings.Replace(body, `"ciphertext":"`, `"ciphertext":"AAAA`, 1)))
		}, false},
		"none": {func(c *counter, _ string) paymenttest.Delivery { return c.Sign([]byte(`{"data":[]}`)) }, false},
		"unsigned": {func(c *counter, body string) paymenttest.Delivery {
			return paymenttest.Delivery{Header: http.Header{}, Body: []byte(body)}
		}, false},
		"signed by somebody else": {func(c *counter, body string) paymenttest.Delivery {
			d := c.Sign([]byte(body + " "))
			d.Body = []byte(body)
			return d
		}, false},
	} {
		var c *counter
		c = open(t, wechatpaytest.Config{Certificates: true, Change: func(o *wechatpay.Options) {
			o.Client = &http.Client{Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
				resp, err := http.DefaultTransport.RoundTrip(req)
				if err != nil || req.URL.Path != "/v3/certificates" {
					return resp, err
				}
				defer resp.Body.Close()
				body, err := io.ReadAll(resp.Body)
				d := r.change(c, string(body))
				return answer(resp.StatusCode, d.Header, string(d.Body)), err
			})}
		}})
		_, err := c.pay.Create(t.Context(), c.request(wechatpay.MethodNative))
		if (err == nil) != r.good || !r.good && kind(err) != "unknown" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Public keys, the merchant's key and the APIv3 key are replaced while the client runs, in either order.
func TestWeChatPay_keys_are_replaced(t *testing.T) {
	t.Parallel()
	c := open(t, wechatpaytest.Config{})
	before := c.Notice("TRANSACTION.SUCCESS", "transaction", goodPayment, nil)
	first := c.CurrentSerial()
	if err := c.RotatePublicKey(); err != nil {
		t.Fatal(err)
	}
	after := c.Notice("TRANSACTION.SUCCESS", "transaction", goodPayment, nil)
	if first == c.CurrentSerial() {
		t.Fatal("the key is the same")
	}
	for _, d := range []paymenttest.Delivery{before, after} {
		if _, err := c.pay.ParseNotice(d.Header, d.Body); err != nil {
			t.Errorf("signed with %s: %v", d.Header.Get("Wechatpay-Serial"), err)
		}
	}
	if err := c.RotateMerchant(); err != nil {
		t.Fatal(err)
	}
	c.ForgetMerchants()
	c.Requests()
	c.opened()
	sent := c.Requests()[0]
	if !strings.Contains(sent.Header.Get("Authorization"), wechatpaytest.MerchantSerial(2)) ||
		sent.Header.Get("Wechatpay-Serial") != c.CurrentSerial() {
		t.Errorf("%+v", sent)
	}
	c.SetAPIv3("another key of thirty-two bytes.", wechatpaytest.APIv3)
	if _, err := c.pay.ParseNotice(after.Header, after.Body); err != nil {
		t.Errorf("with the old and the new APIv3 key: %v", err)
	}
	c.SetAPIv3("another key of thirty-two bytes.")
	if _, err := c.pay.ParseNotice(after.Header, after.Body); !errors.Is(err, payment.ErrMalformedNotice) {
		t.Errorf("with the new APIv3 key alone: %v", err)
	}
	// Keys that became unusable stop everything, and say why without showing one.
	c.SetAPIv3("short")
	_, err := c.pay.Query(t.Context(), payment.ChargeRef{CreateRequest: c.request(wechatpay.MethodNative)})
	if err == nil || !strings.Contains(err.Error(), "APIv3[0] has 5 bytes") {
		t.Errorf("%v", err)
	}
	if _, err := c.pay.ParseNotice(after.Header, after.Body); err == nil || errors.Is(err, payment.ErrBadSignature) {
		t.Errorf("a notice that our own configuration can't verify shall be sent again: %v", err)
	}
}

// While both are in use, WeChat Pay signs with what it is asked for.
func TestWeChatPay_from_certificates_to_a_public_key(t *testing.T) {
	t.Parallel()
	c := open(t, wechatpaytest.Config{Certificates: true})
	ref := c.opened()
	if err := c.RotatePublicKey(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.pay.Query(t.Context(), ref); err != nil {
		t.Fatal(err)
	}
	c.Requests()
	if err := c.pay.Close(t.Context(), ref); err != nil {
		t.Fatal(err)
	}
	if sent := c.Requests(); len(sent) != 1 || sent[0].Header.Get("Wechatpay-Serial") != c.CurrentSerial() {
		t.Errorf("%+v", sent)
	}
}
