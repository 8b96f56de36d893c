package alipay

import (
	"context"
	"errors"
	"fmt"

	"videomall/mall/payment"
)

// Close makes an open charge unpayable. payment.ErrAbsent is no promise that it can't be paid: a page or code that
// nobody has opened stays payable until it expires.
//
// Errors: payment.ErrAlreadyPaid, payment.ErrProcessing, payment.ErrAbsent.
func (a *Alipay) Close(ctx context.Context, c payment.ChargeRef) error {
	if !isIdentifier(c.AttemptNo) {
		return fmt.Errorf("alipay: attempt %.80q: %w", c.AttemptNo, payment.ErrAbsent)
	}
	var answer number
	err := a.call(ctx, callClose, number{OutTradeNo: a.number(c.AttemptNo)}, nil, &answer)
	if !errors.Is(err, errLookAgain) {
		return err
	}
	state, err := a.Query(ctx, c)
	if err != nil {
		return err
	}
	switch state.Status {
	case payment.ChargeClosed:
		return nil
	case payment.ChargePaid:
		return fmt.Errorf("alipay: attempt %s: %w", c.AttemptNo, payment.ErrAlreadyPaid)
	case payment.ChargeAbsent:
		return fmt.Errorf("alipay: attempt %s: %w", c.AttemptNo, payment.ErrAbsent)
	case payment.ChargeOpen:
		// It waits for its payer and yet can't be closed: the payment is under way.
		return fmt.Errorf("alipay: attempt %s: %w", c.AttemptNo, payment.ErrProcessing)
	}
	return fmt.Errorf("alipay: attempt %s can't be closed and has the state %q", c.AttemptNo, state.Status)
}
