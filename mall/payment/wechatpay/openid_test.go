package wechatpay_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"videomall/mall/payment/paymenttest"
	"videomall/mall/payment/wechatpay"
	"videomall/mall/payment/wechatpay/wechatpaytest"
)

// code lets WeChat's browser go to be identified, and returns the code with which it comes back.
func (c *counter) code() string {
	c.Helper()
	req, err := http.NewRequestWithContext(c.Context(), http.MethodGet,
		c.pay.PayerURL("https://mall.example/orders/1/pay/payer?x=1", "S7ATE"), http.NoBody)
	if err != nil {
		c.Fatal(err)
	}
	req.Header.Set("User-Agent", "MicroMessenger/8.0")
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		c.Fatal(err)
	}
	defer resp.Body.Close()
	to, err := url.Parse(resp.Header.Get("Location"))
	if err != nil || to.Host != "mall.example" || to.Query().Get("state") != "S7ATE" || to.Query().Get("x") != "1" {
		c.Fatalf("%v leads to %v, %v", req.URL, to, err)
	}
	return to.Query().Get("code")
}

func TestWeChatPay_PayerURL(t *testing.T) {
	t.Parallel()
	o := goodOptions(t)
	o.AppSecret = wechatpaytest.AppSecret
	w, err := wechatpay.New(o)
	if err != nil {
		t.Fatal(err)
	}
	want := "https://open.weixin.qq.com/connect/oauth2/authorize?appid=" + wechatpaytest.AppID +
		"&redirect_uri=https%3A%2F%2Fmall.example%2Fa&response_type=code&scope=snsapi_base&state=S#wechat_redirect"
	if got := w.PayerURL("https://mall.example/a", "S"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestWeChatPay_Identify(t *testing.T) {
	t.Parallel()
	c := open(t, wechatpaytest.Config{})
	good := c.code()
	if id, err := c.pay.Identify(t.Context(), good); err != nil || id != wechatpaytest.Payer {
		t.Fatalf("%q, %v", id, err)
	}
	if _, err := c.pay.Identify(t.Context(), good); kind(err) != "rejected" || !strings.Contains(err.Error(), "40163") {
		t.Errorf("a code that was used: %v", err)
	}
	late := c.code()
	c.Advance(5*time.Minute + time.Second)
	for code, want := range map[string]string{late: "40029", "unknown": "40029", "": "none", "a b": "none"} {
		if _, err := c.pay.Identify(t.Context(), code); kind(err) != "rejected" || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", code, err, want)
		}
	}
	c.RefuseCode(-1)
	if _, err := c.pay.Identify(t.Context(), c.code()); kind(err) != "later" {
		t.Errorf("busy: %v", err)
	}
	for name, change := range map[string]func(*wechatpay.Options){
		"40125": func(o *wechatpay.Options) { o.AppSecret = "wrong" },
		"40013": func(o *wechatpay.Options) { o.AppID = "wx0000000000000000" },
	} {
		wrong := open(t, wechatpaytest.Config{Change: change})
		if _, err := wrong.pay.Identify(t.Context(), "x"); kind(err) != "rejected" || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// No error has the account's secret, the code or what WeChat answered: the request has two of them in its address.
func TestWeChatPay_Identify_errors_hold_no_secrets(t *testing.T) {
	t.Parallel()
	for _, fault := range []paymenttest.Fault{
		paymenttest.FaultLostAnswer, paymenttest.FaultBadAnswer, paymenttest.FaultSlow, "closed",
	} {
		c := open(t, wechatpaytest.Config{Change: func(o *wechatpay.Options) {
			o.Client = &http.Client{Timeout: time.Second}
		}})
		code := c.code()
		if c.Fault(fault); fault == "closed" {
			c.Close()
		}
		_, err := c.pay.Identify(t.Context(), code)
		if err == nil || kind(err) != "unknown" {
			t.Fatalf("%s: %v", fault, err)
		}
		for _, secret := range []string{wechatpaytest.AppSecret, code, "access_token", "://"} {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("%s: %v", fault, err)
			}
		}
		var address *url.Error
		if errors.As(err, &address) {
			t.Errorf("%s: the error still has the address", fault)
		}
	}
}
