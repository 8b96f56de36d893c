package wechatpay_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"videomall/mall/payment/paymenttest"
	"videomall/mall/payment/wechatpay/wechatpaytest"
)

// The stand-in posts notices until they are acknowledged as WeChat Pay wants it, and complains of other answers.
func TestBank_delivers(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]struct {
		status    int
		body      string
		delivered bool
		complains bool
	}{
		"204":                {http.StatusNoContent, "", true, false},
		"200":                {http.StatusOK, "", true, false},
		"500 with its code":  {http.StatusInternalServerError, `{"code":"FAIL","message":"later"}`, false, false},
		"500 without a code": {http.StatusInternalServerError, "later", false, true},
		"a redirect":         {http.StatusFound, `{"code":"FAIL","message":"later"}`, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var c *counter
			answered := make(chan error, 4)
			shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				body, _ := io.ReadAll(req.Body)
				_, err := c.pay.ParseNotice(req.Header, body)
				w.WriteHeader(r.status)
				_, _ = io.WriteString(w, r.body)
				answered <- err
			}))
			defer shop.Close()
			c = open(t, wechatpaytest.Config{Deliver: true, NotifyURL: shop.URL + "/notify", Now: time.Now})
			ref := c.opened()
			if err := c.Pay(ref.AttemptNo, paymenttest.Payment{}); err != nil {
				t.Fatal(err)
			}
			if err := <-answered; err != nil {
				t.Fatal(err)
			}
			for range 100 { // the stand-in still has to read the answer
				if (c.Unacknowledged() == 0) == r.delivered && (len(c.Complaints()) > 0) == r.complains {
					return
				}
				time.Sleep(10 * time.Millisecond)
			}
			t.Errorf("%d are unacknowledged, complaints %v", c.Unacknowledged(), c.Complaints())
		})
	}
}

// The stand-in is strict about what it is sent, so that a wrong client can't pass. Each row changes one thing of a
// request that our client signs.
func TestBank_refuses(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]struct {
		change func(*http.Request)
		want   string
	}{
		"no authorization": {func(r *http.Request) { r.Header.Del("Authorization") }, "SIGN_ERROR"},
		"another body": {func(r *http.Request) {
			raw, _ := io.ReadAll(r.Body)
			changed := strings.Replace(string(raw), "1290", "1", 1)
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader(changed)), int64(len(changed))
		}, "SIGN_ERROR"},
		"another path": {func(r *http.Request) { r.URL.Path = "/v3/pay/transactions/h5" }, "SIGN_ERROR"},
		"a query":      {func(r *http.Request) { r.URL.RawQuery = "x=1" }, "SIGN_ERROR"},
		"another time": {func(r *http.Request) {
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), `timestamp="1`,
				`timestamp="2`, 1))
		}, "SIGN_ERROR"},
		"no agent":        {func(r *http.Request) { r.Header.Set("User-Agent", "") }, "PARAM_ERROR"},
		"accepts nothing": {func(r *http.Request) { r.Header.Del("Accept") }, "PARAM_ERROR"},
		"a form": {func(r *http.Request) {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}, "PARAM_ERROR"},
		"another serial": {func(r *http.Request) { r.Header.Set("Wechatpay-Serial", "ABC") }, "PARAM_ERROR"},
		"nothing":        {func(*http.Request) {}, ""},
	} {
		got := ""
		c := open(t, wechatpaytest.Config{Change: changing(r.change, &got)})
		_, _ = c.pay.Create(t.Context(), c.request("native"))
		if got != r.want {
			t.Errorf("%s: got %q, want %q", name, got, r.want)
		}
	}
}
