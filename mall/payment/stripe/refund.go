package stripe

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"strconv"
	"time"

	"videomall/mall/payment"
)

const refunds = "/v1/refunds"

// Refund requests a refund under our number. As Stripe forgets an idempotency key after a day, and refunds may be
// requested for longer, it first looks for the number among the payment's refunds. Errors: payment.ErrRejected;
// payment.ErrRetryLater, such as while the balance at Stripe is too low.
func (s *Stripe) Refund(ctx context.Context, r payment.RefundRequest) (payment.RefundResult, error) {
	var none payment.RefundResult
	amount, currency, err := ToStripe(r.Amount)
	switch {
	case err != nil:
		return none, payment.ErrRejected.Because("%w", err)
	case !attemptShape.MatchString(r.RefundNo):
		return none, payment.ErrRejected.Because("refund number %.80q", r.RefundNo)
	case !plain(r.ChannelTxnNo):
		return none, payment.ErrRejected.Because("transaction number %.80q", r.ChannelTxnNo)
	}
	made, found, err := s.findRefund(ctx, r.RefundRef)
	if err != nil {
		return none, err
	}
	if !found {
		if made, err = s.makeRefund(ctx, r, amount); err != nil {
			return none, err
		}
	}
	if made.Metadata[metaRefund] != r.RefundNo || made.PaymentIntent.ID != r.ChannelTxnNo {
		return none, fmt.Errorf("stripe: refund %.60q is number %.60q of %.60q; asked for %s of %s", made.ID,
			made.Metadata[metaRefund], made.PaymentIntent.ID, r.RefundNo, r.ChannelTxnNo)
	}
	if made.Amount != amount || made.Currency != currency {
		return none, payment.ErrRejected.Because("refund %s was made over %d %.10q, asked %s", r.RefundNo, made.Amount,
			made.Currency, r.Amount)
	}
	return resultOf(made)
}

// makeRefund requests a refund, and returns it as it is now. Errors: payment.ErrRejected, ErrRetryLater.
func (s *Stripe) makeRefund(ctx context.Context, r payment.RefundRequest, amount int64) (refund, error) {
	form := url.Values{
		"payment_intent":               {r.ChannelTxnNo},
		"amount":                       {strconv.FormatInt(amount, 10)},
		"metadata[" + metaShop + "]":   {s.opt.Shop},
		"metadata[" + metaRefund + "]": {r.RefundNo},
	}
	if r.Charge.AttemptNo != "" {
		form.Set("metadata["+metaAttempt+"]", r.Charge.AttemptNo)
	}
	if r.Reason != "" {
		form.Set("metadata["+metaReason+"]", payment.Shorten(r.Reason, maxMetaValue))
	}
	var made refund
	replayed, err := s.post(ctx, refunds, form, refundKeys(r.RefundNo, s.opt.Now()), &made)
	if err != nil {
		if err = definite(err); errors.Is(err, payment.ErrAbsent) {
			return refund{}, payment.ErrRejected.Because("%w", err) // there is no such payment
		}
		return refund{}, err
	}
	if replayed { // the answer is as old as the refund
		now := refund{}
		if err := s.get(ctx, refunds+"/"+url.PathEscape(made.ID), nil, &now); err != nil {
			return refund{}, err
		}
		return now, nil
	}
	return made, nil
}

// A refund may be refused for want of balance many times a day, so that its further keys are those of periods of time.
// No key is used at the beginning of its period: whatever was requested under the key before is in Stripe's list by
// then.
const (
	keyPeriod = 10 * time.Minute
	keyQuiet  = 2 * time.Minute
)

// refundKeys yields the idempotency keys under which a refund is requested at a time: its number, and one further key.
func refundKeys(refundNo string, now time.Time) iter.Seq[string] {
	return func(yield func(string) bool) {
		period := now.Truncate(keyPeriod)
		if yield(refundNo) && now.Sub(period) >= keyQuiet {
			yield(refundNo + "-" + strconv.FormatInt(period.Unix(), 10))
		}
	}
}

// QueryRefund returns the state of a refund. Errors: payment.ErrAbsent.
func (s *Stripe) QueryRefund(ctx context.Context, r payment.RefundRef) (payment.RefundResult, error) {
	var none payment.RefundResult
	if r.ChannelRefundNo == "" {
		made, found, err := s.findRefund(ctx, r)
		if err == nil && !found {
			err = fmt.Errorf("stripe: refund %s of %s: %w", r.RefundNo, r.ChannelTxnNo, payment.ErrAbsent)
		}
		if err != nil {
			return none, err
		}
		return resultOf(made)
	}
	var made refund
	if err := s.get(ctx, refunds+"/"+url.PathEscape(r.ChannelRefundNo), nil, &made); err != nil {
		return none, definite(err)
	}
	// A refund that was made in the Dashboard has none of our numbers, and may have been taken up as ours.
	if no := made.Metadata[metaRefund]; made.PaymentIntent.ID != r.ChannelTxnNo || no != "" && no != r.RefundNo {
		return none, fmt.Errorf("stripe: refund %.60q is number %.60q of %.60q; asked for %s of %s: %w", made.ID, no,
			made.PaymentIntent.ID, r.RefundNo, r.ChannelTxnNo, payment.ErrAbsent)
	}
	return resultOf(made)
}

// findRefund looks for our number among the refunds of a payment.
func (s *Stripe) findRefund(ctx context.Context, r payment.RefundRef) (made refund, found bool, err error) {
	query := url.Values{"payment_intent": {r.ChannelTxnNo}, "limit": {"100"}}
	for {
		var page list[refund]
		if err := s.get(ctx, refunds, query, &page); err != nil {
			if err = definite(err); errors.Is(err, payment.ErrAbsent) {
				return refund{}, false, nil
			}
			return refund{}, false, err
		}
		for _, made := range page.Data {
			if made.Metadata[metaShop] == s.opt.Shop && made.Metadata[metaRefund] == r.RefundNo {
				return made, true, nil
			}
		}
		if !page.HasMore || len(page.Data) == 0 {
			return refund{}, false, nil
		}
		query.Set("starting_after", page.Data[len(page.Data)-1].ID)
	}
}

// refundStatuses maps Stripe's. Pending includes one that waits for the balance; requires_action waits for the payer to
// say where the money goes, and is canceled if nobody does.
var refundStatuses = map[string]payment.ResultStatus{
	"pending":         payment.ResultProcessing,
	"requires_action": payment.ResultProcessing,
	"succeeded":       payment.ResultSucceeded,
	"failed":          payment.ResultFailed,
	"canceled":        payment.ResultFailed,
}

func resultOf(made refund) (payment.RefundResult, error) {
	status, known := refundStatuses[made.Status]
	if !known || !plain(made.ID) {
		return payment.RefundResult{}, fmt.Errorf("stripe: refund %.60q has the status %.20q", made.ID, made.Status)
	}
	return payment.RefundResult{Status: status, ChannelRefundNo: made.ID}, nil
}
