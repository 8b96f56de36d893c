package program

import (
	"errors"
	"slices"
	"strings"

	"videomall/config"
	"videomall/mall/payment"
	"videomall/mall/payment/alipay"
	"videomall/mall/payment/settings"
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
			return makeStripe(c, values["secret_key"], strings.Fields(values["webhook_secrets"]),
				words(values["payment_methods"]))
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
			keys, err := alipay.PublicKeyMode(values["private_key"], public...)
			if values["app_certificate"] != "" {
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
			return makeAlipay(c, values["app_id"], values["seller_id"], func() alipay.Keys { return keys })
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
			{Name: "app_secret", Secret: true, Optional: true},
			{Name: "jsapi", Switch: true}, // a secret that was entered can't be emptied
		},
		Open: func(values map[string]string) (payment.Provider, error) {
			if (values["public_key"] == "") != (values["public_key_id"] == "") {
				return nil, errors.New("a public key needs its number, PUB_KEY_ID_…, and the number its key")
			}
			keys, err := weChatKeys(values["certificate_serial"], values["private_key"], values["api_v3_key"],
				filled(values["public_key_id"]), filled(values["public_key"]))
			if err != nil {
				return nil, err
			}
			o := wechatpay.Options{
				AppID:      values["app_id"],
				MerchantID: values["merchant_id"],
				Keys:       func() wechatpay.Keys { return keys },
				H5:         values["h5"] != "",
			}
			if values["jsapi"] != "" {
				if o.AppSecret = values["app_secret"]; o.AppSecret == "" {
					return nil, errors.New("payments inside WeChat need the AppSecret of the official account")
				}
			}
			return makeWeChatPay(c, o)
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
			return makePayPal(c, values["client_id"], func() string { return values["secret"] },
				words(values["webhook_ids"]))
		},
	}
}

// words splits a list at commas and spaces.
func words(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' })
}

func filled(texts ...string) []string {
	return slices.DeleteFunc(texts, func(text string) bool { return text == "" })
}
