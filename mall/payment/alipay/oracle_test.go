package alipay_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"videomall/mall/payment/alipay"
	"videomall/mall/payment/alipay/alipaytest"
	"videomall/mall/payment/paymenttest"
	"videomall/test/nodetest"
)

// job is what Alipay's own SDK for Node is asked, and result what it answers: see testdata/oracle.mjs.
type job struct {
	Do           string            `json:"do"`
	Gateway      string            `json:"gateway,omitempty"`
	Certificates bool              `json:"certificates,omitempty"`
	Method       string            `json:"method,omitempty"`
	Biz          map[string]string `json:"biz,omitempty"`
	ReturnURL    string            `json:"returnUrl,omitempty"`
	Form         string            `json:"form,omitempty"`
	Text         string            `json:"text,omitempty"`
	Sign         string            `json:"sign,omitempty"`
	PublicKey    string            `json:"publicKey,omitempty"`
	Certificate  string            `json:"certificate,omitempty"`
	Root         bool              `json:"root,omitempty"`
}

type result struct {
	Value json.RawMessage
	Error string
}

// fields reads a result that is an object.
func (r result) fields(t *testing.T) map[string]string {
	t.Helper()
	var f map[string]string
	if err := json.Unmarshal(r.Value, &f); err != nil {
		t.Fatalf("%s: %v, %s", r.Value, err, r.Error)
	}
	return f
}

// oracle asks the SDK, which sends local time.
func oracle(t *testing.T, jobs ...job) (results []result) {
	t.Helper()
	nodetest.Ask(t, "alipay-sdk", map[string]any{
		"keys": map[string]string{
			"appId":             alipaytest.AppID,
			"private":           bare(alipaytest.AppKey),
			"alipay":            bare(alipaytest.AlipayPublicKey),
			"appCertificate":    alipaytest.AppCertificate,
			"alipayCertificate": alipaytest.AlipayCertificate,
			"roots":             alipaytest.RootCertificates,
		},
		"jobs": jobs,
	}, &results, "TZ=Asia/Shanghai")
	if len(results) != len(jobs) {
		t.Fatalf("%d results of %d jobs", len(results), len(jobs))
	}
	return results
}

// The SDK pays at the stand-in, which verifies its requests, and verifies the stand-in's answers and notices.
func TestServer_with_the_SDK_of_Alipay(t *testing.T) {
	t.Parallel()
	for name, certificates := range map[string]bool{"public key": false, "certificates": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			payWithSDK(t, certificates)
		})
	}
}

func payWithSDK(t *testing.T, certificates bool) {
	s := bank(t, alipaytest.Options{Certificates: certificates, Now: time.Now})
	number := map[string]string{"out_trade_no": "mall_" + attempt}
	charge := map[string]string{
		"out_trade_no": "mall_" + attempt, "total_amount": "12.90", "subject": "北境之光 100%+1",
		"product_code": "FAST_INSTANT_TRADE_PAY",
	}
	do := func(method string, biz map[string]string) job {
		return job{Do: "exec", Gateway: s.URL(), Certificates: certificates, Method: method, Biz: biz}
	}
	results := oracle(t,
		job{
			Do: "page", Gateway: s.URL(), Certificates: certificates, Method: "alipay.trade.page.pay", Biz: charge,
			ReturnURL: "https://mall.example/orders/1",
		},
		do("alipay.trade.query", number),
		do("alipay.trade.close", number),
	)
	for _, r := range results[1:] {
		if f := r.fields(t); f["code"] != "40004" || f["sub_code"] != "ACQ.TRADE_NOT_EXIST" {
			t.Errorf("before the payer came: %v", f)
		}
	}
	var page string
	if err := json.Unmarshal(results[0].Value, &page); err != nil {
		t.Fatal(err, results[0].Error)
	}
	response, err := s.Options().Client.Get(page)
	if err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("the page that the SDK signed: %s, %v", response.Status, err)
	}
	if err := s.Pay(attempt, paymenttest.Payment{}); err != nil {
		t.Fatal(err)
	}
	refund := map[string]string{"out_trade_no": "mall_" + attempt, "refund_amount": "2.90", "out_request_no": "R1"}
	results = oracle(t,
		do("alipay.trade.query", number),
		do("alipay.trade.refund", refund),
		do("alipay.trade.fastpay.refund.query", refund),
		do("alipay.trade.precreate", map[string]string{
			"out_trade_no": "mall_2", "total_amount": "1", "subject": "a", "product_code": "FACE_TO_FACE_PAYMENT",
		}),
	)
	for i, want := range []map[string]string{
		{"trade_status": "TRADE_SUCCESS", "total_amount": "12.90"},
		{"fund_change": "Y", "refund_fee": "2.90"},
		{"refund_status": "REFUND_SUCCESS", "refund_amount": "2.90"},
		{"out_trade_no": "mall_2"},
	} {
		got := results[i].fields(t)
		want["code"] = "10000"
		for name, value := range want {
			if got[name] != value {
				t.Errorf("answer %d: %s is %q, want %q", i, name, got[name], value)
			}
		}
	}
	var jobs []job
	for _, sent := range s.Notices() {
		body := string(sent.Body)
		for _, form := range []string{body, strings.Replace(body, "12.90", "12.91", 1)} {
			jobs = append(jobs, job{Do: "notice", Certificates: certificates, Form: form})
		}
	}
	if len(jobs) != 4 {
		t.Fatalf("%d notices", len(jobs)/2)
	}
	s.Fault(paymenttest.FaultBadAnswer)
	results = oracle(t, append(jobs, do("alipay.trade.query", number))...)
	for i, r := range results[:4] {
		if want := `[true,true]`; i%2 == 0 && string(r.Value) != want {
			t.Errorf("notice %d: %s %s", i/2, r.Value, r.Error)
		} else if want := `[false,false]`; i%2 == 1 && string(r.Value) != want {
			t.Errorf("notice %d, changed: %s %s", i/2, r.Value, r.Error)
		}
	}
	// The SDK notices a wrong signature.
	if r := results[4]; !strings.Contains(r.Error, "验签失败") {
		t.Errorf("a badly signed answer: %s %s", r.Value, r.Error)
	}
}

// Requests of our client are verified by the SDK, whose rsaCheck then has the application's key.
func TestAlipay_requests_with_the_SDK_of_Alipay(t *testing.T) {
	t.Parallel()
	var jobs []job
	for _, certificates := range []bool{false, true} {
		s := bank(t, alipaytest.Options{Certificates: certificates})
		c := paid(t, s, alipay.MethodPage)
		if _, err := s.Provider().Refund(t.Context(), refundOf(c, "R1", 100)); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Provider().Create(t.Context(), request(alipay.MethodQR)); err == nil {
			t.Fatal("created again")
		}
		for _, asked := range s.Requests() {
			text, sign := signedText(asked)
			jobs = append(jobs, job{Do: "verify", Text: text, Sign: sign, PublicKey: bare(alipaytest.AppPublicKey)},
				job{Do: "verify", Text: text + " ", Sign: sign, PublicKey: bare(alipaytest.AppPublicKey)})
		}
	}
	if len(jobs) < 16 {
		t.Fatalf("%d requests", len(jobs)/2)
	}
	for i, r := range oracle(t, jobs...) {
		if want := map[bool]string{true: "true", false: "false"}[i%2 == 0]; string(r.Value) != want {
			t.Errorf("%s: %s %s, want %s", jobs[i].Text, r.Value, r.Error, want)
		}
	}
}

// signedText returns what the signature of a form is of, and the signature.
func signedText(form url.Values) (text, sign string) {
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(form)) {
		if name != "sign" {
			pairs = append(pairs, name+"="+form.Get(name))
		}
	}
	return strings.Join(pairs, "&"), form.Get("sign")
}

// The SDK takes the golden notice, and computes the same serials of certificates.
func TestGolden_with_the_SDK_of_Alipay(t *testing.T) {
	t.Parallel()
	results := oracle(t,
		job{Do: "notice", Form: golden(t, "notice.form")},
		job{Do: "notice", Form: strings.Replace(golden(t, "notice.form"), "body=&", "", 1)},
		job{Do: "serial", Certificate: golden(t, "alipayRootCert.crt"), Root: true},
		job{Do: "serial", Certificate: alipaytest.RootCertificates, Root: true},
		job{Do: "serial", Certificate: golden(t, "oddRootCert.crt"), Root: true},
		job{Do: "serial", Certificate: alipaytest.AppCertificate},
		job{Do: "serial", Certificate: alipaytest.AlipayCertificate},
		job{
			Do: "verify", Text: golden(t, "request.txt"), Sign: golden(t, "request.sign"),
			PublicKey: bare(alipaytest.AppPublicKey),
		},
	)
	for i, want := range []string{
		`[true,true]`, `[false,false]`,
		`"687b59193f3f462dd5336e5abf83c5d8_02941eef3187dddf3d3b83462e1dfcf6"`,
		`"` + alipaytest.RootSerials + `"`, `"` + oddSerials + `"`, `"` + alipaytest.AppSerial + `"`, `"` + alipaytest.AlipaySerial + `"`,
		`true`,
	} {
		if string(results[i].Value) != want {
			t.Errorf("result %d: got %s %s, want %s", i, results[i].Value, results[i].Error, want)
		}
	}
}
