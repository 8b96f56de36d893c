package program

import (
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"videomall/config"
	"videomall/mall/payment"
	"videomall/mall/payment/alipay"
	"videomall/mall/payment/paypal"
	"videomall/mall/payment/stripe"
	"videomall/mall/payment/wechatpay"
)

// callbackPath is where a provider posts its notices.
const callbackPath = "/api/v1/mall/payments/callback/"

// providers returns the payment providers that the environment configures, in the order in which they are offered.
func providers(c *config.Config, log *slog.Logger) ([]payment.Provider, error) {
	var list []payment.Provider
	for _, open := range []func(*config.Config, *slog.Logger, *http.Client) (payment.Provider, error){
		openStripe, openPayPal, openAlipay, openWeChatPay,
	} {
		provider, err := open(c, log, &http.Client{})
		if err != nil {
			return nil, err
		}
		if provider != nil {
			list = append(list, provider)
		}
	}
	return list, nil
}

func openStripe(c *config.Config, _ *slog.Logger, client *http.Client) (payment.Provider, error) {
	if c.StripeKey == "" {
		return nil, nil
	}
	s, err := stripe.New(stripe.Options{
		SecretKey:          string(c.StripeKey),
		WebhookSecrets:     strings.Split(string(c.StripeWebhooks), ","),
		Shop:               c.PaymentMark,
		BaseURL:            c.StripeURL,
		PaymentMethodTypes: c.StripeMethods,
		Client:             client,
		Now:                time.Now,
	})
	if err != nil {
		return nil, err // a nil *Stripe in the interface would not be nil
	}
	return s, nil
}

func openPayPal(c *config.Config, log *slog.Logger, client *http.Client) (payment.Provider, error) {
	if c.PayPalClient == "" {
		return nil, nil
	}
	secret, err := readKeys(log, []string{c.PayPalSecret}, func(texts []string) (string, error) {
		if text := strings.TrimSpace(texts[0]); text != "" {
			return text, nil
		}
		return "", errors.New("it is empty")
	})
	if err != nil {
		return nil, fmt.Errorf("secret of PayPal: %w", err)
	}
	roots, err := payPalRoots(c)
	if err != nil {
		return nil, err
	}
	p, err := paypal.New(paypal.Options{
		ClientID:   c.PayPalClient,
		Secret:     secret,
		WebhookIDs: c.PayPalWebhooks,
		Shop:       c.PaymentMark,
		BaseURL:    c.PayPalURL,
		CertHosts:  c.PayPalCertHosts,
		Roots:      roots,
		Client:     client,
		Now:        time.Now,
	})
	if err != nil {
		return nil, err
	}
	return p, nil
}

func openAlipay(c *config.Config, log *slog.Logger, client *http.Client) (payment.Provider, error) {
	if c.AlipayApp == "" {
		return nil, nil
	}
	files := append([]string{c.AlipayKey}, c.AlipayPublic...)
	parse := func(texts []string) (alipay.Keys, error) { return alipay.PublicKeyMode(texts[0], texts[1:]...) }
	if c.AlipayAppCert != "" {
		files = append([]string{c.AlipayKey, c.AlipayAppCert, c.AlipayRoots}, c.AlipayPublic...)
		parse = func(texts []string) (alipay.Keys, error) {
			return alipay.CertificateMode(alipay.Certificates{
				Private: texts[0],
				App:     texts[1],
				Roots:   texts[2],
				Alipay:  texts[3:],
			})
		}
	}
	keys, err := readKeys(log, files, parse)
	if err != nil {
		return nil, fmt.Errorf("keys of Alipay: %w", err)
	}
	a, err := alipay.New(alipay.Options{
		AppID:     c.AlipayApp,
		SellerID:  c.AlipaySeller,
		Shop:      c.PaymentMark,
		Gateway:   c.AlipayGateway,
		NotifyURL: c.PublicURL + callbackPath + "alipay",
		BillHosts: c.AlipayBills,
		Keys:      keys,
		Client:    client,
		Now:       time.Now,
	})
	if err != nil {
		return nil, err
	}
	return a, nil
}

func openWeChatPay(c *config.Config, log *slog.Logger, client *http.Client) (payment.Provider, error) {
	if c.WeChatMerchant == "" {
		return nil, nil
	}
	files, ids := []string{c.WeChatKey, c.WeChatAPIv3}, []string(nil)
	for _, entry := range c.WeChatPublic {
		id, file, ok := strings.Cut(entry, "=")
		if !ok {
			return nil, fmt.Errorf("WECHATPAY_PUBLIC_KEYS: %q is no PUB_KEY_ID_…=file", entry)
		}
		ids, files = append(ids, strings.TrimSpace(id)), append(files, strings.TrimSpace(file))
	}
	keys, err := readKeys(log, files, func(texts []string) (k wechatpay.Keys, err error) {
		k.MerchantSerial = c.WeChatSerial
		if k.MerchantKey, err = wechatpay.ParsePrivateKey(texts[0]); err != nil {
			return k, err
		}
		k.APIv3 = strings.Fields(texts[1])
		for n, text := range texts[2:] {
			public, err := wechatpay.ParsePublicKey(text)
			if err != nil {
				return k, fmt.Errorf("%s: %w", ids[n], err)
			}
			k.PublicKeys = append(k.PublicKeys, wechatpay.PublicKey{ID: ids[n], Key: public})
		}
		return k, nil
	})
	if err != nil {
		return nil, fmt.Errorf("keys of WeChat Pay: %w", err)
	}
	w, err := wechatpay.New(wechatpay.Options{
		AppID:      c.WeChatApp,
		MerchantID: c.WeChatMerchant,
		Mark:       c.PaymentMark,
		NotifyURL:  c.PublicURL + callbackPath + "wechatpay",
		Keys:       keys,
		H5:         c.WeChatH5,
		BaseURL:    c.WeChatURL,
		Loopback:   onLoopback(c.WeChatURL) && onLoopback(c.PublicURL),
		Client:     client,
		Now:        time.Now,
	})
	if err != nil {
		return nil, err
	}
	return w, nil
}

// onLoopback reports whether an address is this machine's own.
func onLoopback(address string) bool {
	u, err := url.Parse(address)
	return err == nil && config.Loopback(u.Hostname())
}

// payPalRoots returns the root certificates to which PayPal's must lead; nil stands for those of the system.
func payPalRoots(c *config.Config) (*x509.CertPool, error) {
	if c.PayPalRoots == "" {
		return nil, nil
	}
	text, err := readFile(c.PayPalRoots)
	if err != nil {
		return nil, fmt.Errorf("root certificates of PayPal: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(text)) {
		return nil, fmt.Errorf("root certificates of PayPal: %s has none", c.PayPalRoots)
	}
	return roots, nil
}
