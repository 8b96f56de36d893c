package payment

import (
	"context"
	"errors"
	"fmt"
	"time"

	"videomall/mall/payment/internal/dbsqlc"
)

// captureTime is how long a request to capture may be under way: longer than a call lasts. Until then the attempt can
// neither be closed nor captured a second time.
const captureTime = 30 * time.Second

// CaptureApproved takes the money of an attempt that its payer has approved, unless the attempt has ended or its
// reference has been paid. The attempt is claimed before the provider is called, so that it can't be closed meanwhile. A
// definite refusal ends the attempt. Errors: ErrPaymentExpired, if the attempt may not be captured any more;
// ErrProcessing, if somebody else is capturing it; ErrRejected; ErrRetryLater; ErrProviderDown, after which it is
// unknown whether the money was taken.
func (p *Payments) CaptureApproved(ctx context.Context, a Attempt) (Charge, error) {
	provider, err := p.guarded(a.Provider)
	if err != nil {
		return Charge{}, err
	}
	if err := p.claim(ctx, a); err != nil {
		return Charge{}, err
	}
	charge, err := provider.Capture(ctx, a.ref())
	if err == nil {
		err = charge.check(a)
	}
	ended := errors.Is(err, ErrRejected) || errors.Is(err, ErrAbsent)
	if err != nil && !ended && !errors.Is(err, ErrRetryLater) {
		return Charge{}, ErrProviderDown.Because("capture %s: %w", a.AttemptNo, err)
	}
	after := context.WithoutCancel(ctx)
	if release := p.q.ReleaseCapture(after, p.pool, dbsqlc.ReleaseCaptureParams{
		AttemptNo: a.AttemptNo,
		Provider:  a.Provider,
	}); release != nil {
		return Charge{}, fmt.Errorf("release attempt %s: %w", a.AttemptNo, errors.Join(release, err))
	}
	if ended {
		return Charge{}, errors.Join(ErrRejected.Because("capture %s: %w", a.AttemptNo, err),
			p.endAttempt(after, p.pool, a.Provider, a.AttemptNo, AttemptFailed))
	}
	return charge, err
}

// claim keeps an open attempt from being closed, and from being captured by others, for captureTime. Errors:
// ErrPaymentExpired, ErrProcessing.
func (p *Payments) claim(ctx context.Context, a Attempt) error {
	now := p.now()
	rows, err := p.q.ClaimCapture(ctx, p.pool, dbsqlc.ClaimCaptureParams{
		AttemptNo: a.AttemptNo,
		Provider:  a.Provider,
		At:        now,
		Until:     now.Add(captureTime),
	})
	if err != nil || rows == 1 {
		return wrap("claim attempt "+a.AttemptNo, err)
	}
	row, err := p.q.Attempt(ctx, p.pool, a.AttemptNo)
	if err != nil {
		return fmt.Errorf("attempt %s: %w", a.AttemptNo, err)
	}
	if row.CapturingUntil != nil && row.CapturingUntil.After(now) {
		return ErrProcessing.Because("the money of attempt %s is being taken", a.AttemptNo)
	}
	return ErrPaymentExpired.Because("attempt %s is %s, or its reference is paid", a.AttemptNo, row.Status)
}
