package alipay_test

import (
	"testing"

	"videomall/mall/money"
	"videomall/mall/payment/alipay"
	"videomall/mall/payment/alipay/alipaytest"
	"videomall/mall/payment/paymenttest"
)

// bank starts a stand-in that ends with the test.
func bank(t *testing.T, o alipaytest.Options) *alipaytest.Server {
	t.Helper()
	s, err := alipaytest.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func TestAlipay_contract(t *testing.T) {
	t.Parallel()
	for _, method := range []string{alipay.MethodPage, alipay.MethodWap, alipay.MethodQR} {
		for name, certificates := range map[string]bool{"public key": false, "certificates": true} {
			t.Run(method+" with "+name, func(t *testing.T) {
				t.Parallel()
				paymenttest.Suite{
					Open: func(t *testing.T) paymenttest.Bank {
						return bank(t, alipaytest.Options{Certificates: certificates})
					},
					Method:   method,
					Currency: alipay.Currency,
					Without: []paymenttest.Feature{
						paymenttest.NoPending, // a payment under way is open
						paymenttest.NoLateFailure,
						paymenttest.NoFailedRefunds, // a refund is made at once or not at all
						paymenttest.NoDisputes,
						paymenttest.NoTimestamp,
						paymenttest.AbsentAtFirst,
					},
				}.Run(t)
			})
		}
	}
}

// Alipay takes yuan alone.
func TestAlipay_sums(t *testing.T) {
	t.Parallel()
	suite := paymenttest.Suite{
		Open:     func(t *testing.T) paymenttest.Bank { return bank(t, alipaytest.Options{}) },
		Method:   alipay.MethodQR,
		Currency: alipay.Currency,
	}
	suite.Sums(t, money.Of(990, "CNY"), money.Of(331, "CNY"))
	for _, code := range []string{"USD", "JPY", "KWD", "HUF", "TWD", "ISK", "UGX", "IDR"} {
		suite.Refuses(t, money.Of(1000, code))
	}
}
