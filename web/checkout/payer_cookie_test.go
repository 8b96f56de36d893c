package checkout_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"videomall/mall/payment/wechatpay/wechatpaytest"
	"videomall/web/webtest"
)

func openWithoutRedis(t *testing.T) *inWeChat {
	t.Helper()
	gone := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1", MaxRetries: -1})
	t.Cleanup(func() { gone.Close() })
	return openWeChatWith(t, wechatAgent, func(o *webtest.Options) { o.Redis = gone })
}

// What a browser keeps of its payer does not need the session's values, which are lost without Redis.
func TestPayer_without_Redis(t *testing.T) {
	w := openWithoutRedis(t)
	if again := w.again(); again != w.to || !strings.HasPrefix(w.to, w.bank.URL()) {
		t.Fatalf("the button leads to %q, the second click to %q", w.to, again)
	}
	back := w.authorize(w.to)
	for range 2 { // the second is the back button
		if to := w.Get(back).Wants(http.StatusSeeOther).Location; to != w.at+"/pay" {
			t.Fatalf("the way back leads to %q", to)
		}
	}
	holds(t, w.Get(w.at+"/pay").Wants(http.StatusOK), "getBrandWCPayRequest")
	if got := w.attempts(); len(got) != 1 || got[0] != jsapi {
		t.Errorf("attempts: %v", got)
	}
	if _, to := w.orders(w.Browser); !strings.HasPrefix(to, "/orders/") {
		t.Errorf("the next order's button leads to %q", to)
	}
	w.afresh()
	_, to := w.orders(w.Browser)
	back = w.authorize(to)
	w.bank.RefuseCode(40029)
	for range 2 {
		if to := w.Get(back).Location; !strings.HasSuffix(to, "/pay") {
			t.Errorf("a refused code leads to %q", to)
		}
	}
	if _, to := w.orders(w.Browser); !strings.HasPrefix(to, "/orders/") {
		t.Errorf("after a refusal the next order's button leads to %q", to)
	}
	// A busy WeChat is tried again once.
	w.afresh()
	for _, want := range []string{"", "/pay"} {
		at, to := w.orders(w.Browser)
		back := w.authorize(to)
		w.bank.RefuseCode(-1)
		if got := w.Get(back).Location; got != at+want {
			t.Errorf("a busy WeChat leads to %q, want %q", got, at+want)
		}
	}
}

// press presses the button with cookies of one's own, and returns what the answer sets.
func (w *inWeChat) press(cookies ...*http.Cookie) (to string, set []*http.Cookie) {
	return w.send(http.MethodPost, w.at+"/pay", cookies...)
}

func (w *inWeChat) send(method, path string, cookies ...*http.Cookie) (to string, set []*http.Cookie) {
	w.Helper()
	var body io.Reader = http.NoBody
	if method == http.MethodPost {
		body = strings.NewReader(url.Values{"provider": {"wechatpay"}}.Encode())
	}
	r, err := http.NewRequestWithContext(w.Context(), method, w.mall.URL+path, body)
	if err != nil {
		w.Fatal(err)
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.Header.Set("User-Agent", wechatAgent)
	for _, c := range cookies {
		r.AddCookie(c)
	}
	res := webtest.Do(w, &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}, r)
	return strings.TrimPrefix(res.Header.Get("Location"), w.mall.URL), (&http.Response{Header: res.Header}).Cookies()
}

// named finds a cookie that an answer sets, and fails if it is not there once.
func named(t *testing.T, set []*http.Cookie, name string) *http.Cookie {
	t.Helper()
	var found *http.Cookie
	for _, c := range set {
		if c.Name == name {
			if found != nil {
				t.Fatalf("%s is set twice", name)
			}
			found = c
		}
	}
	if found == nil {
		t.Fatalf("%s is not set: %v", name, set)
	}
	return found
}

// The state is sealed for the session, the person and the order.
func TestPayer_cookie(t *testing.T) {
	w := openWithoutRedis(t)
	session := w.Kept("session")
	to, set := w.press(session)
	asked := named(t, set, "payer-asked")
	state := query(t, to).Get("state")
	if !asked.HttpOnly || asked.SameSite != http.SameSiteLaxMode || asked.Path != "/" ||
		asked.MaxAge != int((10*time.Minute).Seconds()) {
		t.Errorf("the cookie is %+v", asked)
	}
	if state == "" || strings.Contains(asked.Value, state) || strings.Contains(to, asked.Value) {
		t.Errorf("the cookie %s shows the state %s", asked.Value, state)
	}
	back := w.authorize(to)
	other := w.mall.Browser(w.mia)
	changed := *asked
	changed.Value = map[bool]string{true: "B", false: "A"}[asked.Value[0] == 'A'] + asked.Value[1:]
	renamed := *asked
	renamed.Name = "payer"
	for name, cookies := range map[string][]*http.Cookie{
		"nothing":                       {session},
		"the cookie in another session": {other.Kept("session"), asked},
		"a changed cookie":              {session, &changed},
		"a cookie of another name":      {session, &renamed},
		"no session":                    {asked},
	} {
		if to, _ := w.send(http.MethodGet, back, cookies...); to == w.at+"/pay" {
			t.Errorf("%s is let in", name)
		}
	}
	if got := w.attempts(); len(got) != 0 {
		t.Fatalf("attempts: %v", got)
	}
	to, set = w.send(http.MethodGet, back, session, asked)
	if to != w.at+"/pay" {
		t.Errorf("the way back leads to %q", to)
	}
	if gone := named(t, set, "payer-asked"); gone.MaxAge != -1 || gone.Value != "" {
		t.Errorf("the state is not taken back: %+v", gone)
	}
	if payer := named(t, set, "payer"); strings.Contains(payer.Value, wechatpaytest.Payer) || !payer.HttpOnly {
		t.Errorf("the payer is kept as %+v", payer)
	}
	// Whoever sends the cookie again opens nothing else.
	if to, _ := w.send(http.MethodGet, back, session, asked); to != w.at+"/pay" {
		t.Errorf("the way back, again, leads to %q", to)
	}
	if got := w.attempts(); len(got) != 1 || got[0] != jsapi {
		t.Errorf("attempts: %v", got)
	}
}

// A browser that loads the way back several times at once pays as one payer: the code is exchanged once.
func TestPayer_loaded_at_once(t *testing.T) {
	w := openWithoutRedis(t)
	session := w.Kept("session")
	to, set := w.press(session)
	asked, back := named(t, set, "payer-asked"), w.authorize(to)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if to, _ := w.send(http.MethodGet, back, session, asked); to != w.at+"/pay" {
				t.Errorf("the way back leads to %q", to)
			}
		})
	}
	wg.Wait()
	if got := w.attempts(); len(got) != 1 || got[0] != jsapi {
		t.Errorf("attempts: %v", got)
	}
}

// Who wants the code to scan instead of WeChat's window gets it, and the window's payment is closed.
func TestPayer_by_code(t *testing.T) {
	w := openWeChat(t, wechatAgent)
	w.Get(w.authorize(w.to)).Wants(http.StatusSeeOther)
	form := w.Get(w.at + "/pay").Form(w.at + "/pay")
	if to := w.Post(w.at+"/pay", form).Wants(http.StatusSeeOther).Location; to != w.at+"/pay" {
		t.Fatalf("the button leads to %q", to)
	}
	holds(t, w.Get(w.at+"/pay").Wants(http.StatusOK), `id="pay-code"`)
	open := webtest.Query[string](w.mall, "select method from video_payment where status = 'pending'")
	if len(open) != 1 || open[0] != "native" {
		t.Errorf("open attempts: %v", open)
	}
}
