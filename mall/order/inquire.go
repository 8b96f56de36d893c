package order

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"

	"videomall/mall/payment"
)

// inquire asks every provider that may have taken money for an order, and applies what was paid. It takes no money
// itself. Errors: ErrAwaitsProvider if one of them is still processing a payment or gives no answer.
func (s *Orders) inquire(ctx context.Context, orderNo string) (paid bool, err error) {
	paid, _, err = s.answers(ctx, orderNo)
	return paid, err
}

// collect is inquire for an order that is to be paid: if its buyer has agreed to pay at a provider, and nothing was
// paid elsewhere, it takes the money. Errors: ErrAwaitsProvider.
func (s *Orders) collect(ctx context.Context, orderNo string) (paid bool, err error) {
	paid, approved, err := s.answers(ctx, orderNo)
	for _, a := range approved {
		if paid || err != nil {
			break // a second payment would have to be refunded
		}
		paid, err = s.take(ctx, a)
	}
	return paid, err
}

// answers asks the providers about every attempt of an order that may have been paid, applies what was paid, and
// returns the open attempts to which the payer has agreed.
func (s *Orders) answers(ctx context.Context, orderNo string) (paid bool, approved []payment.Attempt, err error) {
	answers, err := s.deps.Payments.Inquire(ctx, orderNo)
	if err != nil {
		return false, nil, err
	}
	var waiting error
	for _, a := range answers {
		switch {
		case a.Err != nil:
			waiting = fmt.Errorf("%w: attempt %s: %w", ErrAwaitsProvider, a.Attempt.AttemptNo, a.Err)
		case a.Charge.Status == payment.ChargeProcessing, a.Charge.Status == payment.ChargeUnknown:
			waiting = fmt.Errorf("%w: attempt %s is %s at the provider", ErrAwaitsProvider, a.Attempt.AttemptNo,
				a.Charge.Status)
		case a.Charge.Status == payment.ChargeApproved && a.Attempt.Open():
			approved = append(approved, a.Attempt)
		case a.Charge.Status == payment.ChargePaid:
			settles, err := s.confirm(ctx, a)
			if err != nil {
				return false, nil, err
			}
			paid = paid || settles
		}
	}
	if paid {
		return true, nil, nil
	}
	return false, approved, waiting
}

// confirm applies what a provider says it took, and reports whether the order is paid by it.
func (s *Orders) confirm(ctx context.Context, a payment.Inquiry) (paid bool, err error) {
	outcome, err := s.ConfirmPaid(ctx, moneyOf(a))
	return outcome == OutcomePaid || outcome == OutcomeRevived || outcome == OutcomeDuplicate, err
}

// take captures the money of an attempt to which the payer has agreed, if its order still waits for it and its buyer
// may pay for it. An attempt that was closed meanwhile, since the buyer turned to another provider, is never captured.
func (s *Orders) take(ctx context.Context, a payment.Attempt) (paid bool, err error) {
	if wanted, err := s.stillWanted(ctx, a.Reference); err != nil || !wanted {
		return false, err
	}
	charge, err := s.deps.Payments.CaptureApproved(ctx, a)
	switch {
	case errors.Is(err, payment.ErrPaymentExpired), errors.Is(err, payment.ErrRejected):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("%w: capture attempt %s: %w", ErrAwaitsProvider, a.AttemptNo, err)
	case charge.Status == payment.ChargePaid:
		return s.confirm(ctx, payment.Inquiry{Attempt: a, Charge: charge})
	case charge.Status == payment.ChargeOpen:
		return false, nil // the payer has to choose another way to pay
	}
	return false, fmt.Errorf("%w: attempt %s is %s at the provider", ErrAwaitsProvider, a.AttemptNo, charge.Status)
}

// stillWanted reports whether an order waits for money, and its buyer may pay for it: what they own would be refunded
// at once. A test payment always waits.
func (s *Orders) stillWanted(ctx context.Context, reference string) (bool, error) {
	if payment.IsTest(reference) {
		return true, nil
	}
	o, err := s.GetAny(ctx, reference)
	if err != nil || o.Status != PendingPay {
		return false, err
	}
	if err := s.mayPay(ctx, o); !errors.Is(err, ErrAlreadyOwned) {
		return err == nil, err
	}
	return false, nil
}

// approvedTx has a job take the money of an order whose buyer has agreed to pay, if the order and the attempt still
// wait for it. No money has moved, so nothing is lost otherwise.
func (s *Orders) approvedTx(ctx context.Context, tx pgx.Tx, n payment.Notice) (string, error) {
	attempt, err := s.deps.Payments.AttemptTx(ctx, tx, n.Provider, n.AttemptNo)
	if errors.Is(err, payment.ErrUnknownAttempt) {
		return OutcomeIgnored, nil
	}
	if err != nil {
		return "", err
	}
	if !payment.IsTest(attempt.Reference) {
		o, err := s.lockTx(ctx, tx, attempt.Reference)
		if errors.Is(err, ErrNotFound) {
			return OutcomeIgnored, nil
		}
		if err != nil || o.Status != PendingPay {
			return OutcomeIgnored, err
		}
	}
	if !attempt.Open() {
		return OutcomeIgnored, nil
	}
	if _, err := s.deps.River.InsertTx(ctx, tx, CollectArgs{attempt.Reference}, nil); err != nil {
		return "", fmt.Errorf("enqueue the capture of %s: %w", attempt.Reference, err)
	}
	return OutcomeApproved, nil
}

// Collect takes the money of an unpaid order, or of a test payment, to which its payer has agreed. Errors:
// ErrAwaitsProvider asks the caller to try again soon, as long as the order may be paid; after that, the job that
// closes the order does it.
func (s *Orders) Collect(ctx context.Context, orderNo string) error {
	if payment.IsTest(orderNo) {
		_, err := s.collect(ctx, orderNo)
		return err
	}
	o, err := s.GetAny(ctx, orderNo)
	if err != nil || o.Status != PendingPay {
		return err
	}
	if _, err = s.collect(ctx, orderNo); errors.Is(err, ErrAwaitsProvider) && !s.deps.Now().Before(o.PayBefore) {
		return nil
	}
	return err
}

// askEvery is how often the page of an order may have the providers asked.
const askEvery = 5 * time.Second

// Ask asks the providers about the user's own unpaid order, whose buyer waits for a notice, and applies what was paid.
// It asks at most once in five seconds, however often it is called. Errors: ErrNotFound.
func (s *Orders) Ask(ctx context.Context, userID int64, orderNo string) error {
	o, err := s.Get(ctx, userID, orderNo)
	if err != nil || o.Status != PendingPay {
		return err
	}
	// Without Redis it is asked each time: the breaker in front of the provider bounds that.
	err = s.keys.redis.Try(ctx, func(ctx context.Context, r redis.UniversalClient) error {
		return r.SetArgs(ctx, "order:asked:"+orderNo, 1, redis.SetArgs{Mode: "NX", TTL: askEvery}).Err()
	})
	if errors.Is(err, redis.Nil) {
		return nil
	}
	if _, err := s.collect(ctx, orderNo); err != nil && !errors.Is(err, ErrAwaitsProvider) {
		return err
	}
	return nil
}

// AskSilent asks the providers about attempts that expired without a word, and applies what was paid: a lost notice, or
// a code that was paid after its order was closed. It returns the number of attempts that turned out to be paid.
func (s *Orders) AskSilent(ctx context.Context) (int, error) {
	answers, err := s.deps.Payments.Silent(ctx, sweepRows)
	if err != nil {
		return 0, err
	}
	found := 0
	var failed []error
	for _, a := range answers {
		if a.Err != nil || a.Charge.Status != payment.ChargePaid {
			continue
		}
		found++
		_, err := s.ConfirmPaid(ctx, moneyOf(a))
		failed = append(failed, err)
	}
	return found, errors.Join(failed...)
}

// moneyOf is what a provider says it took for an attempt.
func moneyOf(a payment.Inquiry) Money {
	return Money{
		Provider:     a.Attempt.Provider,
		AttemptNo:    a.Attempt.AttemptNo,
		ChannelTxnNo: a.Charge.ChannelTxnNo,
		Amount:       a.Charge.Amount,
		At:           a.Charge.PaidAt,
	}
}
