package wechatpay

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"videomall/mall/payment"
)

// scheme is the only algorithm of signatures that we use and accept. What a message says about its own is compared with
// it, and never decides anything.
const scheme = "WECHATPAY2-SHA256-RSA2048"

// Tolerance is how far the timestamp of an answer or a notice may be from our clock, in either direction.
const Tolerance = 300 * time.Second

// nonce returns 26 letters and digits that nobody can guess.
func nonce() string { return rand.Text() }

// sign returns the signature over the lines, each of which ends with a newline, the last too.
func sign(key *rsa.PrivateKey, lines ...string) (string, error) {
	sum := sha256.Sum256([]byte(strings.Join(lines, "\n") + "\n"))
	signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:])
	if err != nil {
		return "", errors.New("wechatpay: the merchant's key can't sign")
	}
	return base64.StdEncoding.EncodeToString(signature), nil
}

// authorization returns the header of a request. uri is its path with the query, as it is sent.
func (w *WeChatPay) authorization(k Keys, method, uri string, body []byte) (string, error) {
	at, n := strconv.FormatInt(w.opt.Now().Unix(), 10), w.opt.Nonce()
	signature, err := sign(k.MerchantKey, method, uri, at, n, string(body))
	if err != nil {
		return "", err
	}
	return fmt.Sprintf(`%s mchid="%s",nonce_str="%s",signature="%s",timestamp="%s",serial_no="%s"`,
		scheme, w.opt.MerchantID, n, signature, at, k.MerchantSerial), nil
}

// errUnknownSerial says that a message was signed with a key that we do not have.
var errUnknownSerial = errors.New("unknown serial number")

// verify checks the signature of an answer or a notice against our keys and our clock. It calls nobody.
// Errors: errUnknownSerial.
func (w *WeChatPay) verify(k Keys, h http.Header, body []byte) error {
	var serial, signature, at, n string
	for _, field := range []struct {
		name string
		into *string
	}{
		{"Wechatpay-Serial", &serial},
		{"Wechatpay-Signature", &signature},
		{"Wechatpay-Timestamp", &at},
		{"Wechatpay-Nonce", &n},
	} {
		values := h.Values(field.name)
		if len(values) != 1 || !payment.IsPlain(values[0], 1024) {
			return fmt.Errorf("%d values of %s, or it can't be read", len(values), field.name)
		}
		*field.into = values[0]
	}
	if t := h.Values("Wechatpay-Signature-Type"); len(t) > 1 || len(t) == 1 && t[0] != scheme {
		return fmt.Errorf("signature type %.100q", t)
	}
	seconds, err := strconv.ParseInt(at, 10, 64)
	if err != nil {
		return fmt.Errorf("timestamp %.40q", at)
	}
	// Compare integers, since a Duration to a distant timestamp would overflow.
	if now, within := w.opt.Now().Unix(), int64(Tolerance/time.Second); seconds < now-within || seconds > now+within {
		return fmt.Errorf("timestamp %d, the clock says %d", seconds, now)
	}
	key, err := w.verifier(k, serial)
	if err != nil {
		return err
	}
	raw, err := base64.StdEncoding.DecodeString(signature)
	if err != nil {
		return errors.New("the signature is not in base64")
	}
	sum := sha256.New()
	sum.Write([]byte(at + "\n" + n + "\n"))
	sum.Write(body)
	sum.Write([]byte{'\n'})
	if err := rsa.VerifyPKCS1v15(key, crypto.SHA256, sum.Sum(nil), raw); err != nil {
		return errors.New("the signature does not match")
	}
	return nil
}

// sealed is what WeChat Pay encrypts with the APIv3 key.
type sealed struct {
	Algorithm      string `json:"algorithm"`
	Nonce          string `json:"nonce"`
	AssociatedData string `json:"associated_data"`
	Ciphertext     string `json:"ciphertext"`
}

const (
	sealAlgorithm = "AEAD_AES_256_GCM"
	sealNonceLen  = 12
)

// open decrypts it with whichever of the keys fits.
func (s sealed) open(apiV3 []string) ([]byte, error) {
	switch {
	case s.Algorithm != sealAlgorithm:
		return nil, fmt.Errorf("algorithm %.40q", s.Algorithm)
	case len(s.Nonce) != sealNonceLen: // another length would make crypto/cipher panic
		return nil, fmt.Errorf("a nonce of %d bytes", len(s.Nonce))
	}
	text, err := base64.StdEncoding.DecodeString(s.Ciphertext)
	if err != nil {
		return nil, errors.New("the ciphertext is not in base64")
	}
	for _, key := range apiV3 {
		block, err := aes.NewCipher([]byte(key))
		if err != nil {
			return nil, errors.New("the APIv3 key is no AES key")
		}
		gcm, err := cipher.NewGCM(block)
		if err != nil {
			return nil, errors.New("the APIv3 key can't be used for GCM")
		}
		if plaintext, err := gcm.Open(nil, []byte(s.Nonce), text, []byte(s.AssociatedData)); err == nil {
			return plaintext, nil
		}
	}
	return nil, errors.New("no APIv3 key decrypts it")
}
