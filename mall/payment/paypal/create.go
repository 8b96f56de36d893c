package paypal

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"videomall/mall/payment"
)

// keyLife is for how long after an attempt's creation its POST is sent. PayPal may forget a request's id after six hours,
// and would then open a second order.
const keyLife = 5*time.Hour + 50*time.Minute

// locales maps the mall's languages to PayPal's.
var locales = map[string]string{"en": "en-US", "zh-CN": "zh-CN"}

// object is the JSON of a request.
type object = map[string]any

// Create opens an order at PayPal, or finds the one that it opened before, and sends the payer to the page where it is
// approved. PayPal keeps the page for three hours. Errors: payment.ErrRejected if PayPal can't take this payment, or its
// order has ended; payment.ErrAlreadyPaid; payment.ErrProcessing, also if the payer has approved; payment.ErrRetryLater.
func (p *PayPal) Create(ctx context.Context, r payment.CreateRequest) (payment.Created, error) {
	var none payment.Created
	got, err := p.open(ctx, r)
	if err != nil {
		if errors.Is(err, payment.ErrAbsent) || errors.Is(err, errLate) {
			return none, payment.ErrRejected.Because("%w", err)
		}
		return none, err
	}
	charge, err := p.chargeOf(got, r.AttemptNo)
	if err != nil {
		return none, err
	}
	switch charge.Status {
	case payment.ChargePaid:
		return none, payment.ErrAlreadyPaid.Because("attempt %s", r.AttemptNo)
	case payment.ChargeProcessing, payment.ChargeApproved:
		return none, payment.ErrProcessing.Because("attempt %s is %s", r.AttemptNo, charge.Status)
	case payment.ChargeUnknown:
		return none, fmt.Errorf("paypal: order %.60q has the status %.40q", got.ID, got.Status)
	case payment.ChargeOpen:
	default:
		return none, payment.ErrRejected.Because("attempt %s is %s at paypal", r.AttemptNo, charge.Status)
	}
	if total, err := got.PurchaseUnits[0].Amount.money(); err != nil || total != r.Amount {
		return none, fmt.Errorf("paypal: order %.60q is over %s, asked %s", got.ID, total, r.Amount)
	}
	address := ""
	for _, l := range got.Links {
		if l.Rel == "payer-action" || l.Rel == "approve" && address == "" {
			address = l.Href
		}
	}
	page, err := url.Parse(address)
	if err != nil || page.Scheme+"://"+page.Host != p.opt.PageURL {
		return none, fmt.Errorf("paypal: order %.60q has the page %.200q, which is none of %s", got.ID, address,
			p.opt.PageURL)
	}
	return payment.Created{
		Action:      payment.Action{Type: payment.ActionRedirect, URL: address},
		ProviderRef: got.ID,
	}, nil
}

// errLate says that an attempt is too old for its request to be sent again.
var errLate = errors.New("paypal: the request is too old to be sent again")

// open sends the request that opens an attempt's order, and returns the order as it is now. For some hours the same
// request finds the order that it opened, which is how one is found whose id we never received. Errors: errLate, and
// those of definite.
func (p *PayPal) open(ctx context.Context, r payment.CreateRequest) (order, error) {
	body, err := p.orderOf(r)
	if err != nil {
		return order{}, err
	}
	if p.opt.Now().Sub(r.CreatedAt) >= keyLife {
		return order{}, errLate
	}
	var got order
	status, err := p.call(ctx, request{
		method: http.MethodPost,
		path:   orders,
		body:   body,
		key:    p.requestID(r.AttemptNo),
	}, &got)
	if err != nil {
		return order{}, definite(err)
	}
	if status == http.StatusOK { // opened before: the answer may be as old as the order
		return p.order(ctx, got.ID)
	}
	return got, nil
}

// orderOf returns the body of the request that opens an order. It depends on nothing but the stored request and the
// configuration. Errors: payment.ErrRejected.
func (p *PayPal) orderOf(r payment.CreateRequest) (object, error) {
	sum, err := amountOf(r.Amount)
	if err != nil {
		return nil, payment.ErrRejected.Because("%w", err)
	}
	back, err := url.Parse(r.ReturnURL)
	switch {
	case !numberShape.MatchString(r.AttemptNo):
		return nil, payment.ErrRejected.Because("attempt number %.80q", r.AttemptNo)
	case r.Method != MethodPage:
		return nil, payment.ErrRejected.Because("method %.80q", r.Method)
	case r.Subject == "":
		return nil, payment.ErrRejected.Because("no subject")
	case r.CreatedAt.IsZero():
		return nil, payment.ErrRejected.Because("no time of creation")
	case err != nil || back.Host == "" || back.Scheme != "https" && back.Scheme != "http":
		return nil, payment.ErrRejected.Because("return URL %.200q", r.ReturnURL)
	}
	page := object{
		"return_url":          r.ReturnURL,
		"cancel_url":          r.ReturnURL,
		"user_action":         "PAY_NOW",
		"shipping_preference": "NO_SHIPPING",
		// Whoever pays watches at once, so that a check that clears in a week is of no use.
		"payment_method_preference": "IMMEDIATE_PAYMENT_REQUIRED",
	}
	if locale, known := locales[r.Language]; known {
		page["locale"] = locale
	}
	return object{
		"intent": "CAPTURE",
		"purchase_units": []object{{
			"custom_id":   p.mark(r.AttemptNo, ""),
			"invoice_id":  p.requestID(r.AttemptNo), // PayPal takes the money for an invoice once, unless told otherwise
			"description": payment.Shorten(r.Subject, 127),
			"amount":      sum,
		}},
		"payment_source": object{"paypal": object{"experience_context": page}},
	}, nil
}

// order reads an order with its captures and refunds. Errors: payment.ErrAbsent and the others of definite.
func (p *PayPal) order(ctx context.Context, id string) (order, error) {
	var got order
	err := p.get(ctx, orders+"/"+url.PathEscape(id), nil, &got)
	if err == nil && got.ID != id {
		err = fmt.Errorf("paypal: asked for order %.60q, got %.60q", id, got.ID)
	}
	return got, definite(err)
}
