package program

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"videomall/config"
	"videomall/mall/payment"
	"videomall/mall/payment/alipay"
	"videomall/mall/payment/wechatpay"
)

// providers returns the payment providers that the environment configures, in the order in which they are offered.
func providers(c *config.Config, log *slog.Logger) ([]payment.Provider, error) {
	var list []payment.Provider
	for _, open := range []func(*config.Config, *slog.Logger) (payment.Provider, error){
		openStripe, openPayPal, openAlipay, openWeChatPay,
	} {
		provider, err := open(c, log)
		if err != nil {
			return nil, err
		}
		if provider != nil {
			list = append(list, provider)
		}
	}
	return list, nil
}

func openStripe(c *config.Config, _ *slog.Logger) (payment.Provider, error) {
	if c.StripeKey == "" {
		return nil, nil
	}
	return makeStripe(c, string(c.StripeKey), strings.Split(string(c.StripeWebhooks), ","), c.StripeMethods)
}

func openPayPal(c *config.Config, log *slog.Logger) (payment.Provider, error) {
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
	return makePayPal(c, c.PayPalClient, secret, c.PayPalWebhooks)
}

func openAlipay(c *config.Config, log *slog.Logger) (payment.Provider, error) {
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
	return makeAlipay(c, c.AlipayApp, c.AlipaySeller, keys)
}

func openWeChatPay(c *config.Config, log *slog.Logger) (payment.Provider, error) {
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
	keys, err := readKeys(log, files, func(texts []string) (wechatpay.Keys, error) {
		return weChatKeys(c.WeChatSerial, texts[0], texts[1], ids, texts[2:])
	})
	if err != nil {
		return nil, fmt.Errorf("keys of WeChat Pay: %w", err)
	}
	return makeWeChatPay(c, wechatpay.Options{
		AppID:      c.WeChatApp,
		MerchantID: c.WeChatMerchant,
		Keys:       keys,
		H5:         c.WeChatH5,
		AppSecret:  string(c.WeChatSecret),
	})
}
