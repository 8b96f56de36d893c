package checkout_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"videomall/mall/payment/paymenttest"
	"videomall/mall/payment/wechatpay"
)

// scans comes back in a way that is refused: it ends at the code to scan, as do loading it twice and the next press.
func (w *inWeChat) scans(back string) {
	w.Helper()
	for _, at := range []string{w.Get(back).Location, w.Get(back).Location, w.again()} {
		if at != w.at+"/pay" {
			w.Fatalf("%s leads to %q", back, at)
		}
	}
	if got := w.attempts(); got[len(got)-1] != native {
		w.Errorf("attempts: %v", got)
	}
}

// afresh is the same shopper in another session.
func (w *inWeChat) afresh() {
	w.Browser = w.mall.Browser(w.mia)
	w.Agent = wechatAgent
}

// A code that WeChat refuses ends at the QR code. So does one that nobody answers, once it was tried again. Neither
// leads to WeChat again, and the state is used up.
func TestPayer_code(t *testing.T) {
	w := openWeChat(t, wechatAgent, func(o *wechatpay.Options) { o.Client = &http.Client{Timeout: time.Second} })
	used := w.authorize(w.to)
	usedCode := query(t, used).Get("code")
	if _, err := w.bank.Client().Identify(t.Context(), usedCode); err != nil {
		t.Fatal(err)
	}
	for _, fault := range []paymenttest.Fault{
		paymenttest.FaultUnavailable, paymenttest.FaultLostAnswer, paymenttest.FaultBadAnswer, paymenttest.FaultSlow,
	} {
		w.afresh()
		back := w.authorize(w.again())
		w.bank.Fault(fault)
		words := unknown
		if fault == paymenttest.FaultUnavailable {
			words = busy
		}
		w.fails(back, words)
		w.fails(back, expired)
	}
	w.afresh()
	back := w.authorize(w.again())
	path, _, _ := strings.Cut(back, "?")
	w.scans(path + "?code=" + usedCode + "&state=" + query(t, back).Get("state"))
	w.afresh()
	w.scans(path + "?state=" + query(t, w.authorize(w.again())).Get("state"))
	for _, errcode := range []int{40029, 40163, 40013, 40125, 41002, 41004} {
		w.afresh()
		back := w.authorize(w.again())
		w.bank.RefuseCode(errcode)
		w.scans(back)
		// An operator sees what only they can mend.
		seen := strings.Contains(w.mall.Payments.Health()[0].Error, strconv.Itoa(errcode))
		if seen == (errcode == 40029 || errcode == 40163) {
			t.Errorf("%d: %+v", errcode, w.mall.Payments.Health())
		}
	}
	w.afresh()
	if to := w.Get(w.authorize(w.again())).Location; to != w.at+"/pay" {
		t.Errorf("a good code leads to %q", to)
	}
	if got := w.attempts(); len(got) != 2 || got[0] != native || got[1] != jsapi {
		t.Errorf("attempts: %v", got)
	}
}

// A WeChat that is too busy is asked once more when the shopper tries again; then they get the code to scan. A failure
// long ago does not count.
func TestPayer_busy(t *testing.T) {
	w := openWeChat(t, wechatAgent)
	refused := func() string {
		back := w.authorize(w.again())
		w.bank.RefuseCode(-1)
		return back
	}
	w.fails(refused(), busy)
	w.Lang = "zh-CN"
	w.mall.Advance(10 * time.Minute)
	w.fails(refused(), "微信系统繁忙")
	w.scans(refused())

	w.afresh()
	if to := w.Get(refused()).Location; to != w.at {
		t.Errorf("in another session a failure leads to %q", to)
	}
	if to := w.Get(w.authorize(w.again())).Location; to != w.at+"/pay" || w.attempts()[1] != jsapi {
		t.Errorf("after a failure a good code leads to %q, attempts %v", to, w.attempts())
	}
	_, to := w.orders(w.Browser) // the payer is known
	if !strings.HasPrefix(to, "/orders/") {
		t.Errorf("the next order leads to %q", to)
	}
}

// While nobody exchanges codes, the shopper gets the code to scan, and WeChat Pay is offered as before.
func TestPayer_nobody_answers(t *testing.T) {
	w := openWeChat(t, wechatAgent)
	for range 5 {
		w.afresh()
		back := w.authorize(w.again())
		w.bank.Fault(paymenttest.FaultLostAnswer)
		w.fails(back, unknown)
	}
	if to := w.again(); to != w.at+"/pay" {
		t.Errorf("the button leads to %q", to)
	}
	if got := w.attempts(); len(got) != 1 || got[0] != native {
		t.Errorf("attempts: %v", got)
	}
}

// A shop that may not take JSAPI payments has the code scanned. Payers are asked for again later.
func TestPayer_payment_refused(t *testing.T) {
	for code, status := range map[string]int{
		"NO_AUTH":               http.StatusForbidden,
		"APPID_MCHID_NOT_MATCH": http.StatusBadRequest,
	} {
		t.Run(code, func(t *testing.T) {
			w := openWeChat(t, wechatAgent)
			back := w.authorize(w.to)
			w.bank.Refuse(status, code)
			w.scans(back)
			if got := w.attempts(); len(got) != 2 || got[0] != jsapi {
				t.Errorf("attempts: %v", got)
			}
			w.mall.Advance(9 * time.Minute)
			if _, to := w.orders(w.Browser); !strings.HasSuffix(to, "/pay") || !strings.HasPrefix(to, "/orders/") {
				t.Errorf("the next order's button leads to %q", to)
			}
			w.mall.Advance(time.Minute)
			if _, to := w.orders(w.Browser); !strings.HasPrefix(to, w.bank.URL()) {
				t.Errorf("after ten minutes the button leads to %q", to)
			}
		})
	}
}
