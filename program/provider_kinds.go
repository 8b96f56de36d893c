package program

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"videomall/config"
	"videomall/mall/payment"
	"videomall/mall/payment/alipay"
	"videomall/mall/payment/paypal"
	"videomall/mall/payment/settings"
	"videomall/mall/payment/stripe"
	"videomall/mall/payment/wechatpay"
)

// providerKinds returns the providers that operators can configure in the console. Where their APIs are stays a matter
// of the environment, so that nobody who may enter settings can have the mall call another address.
func providerKinds(c *config.Config) []settings.Kind {
	return []settings.Kind{stripeKind(c), alipayKind(c), weChatPayKind(c), payPalKind(c)}
}

func stripeKind(c *config.Config) settings.Kind {
	return settings.Kind{
		Provider: "stripe",
		Fields: []settings.Field{
			{Name: "secret_key", Secret: true},
			{Name: "webhook_secrets", Secret: true, Lines: true},
			{Name: "payment_methods", Optional: true},
		},
		Open: func(values map[string]string) (payment.Provider, error) {
			return made(stripe.New(stripe.Options{
				SecretKey:          values["secret_key"],
				WebhookSecrets:     strings.Fields(values["webhook_secrets"]),
				Shop:               c.PaymentMark,
				BaseURL:            c.StripeURL,
				PaymentMethodTypes: words(values["payment_methods"]),
				Client:             &http.Client{},
				Now:                time.Now,
			}))
		},
	}
}

func alipayKind(c *config.Config) settings.Kind {
	return settings.Kind{
		Provider: "alipay",
		Fields: []settings.Field{
			{Name: "app_id"},
			{Name: "seller_id"},
			{Name: "private_key", Secret: true, Lines: true},
			{Name: "public_key", Lines: true},
			{Name: "next_public_key", Lines: true, Optional: true},
			{Name: "app_certificate", Lines: true, Optional: true},
			{Name: "root_certificates", Lines: true, Optional: true},
		},
		Open: func(values map[string]string) (payment.Provider, error) {
			public := filled(values["public_key"], values["next_public_key"])
			var keys alipay.Keys
			var err error
			if values["app_certificate"] == "" {
				keys, err = alipay.PublicKeyMode(values["private_key"], public...)
			} else {
				keys, err = alipay.CertificateMode(alipay.Certificates{
					Private: values["private_key"],
					App:     values["app_certificate"],
					Roots:   values["root_certificates"],
					Alipay:  public,
				})
			}
			if err != nil {
				return nil, err
			}
			return made(alipay.New(alipay.Options{
				AppID:     values["app_id"],
				SellerID:  values["seller_id"],
				Shop:      c.PaymentMark,
				Gateway:   c.AlipayGateway,
				NotifyURL: c.PublicURL + callbackPath + "alipay",
				BillHosts: c.AlipayBills,
				Keys:      func() alipay.Keys { return keys },
				Client:    &http.Client{},
				Now:       time.Now,
			}))
		},
	}
}

func weChatPayKind(c *config.Config) settings.Kind {
	return settings.Kind{
		Provider: "wechatpay",
		Fields: []settings.Field{
			{Name: "merchant_id"},
			{Name: "app_id"},
			{Name: "certificate_serial"},
			{Name: "private_key", Secret: true, Lines: true},
			{Name: "api_v3_key", Secret: true, Lines: true},
			{Name: "public_key_id", Optional: true},
			{Name: "public_key", Lines: true, Optional: true},
			{Name: "h5", Switch: true},
		},
		Open: func(values map[string]string) (payment.Provider, error) {
			keys := wechatpay.Keys{
				MerchantSerial: values["certificate_serial"],
				APIv3:          strings.Fields(values["api_v3_key"]),
			}
			var err error
			if keys.MerchantKey, err = wechatpay.ParsePrivateKey(values["private_key"]); err != nil {
				return nil, err
			}
			if (values["public_key"] == "") != (values["public_key_id"] == "") {
				return nil, fmt.Errorf("a public key needs its number, PUB_KEY_ID_…, and the number its key")
			}
			if values["public_key"] != "" {
				public, err := wechatpay.ParsePublicKey(values["public_key"])
				if err != nil {
					return nil, err
				}
				keys.PublicKeys = []wechatpay.PublicKey{{ID: values["public_key_id"], Key: public}}
			}
			return made(wechatpay.New(wechatpay.Options{
				AppID:      values["app_id"],
				MerchantID: values["merchant_id"],
				Mark:       c.PaymentMark,
				NotifyURL:  c.PublicURL + callbackPath + "wechatpay",
				Keys:       func() wechatpay.Keys { return keys },
				H5:         values["h5"] != "",
				BaseURL:    c.WeChatURL,
				Loopback:   onLoopback(c.WeChatURL) && onLoopback(c.PublicURL),
				Client:     &http.Client{},
				Now:        time.Now,
			}))
		},
	}
}

func payPalKind(c *config.Config) settings.Kind {
	return settings.Kind{
		Provider: "paypal",
		Fields: []settings.Field{
			{Name: "client_id"},
			{Name: "secret", Secret: true},
			{Name: "webhook_ids", Lines: true},
		},
		Open: func(values map[string]string) (payment.Provider, error) {
			roots, err := payPalRoots(c)
			if err != nil {
				return nil, err
			}
			return made(paypal.New(paypal.Options{
				ClientID:   values["client_id"],
				Secret:     func() string { return values["secret"] },
				WebhookIDs: words(values["webhook_ids"]),
				Shop:       c.PaymentMark,
				BaseURL:    c.PayPalURL,
				CertHosts:  c.PayPalCertHosts,
				Roots:      roots,
				Client:     &http.Client{},
				Now:        time.Now,
			}))
		},
	}
}

// made returns a provider, or the error. A nil pointer in the interface would not be nil.
func made[P payment.Provider](provider P, err error) (payment.Provider, error) {
	if err != nil {
		return nil, err
	}
	return provider, nil
}

// words splits a list at commas and spaces.
func words(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' })
}

func filled(texts ...string) []string {
	var list []string
	for _, text := range texts {
		if text != "" {
			list = append(list, text)
		}
	}
	return list
}
