package checkout_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"videomall/mall/payment"
	"videomall/mall/payment/wechatpay"
	"videomall/mall/payment/wechatpay/wechatpaytest"
	"videomall/web/webtest"
)

// wechatAgent is what WeChat's browser calls itself.
const wechatAgent = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/116.0 " +
	"Mobile Safari/537.36 XWEB/1160 MicroMessenger/8.0.47 Language/zh_CN"

// inWeChat is a shopper in WeChat's browser with an order that waits for its payment at WeChat Pay.
type inWeChat struct {
	*testing.T
	*webtest.Browser
	mall *webtest.Mall
	bank *wechatpaytest.Bank
	mia  int64
	at   string // the page of the order
	to   string // where the button of the checkout led
}

func openWeChat(t *testing.T, agent string, change ...func(*wechatpay.Options)) *inWeChat {
	t.Helper()
	return openWeChatWith(t, agent, func(*webtest.Options) {}, change...)
}

func openWeChatWith(t *testing.T, agent string, adjust func(*webtest.Options),
	change ...func(*wechatpay.Options),
) *inWeChat {
	t.Helper()
	w := &inWeChat{T: t}
	w.mall = open(t, adjust, func(o *webtest.Options) {
		o.Provider = func(m *webtest.Mall, _ payment.Provider) payment.Provider {
			w.bank = wechatpaytest.New(t, wechatpaytest.Config{Now: m.Now, Change: func(o *wechatpay.Options) {
				for _, c := range change {
					c(o)
				}
			}})
			return w.bank.Provider()
		}
	})
	w.mia = w.mall.Person("mia", "shopper").ID
	w.Browser = w.mall.Browser(w.mia)
	w.Agent = agent
	w.at, w.to = w.orders(w.Browser)
	return w
}

// orders places an order and presses the button.
func (w *inWeChat) orders(b *webtest.Browser) (at, to string) {
	w.Helper()
	b.Post("/cart/items", item(w.mall.Video(990, -1)))
	to = b.Post("/checkout", b.Get("/checkout").Form("/checkout")).Wants(http.StatusSeeOther).Location
	return "/orders/" + webtest.Query[string](w.mall, "select order_no from video_order order by id desc limit 1")[0], to
}

// authorize follows the way to WeChat, and returns the way back.
func (w *inWeChat) authorize(to string) string {
	w.Helper()
	r, err := http.NewRequestWithContext(w.Context(), http.MethodGet, to, http.NoBody)
	if err != nil {
		w.Fatal(err)
	}
	r.Header.Set("User-Agent", wechatAgent)
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(r)
	if err != nil {
		w.Fatal(err)
	}
	defer resp.Body.Close()
	said, _ := io.ReadAll(resp.Body)
	back, ours := strings.CutPrefix(resp.Header.Get("Location"), w.mall.URL)
	if !ours {
		w.Fatalf("%s leads to %q: %s", to, resp.Header.Get("Location"), said)
	}
	return back
}

// again presses the button of the order's page, and returns where it leads.
func (w *inWeChat) again() string {
	w.Helper()
	return w.Post(w.at+"/pay", url.Values{"provider": {"wechatpay"}}).Wants(http.StatusSeeOther).Location
}

// fails comes back in a way that begins no payment: it ends on the order's page, with these words.
func (w *inWeChat) fails(back, words string) {
	w.Helper()
	if at := w.Get(back).Wants(http.StatusSeeOther).Location; at != w.at {
		w.Fatalf("%s leads to %q", back, at)
	}
	w.Get(w.at).Wants(http.StatusOK).Shows(words)
	if n := w.attempts(); len(n) != 0 {
		w.Errorf("attempts: %v", n)
	}
}

// attempts lists method and payer of all attempts, the oldest first.
func (w *inWeChat) attempts() []string {
	return webtest.Query[string](w.mall,
		"select method || ' ' || coalesce(request->>'payerId', '') from video_payment order by created_at, attempt_no")
}

const (
	expired = "This link back to the payment has expired or was already used."
	busy    = "WeChat is too busy to tell us which account is paying."
	unknown = "We could not tell which WeChat account is paying."
	jsapi   = "jsapi " + wechatpaytest.Payer
	native  = "native "
)

func TestPayer_whole_way(t *testing.T) {
	w := openWeChat(t, wechatAgent)
	if !strings.HasPrefix(w.to, w.bank.URL()+"/connect/oauth2/authorize?appid="+wechatpaytest.AppID+"&redirect_uri=") ||
		strings.Contains(w.to, wechatpaytest.AppSecret) {
		t.Fatalf("the button leads to %q", w.to)
	}
	if policy := w.Get(w.at).Header.Get("Content-Security-Policy"); !strings.Contains(policy, w.bank.URL()) {
		t.Errorf("the policy of the order's page does not let its form go: %s", policy)
	}
	// A second click before the browser has left gets the same way.
	if again := w.again(); again != w.to {
		t.Errorf("the second click leads to %q, the first to %q", again, w.to)
	}
	back := w.authorize(w.to)
	if to := w.Get(back).Wants(http.StatusSeeOther).Location; to != w.at+"/pay" {
		t.Fatalf("the way back leads to %q", to)
	}
	page := w.Get(w.at + "/pay").Wants(http.StatusOK)
	holds(t, page, "getBrandWCPayRequest", "paySign", `id="pay-bridge"`)
	for _, secret := range []string{wechatpaytest.AppSecret, wechatpaytest.Payer} {
		if page.Has(secret) {
			t.Errorf("the page has %s", secret)
		}
	}
	// The back button, and a browser that loads the address twice, end at the same payment.
	if to := w.Get(back).Wants(http.StatusSeeOther).Location; to != w.at+"/pay" {
		t.Errorf("the way back, again, leads to %q", to)
	}
	if to := w.again(); to != w.at+"/pay" {
		t.Errorf("the button, again, leads to %q", to)
	}
	if got := w.attempts(); len(got) != 1 || got[0] != jsapi {
		t.Errorf("attempts: %v", got)
	}
	// The session knows the payer for its next order; another person in it does not.
	if _, to := w.orders(w.Browser); !strings.HasSuffix(to, "/pay") || !strings.HasPrefix(to, "/orders/") {
		t.Errorf("the next order's button leads to %q", to)
	}
	w.SignIn(w.mall.Person("eve", "shopper").ID)
	if _, to := w.orders(w.Browser); !strings.HasPrefix(to, w.bank.URL()) {
		t.Errorf("another person's button leads to %q", to)
	}
}

// Everywhere else, and without the account's secret, the code to scan stays. So it does where an app only calls itself
// WeChat.
func TestPayer_not_asked(t *testing.T) {
	for name, c := range map[string]struct {
		agent  string
		change func(*wechatpay.Options)
	}{
		"on a desk":         {"Mozilla/5.0 (X11; Linux x86_64)", func(*wechatpay.Options) {}},
		"without a secret":  {wechatAgent, func(o *wechatpay.Options) { o.AppSecret = "" }},
		"in WeCom":          {wechatAgent + " wxwork/4.1.22", func(*wechatpay.Options) {}},
		"in a mini program": {wechatAgent + " miniProgram/wx0123456789abcdef", func(*wechatpay.Options) {}},
		"in one on a desk":  {wechatAgent + " MiniProgramEnv/Windows", func(*wechatpay.Options) {}},
	} {
		t.Run(name, func(t *testing.T) {
			w := openWeChat(t, c.agent, c.change)
			if got := w.attempts(); w.to != w.at+"/pay" || len(got) != 1 || got[0] != native {
				t.Errorf("the button leads to %q, attempts %v", w.to, got)
			}
			w.Get(w.at + "/pay/payer?code=x&state=y").Wants(http.StatusSeeOther)
		})
	}
}

// Only the session that was sent away for this order is let in, once and for ten minutes.
func TestPayer_state(t *testing.T) {
	w := openWeChat(t, wechatAgent)
	back := w.authorize(w.to)
	path, query, _ := strings.Cut(back, "?")
	w.fails(path, expired)
	w.fails(back+"x", expired)
	w.fails(path+"?code=x&state=", expired)

	// Eve's code with Eve's state, planted in Mia's browser: Mia never pays as Eve.
	w.bank.UseAs("oEve")
	eve := w.mall.Browser(w.mall.Person("eve", "shopper").ID)
	eve.Agent = wechatAgent
	eveAt, eveTo := w.orders(eve)
	planted := w.authorize(eveTo)
	_, evesQuery, _ := strings.Cut(planted, "?")
	w.fails(path+"?"+evesQuery, expired)
	w.Get(planted).Wants(http.StatusNotFound)
	eve.Get(path + "?" + evesQuery).Wants(http.StatusNotFound)
	eve.Get(eveAt + "/pay/payer?" + query).Wants(http.StatusSeeOther)
	w.mall.Browser(0).Get(back).Wants(http.StatusSeeOther)

	// The way back of one order does not lead to the payment of another.
	_, other := w.orders(w.Browser)
	_, othersQuery, _ := strings.Cut(w.authorize(other), "?")
	w.fails(path+"?"+othersQuery, expired)

	back = w.authorize(w.again())
	w.mall.Advance(10 * time.Minute)
	w.fails(back, expired)
	w.bank.UseAs(wechatpaytest.Payer)
	if to := w.Get(w.authorize(w.again())).Location; to != w.at+"/pay" {
		t.Errorf("a new way back leads to %q", to)
	}
}

// What only calls itself WeChat may share the session of WeChat's browser, and pays without its payer.
func TestPayer_known_in_a_mini_program(t *testing.T) {
	w := openWeChat(t, wechatAgent)
	w.Get(w.authorize(w.to)).Wants(http.StatusSeeOther)
	w.Agent += " miniProgram/wx0123456789abcdef"
	if to := w.again(); to != w.at+"/pay" {
		t.Errorf("the button leads to %q", to)
	}
	if got := w.attempts(); len(got) != 2 || got[0] != jsapi || got[1] != native {
		t.Errorf("attempts: %v", got)
	}
}

func TestPayer_is_known_for_minutes(t *testing.T) {
	w := openWeChat(t, wechatAgent)
	w.Get(w.authorize(w.to)).Wants(http.StatusSeeOther)
	w.mall.Advance(9 * time.Minute)
	if _, to := w.orders(w.Browser); !strings.HasSuffix(to, "/pay") || !strings.HasPrefix(to, "/orders/") {
		t.Errorf("after nine minutes the button leads to %q", to)
	}
	w.mall.Advance(time.Minute)
	if _, to := w.orders(w.Browser); !strings.HasPrefix(to, w.bank.URL()) {
		t.Errorf("after ten minutes the button leads to %q", to)
	}
}

// An attempt belongs to the payer for whom it was opened, and a payer whom the provider refuses is asked for anew.
func TestPayer_changes(t *testing.T) {
	w := openWeChat(t, wechatAgent)
	w.Get(w.authorize(w.to)).Wants(http.StatusSeeOther)
	w.bank.UseAs("oOther")
	other := w.mall.Browser(w.mia)
	other.Agent = wechatAgent
	to := other.Post(w.at+"/pay", url.Values{"provider": {"wechatpay"}}).Wants(http.StatusSeeOther).Location
	if at := other.Get(w.authorize(to)).Location; at != w.at+"/pay" {
		t.Fatalf("the way back leads to %q", at)
	}
	if got := w.attempts(); len(got) != 2 || got[0] != jsapi || got[1] != "jsapi oOther" {
		t.Errorf("attempts: %v", got)
	}
	open := webtest.Query[string](w.mall, "select request->>'payerId' from video_payment where status = 'pending'")
	if len(open) != 1 || open[0] != "oOther" {
		t.Errorf("open attempts of %v", open)
	}

	w.Agent = "" // on a desk no payer is stored
	if _, to := w.orders(w.Browser); !strings.HasSuffix(to, "/pay") || w.attempts()[len(w.attempts())-1] != native {
		t.Errorf("on a desk: %q, %v", to, w.attempts())
	}
	w.Agent = wechatAgent

	w.bank.Refuse(http.StatusInternalServerError, "OPENID_MISMATCH")
	if _, to := w.orders(w.Browser); strings.HasSuffix(to, "/pay") {
		t.Errorf("a refused payer is led to %q", to)
	}
	if _, to := w.orders(w.Browser); !strings.HasPrefix(to, w.bank.URL()) {
		t.Errorf("after the refusal: %q", to)
	}
}

func query(t *testing.T, address string) url.Values {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query()
}
