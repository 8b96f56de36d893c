package wechatpay_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"videomall/mall/money"
	"videomall/mall/payment"
	"videomall/mall/payment/paymenttest"
	"videomall/mall/payment/wechatpay"
	"videomall/mall/payment/wechatpay/wechatpaytest"
)

// What is sent, to the last member.
func TestWeChatPay_Create_request(t *testing.T) {
	t.Parallel()
	common := map[string]any{
		"appid":        wechatpaytest.AppID,
		"mchid":        wechatpaytest.MerchantID,
		"description":  "北境之光",
		"out_trade_no": "01HATTEMPT0000000000000001",
		"time_expire":  "2026-03-04T13:21:07+08:00",
		"attach":       wechatpaytest.Mark,
		"notify_url":   "https://mall.example/notify",
		"amount":       map[string]any{"total": 1290.0, "currency": "CNY"},
	}
	for method, more := range map[string]map[string]any{
		wechatpay.MethodNative: {},
		wechatpay.MethodH5: {"scene_info": map[string]any{
			"payer_client_ip": "203.0.113.7",
			"h5_info":         map[string]any{"type": "Wap"},
		}},
		wechatpay.MethodJSAPI: {"payer": map[string]any{"openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"}},
	} {
		c := open(t, wechatpaytest.Config{})
		if _, err := c.pay.Create(t.Context(), c.request(method)); err != nil {
			t.Fatal(err)
		}
		sent := c.Requests()
		if len(sent) != 1 || sent[0].Method != http.MethodPost || sent[0].URI != "/v3/pay/transactions/"+method {
			t.Fatalf("%+v", sent)
		}
		var got map[string]any
		if err := json.Unmarshal([]byte(sent[0].Body), &got); err != nil {
			t.Fatal(err)
		}
		want := map[string]any{}
		for _, part := range []map[string]any{common, more} {
			for name, value := range part {
				want[name] = value
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s\ngot  %v\nwant %v", method, got, want)
		}
	}
}

func TestWeChatPay_Create_action(t *testing.T) {
	t.Parallel()
	c := open(t, wechatpaytest.Config{})
	native := c.request(wechatpay.MethodNative)
	got, err := c.pay.Create(t.Context(), native)
	if err != nil || got.Action.Type != payment.ActionQR || !strings.HasPrefix(got.Action.Code, "weixin://wxpay/") {
		t.Errorf("%+v, %v", got, err)
	}
	h5 := c.request(wechatpay.MethodH5)
	if got, err = c.pay.Create(t.Context(), h5); err != nil || got.Action.Type != payment.ActionRedirect {
		t.Fatalf("%+v, %v", got, err)
	}
	u, err := url.Parse(got.Action.URL)
	if err != nil || u.Query().Get("redirect_url") != h5.ReturnURL || !strings.HasPrefix(u.RawQuery, "prepay_id=") {
		t.Errorf("%s", got.Action.URL)
	}
	// The payer may come from another address when they try again.
	h5.PayerIP = "2001:db8::7"
	if again, err := c.pay.Create(t.Context(), h5); err != nil || again.Action.URL != got.Action.URL {
		t.Errorf("%+v, %v", again, err)
	}
	jsapi := c.request(wechatpay.MethodJSAPI)
	if got, err = c.pay.Create(t.Context(), jsapi); err != nil {
		t.Fatal(err)
	}
	forged := map[string]string{}
	for name, value := range got.Action.Fields {
		forged[name] = value
	}
	forged["nonceStr"] += "x"
	if err := c.PayBridge(forged); !errors.Is(err, paymenttest.ErrNotPayable) {
		t.Errorf("forged arguments: %v", err)
	}
	if err := c.PayBridge(got.Action.Fields); err != nil {
		t.Errorf("the bridge: %v", err)
	}
}

// An answer that WeChat Pay signed still has to hold what the method needs.
func TestWeChatPay_Create_answer(t *testing.T) {
	t.Parallel()
	for method, bodies := range map[string][]string{
		wechatpay.MethodNative: {
			`{}`, `{"code_url":""}`, `{"code_url":1}`, `{"code_url":"a\nb"}`, `{"h5_url":"https://x"}`,
		},
		wechatpay.MethodH5: {
			`{}`, `{"h5_url":"javascript:alert(1)"}`, `{"h5_url":"http://wx.tenpay.com/x"}`, `{"h5_url":"//x"}`,
		},
		wechatpay.MethodJSAPI: {`{}`, `{"prepay_id":"a b"}`, `null`, ``},
	} {
		for _, body := range bodies {
			var bank *wechatpaytest.Bank
			c := open(t, wechatpaytest.Config{Change: func(o *wechatpay.Options) {
				o.Client = &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
					signed := bank.Sign([]byte(body))
					return answer(200, signed.Header, body), nil
				})}
			}})
			bank = c.Bank
			if got, err := c.pay.Create(t.Context(), c.request(method)); kind(err) != "unknown" {
				t.Errorf("%s %s: %+v, %v", method, body, got, err)
			}
		}
	}
}

func TestWeChatPay_Create_refuses(t *testing.T) {
	t.Parallel()
	c := open(t, wechatpaytest.Config{})
	for name, r := range map[string]struct {
		method string
		change func(*payment.CreateRequest)
		want   string
	}{
		"another currency": {"native", func(r *payment.CreateRequest) { r.Amount.Currency = "USD" }, "rejected"},
		"a huge sum": {"native", func(r *payment.CreateRequest) {
			r.Amount.Amount = money.MaxSum + 1
		}, "rejected"},
		"a number of 33": {"native", func(r *payment.CreateRequest) {
			r.AttemptNo = strings.Repeat("1", 33)
		}, "rejected"},
		"a number of 5":         {"native", func(r *payment.CreateRequest) { r.AttemptNo = "12345" }, "rejected"},
		"H5 without an address": {"h5", func(r *payment.CreateRequest) { r.PayerIP = "" }, "later"},
		"H5 from a name":        {"h5", func(r *payment.CreateRequest) { r.PayerIP = "localhost" }, "later"},
		"JSAPI without openid":  {"jsapi", func(r *payment.CreateRequest) { r.PayerID = "" }, "rejected"},
		"a relative return":     {"native", func(r *payment.CreateRequest) { r.ReturnURL = "/orders/1" }, "rejected"},
		"a path as the method":  {"../certificates", func(*payment.CreateRequest) {}, "rejected"},
	} {
		request := c.request(r.method)
		r.change(&request)
		if _, err := c.pay.Create(t.Context(), request); kind(err) != r.want {
			t.Errorf("%s: got %s, want %s: %v", name, kind(err), r.want, err)
		}
	}
	if sent := c.Requests(); len(sent) != 0 {
		t.Errorf("%+v", sent)
	}
	// What is over by the time of the request is refused by WeChat Pay, and nothing is left there.
	late := c.request(wechatpay.MethodNative)
	late.ExpiresAt = c.Now().Add(-time.Second)
	if _, err := c.pay.Create(t.Context(), late); kind(err) != "rejected" || c.Charges(late.AttemptNo) != 0 {
		t.Errorf("expired: %v", err)
	}
	plain := open(t, wechatpaytest.Config{Change: func(o *wechatpay.Options) { o.H5, o.AppSecret = false, "" }})
	for _, method := range []string{wechatpay.MethodH5, wechatpay.MethodJSAPI} {
		if _, err := plain.pay.Create(t.Context(), plain.request(method)); kind(err) != "rejected" {
			t.Errorf("%s, which is off: %v", method, err)
		}
	}
}

// Titles come from creators. None may be refused for its length, and none may look like cells of the bill.
func TestWeChatPay_Create_description(t *testing.T) {
	t.Parallel()
	for subject, want := range map[string]string{
		"  a `b`,`c`\n\x00d ":                    "a  b , c   d",
		strings.Repeat("x", 127):                 strings.Repeat("x", 127),
		strings.Repeat("x", 128):                 strings.Repeat("x", 127),
		strings.Repeat("光", 60):                  strings.Repeat("光", 42),
		strings.Repeat("x", 126) + "光":           strings.Repeat("x", 126),
		"\xff" + strings.Repeat("x", 3) + "\xfe": "xxx",
	} {
		c := open(t, wechatpaytest.Config{})
		r := c.request(wechatpay.MethodNative)
		r.Subject = subject
		if _, err := c.pay.Create(t.Context(), r); err != nil {
			t.Fatalf("%q: %v", subject, err)
		}
		var sent struct{ Description string }
		if err := json.Unmarshal([]byte(c.Requests()[0].Body), &sent); err != nil {
			t.Fatal(err)
		}
		if sent.Description != want || !utf8.ValidString(sent.Description) {
			t.Errorf("%q\ngot  %q\nwant %q", subject, sent.Description, want)
		}
	}
}

func TestWeChatPay_Methods(t *testing.T) {
	t.Parallel()
	for _, on := range []bool{true, false} {
		c := open(t, wechatpaytest.Config{Change: func(o *wechatpay.Options) {
			if o.H5 = on; !on {
				o.AppSecret = ""
			}
		}})
		for device, want := range map[payment.Device]string{
			payment.DeviceWeChat:  "jsapi native",
			payment.DevicePhone:   "h5 native",
			payment.DeviceDesktop: "native",
			payment.DeviceAlipay:  "native",
		} {
			if !on {
				want = "native"
			}
			var fit []string
			for _, m := range c.pay.Methods() {
				if m.Fits(device, "CNY") {
					fit = append(fit, m.Name)
				}
				if m.Fits(device, "USD") {
					t.Errorf("%s takes USD", m.Name)
				}
			}
			if got := strings.Join(fit, " "); got != want {
				t.Errorf("on a %s: got %s, want %s", device, got, want)
			}
		}
	}
}

// A browser pays on the stand-in's pages.
func TestBank_pages(t *testing.T) {
	t.Parallel()
	c := open(t, wechatpaytest.Config{})
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
	for _, method := range []string{wechatpay.MethodNative, wechatpay.MethodH5} {
		r := c.request(method)
		created, err := c.pay.Create(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		address := created.Action.URL
		if method == wechatpay.MethodNative {
			address = c.URL() + "/scan?code_url=" + url.QueryEscape(created.Action.Code)
		}
		resp, err := browser.Get(address)
		if err != nil {
			t.Fatal(err)
		}
		var html strings.Builder
		if err := resp.Write(&html); err != nil || !strings.Contains(html.String(), "12.90") {
			t.Fatalf("%v\n%s", err, html.String())
		}
		_, rest, _ := strings.Cut(html.String(), `name="prepay_id" value="`)
		id, _, _ := strings.Cut(rest, `"`)
		form := url.Values{"prepay_id": {id}, "redirect_url": {r.ReturnURL}}
		resp, err = browser.PostForm(c.URL()+"/pay", form)
		if err != nil || resp.Header.Get("Location") != r.ReturnURL {
			t.Fatalf("%+v, %v", resp, err)
		}
		charge, err := c.pay.Query(t.Context(), payment.ChargeRef{CreateRequest: r})
		if err != nil || charge.Status != payment.ChargePaid {
			t.Errorf("%s: %+v, %v", method, charge, err)
		}
	}
}
