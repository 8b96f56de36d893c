package main

import (
	"context"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"videomall/mall/money"
	"videomall/mall/payment"
	"videomall/mall/payment/alipay"
	"videomall/mall/payment/alipay/alipaytest"
	"videomall/mall/payment/paymenttest"
	"videomall/mall/payment/paypal"
	"videomall/mall/payment/paypal/paypaltest"
	"videomall/mall/payment/stripe"
	"videomall/mall/payment/stripe/stripetest"
	"videomall/mall/payment/wechatpay"
	"videomall/mall/payment/wechatpay/wechatpaytest"
)

// signedNotice is a notice of a payment, as a provider's stand-in signs it, with the bare check of its signature: nothing
// but the hash, the verification and, at WeChat Pay, the decryption, over what was prepared before.
type signedNotice struct {
	provider payment.Provider
	header   http.Header
	body     []byte
	check    func() error
}

// parses measures what it costs to verify and read a notice of each provider, against the bare check of its signature.
func parses(ctx context.Context) ([]row, error) {
	var rows []row
	for _, open := range []func(context.Context) (signedNotice, func(), error){
		stripeNotice, paypalNotice, alipayNotice, wechatNotice,
	} {
		n, end, err := open(ctx)
		if err != nil {
			return nil, fmt.Errorf("a notice to parse: %w", err)
		}
		r, err := n.measure()
		end()
		if err != nil {
			return nil, fmt.Errorf("parse a notice of %s: %w", n.provider.Name(), err)
		}
		rows = append(rows, r)
	}
	return rows, nil
}

const (
	parseRounds = 41 // of which the middle one counts
	parseTimes  = 200
)

// measure takes turns between both, so that whatever else the machine does slows them alike.
func (n signedNotice) measure() (row, error) {
	parse := func() error {
		got, err := n.provider.ParseNotice(n.header, n.body)
		if err == nil && got.Type != payment.PaymentSucceeded {
			err = fmt.Errorf("it is %s", got.Type)
		}
		return err
	}
	var whole, bare, ratios []float64
	for range parseRounds {
		var took [2]float64
		for i, do := range []func() error{parse, n.check} {
			began := time.Now()
			for range parseTimes {
				if err := do(); err != nil {
					return row{}, err
				}
			}
			took[i] = float64(time.Since(began).Nanoseconds()) / parseTimes
		}
		whole, bare, ratios = append(whole, took[0]), append(bare, took[1]), append(ratios, took[0]/took[1])
	}
	for _, list := range [][]float64{whole, bare, ratios} {
		slices.Sort(list)
	}
	return row{
		Name:  "parse a notice of " + n.provider.Name(),
		Value: whole[parseRounds/2],
		Unit:  "ns",
		Limit: bare[parseRounds/2],
		Ratio: ratios[parseRounds/2],
	}, nil
}

// paid has a stand-in's payer pay, and returns the notice of that.
func paid(ctx context.Context, bank paymenttest.Bank, method, currency string) (signedNotice, error) {
	p, now := bank.Provider(), bank.Now().UTC().Truncate(time.Second)
	r := payment.CreateRequest{
		AttemptNo: "01JBENCH000000000000000001",
		Method:    method,
		Subject:   "Northern Lights",
		ReturnURL: "https://mall.example/orders/1",
		Language:  "en",
		Amount:    money.Of(1290, currency),
		CreatedAt: now,
		ExpiresAt: now.Add(15 * time.Minute),
	}
	created, err := p.Create(ctx, r)
	if err != nil {
		return signedNotice{}, err
	}
	if err := bank.Pay(r.AttemptNo, paymenttest.Payment{}); err != nil {
		return signedNotice{}, err
	}
	if capturer, is := p.(payment.Capturer); is {
		ref := payment.ChargeRef{CreateRequest: r, ProviderRef: created.ProviderRef}
		if _, err := capturer.Capture(ctx, ref); err != nil {
			return signedNotice{}, err
		}
	}
	for _, sent := range bank.Notices() {
		n, err := p.ParseNotice(sent.Header, sent.Body)
		if err != nil {
			return signedNotice{}, err
		}
		if n.Type == payment.PaymentSucceeded {
			return signedNotice{provider: p, header: sent.Header, body: sent.Body}, nil
		}
	}
	return signedNotice{}, errors.New("no notice")
}

var errSignature = errors.New("the signature does not verify")

func stripeNotice(ctx context.Context) (signedNotice, func(), error) {
	bank := stripetest.New(stripetest.Options{})
	n, err := paid(ctx, bank, stripe.MethodPage, "USD")
	head, claimed, _ := strings.Cut(n.header.Get(stripe.SignatureHeader), ",v1=")
	unix := strings.TrimPrefix(head, "t=")
	sum, _ := hex.DecodeString(claimed) // nothing equals what can't be decoded
	n.check = func() error {
		h := hmac.New(sha256.New, []byte(stripetest.WebhookSecret))
		h.Write([]byte(unix))
		h.Write([]byte{'.'})
		h.Write(n.body)
		if !hmac.Equal(h.Sum(nil), sum) {
			return errSignature
		}
		return nil
	}
	return n, bank.Close, err
}

func paypalNotice(ctx context.Context) (signedNotice, func(), error) {
	bank := paypaltest.New(paypaltest.Options{})
	n, err := paid(ctx, bank, paypal.MethodPage, "USD")
	if err != nil {
		return n, bank.Close, err
	}
	block, _ := pem.Decode(paypaltest.File("notices.pem"))
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return n, bank.Close, err
	}
	id, at := n.header.Get(paypal.IDHeader), n.header.Get(paypal.TimeHeader)
	n.check, err = rsaCheck(cert.PublicKey, n.header.Get(paypal.SignatureHeader), func() []byte {
		return paypal.Signed(id, at, paypaltest.WebhookID, n.body)
	})
	return n, bank.Close, err
}

func alipayNotice(ctx context.Context) (signedNotice, func(), error) {
	bank, err := alipaytest.New(alipaytest.Options{})
	if err != nil {
		return signedNotice{}, func() {}, err
	}
	n, err := paid(ctx, bank, alipay.MethodQR, alipay.Currency)
	if err != nil {
		return n, bank.Close, err
	}
	fields, err := url.ParseQuery(string(n.body))
	if err != nil {
		return n, bank.Close, err
	}
	signature := fields.Get("sign")
	var pairs []string
	for name := range fields {
		if name != "sign" && name != "sign_type" {
			pairs = append(pairs, name+"="+fields.Get(name))
		}
	}
	slices.Sort(pairs)
	text := []byte(strings.Join(pairs, "&"))
	block, _ := pem.Decode([]byte(alipaytest.AlipayPublicKey))
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return n, bank.Close, err
	}
	n.check, err = rsaCheck(key, signature, func() []byte { return text })
	return n, bank.Close, err
}

func wechatNotice(ctx context.Context) (signedNotice, func(), error) {
	bank, err := wechatpaytest.Open(wechatpaytest.Config{})
	if err != nil {
		return signedNotice{}, func() {}, err
	}
	n, err := paid(ctx, bank, wechatpay.MethodNative, "CNY")
	if err != nil {
		return n, bank.Close, err
	}
	var sealed struct {
		Resource struct {
			Nonce      string `json:"nonce"`
			Data       string `json:"associated_data"`
			Ciphertext []byte `json:"ciphertext"`
		} `json:"resource"`
	}
	if err := json.Unmarshal(n.body, &sealed); err != nil {
		return n, bank.Close, err
	}
	before := []byte(n.header.Get("Wechatpay-Timestamp") + "\n" + n.header.Get("Wechatpay-Nonce") + "\n")
	verify, err := rsaCheck(bank.Keys().PublicKeys[0].Key, n.header.Get("Wechatpay-Signature"), func() []byte {
		return slices.Concat(before, n.body, []byte("\n"))
	})
	n.check = func() error {
		if err := verify(); err != nil {
			return err
		}
		block, err := aes.NewCipher([]byte(wechatpaytest.APIv3))
		if err != nil {
			return err
		}
		gcm, err := cipher.NewGCM(block)
		if err != nil {
			return err
		}
		_, err = gcm.Open(nil, []byte(sealed.Resource.Nonce), sealed.Resource.Ciphertext, []byte(sealed.Resource.Data))
		return err
	}
	return n, bank.Close, err
}

// rsaCheck returns the bare check of a signature in base64 over a text.
func rsaCheck(key any, signature string, text func() []byte) (func() error, error) {
	public, is := key.(*rsa.PublicKey)
	raw, err := base64.StdEncoding.DecodeString(signature)
	if err != nil || !is {
		return nil, errors.Join(errSignature, err)
	}
	check := func() error {
		sum := sha256.Sum256(text())
		return rsa.VerifyPKCS1v15(public, crypto.SHA256, sum[:], raw)
	}
	return check, check()
}
