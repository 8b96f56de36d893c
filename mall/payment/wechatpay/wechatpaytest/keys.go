package wechatpaytest

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"embed"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"videomall/mall/payment/wechatpay"
)

// The keys were made for these tests and are used nowhere else.
//
//go:embed testdata/*.pem
var files embed.FS

// merchantKey is a key of the merchant, of which the bank has the public half.
type merchantKey struct {
	serial string
	key    *rsa.PrivateKey
}

// signer is a key of the bank: with a certificate, or a public key with an ID.
type signer struct {
	id   string
	key  *rsa.PrivateKey
	cert *x509.Certificate
	pem  string
}

var errNoMoreKeys = errors.New("wechatpaytest: there are no more keys in testdata")

// PrivateKey reads a key of testdata: merchant1, merchant2, certificate1 to certificate3, public1, public2.
func PrivateKey(name string) (*rsa.PrivateKey, error) {
	text, err := files.ReadFile("testdata/" + name + ".pem")
	if err != nil {
		return nil, errNoMoreKeys
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("wechatpaytest: %s is not in PEM", name)
	}
	return x509.ParsePKCS1PrivateKey(block.Bytes)
}

// MerchantSerial returns the serial number of the merchant's nth certificate.
func MerchantSerial(n int) string { return fmt.Sprintf("5157F09EFDC096DE15EBE81A47057A72%08d", n) }

// firstKeys gives the bank and its client their first keys.
func (b *Bank) firstKeys() error {
	if err := b.RotateMerchant(); err != nil {
		return err
	}
	b.keys.APIv3 = []string{APIv3}
	if b.config.Certificates {
		return b.RotateCertificate()
	}
	return b.RotatePublicKey()
}

// Keys returns what the client knows at the moment.
func (b *Bank) Keys() wechatpay.Keys {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.keys
}

// RotateMerchant gives the merchant another API certificate. The bank accepts the old one too, until ForgetMerchants.
func (b *Bank) RotateMerchant() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := len(b.merchants) + 1
	key, err := PrivateKey("merchant" + strconv.Itoa(n))
	if err != nil {
		return err
	}
	m := &merchantKey{MerchantSerial(n), key}
	b.merchants[m.serial] = m
	b.keys.MerchantSerial, b.keys.MerchantKey = m.serial, key
	return nil
}

// ForgetMerchants makes the bank refuse every certificate of the merchant but the newest.
func (b *Bank) ForgetMerchants() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for serial, m := range b.merchants {
		if serial != b.keys.MerchantSerial {
			// The entry stays, so that the next serial number is another one.
			b.merchants[serial] = &merchantKey{serial: m.serial}
		}
	}
}

// RotateCertificate makes the bank sign with a new platform certificate, and list it beside the old ones.
func (b *Bank) RotateCertificate() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := len(b.listed) + 1
	key, err := PrivateKey("certificate" + strconv.Itoa(n))
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: new(big.Int).Add(new(big.Int).Lsh(big.NewInt(0x40001), 120), big.NewInt(int64(n))),
		Subject:      pkix.Name{CommonName: "Tenpay.com sign", Organization: []string{"Tenpay.com"}},
		NotBefore:    b.now().Add(-24*time.Hour + time.Duration(n)*time.Minute),
		NotAfter:     b.now().AddDate(5, 0, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return err
	}
	b.current = &signer{
		id:   strings.ToUpper(cert.SerialNumber.Text(16)),
		key:  key,
		cert: cert,
		pem:  string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
	}
	b.signers[b.current.id] = b.current
	b.listed = append(b.listed, b.current)
	return nil
}

// RotatePublicKey makes the bank sign with a new public key, and tells the client both, as its configuration would.
func (b *Bank) RotatePublicKey() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := len(b.keys.PublicKeys) + 1
	key, err := PrivateKey("public" + strconv.Itoa(n))
	if err != nil {
		return err
	}
	b.current = &signer{id: fmt.Sprintf("%s01%s%018d", wechatpay.PublicKeyPrefix, MerchantID, n), key: key}
	b.signers[b.current.id] = b.current
	b.keys.PublicKeys = slices.Insert(slices.Clone(b.keys.PublicKeys), 0, wechatpay.PublicKey{
		ID:  b.current.id,
		Key: &key.PublicKey,
	})
	return nil
}

// SetAPIv3 changes the key that the bank encrypts with, and tells the client the keys that it may know.
func (b *Bank) SetAPIv3(clientKnows ...string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.keys.APIv3 = clientKnows
}

// CurrentSerial is what the bank signs with.
func (b *Bank) CurrentSerial() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.current.id
}

// signed returns the headers that sign a body.
func (b *Bank) signed(s *signer, body []byte) map[string]string {
	at, nonce := strconv.FormatInt(b.now().Unix(), 10), text(32)
	return map[string]string{
		"Wechatpay-Timestamp":      at,
		"Wechatpay-Nonce":          nonce,
		"Wechatpay-Serial":         s.id,
		"Wechatpay-Signature":      signature(s.key, at+"\n"+nonce+"\n"+string(body)+"\n"),
		"Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
	}
}

func signature(key *rsa.PrivateKey, message string) string {
	sum := sha256.Sum256([]byte(message))
	raw, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:])
	if err != nil {
		panic(err) // a key of testdata always can
	}
	return base64.StdEncoding.EncodeToString(raw)
}

// verified reports whether the signature over a message is the merchant's.
func verified(key *rsa.PublicKey, message, signature string) bool {
	raw, err := base64.StdEncoding.DecodeString(signature)
	sum := sha256.Sum256([]byte(message))
	return err == nil && rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], raw) == nil
}

// seal encrypts with the APIv3 key, as notices and certificates are.
func seal(plaintext, associated string) map[string]any {
	block, err := aes.NewCipher([]byte(APIv3))
	if err != nil {
		panic(err) // it has 32 bytes
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	nonce := text(gcm.NonceSize())
	return map[string]any{
		"algorithm":       "AEAD_AES_256_GCM",
		"nonce":           nonce,
		"associated_data": associated,
		"ciphertext": base64.StdEncoding.EncodeToString(gcm.Seal(nil, []byte(nonce), []byte(plaintext),
			[]byte(associated))),
	}
}

// certificates answers /v3/certificates.
func (b *Bank) certificates(call) (any, error) {
	if len(b.listed) == 0 {
		return nil, refuse(404, "RESOURCE_NOT_EXISTS", "无可用的平台证书，请在商户平台-API安全申请使用微信支付公钥")
	}
	var list []any
	for _, s := range b.listed {
		list = append(list, map[string]any{
			"serial_no":           s.id,
			"effective_time":      s.cert.NotBefore.In(Beijing).Format(time.RFC3339),
			"expire_time":         s.cert.NotAfter.In(Beijing).Format(time.RFC3339),
			"encrypt_certificate": seal(s.pem, "certificate"),
		})
	}
	return map[string]any{"data": list}, nil
}
