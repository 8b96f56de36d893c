package alipay_test

import (
	"crypto/rand"
	"crypto/rsa"
	"net/http"
	"strings"
	"testing"
	"time"

	"videomall/mall/money"
	"videomall/mall/payment"
	"videomall/mall/payment/alipay"
	"videomall/mall/payment/alipay/alipaytest"
	"videomall/mall/payment/paymenttest"
)

const queryMember = "alipay_trade_query_response"

// trade is an answer to a query with some fields changed.
func trade(changes ...string) string {
	body := `{"code":"10000","msg":"Success","out_trade_no":"mall_` + attempt + `","trade_no":"2026030122001400000000000007",` +
		`"trade_status":"TRADE_SUCCESS","total_amount":"12.90","send_pay_date":"2026-03-01 20:01:02"}`
	return strings.NewReplacer(changes...).Replace(body)
}

func TestAlipay_Query_status(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 1, 12, 1, 2, 0, time.UTC)
	was := func(at time.Time) payment.Charge {
		return payment.Charge{
			Status:       payment.ChargePaid,
			ChannelTxnNo: "2026030122001400000000000007",
			Amount:       money.Of(1290, "CNY"),
			PaidAt:       at,
		}
	}
	for body, want := range map[string]payment.Charge{
		trade():                                                           was(at),
		trade("TRADE_SUCCESS", "TRADE_FINISHED"):                          was(at),
		trade("2026-03-01 20:01:02", ""):                                  was(noon),
		trade("TRADE_SUCCESS", "TRADE_CLOSED"):                            was(at),
		trade("TRADE_SUCCESS", "WAIT_BUYER_PAY"):                          {Status: payment.ChargeOpen},
		trade("TRADE_SUCCESS", "SOMETHING_BETTER"):                        {Status: payment.ChargeUnknown},
		trade("TRADE_SUCCESS", "TRADE_CLOSED", "2026-03-01 20:01:02", ""): {Status: payment.ChargeClosed},
	} {
		got, err := answering(t, saying(sealed(t, queryMember, body))).Query(t.Context(), ref(alipay.MethodPage))
		if err != nil || !got.PaidAt.Equal(want.PaidAt) {
			t.Errorf("%s: %+v, %v", body, got, err)
			continue
		}
		got.PaidAt = want.PaidAt
		if got != want {
			t.Errorf("%s: %+v, want %+v", body, got, want)
		}
	}
}

// The golden answer has spaces, escapes and braces that no encoder would write in the same way again.
func TestAlipay_Query_golden(t *testing.T) {
	t.Parallel()
	body := golden(t, "answer.json")
	got, err := answering(t, saying(body)).Query(t.Context(), ref(alipay.MethodPage))
	if err != nil || got.Status != payment.ChargePaid || got.Amount.Amount != 1290 {
		t.Fatalf("%+v, %v", got, err)
	}
	for _, changed := range []string{
		strings.Replace(body, `"12.90"`, `"13.90"`, 1),
		strings.Replace(body, `{ "code"`, `{"code"`, 1),
		strings.Replace(body, `a\/b`, `a/b`, 1),
	} {
		if changed == body {
			t.Fatal("nothing was changed")
		}
		_, err := answering(t, saying(changed)).Query(t.Context(), ref(alipay.MethodPage))
		wantErr(t, err, nil)
	}
}

func TestAlipay_Query_bad_answers(t *testing.T) {
	t.Parallel()
	good := sealed(t, queryMember, trade())
	refusal := `{"code":"40004","msg":"Business Failed","sub_code":"ACQ.TRADE_NOT_EXIST","sub_msg":"none"}`
	for name, answer := range map[string]http.HandlerFunc{
		"nothing":               saying(""),
		"no JSON":               saying("<html>"),
		"a list":                saying("[]"),
		"a null":                saying("null"),
		"more after it":         saying(good + "{}"),
		"another method's":      saying(sealed(t, "alipay_trade_close_response", trade())),
		"the member twice":      saying(good[:len(good)-1] + `,"` + queryMember + `":` + trade() + `}`),
		"a field twice":         saying(sealed(t, queryMember, trade(`"code"`, `"code":"10000","code"`))),
		"another case":          saying(sealed(t, queryMember, trade(`"code"`, `"Trade_Status":"TRADE_CLOSED","code"`))),
		"a number for a string": saying(sealed(t, queryMember, trade(`"12.90"`, `12.90`))),
		"unsigned":              saying(`{"` + queryMember + `":` + trade() + `}`),
		"an empty signature":    saying(`{"` + queryMember + `":` + trade() + `,"sign":""}`),
		"a null signature":      saying(`{"` + queryMember + `":` + trade() + `,"sign":null}`),
		"a number as signature": saying(`{"` + queryMember + `":` + trade() + `,"sign":1}`),
		"an unsigned refusal":   saying(`{"` + queryMember + `":` + refusal + `}`),
		"an unsigned error":     saying(`{"error_response":` + refusal + `}`),
		"a signed error":        saying(sealed(t, "error_response", trade())),
		"an encrypted answer":   saying(sealed(t, queryMember, `"vSb0OLqOBAEd1i1aXg=="`)),
		"another charge":        saying(sealed(t, queryMember, trade(attempt, "01H"))),
		"no amount":             saying(sealed(t, queryMember, trade("12.90", ""))),
		"a negative amount":     saying(sealed(t, queryMember, trade("12.90", "-12.90"))),
		"a huge amount":         saying(sealed(t, queryMember, trade("12.90", "99999999999.00"))),
		"nothing paid":          saying(sealed(t, queryMember, trade("12.90", "0.00"))),
		"a comma":               saying(sealed(t, queryMember, trade("12.90", "12,90"))),
		"a bad time":            saying(sealed(t, queryMember, trade("2026-03-01", "2026-13-01"))),
		"no number of Alipay's": saying(sealed(t, queryMember, trade("2026030122001400000000000007", ""))),
		"a spaced number":       saying(sealed(t, queryMember, trade("2026030122001400000000000007", "a b"))),
		"too large":             saying(good + strings.Repeat(" ", 1<<20)),
		"HTTP status 500": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = w.Write([]byte(good))
		},
		"a redirect": func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/elsewhere" {
				_, _ = w.Write([]byte(good))
				return
			}
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		},
	} {
		got, err := answering(t, answer).Query(t.Context(), ref(alipay.MethodPage))
		if err == nil {
			t.Errorf("%s: %+v", name, got)
			continue
		}
		wantErr(t, err, nil)
		if len(err.Error()) > 900 {
			t.Errorf("%s: the error has %d bytes", name, len(err.Error()))
		}
	}
	if _, err := answering(t, saying(good)).Query(t.Context(), ref(alipay.MethodPage)); err != nil {
		t.Errorf("a good answer: %v", err)
	}
	// Who reads the log learns why the gateway turned a request away.
	_, err := answering(t, saying(`{"error_response":`+refusal+`}`)).Query(t.Context(), ref(alipay.MethodPage))
	if err == nil || !strings.Contains(err.Error(), "unsigned") || !strings.Contains(err.Error(), "ACQ.TRADE_NOT_EXIST") {
		t.Errorf("an unsigned error: %v", err)
	}
	_, err = answering(t, saying(sealed(t, queryMember, `"vSb0OLqOBAEd1i1aXg=="`))).
		Query(t.Context(), ref(alipay.MethodPage))
	if err == nil || !strings.Contains(err.Error(), "encrypted") {
		t.Errorf("an encrypted answer: %v", err)
	}
	// A refusal of the gateway's that is signed is as good as one of a method's.
	got, err := answering(t, saying(sealed(t, "error_response", refusal))).Query(t.Context(), ref(alipay.MethodPage))
	if err != nil || got.Status != payment.ChargeAbsent {
		t.Errorf("%+v, %v", got, err)
	}
}

// Alipay's keys are replaced while the client runs: the new one beside the old, then alone.
func TestAlipay_Query_while_keys_are_replaced(t *testing.T) {
	t.Parallel()
	s := bank(t, alipaytest.Options{})
	next, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	keys := func(public ...string) alipay.Keys {
		k, err := alipay.PublicKeyMode(alipaytest.AppKey, public...)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	now := keys(alipaytest.AlipayPublicKey)
	o := s.Options()
	o.Keys = func() alipay.Keys { return now }
	a := client(t, o)
	ask := func() error {
		_, err := a.Query(t.Context(), ref(alipay.MethodPage))
		return err
	}
	if err := ask(); err != nil {
		t.Fatal(err)
	}
	s.Replace(next)
	wantErr(t, ask(), nil)
	now = keys(alipaytest.AlipayPublicKey, publicPEM(t, next))
	if err := ask(); err != nil {
		t.Fatal(err)
	}
	now = keys(publicPEM(t, next))
	if err := ask(); err != nil {
		t.Fatal(err)
	}
}

func TestAlipay_Query_answer_with_an_unknown_certificate(t *testing.T) {
	t.Parallel()
	s := bank(t, alipaytest.Options{Certificates: true})
	o := s.Options()
	keys := certificates()
	keys.Alipay = []string{alipaytest.AppCertificate} // any other one
	wrong, err := alipay.CertificateMode(keys)
	if err != nil {
		t.Fatal(err)
	}
	o.Keys = func() alipay.Keys { return wrong }
	_, err = client(t, o).Query(t.Context(), ref(alipay.MethodPage))
	wantErr(t, err, nil)
	if !strings.Contains(err.Error(), alipaytest.AlipaySerial) {
		t.Errorf("%v doesn't name the certificate", err)
	}
}

func TestAlipay_Close_while_the_payment_is_under_way(t *testing.T) {
	t.Parallel()
	s := bank(t, alipaytest.Options{})
	if _, err := s.Provider().Create(t.Context(), request(alipay.MethodPage)); err != nil {
		t.Fatal(err)
	}
	if err := s.Pay(attempt, paymenttest.Payment{Pending: true}); err != nil {
		t.Fatal(err)
	}
	wantErr(t, s.Provider().Close(t.Context(), ref(alipay.MethodPage)), payment.ErrProcessing)
	if err := s.Pay(attempt, paymenttest.Payment{}); err != nil {
		t.Fatal(err)
	}
	wantErr(t, s.Provider().Close(t.Context(), ref(alipay.MethodPage)), payment.ErrAlreadyPaid)
}

func TestAlipay_Close_twice(t *testing.T) {
	t.Parallel()
	s := bank(t, alipaytest.Options{})
	if _, err := s.Provider().Create(t.Context(), request(alipay.MethodPage)); err != nil {
		t.Fatal(err)
	}
	if err := s.Visit(attempt); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Provider().Close(t.Context(), ref(alipay.MethodPage)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Pay(attempt, paymenttest.Payment{}); err == nil {
		t.Fatal("a closed charge was paid")
	}
}
