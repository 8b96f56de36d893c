package config

import (
	"errors"
	"regexp"
	"strings"
)

// Providers are the settings of payment providers. One whose first variable is empty does not exist. Files are read
// again when they change, so that keys can be replaced while the mall runs; a list has the old key and the new one for
// that time.
type Providers struct {
	PaymentMark string `env:"PAYMENT_MARK" envDefault:"videomall" doc:"marks our payments in the accounts of providers, which may have other shops: 1 to 32 letters and digits; it must never change"`

	StripeKey      Secret `env:"STRIPE_SECRET_KEY" fallback:"no Stripe" doc:"secret or restricted key of the Stripe account, sk_… or rk_…"`
	StripeWebhooks Secret `env:"STRIPE_WEBHOOK_SECRETS" fallback:"none" doc:"secrets of the webhook endpoint at PUBLIC_URL/api/v1/mall/payments/callback/stripe, comma separated, whsec_…; made for the API version that docs/payments.md names"`
	StripeMethods  List   `env:"STRIPE_PAYMENT_METHODS" fallback:"those of Stripe’s Dashboard" doc:"payment methods that Stripe’s page offers, comma separated, such as card,wechat_pay"`
	StripeURL      string `env:"STRIPE_API_URL" fallback:"https://api.stripe.com" doc:"where Stripe’s API is; http on this machine only"`

	AlipayApp     string `env:"ALIPAY_APP_ID" fallback:"no Alipay" doc:"number of the application at Alipay’s open platform"`
	AlipaySeller  string `env:"ALIPAY_SELLER_ID" fallback:"none" doc:"number of the account that is paid, 16 digits that begin with 2088"`
	AlipayKey     string `env:"ALIPAY_KEY_FILE" fallback:"none" doc:"file of the application’s private key, PEM or base64"`
	AlipayPublic  List   `env:"ALIPAY_PUBLIC_KEY_FILES" fallback:"none" doc:"files of Alipay’s public keys, or of its certificates with ALIPAY_APP_CERT_FILE, comma separated"`
	AlipayAppCert string `env:"ALIPAY_APP_CERT_FILE" fallback:"public keys instead of certificates" doc:"file of the application’s certificate"`
	AlipayRoots   string `env:"ALIPAY_ROOT_CERT_FILE" fallback:"none" doc:"file of Alipay’s root certificates; required with ALIPAY_APP_CERT_FILE"`
	AlipayGateway string `env:"ALIPAY_GATEWAY" envDefault:"https://openapi.alipay.com/gateway.do" doc:"where Alipay’s gateway is"`
	AlipayBills   List   `env:"ALIPAY_BILL_HOSTS" envDefault:"dwbillcenter.alipay.com" doc:"hosts from which Alipay’s statements may be downloaded, comma separated"`

	WeChatMerchant string `env:"WECHATPAY_MERCHANT_ID" fallback:"no WeChat Pay" doc:"merchant number at WeChat Pay"`
	WeChatApp      string `env:"WECHATPAY_APP_ID" fallback:"none" doc:"official account or app that is bound to the merchant, wx…"`
	WeChatSerial   string `env:"WECHATPAY_CERT_SERIAL" fallback:"none" doc:"serial number of the merchant’s API certificate"`
	WeChatKey      string `env:"WECHATPAY_KEY_FILE" fallback:"none" doc:"file of that certificate’s private key, PEM"`
	WeChatAPIv3    string `env:"WECHATPAY_API_V3_KEY_FILE" fallback:"none" doc:"file of the APIv3 key, 32 characters; a second line may have the one that follows"`
	WeChatPublic   List   `env:"WECHATPAY_PUBLIC_KEYS" fallback:"platform certificates, downloaded by themselves" doc:"WeChat Pay’s public keys with the files of each, comma separated: PUB_KEY_ID_…=/run/secrets/wechatpay.pem"`
	WeChatH5       bool   `env:"WECHATPAY_H5" envDefault:"off" doc:"offers H5 payments to phones, which WeChat Pay has to permit for the domain of PUBLIC_URL; on or off"`
	WeChatSecret   Secret `env:"WECHATPAY_APP_SECRET" fallback:"no payments inside WeChat’s browser" doc:"AppSecret of the official account WECHATPAY_APP_ID, which identifies payers inside WeChat’s browser"`
	WeChatURL      string `env:"WECHATPAY_API_URL" envDefault:"https://api.mch.weixin.qq.com" doc:"where WeChat Pay’s API is"`
	WeChatOAuth    string `env:"WECHATPAY_OAUTH_URL" envDefault:"https://open.weixin.qq.com" doc:"where WeChat’s web authorization is, to which payers inside WeChat’s browser are sent"`
	WeChatAccounts string `env:"WECHATPAY_ACCOUNT_API_URL" envDefault:"https://api.weixin.qq.com" doc:"where the API of WeChat’s official accounts is"`

	PayPalClient    string `env:"PAYPAL_CLIENT_ID" fallback:"no PayPal" doc:"client id of the app at PayPal"`
	PayPalSecret    string `env:"PAYPAL_SECRET_FILE" fallback:"none" doc:"file of the app’s secret"`
	PayPalWebhooks  List   `env:"PAYPAL_WEBHOOK_IDS" fallback:"none" doc:"ids of the webhook at PUBLIC_URL/api/v1/mall/payments/callback/paypal, comma separated; subscribed to the events that docs/payments.md names"`
	PayPalURL       string `env:"PAYPAL_API_URL" envDefault:"https://api-m.paypal.com" doc:"where PayPal’s API is; https://api-m.sandbox.paypal.com for its sandbox"`
	PayPalCertHosts List   `env:"PAYPAL_CERT_HOSTS" envDefault:"api.paypal.com,api.sandbox.paypal.com" doc:"hosts from which certificates of PayPal’s notices may be fetched, comma separated"`
	PayPalRoots     string `env:"PAYPAL_ROOT_CERT_FILE" fallback:"those of the system" doc:"file of root certificates to which PayPal’s must lead"`
}

// List is a list of words, comma separated, without those that are empty.
type List []string

var paymentMark = regexp.MustCompile(`^[A-Za-z0-9]{1,32}$`)

// checkProviders sees that what belongs together is there. Each provider checks the rest when the mall starts.
func checkProviders(c *Config) error {
	if !paymentMark.MatchString(c.PaymentMark) {
		return wrong("PAYMENT_MARK", c.PaymentMark, "1 to 32 letters and digits")
	}
	if c.WeChatSecret != "" && c.WeChatMerchant == "" {
		return errors.New("WECHATPAY_APP_SECRET is set without WECHATPAY_MERCHANT_ID")
	}
	for _, provider := range []struct {
		name, on string
		needs    [][2]string
	}{
		{"STRIPE_SECRET_KEY", string(c.StripeKey), [][2]string{{"STRIPE_WEBHOOK_SECRETS", string(c.StripeWebhooks)}}},
		{"ALIPAY_APP_ID", c.AlipayApp, [][2]string{
			{"ALIPAY_SELLER_ID", c.AlipaySeller},
			{"ALIPAY_KEY_FILE", c.AlipayKey},
			{"ALIPAY_PUBLIC_KEY_FILES", strings.Join(c.AlipayPublic, ",")},
		}},
		{"ALIPAY_APP_CERT_FILE", c.AlipayAppCert, [][2]string{{"ALIPAY_ROOT_CERT_FILE", c.AlipayRoots}}},
		{"WECHATPAY_MERCHANT_ID", c.WeChatMerchant, [][2]string{
			{"WECHATPAY_APP_ID", c.WeChatApp},
			{"WECHATPAY_CERT_SERIAL", c.WeChatSerial},
			{"WECHATPAY_KEY_FILE", c.WeChatKey},
			{"WECHATPAY_API_V3_KEY_FILE", c.WeChatAPIv3},
		}},
		{"PAYPAL_CLIENT_ID", c.PayPalClient, [][2]string{
			{"PAYPAL_SECRET_FILE", c.PayPalSecret},
			{"PAYPAL_WEBHOOK_IDS", strings.Join(c.PayPalWebhooks, ",")},
		}},
	} {
		for _, need := range provider.needs {
			switch {
			case provider.on != "" && need[1] == "":
				return errors.New(need[0] + " is required with " + provider.name)
			case provider.on == "" && need[1] != "":
				return errors.New(need[0] + " is set without " + provider.name)
			}
		}
	}
	return nil
}
