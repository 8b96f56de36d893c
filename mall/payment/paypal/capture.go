package paypal

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"videomall/mall/payment"
)

// Capture takes the money of an order that its payer has approved, and returns the charge as it is then. PayPal captures
// an order once, whatever the request's id. The id is another one each second, since PayPal may have stored a refusal
// under the one before, and the payer may have chosen another way to pay since. If the payer has to do so now, the charge
// is open. Errors: payment.ErrRejected if this order is never captured; payment.ErrRetryLater, ErrAbsent.
func (p *PayPal) Capture(ctx context.Context, c payment.ChargeRef) (payment.Charge, error) {
	id := c.ProviderRef
	if id == "" {
		got, err := p.find(ctx, c)
		if err != nil {
			return payment.Charge{}, err
		}
		id = got.ID
	}
	var got order
	_, err := p.call(ctx, request{
		method: http.MethodPost,
		path:   orders + "/" + url.PathEscape(id) + "/capture",
		body:   object{},
		key:    p.requestID(c.AttemptNo) + "-" + strconv.FormatInt(p.opt.Now().Unix(), 10),
	}, &got)
	switch {
	case meant(err, errPayer):
		return payment.Charge{Status: payment.ChargeOpen, ProviderRef: id}, nil
	case meant(err, errCaptured):
		if got, err = p.order(ctx, id); err != nil {
			return payment.Charge{}, err
		}
	case err != nil:
		return payment.Charge{}, definite(err)
	}
	return p.chargeOf(got, c.AttemptNo)
}
