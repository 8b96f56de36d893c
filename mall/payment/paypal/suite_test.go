package paypal_test

import (
	"testing"

	"videomall/mall/payment/paymenttest"
	"videomall/mall/payment/paypal"
	"videomall/mall/payment/paypal/paypaltest"
)

// open starts a stand-in that ends with the test.
func open(t *testing.T) *paypaltest.Server {
	t.Helper()
	s := paypaltest.New(paypaltest.Options{})
	t.Cleanup(s.Close)
	return s
}

func TestPayPal_contract(t *testing.T) {
	t.Parallel()
	suite.Run(t)
}

var suite = paymenttest.Suite{
	Open:     func(t *testing.T) paymenttest.Bank { return open(t) },
	Method:   paypal.MethodPage,
	Currency: "USD",
	Without: []paymenttest.Feature{
		paymenttest.NoTimestamp, // days pass until a notice is too old: TestPayPal_ParseNotice_time
		paymenttest.NoLateFailure,
		paymenttest.DisputeMoney,
		paymenttest.QueryCreates,
	},
}
