package payment

import (
	"context"
	"errors"
	"fmt"
	"time"

	"videomall/mall/payment/internal/dbsqlc"
)

// Inquiry is a provider's answer to a query about an attempt. Err is set if the query failed.
type Inquiry struct {
	Attempt Attempt
	Charge  Charge
	Err     error
}

// endedLately is how long Inquire asks about an attempt after it has ended, since it may have been paid at the same
// moment.
const endedLately = 2 * time.Hour

// Inquire asks the providers about every attempt of the reference that may have been paid: those that are open and
// those that ended within the last two hours. It writes nothing. If a provider does not answer, the Err of that Inquiry
// is set.
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
		if out[i], err = p.inquire(ctx, row); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// inquire asks the provider of an attempt about it.
func (p *Payments) inquire(ctx context.Context, row dbsqlc.VideoPayment) (Inquiry, error) {
	attempt, err := attemptOf(row)
	if err != nil {
		return Inquiry{}, err
	}
	provider, err := p.Provider(row.Provider)
	if err != nil {
		return Inquiry{Attempt: attempt, Err: err}, nil
	}
	charge, err := p.query(ctx, provider, attempt)
	if err != nil {
		err = ErrProviderDown.Because("query %s: %w", row.AttemptNo, err)
	}
	return Inquiry{attempt, charge, err}, nil
}

// CloseAttempts closes every open attempt of the reference, first at its provider, so that none can be paid any more.
// It goes on if one of them can't be closed. Errors: ErrAlreadyPaid, ErrProcessing, ErrProviderDown.
func (p *Payments) CloseAttempts(ctx context.Context, reference string) error {
	return p.CloseOthers(ctx, reference, "")
}

// CloseOthers is CloseAttempts for the attempts at all providers but one.
func (p *Payments) CloseOthers(ctx context.Context, reference, but string) error {
	rows, err := p.q.LivingAttempts(ctx, p.pool, reference)
	if err != nil {
		return fmt.Errorf("close attempts of %s: %w", reference, err)
	}
	var failed []error
	for _, row := range rows {
		if row.Provider == but {
			continue
		}
		provider, err := p.Provider(row.Provider)
		if err == nil {
			err = p.closeRow(ctx, provider, row)
		}
		failed = append(failed, err)
	}
	return errors.Join(failed...)
}

func (p *Payments) closeRow(ctx context.Context, provider Provider, row dbsqlc.VideoPayment) error {
	a, err := attemptOf(row)
	if err != nil {
		return err
	}
	return p.closeAttempt(ctx, provider, a)
}

func (p *Payments) closeAttempt(ctx context.Context, provider Provider, a Attempt) error {
	err := provider.Close(ctx, a.ref())
	switch {
	case err == nil, errors.Is(err, ErrAbsent):
		// Absent is not unpayable: our request to create it may still be under way, and some providers know nothing of
		// a code until it is scanned. Prepay closes what it finds ended; what is paid before its expiry all the same is
		// a payment after the close, which Silent asks about if its notice is lost.
	case errors.Is(err, ErrAlreadyPaid), errors.Is(err, ErrProcessing):
		return fmt.Errorf("close attempt %s: %w", a.AttemptNo, err)
	default:
		return ErrProviderDown.Because("close attempt %s: %w", a.AttemptNo, err)
	}
	status, err := p.q.CloseAttempt(ctx, p.pool, dbsqlc.CloseAttemptParams{
		At:        p.now(),
		AttemptNo: a.AttemptNo,
		Provider:  provider.Name(),
	})
	switch {
	case err != nil:
		return fmt.Errorf("close attempt %s: %w", a.AttemptNo, err)
	case status == AttemptCreated || status == AttemptPending:
		return ErrProcessing.Because("the money of attempt %s is being taken", a.AttemptNo)
	}
	return nil
}
