package wechatpay_test

import (
	"testing"

	"videomall/mall/money"
	"videomall/mall/payment/paymenttest"
	"videomall/mall/payment/wechatpay"
	"videomall/mall/payment/wechatpay/wechatpaytest"
)

// TestWeChatPay is what every provider must do, with both kinds of keys and all methods.
func TestWeChatPay(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		method string
		config wechatpaytest.Config
	}{
		"native, public key":   {wechatpay.MethodNative, wechatpaytest.Config{}},
		"native, certificates": {wechatpay.MethodNative, wechatpaytest.Config{Certificates: true}},
		"h5":                   {wechatpay.MethodH5, wechatpaytest.Config{}},
		"jsapi":                {wechatpay.MethodJSAPI, wechatpaytest.Config{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			paymenttest.Suite{
				Open: func(t *testing.T) paymenttest.Bank {
					bank := wechatpaytest.New(t, c.config)
					if err := bank.Client().Refresh(t.Context()); err != nil {
						t.Fatal(err)
					}
					return bank
				},
				Method:   c.method,
				Currency: "CNY",
				Without:  []paymenttest.Feature{paymenttest.NoDisputes, paymenttest.NoLateFailure},
			}.Run(t)
		})
	}
}

// WeChat Pay takes yuan alone.
func TestWeChatPay_sums(t *testing.T) {
	t.Parallel()
	suite := paymenttest.Suite{
		Open: func(t *testing.T) paymenttest.Bank {
			bank := wechatpaytest.New(t, wechatpaytest.Config{})
			if err := bank.Client().Refresh(t.Context()); err != nil {
				t.Fatal(err)
			}
			return bank
		},
		Method:   wechatpay.MethodNative,
		Currency: "CNY",
	}
	suite.Sums(t, money.Of(990, "CNY"), money.Of(331, "CNY"))
	for _, code := range []string{"USD", "JPY", "KWD", "HUF", "TWD", "ISK", "UGX", "IDR"} {
		suite.Refuses(t, money.Of(1000, code))
	}
}
