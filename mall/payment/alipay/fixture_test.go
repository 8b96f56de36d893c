package alipay_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"videomall/mall/money"
	"videomall/mall/payment"
	"videomall/mall/payment/alipay"
	"videomall/mall/payment/alipay/alipaytest"
	"videomall/mall/payment/paymenttest"
)

const attempt = "01HATTEMPT0000000000000001"

// noon is the time of the stand-in's clock at its start: 20:00 in Beijing.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// request is one for an attempt over 12.90 that expires a quarter of an hour after noon.
func request(method string) payment.CreateRequest {
	return payment.CreateRequest{
		AttemptNo: attempt,
		Method:    method,
		Subject:   "北境之光 & 1 more",
		ReturnURL: "https://mall.example/orders/1",
		Amount:    money.Of(1290, "CNY"),
		CreatedAt: noon,
		ExpiresAt: noon.Add(15 * time.Minute),
	}
}

func ref(method string) payment.ChargeRef { return payment.ChargeRef{CreateRequest: request(method)} }

// paid pays the attempt at a stand-in and returns what the client says of it.
func paid(t *testing.T, s *alipaytest.Server, method string) payment.Charge {
	t.Helper()
	if _, err := s.Provider().Create(t.Context(), request(method)); err != nil {
		t.Fatal(err)
	}
	if err := s.Pay(attempt, paymenttest.Payment{}); err != nil {
		t.Fatal(err)
	}
	c, err := s.Provider().Query(t.Context(), ref(method))
	if err != nil || c.Status != payment.ChargePaid {
		t.Fatalf("%+v, %v", c, err)
	}
	return c
}

// refundOf requests a refund of the attempt.
func refundOf(c payment.Charge, no string, fen int64) payment.RefundRequest {
	return payment.RefundRequest{
		RefundRef: payment.RefundRef{
			RefundNo:     no,
			Charge:       ref(alipay.MethodPage),
			ChannelTxnNo: c.ChannelTxnNo,
			Captured:     c.Amount,
			Amount:       money.Of(fen, "CNY"),
		},
		Reason: "changed their mind",
	}
}

// options are those of a client of a gateway at an address, with the keys and accounts of the stand-in.
func options(t *testing.T, gateway string) alipay.Options {
	t.Helper()
	keys, err := alipay.PublicKeyMode(alipaytest.AppKey, alipaytest.AlipayPublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return alipay.Options{
		AppID:     alipaytest.AppID,
		SellerID:  alipaytest.SellerID,
		Shop:      alipaytest.Shop,
		Gateway:   gateway,
		NotifyURL: alipaytest.NotifyURL,
		BillHosts: []string{"bills.example"},
		Keys:      func() alipay.Keys { return keys },
		Client:    &http.Client{},
		Now:       func() time.Time { return noon },
	}
}

func client(t *testing.T, o alipay.Options) *alipay.Alipay {
	t.Helper()
	a, err := alipay.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// answering returns a client of a gateway that gives one answer to everything.
func answering(t *testing.T, answer http.HandlerFunc) *alipay.Alipay {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	return client(t, options(t, server.URL+"/gateway.do"))
}

// saying answers with a body.
func saying(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) }
}

// sealed writes an answer as Alipay signs it.
func sealed(t *testing.T, member, body string) string {
	t.Helper()
	return `{"` + member + `":` + body + `,"sign":"` + signature(t, alipaytest.AlipayKey, body) + `"}`
}

// signature signs a text with a PKCS #8 key.
func signature(t *testing.T, key, text string) string {
	t.Helper()
	block, _ := pem.Decode([]byte(key))
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return signatureBy(t, parsed.(*rsa.PrivateKey), text)
}

func signatureBy(t *testing.T, key *rsa.PrivateKey, text string) string {
	t.Helper()
	sum := sha256.Sum256([]byte(text))
	raw, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(raw)
}

// appKey is the private key of the application.
func appKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	block, _ := pem.Decode([]byte(alipaytest.AppKey))
	key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// golden reads a file of testdata.
func golden(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// definite are the errors that say that something was decided.
var definite = []error{
	payment.ErrRejected, payment.ErrRetryLater, payment.ErrAbsent, payment.ErrProcessing, payment.ErrAlreadyPaid,
	payment.ErrNoStatement,
}

// wantErr compares an error with the one definite error that it may be, or with none if it must be unknown.
func wantErr(t *testing.T, err, want error) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	for _, d := range definite {
		if errors.Is(err, d) != (d == want) {
			t.Fatalf("got %v, want %v", err, want)
		}
	}
	if !strings.HasPrefix(err.Error(), "alipay: ") {
		t.Errorf("%q doesn't say whose it is", err)
	}
}
