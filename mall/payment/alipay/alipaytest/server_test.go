package alipaytest_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"videomall/mall/money"
	"videomall/mall/payment"
	"videomall/mall/payment/alipay"
	"videomall/mall/payment/alipay/alipaytest"
	"videomall/mall/payment/paymenttest"
)

const attempt = "01HATTEMPT0000000000000001"

func open(t *testing.T, o alipaytest.Options) *alipaytest.Server {
	t.Helper()
	s, err := alipaytest.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func request(s *alipaytest.Server, method string) payment.CreateRequest {
	return payment.CreateRequest{
		AttemptNo: attempt,
		Method:    method,
		Subject:   "北境之光",
		ReturnURL: "https://mall.example/orders/1?a=b",
		Amount:    money.Of(1290, "CNY"),
		CreatedAt: s.Now(),
		ExpiresAt: s.Now().Add(15 * time.Minute),
	}
}

// browse opens a page, or posts to it, and returns what is shown and where the browser is sent.
func browse(t *testing.T, method, address string) (page, next string, status int) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if at, err := response.Location(); err == nil {
		next = at.String()
	}
	return string(body), next, response.StatusCode
}

// A browser follows the link, presses the button and comes back; what it brings decides nothing.
func TestServer_page(t *testing.T) {
	t.Parallel()
	s := open(t, alipaytest.Options{})
	created, err := s.Provider().Create(t.Context(), request(s, alipay.MethodPage))
	if err != nil {
		t.Fatal(err)
	}
	_, cashier, _ := browse(t, http.MethodGet, created.Action.URL)
	page, _, status := browse(t, http.MethodGet, cashier)
	if status != http.StatusOK || !strings.Contains(page, "12.90 yuan") || !strings.Contains(page, `id="pay">Pay<`) {
		t.Fatalf("%d %s", status, page)
	}
	_, back, _ := browse(t, http.MethodPost, cashier)
	u, err := url.Parse(back)
	if err != nil || u.Host != "mall.example" || u.Query().Get("a") != "b" || u.Query().Get("sign") == "" ||
		u.Query().Get("out_trade_no") != alipaytest.Number(attempt) {
		t.Fatalf("back at %s, %v", back, err)
	}
	if _, _, status := browse(t, http.MethodPost, cashier); status != http.StatusConflict {
		t.Errorf("paid again: %d", status)
	}
	if page, _, _ := browse(t, http.MethodGet, cashier); !strings.Contains(page, "TRADE_SUCCESS") {
		t.Errorf("after the payment: %s", page)
	}
	if n := s.Charges(attempt); n != 1 {
		t.Errorf("%d charges", n)
	}
}

// A link that was changed, or is too old, opens nothing.
func TestServer_page_changed(t *testing.T) {
	t.Parallel()
	s := open(t, alipaytest.Options{})
	created, err := s.Provider().Create(t.Context(), request(s, alipay.MethodWap))
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(created.Action.URL, "12.90", "0.01", 1)
	if page, _, status := browse(t, http.MethodGet, changed); status != http.StatusBadRequest ||
		!strings.Contains(page, "isv.invalid-signature") {
		t.Errorf("%d %s", status, page)
	}
	s.Advance(time.Hour)
	if page, _, status := browse(t, http.MethodGet, created.Action.URL); status != http.StatusBadRequest ||
		!strings.Contains(page, "isv.invalid-timestamp") {
		t.Errorf("%d %s", status, page)
	}
	if s.Charges(attempt) != 0 {
		t.Error("a charge was opened")
	}
}

func TestServer_code(t *testing.T) {
	t.Parallel()
	s := open(t, alipaytest.Options{})
	created, err := s.Provider().Create(t.Context(), request(s, alipay.MethodQR))
	if err != nil || s.Charges(attempt) != 0 {
		t.Fatalf("%v, %d charges", err, s.Charges(attempt))
	}
	if page, _, _ := browse(t, http.MethodGet, created.Action.Code); !strings.Contains(page, ">Pay<") {
		t.Fatal(page)
	}
	if _, next, _ := browse(t, http.MethodPost, created.Action.Code); next != created.Action.Code {
		t.Errorf("sent to %s", next)
	}
	if len(s.Notices()) != 1 {
		t.Error("no notice")
	}
	if _, _, status := browse(t, http.MethodGet, created.Action.Code+"x"); status != http.StatusNotFound {
		t.Errorf("an unknown code: %d", status)
	}
}

// Notices are posted until they are answered with the one word.
func TestServer_posts_until_acknowledged(t *testing.T) {
	t.Parallel()
	answers := []string{"failure", "success\n", "", "success"}
	var mu sync.Mutex
	var bodies []string
	mall := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		_, _ = io.WriteString(w, answers[min(len(bodies), len(answers)-1)])
		bodies = append(bodies, string(body))
	}))
	t.Cleanup(mall.Close)
	s := open(t, alipaytest.Options{Post: true, NotifyURL: mall.URL + "/callback/alipay"})
	if _, err := s.Provider().Create(t.Context(), request(s, alipay.MethodQR)); err != nil {
		t.Fatal(err)
	}
	if err := s.Pay(attempt, paymenttest.Payment{}); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		mu.Lock()
		count := len(bodies)
		mu.Unlock()
		if count == len(answers) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("posted %d times", count)
		}
	}
	if bodies[0] != bodies[3] || len(s.Unacknowledged()) != 0 {
		t.Errorf("posted %q, given up %v", bodies, s.Unacknowledged())
	}
	if n, err := s.Provider().ParseNotice(nil, []byte(bodies[0])); err != nil || n.Type != payment.PaymentSucceeded {
		t.Errorf("%+v, %v", n, err)
	}
}

func TestServer_gives_up_posting(t *testing.T) {
	t.Parallel()
	mall := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(mall.Close)
	s := open(t, alipaytest.Options{Post: true, NotifyURL: mall.URL})
	if err := s.Foreign(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); len(s.Unacknowledged()) == 0; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("never given up")
		}
	}
}

// The gateway refuses what Alipay refuses.
func TestServer_refuses(t *testing.T) {
	t.Parallel()
	s := open(t, alipaytest.Options{})
	if _, err := s.Provider().Create(t.Context(), request(s, alipay.MethodQR)); err != nil {
		t.Fatal(err)
	}
	good := s.Requests()[0]
	for name, c := range map[string]struct{ field, value, says string }{
		"another app":     {"app_id", "2021000000000009", `{"error_response":`},
		"no method":       {"method", "", "isv."},
		"another version": {"version", "2.0", "isv.invalid-version"},
		"RSA":             {"sign_type", "RSA", "isv.invalid-sign-type"},
		"GBK":             {"charset", "gbk", "isv.invalid-charset"},
		"UTC":             {"timestamp", "2026-03-01 12:00:00", "isv.invalid-timestamp"},
		"a changed sum":   {"biz_content", strings.Replace(good.Get("biz_content"), "12.90", "1.00", 1), "isv.invalid-signature"},
		"an empty value":  {"return_url", "", "isv.invalid-parameter"},
	} {
		form := url.Values{}
		for field := range good {
			form.Set(field, good.Get(field))
		}
		form.Set(c.field, c.value)
		response, err := http.PostForm(s.URL(), form)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		if err := response.Body.Close(); err != nil {
			t.Fatal(err)
		}
		if err != nil || !strings.Contains(string(body), c.says) {
			t.Errorf("%s: %s, %v", name, body, err)
		}
	}
}
