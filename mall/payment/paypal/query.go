package paypal

import (
	"context"
	"errors"
	"fmt"

	"videomall/mall/payment"
)

// Query returns the state of an attempt's order. If the order's id never reached us, the request that opened it is sent
// again, which PayPal answers with the same order for some hours; it opens the order if the first request never arrived.
// After that nobody can have paid: the payer never saw the page, and the mall never asked for the money.
func (p *PayPal) Query(ctx context.Context, c payment.ChargeRef) (payment.Charge, error) {
	got, err := p.find(ctx, c)
	if errors.Is(err, payment.ErrAbsent) {
		return payment.Charge{Status: payment.ChargeAbsent}, nil
	}
	if err != nil {
		return payment.Charge{}, err
	}
	return p.chargeOf(got, c.AttemptNo)
}

// Close reports whether an order may be left. PayPal has no call that voids an order which nobody has captured, and none
// is needed: what the payer approves there is not taken unless the mall captures it, which it never does for an attempt
// that it has closed. PayPal forgets the order, and tells a payer who had approved it that nothing was taken. Errors:
// payment.ErrAlreadyPaid, ErrProcessing, ErrAbsent.
func (p *PayPal) Close(ctx context.Context, c payment.ChargeRef) error {
	charge, err := p.Query(ctx, c)
	if err != nil {
		return err
	}
	switch charge.Status {
	case payment.ChargePaid:
		return payment.ErrAlreadyPaid.Because("attempt %s", c.AttemptNo)
	case payment.ChargeProcessing:
		return payment.ErrProcessing.Because("attempt %s", c.AttemptNo)
	case payment.ChargeOpen, payment.ChargeApproved, payment.ChargeClosed, payment.ChargeFailed:
		return nil
	case payment.ChargeAbsent:
		return fmt.Errorf("paypal: attempt %s: %w", c.AttemptNo, payment.ErrAbsent)
	}
	return fmt.Errorf("paypal: attempt %s is %s although it was to be closed", c.AttemptNo, charge.Status)
}

// find returns the order of an attempt. Errors: payment.ErrAbsent if PayPal has none and opens none.
func (p *PayPal) find(ctx context.Context, c payment.ChargeRef) (order, error) {
	if c.ProviderRef != "" {
		return p.order(ctx, c.ProviderRef)
	}
	got, err := p.open(ctx, c.CreateRequest)
	if errors.Is(err, payment.ErrRejected) || errors.Is(err, errLate) {
		return order{}, fmt.Errorf("%w: %w", payment.ErrAbsent, err)
	}
	return got, err
}

// chargeOf tells the state of an order. Errors: the order is another one than it should be.
func (p *PayPal) chargeOf(got order, attemptNo string) (payment.Charge, error) {
	unit, err := got.unit()
	if err != nil {
		return payment.Charge{}, err
	}
	if no, _, ours := p.marked(unit.CustomID); !ours || no != attemptNo || !plain(got.ID) || got.Intent != "CAPTURE" {
		return payment.Charge{}, fmt.Errorf("paypal: order %.60q to %.20q is of %.80q; asked for attempt %.60q", got.ID,
			got.Intent, unit.CustomID, attemptNo)
	}
	charge := payment.Charge{ProviderRef: got.ID, Status: payment.ChargeUnknown}
	if len(unit.Payments.Captures) > 0 {
		return captured(unit.Payments.Captures, charge)
	}
	switch got.Status {
	case "CREATED", "SAVED", "PAYER_ACTION_REQUIRED":
		charge.Status = payment.ChargeOpen
	case "APPROVED":
		charge.Status = payment.ChargeApproved
	case "VOIDED":
		charge.Status = payment.ChargeClosed
	}
	return charge, nil
}

// captureStatuses maps PayPal's. A capture is pending while a bank is at it, or while the merchant has to accept the
// currency, for instance. One that was refunded was paid.
var captureStatuses = map[string]payment.ChargeStatus{
	"COMPLETED":          payment.ChargePaid,
	"PARTIALLY_REFUNDED": payment.ChargePaid,
	"REFUNDED":           payment.ChargePaid,
	"PENDING":            payment.ChargeProcessing,
	"DECLINED":           payment.ChargeFailed,
	"FAILED":             payment.ChargeFailed,
}

// captured fills in what the captures of an order say of a charge: one that took the money counts, then one that may.
func captured(list []capture, charge payment.Charge) (payment.Charge, error) {
	for _, got := range list {
		status, known := captureStatuses[got.Status]
		switch {
		case !known:
			return payment.Charge{}, fmt.Errorf("paypal: capture %.60q has the status %.40q", got.ID, got.Status)
		case status == payment.ChargePaid:
			taken, err := got.Amount.money()
			if err != nil {
				return payment.Charge{}, fmt.Errorf("capture %.60q: %w", got.ID, err)
			}
			at, err := timeOf(got.CreateTime)
			if err != nil || !plain(got.ID) {
				return payment.Charge{}, fmt.Errorf("paypal: capture %.60q of %.60q", got.ID, got.CreateTime)
			}
			charge.Status, charge.ChannelTxnNo, charge.Amount, charge.PaidAt = status, got.ID, taken, at
			return charge, nil
		case charge.Status != payment.ChargeProcessing:
			charge.Status = status
		}
	}
	return charge, nil
}
