package alipay

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"strings"
)

// minBits is the least length of an RSA key.
const minBits = 2048

// Keys are the application's private key and Alipay's public ones. Make them with PublicKeyMode or CertificateMode.
type Keys struct {
	private     *rsa.PrivateKey
	appSerial   string // of the application's certificate; empty in public-key mode
	rootSerials string // of Alipay's root certificates
	alipay      []alipayKey
}

// alipayKey verifies what Alipay signs.
type alipayKey struct {
	serial string // of its certificate; empty in public-key mode
	public *rsa.PublicKey
}

// PublicKeyMode returns keys for an application whose public key was uploaded as such. Each key is PEM or bare base64;
// a private one PKCS #1 or #8, a public one PKIX. What any of the public keys verifies is Alipay's.
func PublicKeyMode(private string, alipay ...string) (Keys, error) {
	var k Keys
	var err error
	if k.private, err = privateKey(private); err != nil {
		return Keys{}, err
	}
	for i, text := range alipay {
		public, err := publicKey(text)
		if err != nil {
			return Keys{}, fmt.Errorf("public key %d of Alipay: %w", i+1, err)
		}
		k.alipay = append(k.alipay, alipayKey{public: public})
	}
	return k, k.check()
}

// Certificates are the texts of the PEM files that CertificateMode needs.
type Certificates struct {
	Private string   // the application's private key, PEM or bare base64
	App     string   // the application's certificate (appCertPublicKey.crt)
	Roots   string   // Alipay's root certificates (alipayRootCert.crt)
	Alipay  []string // Alipay's certificates (alipayCertPublicKey_RSA2.crt): the present one, and others that may follow
}

// CertificateMode returns keys for an application that signs with a certificate.
func CertificateMode(c Certificates) (Keys, error) {
	var k Keys
	var err error
	if k.private, err = privateKey(c.Private); err != nil {
		return Keys{}, err
	}
	app, err := certificate(c.App)
	if err != nil {
		return Keys{}, fmt.Errorf("the application's certificate: %w", err)
	}
	if public, isRSA := app.PublicKey.(*rsa.PublicKey); !isRSA || !k.private.PublicKey.Equal(public) {
		return Keys{}, errors.New("the application's certificate is not of its private key")
	}
	if k.appSerial, err = serial(app); err != nil {
		return Keys{}, fmt.Errorf("the application's certificate: %w", err)
	}
	if k.rootSerials, err = rootSerials(c.Roots); err != nil {
		return Keys{}, fmt.Errorf("root certificates of Alipay: %w", err)
	}
	for i, text := range c.Alipay {
		cert, err := certificate(text)
		if err != nil {
			return Keys{}, fmt.Errorf("certificate %d of Alipay: %w", i+1, err)
		}
		public, isRSA := cert.PublicKey.(*rsa.PublicKey)
		if !isRSA {
			return Keys{}, fmt.Errorf("certificate %d of Alipay has no RSA key", i+1)
		}
		no, err := serial(cert)
		if err != nil {
			return Keys{}, fmt.Errorf("certificate %d of Alipay: %w", i+1, err)
		}
		k.alipay = append(k.alipay, alipayKey{serial: no, public: public})
	}
	return k, k.check()
}

func (k Keys) check() error {
	if k.private == nil {
		return errors.New("no private key of the application")
	}
	if bits := k.private.N.BitLen(); bits < minBits {
		return fmt.Errorf("the application's private key has %d bits, RSA2 needs %d", bits, minBits)
	}
	if len(k.alipay) == 0 {
		return errors.New("no public key of Alipay's")
	}
	for i, a := range k.alipay {
		if bits := a.public.N.BitLen(); bits < minBits {
			return fmt.Errorf("public key %d of Alipay has %d bits, RSA2 needs %d", i+1, bits, minBits)
		}
	}
	return nil
}

// String tells the mode and the serial numbers, which are public.
func (k Keys) String() string {
	if k.appSerial == "" {
		return fmt.Sprintf("Alipay keys (%d public)", len(k.alipay))
	}
	return fmt.Sprintf("Alipay certificates (app %s, %d of Alipay's)", k.appSerial, len(k.alipay))
}

// LogValue is String.
func (k Keys) LogValue() slog.Value { return slog.StringValue(k.String()) }

// String tells nothing, since one of the texts is secret.
func (Certificates) String() string { return "Alipay certificates (texts)" }

// Format is String, whatever the verb.
func (c Certificates) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(c.String())) }

// MarshalText is String.
func (c Certificates) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// LogValue is String.
func (c Certificates) LogValue() slog.Value { return slog.StringValue(c.String()) }

// der returns what a PEM block or a bare base64 text holds. Its error never quotes the text, which may be secret.
func der(text string) ([]byte, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return nil, errors.New("it is empty")
	}
	if strings.HasPrefix(text, "-----BEGIN") {
		block, _ := pem.Decode([]byte(text))
		if block == nil {
			return nil, errors.New("it is no PEM")
		}
		return block.Bytes, nil
	}
	raw, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		return nil, errors.New("it is neither PEM nor base64")
	}
	return raw, nil
}

func privateKey(text string) (*rsa.PrivateKey, error) {
	raw, err := der(text)
	if err != nil {
		return nil, fmt.Errorf("the application's private key: %w", err)
	}
	if key, err := x509.ParsePKCS1PrivateKey(raw); err == nil {
		return key, nil
	}
	if key, err := x509.ParsePKCS8PrivateKey(raw); err == nil {
		if key, isRSA := key.(*rsa.PrivateKey); isRSA {
			return key, nil
		}
	}
	return nil, errors.New("the application's private key is no RSA key in PKCS #1 or #8")
}

func publicKey(text string) (*rsa.PublicKey, error) {
	raw, err := der(text)
	if err != nil {
		return nil, err
	}
	key, err := x509.ParsePKIXPublicKey(raw)
	if err != nil {
		return nil, errors.New("it is no PKIX public key")
	}
	public, isRSA := key.(*rsa.PublicKey)
	if !isRSA {
		return nil, errors.New("it is no RSA key")
	}
	return public, nil
}
