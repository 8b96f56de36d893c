package program

import (
	"crypto/x509"
	"fmt"
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

// The functions make… make a provider of what the environment or an operator says of the account, and of what the
// environment alone says: where its API is, and how our payments are marked there.

func makeStripe(c *config.Config, key string, webhookSecrets, methods []string) (payment.Provider, error) {
	return made(stripe.New(stripe.Options{
		SecretKey:          key,
		WebhookSecrets:     webhookSecrets,
		Shop:               c.PaymentMark,
		BaseURL:            c.StripeURL,
		PaymentMethodTypes: methods,
		Client:             &http.Client{},
		Now:                time.Now,
	}))
}

func makePayPal(c *config.Config, clientID string, secret func() string,
	webhookIDs []string,
) (payment.Provider, error) {
	var roots *x509.CertPool // nil stands for those of the system
	if c.PayPalRoots != "" {
		text, err := readFile(c.PayPalRoots)
		if err != nil {
			return nil, fmt.Errorf("root certificates of PayPal: %w", err)
		}
		if roots = x509.NewCertPool(); !roots.AppendCertsFromPEM([]byte(text)) {
			return nil, fmt.Errorf("root certificates of PayPal: %s has none", c.PayPalRoots)
		}
	}
	return made(paypal.New(paypal.Options{
		ClientID:   clientID,
		Secret:     secret,
		WebhookIDs: webhookIDs,
		Shop:       c.PaymentMark,
		BaseURL:    c.PayPalURL,
		CertHosts:  c.PayPalCertHosts,
		Roots:      roots,
		Client:     &http.Client{},
		Now:        time.Now,
	}))
}

func makeAlipay(c *config.Config, appID, sellerID string, keys func() alipay.Keys) (payment.Provider, error) {
	return made(alipay.New(alipay.Options{
		AppID:     appID,
		SellerID:  sellerID,
		Shop:      c.PaymentMark,
		Gateway:   c.AlipayGateway,
		NotifyURL: c.PublicURL + callbackPath + "alipay",
		BillHosts: c.AlipayBills,
		Keys:      keys,
		Client:    &http.Client{},
		Now:       time.Now,
	}))
}

// makeWeChatPay takes what differs between both ways to configure it in o.
func makeWeChatPay(c *config.Config, o wechatpay.Options) (payment.Provider, error) {
	o.Mark = c.PaymentMark
	o.NotifyURL = c.PublicURL + callbackPath + "wechatpay"
	o.BaseURL = c.WeChatURL
	o.OAuthURL = c.WeChatOAuth
	o.AccountAPIURL = c.WeChatAccounts
	o.Loopback = onLoopback(c.WeChatURL) && onLoopback(c.PublicURL)
	o.Client = &http.Client{}
	o.Now = time.Now
	return made(wechatpay.New(o))
}

// weChatKeys parses keys. ids are the numbers of WeChat Pay's public keys, and public their texts.
func weChatKeys(serial, private, apiV3 string, ids, public []string) (wechatpay.Keys, error) {
	keys := wechatpay.Keys{MerchantSerial: serial, APIv3: strings.Fields(apiV3)}
	var err error
	if keys.MerchantKey, err = wechatpay.ParsePrivateKey(private); err != nil {
		return keys, err
	}
	for n, text := range public {
		key, err := wechatpay.ParsePublicKey(text)
		if err != nil {
			return keys, fmt.Errorf("%s: %w", ids[n], err)
		}
		keys.PublicKeys = append(keys.PublicKeys, wechatpay.PublicKey{ID: ids[n], Key: key})
	}
	return keys, nil
}

// made returns a provider, or the error. A nil pointer in the interface would not be nil.
func made[P payment.Provider](provider P, err error) (payment.Provider, error) {
	if err != nil {
		return nil, err
	}
	return provider, nil
}

// onLoopback reports whether an address is this machine's own.
func onLoopback(address string) bool {
	u, err := url.Parse(address)
	return err == nil && config.Loopback(u.Hostname())
}
