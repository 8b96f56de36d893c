package stripe_test

import (
	"testing"

	"videomall/mall/payment/paymenttest"
	"videomall/mall/payment/stripe"
	"videomall/mall/payment/stripe/stripetest"
)

// open starts a stand-in for the time of a test.
func open(t *testing.T) *stripetest.Server {
	t.Helper()
	s := stripetest.New(stripetest.Options{})
	t.Cleanup(s.Close)
	return s
}

// TestStripe_is_a_provider runs what every provider must do.
func TestStripe_is_a_provider(t *testing.T) {
	t.Parallel()
	paymenttest.Suite{
		Open:     func(t *testing.T) paymenttest.Bank { return open(t) },
		Method:   stripe.MethodPage,
		Currency: "USD",
		Without:  []paymenttest.Feature{paymenttest.QueryCreates},
	}.Run(t)
}
