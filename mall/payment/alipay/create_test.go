package alipay_test

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"videomall/mall/money"
	"videomall/mall/payment"
	"videomall/mall/payment/alipay"
	"videomall/mall/payment/alipay/alipaytest"
	"videomall/mall/payment/paymenttest"
)

// The golden signatures were made with OpenSSL.
func TestAlipay_Create_golden(t *testing.T) {
	t.Parallel()
	for name, certificates := range map[string]bool{"request": false, "request_certificates": true} {
		s := bank(t, alipaytest.Options{Certificates: certificates})
		created, err := s.Provider().Create(t.Context(), request(alipay.MethodWap))
		if err != nil || created.Action.Type != payment.ActionRedirect || created.ProviderRef != "" {
			t.Fatalf("%+v, %v", created, err)
		}
		page, err := url.Parse(created.Action.URL)
		if err != nil || page.Scheme+"://"+page.Host+page.Path != s.URL() {
			t.Fatalf("page %s, %v", page, err)
		}
		parameters := page.Query()
		sign := parameters.Get("sign")
		parameters.Del("sign")
		var pairs []string
		for _, key := range slices.Sorted(maps.Keys(parameters)) {
			if len(parameters[key]) != 1 || parameters.Get(key) == "" {
				t.Errorf("parameter %s is %q", key, parameters[key])
			}
			pairs = append(pairs, key+"="+parameters.Get(key))
		}
		if got, want := strings.Join(pairs, "&"), golden(t, name+".txt"); got != want {
			t.Errorf("%s signs\n%s\nwant\n%s", name, got, want)
		}
		if want := golden(t, name+".sign"); sign != want {
			t.Errorf("%s is signed\n%s\nwant\n%s", name, sign, want)
		}
	}
}

// content creates a charge and returns the biz_content of it.
func content(t *testing.T, s *alipaytest.Server, r payment.CreateRequest) map[string]string {
	t.Helper()
	created, err := s.Provider().Create(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	var parameters url.Values
	if created.Action.Type == payment.ActionRedirect {
		page, err := url.Parse(created.Action.URL)
		if err != nil {
			t.Fatal(err)
		}
		parameters = page.Query()
	} else {
		parameters = s.Requests()[0]
	}
	var fields map[string]string
	if err := json.Unmarshal([]byte(parameters.Get("biz_content")), &fields); err != nil {
		t.Fatal(err)
	}
	fields["method"], fields["notify_url"] = parameters.Get("method"), parameters.Get("notify_url")
	return fields
}

func TestAlipay_Create_methods(t *testing.T) {
	t.Parallel()
	for method, want := range map[string][3]string{
		alipay.MethodPage: {"alipay.trade.page.pay", "FAST_INSTANT_TRADE_PAY", ""},
		alipay.MethodWap:  {"alipay.trade.wap.pay", "QUICK_WAP_WAY", "https://mall.example/orders/1"},
		alipay.MethodQR:   {"alipay.trade.precreate", "FACE_TO_FACE_PAYMENT", ""},
	} {
		got := content(t, bank(t, alipaytest.Options{}), request(method))
		for field, want := range map[string]string{
			"method": want[0], "product_code": want[1], "quit_url": want[2], "out_trade_no": "mall_" + attempt,
			"total_amount": "12.90", "time_expire": "2026-03-01 20:15:00", "passback_params": "mall",
			"notify_url": alipaytest.NotifyURL,
		} {
			if got[field] != want {
				t.Errorf("%s: %s is %q, want %q", method, field, got[field], want)
			}
		}
	}
}

func TestAlipay_Create_product_of_codes(t *testing.T) {
	t.Parallel()
	s := bank(t, alipaytest.Options{})
	o := s.Options()
	o.QRProduct = "QR_CODE_OFFLINE"
	_, _ = client(t, o).Create(t.Context(), request(alipay.MethodQR))
	if biz := s.Requests()[0].Get("biz_content"); !strings.Contains(biz, `"product_code":"QR_CODE_OFFLINE"`) {
		t.Errorf("biz_content %s", biz)
	}
}

func TestAlipay_Create_subject(t *testing.T) {
	t.Parallel()
	for subject, want := range map[string]string{
		"Face/Off & 1=1":               "Face／Off ＆ 1＝1",
		"  a\tb\r\nc\u0000d ":          "a b c d",
		"cinéma 🎬 映画":                  "cinéma 映画",
		"a\xffb":                       "ab",
		"zero\u200bwidth":              "zerowidth",
		"":                             attempt,
		"🎬":                            attempt,
		strings.Repeat("映", 300):       strings.Repeat("映", 256),
		strings.Repeat("a", 255) + "/": strings.Repeat("a", 255) + "／",
	} {
		r := request(alipay.MethodPage)
		r.Subject = subject
		got := content(t, bank(t, alipaytest.Options{}), r)["subject"]
		if got != want {
			t.Errorf("%.40q became %.40q, want %.40q", subject, got, want)
		}
	}
}

// Servers take request lines of 8 KB.
func TestAlipay_Create_longest_address(t *testing.T) {
	t.Parallel()
	s := bank(t, alipaytest.Options{Certificates: true})
	r := request(alipay.MethodWap)
	r.Subject = strings.Repeat("映", 300)
	r.ReturnURL = "https://mall.example/" + strings.Repeat("%E6", 78)
	r.Amount = money.Of(100_000_000_00, "CNY")
	created, err := s.Provider().Create(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(created.Action.URL); n > 8000 || !utf8.ValidString(created.Action.URL) {
		t.Errorf("the address has %d bytes", n)
	}
	if err := s.Pay(attempt, paymenttest.Payment{}); err != nil {
		t.Error(err)
	}
}

func TestAlipay_Create_refused_here(t *testing.T) {
	t.Parallel()
	s := bank(t, alipaytest.Options{})
	for name, change := range map[string]func(*payment.CreateRequest){
		"dollars":        func(r *payment.CreateRequest) { r.Amount.Currency = "USD" },
		"too much":       func(r *payment.CreateRequest) { r.Amount.Amount = 100_000_000_01 },
		"a hyphen":       func(r *payment.CreateRequest) { r.AttemptNo = "a-1" },
		"a long number":  func(r *payment.CreateRequest) { r.AttemptNo = strings.Repeat("a", 60) },
		"expired":        func(r *payment.CreateRequest) { r.ExpiresAt = noon },
		"a relative way": func(r *payment.CreateRequest) { r.ReturnURL = "/orders/1" },
		"a long way":     func(r *payment.CreateRequest) { r.ReturnURL += strings.Repeat("a", 250) },
	} {
		r := request(alipay.MethodQR)
		change(&r)
		_, err := s.Provider().Create(t.Context(), r)
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		wantErr(t, err, payment.ErrRejected)
	}
	if asked := s.Requests(); len(asked) != 0 {
		t.Errorf("the gateway was asked %d times", len(asked))
	}
}

func TestAlipay_Create_paid_or_closed_before(t *testing.T) {
	t.Parallel()
	for _, method := range []string{alipay.MethodPage, alipay.MethodWap, alipay.MethodQR} {
		s := bank(t, alipaytest.Options{})
		c := paid(t, s, method)
		_, err := s.Provider().Create(t.Context(), request(method))
		wantErr(t, err, payment.ErrAlreadyPaid)
		// What was refunded in full is closed, and was paid.
		if _, err := s.Provider().Refund(t.Context(), refundOf(c, "R1", 1290)); err != nil {
			t.Fatal(err)
		}
		_, err = s.Provider().Create(t.Context(), request(method))
		wantErr(t, err, payment.ErrAlreadyPaid)

		s = bank(t, alipaytest.Options{})
		if _, err := s.Provider().Create(t.Context(), request(method)); err != nil {
			t.Fatal(err)
		}
		if err := s.Visit(attempt); err != nil {
			t.Fatal(err)
		}
		if err := s.Provider().Close(t.Context(), ref(method)); err != nil {
			t.Fatal(err)
		}
		_, err = s.Provider().Create(t.Context(), request(method))
		wantErr(t, err, payment.ErrRejected)
	}
}

// A page is not handed out if the gateway doesn't accept our signature.
func TestAlipay_Create_with_keys_that_the_gateway_refuses(t *testing.T) {
	t.Parallel()
	s := bank(t, alipaytest.Options{})
	o := s.Options()
	keys, err := alipay.PublicKeyMode(alipaytest.AlipayKey, alipaytest.AlipayPublicKey)
	if err != nil {
		t.Fatal(err)
	}
	o.Keys = func() alipay.Keys { return keys }
	for _, method := range []string{alipay.MethodPage, alipay.MethodQR} {
		_, err := client(t, o).Create(t.Context(), request(method))
		wantErr(t, err, payment.ErrRetryLater)
	}
}

// A code that nobody scanned can't be closed, and stays payable until it expires.
func TestAlipay_Create_code_that_nobody_scanned(t *testing.T) {
	t.Parallel()
	s := bank(t, alipaytest.Options{})
	if _, err := s.Provider().Create(t.Context(), request(alipay.MethodQR)); err != nil {
		t.Fatal(err)
	}
	if c, err := s.Provider().Query(t.Context(), ref(alipay.MethodQR)); err != nil || c.Status != payment.ChargeAbsent {
		t.Fatalf("%+v, %v", c, err)
	}
	wantErr(t, s.Provider().Close(t.Context(), ref(alipay.MethodQR)), payment.ErrAbsent)
	s.Advance(14*time.Minute + 59*time.Second)
	if err := s.Pay(attempt, paymenttest.Payment{}); err != nil {
		t.Fatalf("closed what nobody scanned: %v", err)
	}
	s = bank(t, alipaytest.Options{})
	if _, err := s.Provider().Create(t.Context(), request(alipay.MethodQR)); err != nil {
		t.Fatal(err)
	}
	s.Advance(15 * time.Minute)
	if err := s.Pay(attempt, paymenttest.Payment{}); err == nil {
		t.Fatal("an expired code was paid")
	}
}

func TestAlipay_Create_answers_that_are_not_ours(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"another charge": `{"code":"10000","msg":"Success","out_trade_no":"mall_2","qr_code":"https://qr.alipay.com/a"}`,
		"no code":        `{"code":"10000","msg":"Success","out_trade_no":"mall_` + attempt + `"}`,
		"no address":     `{"code":"10000","msg":"Success","out_trade_no":"mall_` + attempt + `","qr_code":"abc"}`,
		"a long address": `{"code":"10000","msg":"Success","out_trade_no":"mall_` + attempt + `","qr_code":"https://a/` +
			strings.Repeat("a", 1024) + `"}`,
	} {
		a := answering(t, saying(sealed(t, "alipay_trade_precreate_response", body)))
		if _, err := a.Create(t.Context(), request(alipay.MethodQR)); err == nil {
			t.Errorf("%s: no error", name)
		} else {
			wantErr(t, err, nil)
		}
	}
}
