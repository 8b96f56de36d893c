package alipay_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"videomall/mall/payment/alipay"
	"videomall/mall/payment/alipay/alipaytest"
)

func publicPEM(t *testing.T, key *rsa.PrivateKey) string {
	t.Helper()
	raw, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: raw}))
}

// certificates are those of the stand-in.
func certificates() alipay.Certificates {
	return alipay.Certificates{
		Private: alipaytest.AppKey,
		App:     alipaytest.AppCertificate,
		Roots:   alipaytest.RootCertificates,
		Alipay:  []string{alipaytest.AlipayCertificate},
	}
}

// bare returns what a PEM text holds, as Alipay's console shows keys.
func bare(text string) string {
	block, _ := pem.Decode([]byte(text))
	return base64.StdEncoding.EncodeToString(block.Bytes)
}

func TestPublicKeyMode_forms_of_keys(t *testing.T) {
	t.Parallel()
	block, _ := pem.Decode([]byte(alipaytest.AppKey))
	key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	s := bank(t, alipaytest.Options{})
	for name, text := range map[string]string{
		"PKCS #1":       alipaytest.AppKey,
		"bare PKCS #1":  bare(alipaytest.AppKey),
		"PKCS #8":       string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})),
		"bare PKCS #8":  base64.StdEncoding.EncodeToString(pkcs8),
		"broken lines":  "\n" + bare(alipaytest.AppKey)[:64] + "\r\n  " + bare(alipaytest.AppKey)[64:] + "\n",
		"a final blank": alipaytest.AppKey + " ",
	} {
		keys, err := alipay.PublicKeyMode(text, bare(alipaytest.AlipayPublicKey))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		o := s.Options()
		o.Keys = func() alipay.Keys { return keys }
		if _, err := client(t, o).Query(t.Context(), ref(alipay.MethodPage)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPublicKeyMode_bad_keys(t *testing.T) {
	t.Parallel()
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	shortPrivate := base64.StdEncoding.EncodeToString(x509.MarshalPKCS1PrivateKey(short))
	good := alipaytest.AlipayPublicKey
	for name, c := range map[string]struct {
		private string
		alipay  []string
		says    string
	}{
		"no private key":        {"", []string{good}, "private key: it is empty"},
		"no key at all":         {"c2VjcmV0LXNlY3JldA==", []string{good}, "private key is no RSA key"},
		"no base64":             {"!secret-secret!", []string{good}, "private key: it is neither PEM nor base64"},
		"broken PEM":            {"-----BEGIN secret-secret", []string{good}, "private key: it is no PEM"},
		"a short private key":   {shortPrivate, []string{good}, "private key has 1024 bits"},
		"a public one for it":   {good, []string{good}, "private key is no RSA key"},
		"none of Alipay's":      {alipaytest.AppKey, nil, "no public key of Alipay's"},
		"an empty one":          {alipaytest.AppKey, []string{good, ""}, "public key 2 of Alipay: it is empty"},
		"a short one":           {alipaytest.AppKey, []string{publicPEM(t, short)}, "public key 1 of Alipay has 1024 bits"},
		"a certificate":         {alipaytest.AppKey, []string{alipaytest.AlipayCertificate}, "public key 1 of Alipay: it is no PKIX"},
		"a private one in turn": {alipaytest.AppKey, []string{alipaytest.AlipayKey}, "public key 1 of Alipay: it is no PKIX"},
	} {
		_, err := alipay.PublicKeyMode(c.private, c.alipay...)
		if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
}

func TestCertificateMode_bad_certificates(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*alipay.Certificates)
		says   string
	}{
		"no private key":      {func(c *alipay.Certificates) { c.Private = "" }, "private key: it is empty"},
		"no certificate":      {func(c *alipay.Certificates) { c.App = "" }, "application's certificate: it is no PEM"},
		"a key for it":        {func(c *alipay.Certificates) { c.App = alipaytest.AppPublicKey }, "it is no PEM certificate"},
		"another's":           {func(c *alipay.Certificates) { c.App = alipaytest.AlipayCertificate }, "not of its private key"},
		"no roots":            {func(c *alipay.Certificates) { c.Roots = "" }, "root certificates of Alipay: none is signed with RSA"},
		"a key among roots":   {func(c *alipay.Certificates) { c.Roots += alipaytest.AppPublicKey }, "PUBLIC KEY"},
		"none of Alipay's":    {func(c *alipay.Certificates) { c.Alipay = nil }, "no public key of Alipay's"},
		"a broken one of its": {func(c *alipay.Certificates) { c.Alipay = append(c.Alipay, "x") }, "certificate 2 of Alipay: it is no PEM"},
	} {
		certificates := certificates()
		c.change(&certificates)
		_, err := alipay.CertificateMode(certificates)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
}

// The first roots are Alipay's own. Others have an SM2 key among them, an issuer with a comma and an e-mail address, and
// a signature with SHA-512. Alipay's SDK computes the same serials.
const oddSerials = "dd7a68b674704d1ab1ac45f731b0bb01_0075d4d169aab27ddee0f7f2547738ba"

func TestCertificateMode_serials(t *testing.T) {
	t.Parallel()
	for roots, want := range map[string]string{
		golden(t, "alipayRootCert.crt"): "687b59193f3f462dd5336e5abf83c5d8_02941eef3187dddf3d3b83462e1dfcf6",
		alipaytest.RootCertificates:     alipaytest.RootSerials,
		golden(t, "oddRootCert.crt"):    oddSerials,
	} {
		c := certificates()
		c.Roots = roots
		keys, err := alipay.CertificateMode(c)
		if err != nil {
			t.Fatal(err)
		}
		s := bank(t, alipaytest.Options{})
		o := s.Options()
		o.Keys = func() alipay.Keys { return keys }
		_, _ = client(t, o).Query(t.Context(), ref(alipay.MethodPage))
		asked := s.Requests()[0]
		if got := asked.Get("alipay_root_cert_sn"); got != want {
			t.Errorf("roots: got %s, want %s", got, want)
		}
		if got := asked.Get("app_cert_sn"); got != alipaytest.AppSerial {
			t.Errorf("app: got %s", got)
		}
	}
}

func TestNew_refuses(t *testing.T) {
	t.Parallel()
	for field, change := range map[string]func(*alipay.Options){
		"AppID":      func(o *alipay.Options) { o.AppID = "" },
		"AppID ":     func(o *alipay.Options) { o.AppID = "app" },
		"SellerID":   func(o *alipay.Options) { o.SellerID = "" },
		"SellerID ":  func(o *alipay.Options) { o.SellerID = "1088000000000001" },
		"Shop":       func(o *alipay.Options) { o.Shop = "" },
		"Shop ":      func(o *alipay.Options) { o.Shop = "the mall" },
		"Gateway":    func(o *alipay.Options) { o.Gateway = "" },
		"Gateway ":   func(o *alipay.Options) { o.Gateway = "https://openapi.alipay.com/gateway.do?charset=utf-8" },
		"NotifyURL":  func(o *alipay.Options) { o.NotifyURL = "" },
		"NotifyURL ": func(o *alipay.Options) { o.NotifyURL = "/callback/alipay" },
		"BillHosts":  func(o *alipay.Options) { o.BillHosts = nil },
		"Keys":       func(o *alipay.Options) { o.Keys = nil },
		"Keys ":      func(o *alipay.Options) { o.Keys = func() alipay.Keys { return alipay.Keys{} } },
		"Client":     func(o *alipay.Options) { o.Client = nil },
		"Now":        func(o *alipay.Options) { o.Now = nil },
	} {
		o := options(t, "https://openapi.alipay.com/gateway.do")
		change(&o)
		if _, err := alipay.New(o); err == nil || !strings.Contains(err.Error(), strings.TrimSpace(field)) {
			t.Errorf("%s: %v", field, err)
		}
	}
	if _, err := alipay.New(options(t, "https://openapi.alipay.com/gateway.do")); err != nil {
		t.Error(err)
	}
}

// A client without a transport gets one that asks no proxy of the environment.
func TestNew_uses_no_proxy(t *testing.T) {
	asked := make(chan struct{}, 1)
	s := bank(t, alipaytest.Options{})
	o := s.Options()
	o.Client = &http.Client{}
	http.DefaultTransport.(*http.Transport).Proxy = func(*http.Request) (*url.URL, error) {
		asked <- struct{}{}
		return nil, nil
	}
	defer func() { http.DefaultTransport.(*http.Transport).Proxy = http.ProxyFromEnvironment }()
	if _, err := client(t, o).Query(t.Context(), ref(alipay.MethodPage)); err != nil {
		t.Error(err)
	}
	if len(asked) != 0 {
		t.Error("a proxy was asked for")
	}
}

// Whatever is printed of options, keys and certificates, none of their secrets is in it.
func TestOptions_hide_their_secrets(t *testing.T) {
	t.Parallel()
	o := options(t, "https://openapi.alipay.com/gateway.do")
	var printed bytes.Buffer
	for _, v := range []any{o, &o, o.Keys(), certificates()} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
			fmt.Fprintf(&printed, verb+"\n", v)
		}
		slog.New(slog.NewJSONHandler(&printed, nil)).Info("x", "options", v)
		slog.New(slog.NewTextHandler(&printed, nil)).Info("x", "options", v)
		encoded, _ := json.Marshal(v)
		printed.Write(encoded)
	}
	block, _ := pem.Decode([]byte(alipaytest.AppKey))
	key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{
		bare(alipaytest.AppKey)[100:140], "PRIVATE KEY", key.D.String()[:40], key.Primes[0].String()[:40],
		fmt.Sprintf("%x", key.D)[:40],
	} {
		if strings.Contains(printed.String(), secret) {
			t.Errorf("printed: %.60q", secret)
		}
	}
	if !strings.Contains(printed.String(), alipaytest.AppID) {
		t.Error("the app is not named")
	}
}
