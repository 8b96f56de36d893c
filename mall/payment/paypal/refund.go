package paypal

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"videomall/mall/payment"
)

// Refund requests a refund under our number. As PayPal forgets a request's id after some weeks, and refunds may be
// requested for longer, it first looks for the number among the payment's refunds. The id is always the same: if PayPal
// stored a refusal under it, the refund would become a case after a day, which is better than one made twice. Errors:
// payment.ErrRejected; payment.ErrRetryLater, such as while the balance at PayPal is too low.
func (p *PayPal) Refund(ctx context.Context, r payment.RefundRequest) (payment.RefundResult, error) {
	var none payment.RefundResult
	sum, err := amountOf(r.Amount)
	switch {
	case err != nil:
		return none, payment.ErrRejected.Because("%w", err)
	case !numberShape.MatchString(r.RefundNo) || r.Charge.AttemptNo != "" && !numberShape.MatchString(r.Charge.AttemptNo):
		return none, payment.ErrRejected.Because("refund number %.80q of attempt %.80q", r.RefundNo, r.Charge.AttemptNo)
	case !plain(r.ChannelTxnNo):
		return none, payment.ErrRejected.Because("transaction number %.80q", r.ChannelTxnNo)
	}
	made, found, err := p.findRefund(ctx, r.RefundRef)
	if err != nil {
		return none, err
	}
	if !found {
		if made, err = p.makeRefund(ctx, r, sum); err != nil {
			return none, err
		}
	}
	if err := p.isRefund(made, r.RefundRef); err != nil {
		return none, err
	}
	if got, err := made.Amount.money(); err != nil || got != r.Amount {
		return none, payment.ErrRejected.Because("refund %s was made over %s, asked %s", r.RefundNo, got, r.Amount)
	}
	return resultOf(made)
}

// makeRefund requests a refund. Errors: payment.ErrRejected, ErrRetryLater.
func (p *PayPal) makeRefund(ctx context.Context, r payment.RefundRequest, sum amount) (refund, error) {
	var made refund
	status, err := p.call(ctx, request{
		method: http.MethodPost,
		path:   captures + url.PathEscape(r.ChannelTxnNo) + "/refund",
		body: object{
			"amount":     sum,
			"custom_id":  p.mark(r.Charge.AttemptNo, r.RefundNo),
			"invoice_id": p.requestID(r.RefundNo),
		},
		key: p.requestID(r.RefundNo),
	}, &made)
	if err != nil {
		if err = definite(err); errors.Is(err, payment.ErrAbsent) {
			return refund{}, payment.ErrRejected.Because("%w", err) // there is no such payment
		}
		return refund{}, err
	}
	if status == http.StatusOK { // made before: the answer may be as old as the refund
		return p.refund(ctx, made.ID)
	}
	return made, nil
}

// QueryRefund returns the state of a refund. Errors: payment.ErrAbsent.
func (p *PayPal) QueryRefund(ctx context.Context, r payment.RefundRef) (payment.RefundResult, error) {
	var none payment.RefundResult
	if r.ChannelRefundNo == "" {
		made, found, err := p.findRefund(ctx, r)
		if err == nil && !found {
			err = fmt.Errorf("paypal: refund %s of %s: %w", r.RefundNo, r.ChannelTxnNo, payment.ErrAbsent)
		}
		if err != nil {
			return none, err
		}
		return resultOf(made)
	}
	made, err := p.refund(ctx, r.ChannelRefundNo)
	if err != nil {
		return none, err
	}
	// A refund that was made on PayPal's pages has none of our numbers, and may have been taken up as ours.
	if _, no, ours := p.marked(made.CustomID); ours && no != "" && no != r.RefundNo {
		return none, fmt.Errorf("paypal: refund %.60q is number %.60q; asked for %s: %w", made.ID, no, r.RefundNo,
			payment.ErrAbsent)
	}
	if of := linked(made.Links, "up"); of != r.ChannelTxnNo {
		return none, fmt.Errorf("paypal: refund %.60q is of %.60q; asked for %s: %w", made.ID, of, r.ChannelTxnNo,
			payment.ErrAbsent)
	}
	return resultOf(made)
}

// refund reads a refund. Errors: payment.ErrAbsent and the others of definite.
func (p *PayPal) refund(ctx context.Context, id string) (refund, error) {
	var got refund
	err := p.get(ctx, refunds+url.PathEscape(id), nil, &got)
	if err == nil && got.ID != id {
		err = fmt.Errorf("paypal: asked for refund %.60q, got %.60q", id, got.ID)
	}
	return got, definite(err)
}

// isRefund reports, as an error, that a refund is another one than was asked for.
func (p *PayPal) isRefund(made refund, r payment.RefundRef) error {
	_, no, ours := p.marked(made.CustomID)
	if of := linked(made.Links, "up"); !ours || no != r.RefundNo || of != r.ChannelTxnNo {
		return fmt.Errorf("paypal: refund %.60q is %.80q of %.60q; asked for %s of %s", made.ID, made.CustomID, of,
			r.RefundNo, r.ChannelTxnNo)
	}
	return nil
}

// findRefund looks for our number among the refunds of a payment, which PayPal lists with the payment's order.
func (p *PayPal) findRefund(ctx context.Context, r payment.RefundRef) (made refund, found bool, err error) {
	id := r.Charge.ProviderRef
	if id == "" {
		got, err := p.capture(ctx, r.ChannelTxnNo)
		if err != nil {
			return refund{}, false, ignoreAbsent(err)
		}
		id = got.Supplementary.RelatedIDs.OrderID
	}
	of, err := p.order(ctx, id)
	if err != nil {
		return refund{}, false, ignoreAbsent(err)
	}
	for _, unit := range of.PurchaseUnits {
		for _, made := range unit.Payments.Refunds {
			if _, no, ours := p.marked(made.CustomID); ours && no == r.RefundNo {
				return made, true, nil
			}
		}
	}
	return refund{}, false, nil
}

// capture reads a capture. Errors: payment.ErrAbsent and the others of definite.
func (p *PayPal) capture(ctx context.Context, id string) (capture, error) {
	var got capture
	err := p.get(ctx, captures+url.PathEscape(id), nil, &got)
	if err == nil && (got.ID != id || !plain(got.ID)) {
		err = fmt.Errorf("paypal: asked for capture %.60q, got %.60q", id, got.ID)
	}
	return got, definite(err)
}

func ignoreAbsent(err error) error {
	if errors.Is(err, payment.ErrAbsent) {
		return nil
	}
	return err
}

// refundStatuses maps PayPal's. A refund is pending while the money comes from the merchant's bank.
var refundStatuses = map[string]payment.ResultStatus{
	"PENDING":   payment.ResultProcessing,
	"COMPLETED": payment.ResultSucceeded,
	"FAILED":    payment.ResultFailed,
	"CANCELLED": payment.ResultFailed,
}

func resultOf(made refund) (payment.RefundResult, error) {
	status, known := refundStatuses[made.Status]
	if !known || !plain(made.ID) {
		return payment.RefundResult{}, fmt.Errorf("paypal: refund %.60q has the status %.40q", made.ID, made.Status)
	}
	return payment.RefundResult{Status: status, ChannelRefundNo: made.ID}, nil
}
