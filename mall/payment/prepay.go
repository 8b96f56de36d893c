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
	Device    Device // of the payer, whose way to pay is the first that fits it
	Subject   string // shown to the payer
	ReturnURL string
	Language  string
	PayerID   string // the payer at the provider; without it, methods that need it are not chosen
	PayerIP   string
	Amount    money.Money
	ExpiresAt time.Time

	method string // of the provider, which Prepay chooses
}

// Prepay starts a payment, or returns the open attempt: two clicks at once get the same attempt. It commits the attempt
// before it calls the provider, so that money that the provider took can always be found. If the provider does not
// answer, Prepay asks it about the attempt, and then repeats the request with the same number. It never opens a second
// attempt at a provider while the first one may still be paid.
//
// A notice may arrive before the provider's answer: Prepay then returns an attempt that has succeeded. Errors:
// ErrUnknownProvider, ErrUnknownMethod, ErrSumNotTaken, ErrInvalidPrepay, ErrAlreadyPaid, ErrProcessing,
// ErrPaymentExpired, ErrPrepayMismatch, ErrRejected, and ErrProviderDown, after which the attempt stays open and Prepay
// may be called again.
func (p *Payments) Prepay(ctx context.Context, r PrepayRequest) (Attempt, error) {
	provider, method, err := p.choose(r)
	if err != nil {
		return Attempt{}, err
	}
	r.method = method.Name
	if !method.NeedsPayer {
		r.PayerID = "" // and is not stored
	}
	attempt, err := p.livingAttempt(ctx, provider, r)
	if err != nil {
		return Attempt{}, err
	}
	if attempt.Action != nil {
		return attempt, nil
	}
	attempt.request.PayerIP = r.PayerIP
	created, err := p.create(ctx, provider, attempt)
	if errors.Is(err, ErrRejected) {
		if end := p.endAttempt(ctx, p.pool, r.Provider, attempt.AttemptNo, AttemptFailed); end != nil {
			return Attempt{}, end
		}
	}
	if err != nil {
		return Attempt{}, err
	}
	return p.fill(ctx, provider, attempt, created)
}

// CheckPrepay refuses what Prepay would refuse without asking the provider, for callers that give something up before
// they call it. Errors: ErrUnknownProvider, ErrUnknownMethod, ErrSumNotTaken, ErrInvalidPrepay, ErrPaymentExpired.
func (p *Payments) CheckPrepay(r PrepayRequest) error {
	_, _, err := p.choose(r)
	return err
}

// choose finds the provider of a request, and the method by which it takes the sum. Errors: as CheckPrepay.
func (p *Payments) choose(r PrepayRequest) (Provider, Method, error) {
	provider, err := p.Provider(r.Provider)
	if err != nil {
		return nil, Method{}, err
	}
	switch {
	case r.Reference == "" || r.Amount.Amount <= 0 || len(r.Amount.Currency) != 3:
		return nil, Method{}, ErrInvalidPrepay.Because("reference %q, amount %s", r.Reference, r.Amount)
	case !p.now().Before(r.ExpiresAt):
		return nil, Method{}, ErrPaymentExpired.Because("reference %s expired at %s", r.Reference, r.ExpiresAt)
	}
	method, err := methodOf(provider, r)
	return provider, method, err
}

// methodOf returns the provider's first method that fits the payer, the payer's device and the sum. Errors:
// ErrUnknownMethod, ErrSumNotTaken.
func methodOf(provider Provider, r PrepayRequest) (Method, error) {
	fits := false
	for _, m := range provider.Methods() {
		if !m.Fits(r.Device, r.Amount.Currency) || m.NeedsPayer && r.PayerID == "" {
			continue
		}
		if m.Takes(r.Amount) {
			return m, nil
		}
		fits = true
	}
	if fits {
		return Method{}, ErrSumNotTaken.Because("%s can't take exactly %s, or not so little", provider.Name(), r.Amount)
	}
	return Method{}, ErrUnknownMethod.Because("%s takes no %s on %s", provider.Name(), r.Amount.Currency, r.Device)
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
		row, err := p.insertAttempt(ctx, r)
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
		// An attempt from before methods were stored has none.
		if p.now().Before(attempt.ExpiresAt) && (attempt.Method == r.method || attempt.Method == "") &&
			attempt.request.PayerID == r.PayerID {
			return attempt, nil
		}
		// The time of the old attempt is over, but not that of the reference, or the payer has chosen another method,
		// or is another one: close it before opening another.
		if err := p.closeAttempt(ctx, provider, attempt); err != nil {
			return Attempt{}, err
		}
	}
	return Attempt{}, ErrProviderDown.Because("prepay %s: attempts keep ending", r.Reference)
}

// insertAttempt commits a new attempt with the request that will open it. Errors: pgx.ErrNoRows if the reference has an
// open one at this provider.
func (p *Payments) insertAttempt(ctx context.Context, r PrepayRequest) (dbsqlc.VideoPayment, error) {
	no, err := p.newNo()
	if err != nil {
		return dbsqlc.VideoPayment{}, err
	}
	request, err := json.Marshal(CreateRequest{
		AttemptNo: no,
		Method:    r.method,
		Subject:   r.Subject,
		ReturnURL: r.ReturnURL,
		Language:  r.Language,
		Amount:    r.Amount,
		CreatedAt: p.now().UTC().Truncate(time.Second),
		ExpiresAt: r.ExpiresAt.UTC().Truncate(time.Second),
		PayerID:   r.PayerID,
	})
	if err != nil {
		return dbsqlc.VideoPayment{}, fmt.Errorf("request of attempt %s: %w", no, err)
	}
	return p.q.InsertAttempt(ctx, p.pool, dbsqlc.InsertAttemptParams{
		AttemptNo: no,
		Reference: r.Reference,
		Provider:  r.Provider,
		Method:    r.method,
		Amount:    r.Amount.Amount,
		Currency:  r.Amount.Currency,
		Request:   request,
		ExpiresAt: r.ExpiresAt,
		AskAt:     r.ExpiresAt.Add(askAfter[0]),
		At:        p.now(),
	})
}

// create calls the provider, and calls it once more if the first answer was lost.
func (p *Payments) create(ctx context.Context, provider Provider, a Attempt) (Created, error) {
	call := func() (Created, error) {
		return provider.Create(ctx, a.request)
	}
	created, err := call()
	if err == nil || errors.Is(err, ErrRejected) {
		return created, err
	}
	charge, queried := p.query(ctx, provider, a)
	if queried != nil {
		return Created{}, ErrProviderDown.Because("create %s: %w; query: %w", a.AttemptNo, err, queried)
	}
	switch charge.Status {
	case ChargeAbsent, ChargeOpen:
		if created, err = call(); err == nil || errors.Is(err, ErrRejected) {
			return created, err
		}
		return Created{}, ErrProviderDown.Because("create %s again: %w", a.AttemptNo, err)
	case ChargePaid:
		return Created{}, ErrAlreadyPaid.Because("attempt %s", a.AttemptNo)
	case ChargeProcessing, ChargeApproved:
		return Created{}, ErrProcessing.Because("attempt %s", a.AttemptNo)
	case ChargeFailed, ChargeClosed:
		return Created{}, ErrRejected.Because("attempt %s is %s", a.AttemptNo, charge.Status)
	default:
		return Created{}, ErrProviderDown.Because("create %s: %w; the charge is %s", a.AttemptNo, err, charge.Status)
	}
}

func (p *Payments) query(ctx context.Context, provider Provider, a Attempt) (Charge, error) {
	charge, err := provider.Query(ctx, a.ref())
	if err == nil {
		err = charge.check(a)
	}
	if err != nil {
		return Charge{}, err
	}
	return charge, nil
}

// check refuses an answer about an attempt that is paid with no sum. Errors: ErrProviderDown.
func (c Charge) check(a Attempt) error {
	if c.Status == ChargePaid && !c.Amount.Payable() {
		return ErrProviderDown.Because("charge %s is paid with %s", a.AttemptNo, c.Amount)
	}
	return nil
}

// fill stores the provider's answer in an attempt. It does not overwrite what is known already.
func (p *Payments) fill(ctx context.Context, provider Provider, a Attempt, created Created) (Attempt, error) {
	raw, err := json.Marshal(created.Action)
	if err != nil {
		return Attempt{}, fmt.Errorf("action of attempt %s: %w", a.AttemptNo, err)
	}
	row, err := p.q.FillAttempt(ctx, p.pool, dbsqlc.FillAttemptParams{
		Action:      raw,
		ProviderRef: created.ProviderRef,
		At:          p.now(),
		AttemptNo:   a.AttemptNo,
	})
	if err != nil {
		return Attempt{}, fmt.Errorf("fill attempt %s: %w", a.AttemptNo, err)
	}
	attempt, err := attemptOf(row)
	if err != nil {
		return Attempt{}, err
	}
	if attempt.Status == AttemptClosed || attempt.Status == AttemptFailed {
		// The attempt ended while the provider was still opening it, so its page must not stay payable. If it can't
		// be closed, a payment there is handled like any payment after the close.
		if err := provider.Close(ctx, attempt.ref()); err != nil {
			return Attempt{}, ErrPaymentExpired.Because("attempt %s is %s; close: %w", a.AttemptNo, attempt.Status, err)
		}
		return Attempt{}, ErrPaymentExpired.Because("attempt %s is %s", a.AttemptNo, attempt.Status)
	}
	return attempt, nil
}
