package wechatpay

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
)

// PublicKeyPrefix begins the ID of every public key of WeChat Pay. It is a part of the ID, in headers too.
const PublicKeyPrefix = "PUB_KEY_ID_"

// Keys are the secrets of the merchant and what WeChat Pay signs with. There may be several of each, so that one can be
// replaced by another without a gap; only the merchant signs with one key at a time.
type Keys struct {
	MerchantSerial string          // the serial number of the merchant's API certificate, in hex
	MerchantKey    *rsa.PrivateKey // of that certificate
	// APIv3 are the 32-byte keys with which notices and certificates are encrypted. While one is being replaced, both
	// are here: each is tried, since a wrong one can't decrypt.
	APIv3 []string
	// PublicKeys are what merchants get now. WeChat Pay is asked to sign with the first.
	PublicKeys []PublicKey
	// Certificates are platform certificates that are known beforehand. Without any key in PublicKeys they may be
	// empty: they are then downloaded, and so is any newer one.
	Certificates []*x509.Certificate
}

// PublicKey is a public key of WeChat Pay.
type PublicKey struct {
	ID  string // "PUB_KEY_ID_0114232134912410000000000000"
	Key *rsa.PublicKey
}

// String shows serial numbers only.
func (k Keys) String() string {
	ids := []string{"merchant " + k.MerchantSerial}
	for _, p := range k.PublicKeys {
		ids = append(ids, p.ID)
	}
	for _, c := range k.Certificates {
		ids = append(ids, "certificate "+serialOf(c))
	}
	return "keys{" + strings.Join(ids, ", ") + "}"
}

// GoString is String.
func (k Keys) GoString() string { return k.String() }

// LogValue shows serial numbers only.
func (k Keys) LogValue() slog.Value { return slog.StringValue(k.String()) }

// MarshalJSON shows serial numbers only.
func (k Keys) MarshalJSON() ([]byte, error) { return masked(k.String()) }

func masked(s string) ([]byte, error) { return json.Marshal(s) }

// The sizes of keys: 2048 bits is WeChat Pay's, and AES-256 has 32 bytes.
const (
	minBits  = 2048
	apiV3Len = 32
)

var (
	serials      = regexp.MustCompile(`^[0-9A-Fa-f]{1,64}$`)
	publicKeyIDs = regexp.MustCompile(`^` + PublicKeyPrefix + `[0-9A-Za-z_]{1,64}$`)
)

// check says what is wrong with the keys, without showing one.
func (k Keys) check() error {
	switch {
	case !serials.MatchString(k.MerchantSerial):
		return fmt.Errorf("wechatpay: Keys.MerchantSerial %q is not in hex", k.MerchantSerial)
	case k.MerchantKey == nil:
		return errors.New("wechatpay: Keys.MerchantKey is required")
	case k.MerchantKey.N.BitLen() < minBits:
		return fmt.Errorf("wechatpay: Keys.MerchantKey has less than %d bits", minBits)
	case len(k.APIv3) == 0:
		return errors.New("wechatpay: Keys.APIv3 is required")
	}
	for i, key := range k.APIv3 {
		if len(key) != apiV3Len {
			return fmt.Errorf("wechatpay: Keys.APIv3[%d] has %d bytes, not %d", i, len(key), apiV3Len)
		}
	}
	for i, p := range k.PublicKeys {
		if !publicKeyIDs.MatchString(p.ID) {
			return fmt.Errorf("wechatpay: Keys.PublicKeys[%d].ID %q must begin with %s", i, p.ID, PublicKeyPrefix)
		}
		if p.Key == nil || p.Key.N.BitLen() < minBits {
			return fmt.Errorf("wechatpay: Keys.PublicKeys[%d].Key has less than %d bits", i, minBits)
		}
	}
	for i, c := range k.Certificates {
		if _, err := keyOf(c); err != nil {
			return fmt.Errorf("wechatpay: Keys.Certificates[%d]: %w", i, err)
		}
	}
	return nil
}

// serialOf returns the serial number of a certificate as WeChat Pay writes it, save for leading zeros.
func serialOf(c *x509.Certificate) string {
	if c == nil || c.SerialNumber == nil {
		return ""
	}
	return normal(c.SerialNumber.Text(16))
}

// normal makes two spellings of one serial number the same. The ID of a public key stays as it is.
func normal(serial string) string {
	if strings.HasPrefix(serial, PublicKeyPrefix) {
		return serial
	}
	return strings.TrimLeft(strings.ToUpper(serial), "0")
}

// keyOf returns the RSA key of a certificate.
func keyOf(c *x509.Certificate) (*rsa.PublicKey, error) {
	if c == nil {
		return nil, errors.New("no certificate")
	}
	key, ok := c.PublicKey.(*rsa.PublicKey)
	if !ok || key.N.BitLen() < minBits {
		return nil, fmt.Errorf("certificate %s has no RSA key of %d bits", serialOf(c), minBits)
	}
	return key, nil
}

// ParsePrivateKey reads the merchant's key as WeChat Pay hands it out, in apiclient_key.pem. Its errors show nothing of
// the key.
func ParsePrivateKey(text string) (*rsa.PrivateKey, error) {
	block, err := decodePEM(text, "private key")
	if err != nil {
		return nil, err
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if key, ok := parsed.(*rsa.PrivateKey); ok && err == nil {
		return key, nil
	}
	return nil, errors.New("wechatpay: the private key is no RSA key")
}

// ParsePublicKey reads a public key of WeChat Pay, as pub_key.pem has it.
func ParsePublicKey(text string) (*rsa.PublicKey, error) {
	block, err := decodePEM(text, "public key")
	if err != nil {
		return nil, err
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if key, ok := parsed.(*rsa.PublicKey); ok && err == nil {
		return key, nil
	}
	return nil, errors.New("wechatpay: the public key is no RSA key")
}

// ParseCertificate reads a platform certificate.
func ParseCertificate(text string) (*x509.Certificate, error) {
	block, err := decodePEM(text, "certificate")
	if err != nil {
		return nil, err
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("wechatpay: the certificate: %w", err)
	}
	if _, err := keyOf(c); err != nil {
		return nil, fmt.Errorf("wechatpay: %w", err)
	}
	return c, nil
}

func decodePEM(text, what string) (*pem.Block, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, fmt.Errorf("wechatpay: the %s is not in PEM", what)
	}
	return block, nil
}
