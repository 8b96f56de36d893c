package payment

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/mall/money"
	"videomall/mall/payment/internal/dbsqlc"
)

// PrepayRequest asks for the payment of a sum for a reference at one provider.
type PrepayRequest struct {
	Reference string
	Provider  string
	Subject   string // shown to the payer
	ReturnURL string
	Amount    money.Money
	ExpiresAt time.Time
}

// Prepay starts a payment, or returns the open attempt: two clicks at once get the same attempt. It commits the attempt
// before it calls the provider, so that money that the provider took can always be found. If the provider does not
// answer, Prepay asks it about the attempt, and then repeats the request with the same number. It never opens a second
// attempt at a provider while the first one may still be paid.
//
// A notice may arrive before the provider's answer: Prepay then returns an attempt that has succeeded. Errors:
// ErrUnknownProvider, ErrInvalidPrepay, ErrAlreadyPaid, ErrProcessing, ErrPaymentExpired, ErrPrepayMismatch,
// ErrRejected, and ErrProviderDown, after which the attempt stays open and Prepay may be called again.
func (p *Payments) Prepay(ctx context.Context, r PrepayRequest) (Attempt, error) {
	provider, err := p.Provider(r.Provider)
	if err != nil {
		return Attempt{}, err
	}
	switch {
	case r.Reference == "" || r.Amount.Amount <= 0 || len(r.Amount.Currency) != 3:
		return Attempt{}, ErrInvalidPrepay.Because("reference %q, amount %s", r.Reference, r.Amount)
	case !p.now().Before(r.ExpiresAt):
		return Attempt{}, ErrPaymentExpired.Because("reference %s expired at %s", r.Reference, r.ExpiresAt)
	}
	attempt, err := p.livingAttempt(ctx, provider, r)
	if err != nil {
		return Attempt{}, err
	}
	if attempt.Action != nil {
		return attempt, nil
	}
	action, err := p.create(ctx, provider, CreateRequest{
		AttemptNo: attempt.AttemptNo,
		Subject:   r.Subject,
		ReturnURL: r.ReturnURL,
		Amount:    attempt.Amount,
		ExpiresAt: attempt.ExpiresAt,
	})
	if errors.Is(err, ErrRejected) {
		if end := p.endAttempt(ctx, p.pool, r.Provider, attempt.AttemptNo, AttemptFailed); end != nil {
			return Attempt{}, end
		}
	}
	if err != nil {
		return Attempt{}, err
	}
	return p.fill(ctx, provider, attempt.AttemptNo, action)
}

// livingAttempt commits a new attempt, or finds the open one of this reference and provider.
func (p *Payments) livingAttempt(ctx context.Context, provider Provider, r PrepayRequest) (Attempt, error) {
	// Each round either returns, or finds that an attempt has ended in between.
	for range 5 {
		paid, err := p.q.IsConsumed(ctx, p.pool, r.Reference)
		if err != nil {
			return Attempt{}, fmt.Errorf("prepay %s: %w", r.Reference, err)
		}
		if paid {
			return Attempt{}, ErrAlreadyPaid.Because("reference %s", r.Reference)
		}
		no, err := p.newNo()
		if err != nil {
			return Attempt{}, err
		}
		row, err := p.q.InsertAttempt(ctx, p.pool, dbsqlc.InsertAttemptParams{
			AttemptNo: no,
			Reference: r.Reference,
			Provider:  r.Provider,
			Amount:    r.Amount.Amount,
			Currency:  r.Amount.Currency,
			ExpiresAt: r.ExpiresAt,
			At:        p.now(),
		})
		if errors.Is(err, pgx.ErrNoRows) {
			row, err = p.q.LivingAttempt(ctx, p.pool, dbsqlc.LivingAttemptParams{
				Reference: r.Reference,
				Provider:  r.Provider,
			})
			if errors.Is(err, pgx.ErrNoRows) {
				continue
			}
		}
		if err != nil {
			return Attempt{}, fmt.Errorf("prepay %s: %w", r.Reference, err)
		}
		attempt, err := attemptOf(row)
		if err != nil {
			return Attempt{}, err
		}
		if attempt.Amount != r.Amount {
			return Attempt{}, ErrPrepayMismatch.Because("attempt %s over %s, asked %s", attempt.AttemptNo,
				attempt.Amount, r.Amount)
		}
		if p.now().Before(attempt.ExpiresAt) {
			return attempt, nil
		}
		// The time of the old attempt is over, but not that of the reference: close it before opening another.
		if err := p.closeAttempt(ctx, provider, attempt.AttemptNo); err != nil {
			return Attempt{}, err
		}
	}
	return Attempt{}, ErrProviderDown.Because("prepay %s: attempts keep ending", r.Reference)
}

// create calls the provider, and calls it once more if the first answer was lost.
func (p *Payments) create(ctx context.Context, provider Provider, r CreateRequest) (Action, error) {
	call := func() (Action, error) {
		ctx, cancel := context.WithTimeout(ctx, callTimeout)
		defer cancel()
		return provider.Create(ctx, r)
	}
	action, err := call()
	if err == nil || errors.Is(err, ErrRejected) {
		return action, err
	}
	charge, queried := p.query(ctx, provider, r.AttemptNo)
	if queried != nil {
		return Action{}, ErrProviderDown.Because("create %s: %w; query: %w", r.AttemptNo, err, queried)
	}
	switch charge.Status {
	case ChargeAbsent, ChargeOpen:
		if action, err = call(); err == nil || errors.Is(err, ErrRejected) {
			return action, err
		}
		return Action{}, ErrProviderDown.Because("create %s again: %w", r.AttemptNo, err)
	case ChargePaid:
		return Action{}, ErrAlreadyPaid.Because("attempt %s", r.AttemptNo)
	case ChargeProcessing:
		return Action{}, ErrProcessing.Because("attempt %s", r.AttemptNo)
	case ChargeFailed, ChargeClosed:
		return Action{}, ErrRejected.Because("attempt %s is %s", r.AttemptNo, charge.Status)
	default:
		return Action{}, ErrProviderDown.Because("create %s: %w; the charge is %s", r.AttemptNo, err, charge.Status)
	}
}

func (p *Payments) query(ctx context.Context, provider Provider, attemptNo string) (Charge, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	charge, err := provider.Query(ctx, attemptNo)
	if err == nil && charge.Status == ChargePaid && !charge.Amount.Payable() {
		return Charge{}, ErrProviderDown.Because("charge %s is paid with %s", attemptNo, charge.Amount)
	}
	return charge, err
}

// fill stores the provider's answer in an attempt. It does not overwrite what is known already.
func (p *Payments) fill(ctx context.Context, provider Provider, attemptNo string, action Action) (Attempt, error) {
	raw, err := json.Marshal(action)
	if err != nil {
		return Attempt{}, fmt.Errorf("action of attempt %s: %w", attemptNo, err)
	}
	row, err := p.q.FillAttempt(ctx, p.pool, dbsqlc.FillAttemptParams{
		Action:    raw,
		At:        p.now(),
		AttemptNo: attemptNo,
	})
	if err != nil {
		return Attempt{}, fmt.Errorf("fill attempt %s: %w", attemptNo, err)
	}
	attempt, err := attemptOf(row)
	if err != nil {
		return Attempt{}, err
	}
	if attempt.Status == AttemptClosed || attempt.Status == AttemptFailed {
		// The attempt ended while the provider was still opening it, so its page must not stay payable. If it can't
		// be closed, a payment there is handled like any payment after the close.
		call, cancel := context.WithTimeout(ctx, callTimeout)
		defer cancel()
		if err := provider.Close(call, attemptNo); err != nil {
			return Attempt{}, ErrPaymentExpired.Because("attempt %s is %s; close: %w", attemptNo, attempt.Status, err)
		}
		return Attempt{}, ErrPaymentExpired.Because("attempt %s is %s", attemptNo, attempt.Status)
	}
	return attempt, nil
}
