package payment

import (
	"context"
	"errors"
	"fmt"
	"time"

	"videomall/mall/payment/internal/dbsqlc"
)

// Inquiry is what a provider says about an attempt now. Err is set when it did not say.
type Inquiry struct {
	Attempt Attempt
	Charge  Charge
	Err     error
}

// endedLately is how long an ended attempt is still asked about: a payment may have crossed its end.
const endedLately = 2 * time.Hour

// Inquire asks the providers about every attempt of the reference that may have been paid: the living
// and those that ended lately. It writes nothing. One provider's silence is that Inquiry's Err.
func (p *Payments) Inquire(ctx context.Context, reference string) ([]Inquiry, error) {
	rows, err := p.q.PayableAttempts(ctx, p.pool, dbsqlc.PayableAttemptsParams{
		Reference:  reference,
		EndedAfter: p.now().Add(-endedLately),
	})
	if err != nil {
		return nil, fmt.Errorf("inquire %s: %w", reference, err)
	}
	out := make([]Inquiry, len(rows))
	for i, row := range rows {
		if out[i].Attempt, err = attemptOf(row); err != nil {
			return nil, err
		}
		provider, err := p.Provider(row.Provider)
		if err != nil {
			out[i].Err = err
			continue
		}
		if out[i].Charge, err = p.query(ctx, provider, row.AttemptNo); err != nil {
			out[i].Err = ErrProviderDown.Because("query %s: %w", row.AttemptNo, err)
		}
	}
	return out, nil
}

// CloseAttempts makes every living attempt of the reference unpayable, at its provider first. All are
// tried even if one can't be closed. Errors: ErrAlreadyPaid, ErrProcessing, ErrProviderDown.
func (p *Payments) CloseAttempts(ctx context.Context, reference string) error {
	rows, err := p.q.LivingAttempts(ctx, p.pool, reference)
	if err != nil {
		return fmt.Errorf("close attempts of %s: %w", reference, err)
	}
	var failed []error
	for _, row := range rows {
		provider, err := p.Provider(row.Provider)
		if err == nil {
			err = p.closeAttempt(ctx, provider, row.AttemptNo)
		}
		failed = append(failed, err)
	}
	return errors.Join(failed...)
}

func (p *Payments) closeAttempt(ctx context.Context, provider Provider, attemptNo string) error {
	call, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	err := provider.Close(call, attemptNo)
	switch {
	case err == nil, errors.Is(err, ErrAbsent):
		// Absent: should a request of ours still be under way, Prepay sees the end and closes after it.
	case errors.Is(err, ErrAlreadyPaid), errors.Is(err, ErrProcessing):
		return fmt.Errorf("close attempt %s: %w", attemptNo, err)
	default:
		return ErrProviderDown.Because("close attempt %s: %w", attemptNo, err)
	}
	return p.endAttempt(ctx, p.pool, provider.Name(), attemptNo, AttemptClosed)
}
