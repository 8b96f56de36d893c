// Package payment owns the requests to payment providers and their answers: attempts, notices, captured sums and
// refunds. Facts from providers are only ever added. It knows an amount and a reference; it does not know what the
// reference stands for, nor whether an order is paid.
package payment

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/oklog/ulid/v2"

	"videomall/mall/fault"
	"videomall/mall/money"
	"videomall/mall/payment/internal/dbsqlc"
	"videomall/telemetry"
)

// Faults that callers compare.
var (
	ErrUnknownProvider = fault.New(fault.Invalid, "unknown_provider", "There is no such way to pay.")
	ErrUnknownMethod   = fault.New(fault.Invalid, "unknown_method", "There is no such way to pay here.")
	ErrSumNotTaken     = fault.New(fault.Conflict, "sum_not_taken",
		"This way to pay can't take exactly this sum. Choose another one.")
	ErrUnknownAttempt = fault.New(fault.NotFound, "unknown_attempt", "There is no such payment.")
	ErrInvalidPrepay  = fault.New(fault.Invalid, "invalid_prepay", "This payment cannot be started.")
	ErrAlreadyPaid    = fault.New(fault.Conflict, "already_paid", "This has been paid already.")
	ErrProcessing     = fault.New(fault.Conflict, "payment_processing",
		"The payment is on its way. Please wait for its result.")
	ErrPaymentExpired = fault.New(fault.Conflict, "payment_expired", "The time to pay is over.")
	ErrPrepayMismatch = fault.New(fault.Conflict, "prepay_mismatch", "A payment over another sum has been started.")
	ErrRejected       = fault.New(fault.Conflict, "payment_rejected", "The payment provider refused the request.")
	ErrRetryLater     = fault.New(fault.Unavailable, "payment_retry_later",
		"The payment provider can't do this now. It will be tried again.")
	ErrNoStatement  = fault.New(fault.Unavailable, "no_statement", "The provider has no statement of this day yet.")
	ErrProviderDown = fault.New(fault.Unavailable, "provider_unavailable",
		"The payment provider does not answer. Please try again.")
	ErrBadSignature      = fault.New(fault.Unauthenticated, "bad_signature", "The signature does not verify.")
	ErrMalformedNotice   = fault.New(fault.Invalid, "malformed_notice", "The notice can't be read.")
	ErrAlreadyConsumed   = fault.New(fault.Conflict, "already_consumed", "Another transaction has paid for this.")
	ErrTransactionReused = fault.New(fault.Conflict, "transaction_reused",
		"This transaction number was recorded from another provider.")
	ErrUnknownCapture = fault.New(fault.NotFound, "unknown_capture", "There is no such captured payment.")
	ErrUnknownRefund  = fault.New(fault.NotFound, "unknown_refund", "There is no such refund.")
	ErrRefundExceeds  = fault.New(fault.Conflict, "refund_exceeds", "The refunds would exceed what was paid.")
	ErrRefundNoReused = fault.New(fault.Conflict, "refund_no_reused",
		"This refund number belongs to another refund.")
)

// ErrAbsent says that the provider does not know the number it was asked about.
var ErrAbsent = errors.New("payment: unknown to the provider")

// ErrMisconfigured is the cause of an ErrRejected that only an operator can mend: the provider refuses the mall's own
// number or secret.
var ErrMisconfigured = errors.New("payment: the provider refuses the mall's settings")

// Payments holds the verbs. It is safe for concurrent use.
type Payments struct {
	pool *pgxpool.Pool
	now  func() time.Time
	q    *dbsqlc.Queries
	deps Deps

	mu        sync.RWMutex
	providers providers // guarded by mu; replaced as a whole
}

// Deps are the dependencies of Payments.
type Deps struct {
	Pool      *pgxpool.Pool
	Now       func() time.Time
	Metrics   *telemetry.Metrics
	Providers []Provider    // their names must differ
	Rest      time.Duration // how long a provider that fails is not asked; 15 s if it is 0
}

// New returns Payments with these providers.
func New(d Deps) *Payments {
	return &Payments{
		pool:      d.Pool,
		now:       d.Now,
		q:         dbsqlc.New(),
		deps:      d,
		providers: startedWith(d),
	}
}

// The statuses of an Attempt: created before the provider answered, pending after; then one of the others.
const (
	AttemptCreated   = "created"
	AttemptPending   = "pending"
	AttemptSucceeded = "succeeded"
	AttemptFailed    = "failed"
	AttemptClosed    = "closed"
)

// Attempt is one attempt to pay for a reference. It is open while it is created or pending. Action is nil until the
// provider has answered.
type Attempt struct {
	AttemptNo    string
	Reference    string
	Provider     string
	Method       string
	Status       string
	Amount       money.Money
	Action       *Action
	ChannelTxnNo string
	ProviderRef  string
	ExpiresAt    time.Time
	CreatedAt    time.Time
	Asks         int        // how often the provider was asked after its time was over
	AskAt        *time.Time // when it will be asked next; nil if it won't
	request      CreateRequest
}

// Open reports whether the attempt may still be paid, as far as we know.
func (a Attempt) Open() bool { return a.Status == AttemptCreated || a.Status == AttemptPending }

// ref names the attempt to its provider.
func (a Attempt) ref() ChargeRef { return ChargeRef{a.request, a.ProviderRef} }

func attemptOf(row dbsqlc.VideoPayment) (Attempt, error) {
	a := Attempt{
		AttemptNo:   row.AttemptNo,
		Reference:   row.Reference,
		Provider:    row.Provider,
		Method:      row.Method,
		Status:      row.Status,
		Amount:      money.Of(row.Amount, row.Currency),
		ProviderRef: row.ProviderRef,
		ExpiresAt:   row.ExpiresAt,
		CreatedAt:   row.CreatedAt,
		Asks:        int(row.Asks),
		AskAt:       row.AskAt,
	}
	var err error
	if a.request, err = requestOf(row.AttemptNo, row.Request); err != nil {
		return Attempt{}, err
	}
	if row.ChannelTxnNo != nil {
		a.ChannelTxnNo = *row.ChannelTxnNo
	}
	if row.Action != nil {
		a.Action = new(Action)
		if err := json.Unmarshal(row.Action, a.Action); err != nil {
			return Attempt{}, fmt.Errorf("action of attempt %s: %w", row.AttemptNo, err)
		}
	}
	return a, nil
}

// requestOf returns the request that opened an attempt. An attempt from before requests were stored has only its number.
func requestOf(attemptNo string, raw []byte) (CreateRequest, error) {
	r := CreateRequest{AttemptNo: attemptNo}
	if raw == nil {
		return r, nil
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		return r, fmt.Errorf("request of attempt %s: %w", attemptNo, err)
	}
	return r, nil
}

// AttemptTx reads an attempt and locks it for the rest of the caller's transaction. Errors: ErrUnknownAttempt.
func (p *Payments) AttemptTx(ctx context.Context, tx pgx.Tx, provider, attemptNo string) (Attempt, error) {
	row, err := p.q.LockAttempt(ctx, tx, dbsqlc.LockAttemptParams{Provider: provider, AttemptNo: attemptNo})
	if errors.Is(err, pgx.ErrNoRows) {
		return Attempt{}, ErrUnknownAttempt.Because("attempt %q of %s", attemptNo, provider)
	}
	if err != nil {
		return Attempt{}, fmt.Errorf("lock attempt %s: %w", attemptNo, err)
	}
	return attemptOf(row)
}

// Attempts lists the attempts of a reference, the oldest first.
func (p *Payments) Attempts(ctx context.Context, reference string) ([]Attempt, error) {
	rows, err := p.q.Attempts(ctx, p.pool, reference)
	if err != nil {
		return nil, fmt.Errorf("attempts of %s: %w", reference, err)
	}
	out := make([]Attempt, len(rows))
	for i, row := range rows {
		if out[i], err = attemptOf(row); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// ReferenceOf returns the reference of an attempt. Errors: ErrUnknownAttempt.
func (p *Payments) ReferenceOf(ctx context.Context, attemptNo string) (string, error) {
	row, err := p.q.Attempt(ctx, p.pool, attemptNo)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", ErrUnknownAttempt.Because("attempt %q", attemptNo)
	}
	if err != nil {
		return "", fmt.Errorf("attempt %s: %w", attemptNo, err)
	}
	return row.Reference, nil
}

// FailAttemptTx ends an open attempt that failed at its provider. An attempt that has ended stays as it is.
func (p *Payments) FailAttemptTx(ctx context.Context, tx pgx.Tx, provider, attemptNo string) error {
	return p.endAttempt(ctx, tx, provider, attemptNo, AttemptFailed)
}

func (p *Payments) endAttempt(ctx context.Context, db dbsqlc.DBTX, provider, attemptNo, status string) error {
	if _, err := p.q.EndAttempt(ctx, db, dbsqlc.EndAttemptParams{
		Status:    status,
		At:        p.now(),
		AttemptNo: attemptNo,
		Provider:  provider,
	}); err != nil {
		return fmt.Errorf("%s: attempt %s of %s: %w", status, attemptNo, provider, err)
	}
	return nil
}

// newNo returns a number that providers accept (26 characters, 0-9A-Z), that sorts by time and that can't be guessed.
func (p *Payments) newNo() (string, error) {
	id, err := ulid.New(ulid.Timestamp(p.now()), rand.Reader)
	if err != nil {
		return "", fmt.Errorf("make a number: %w", err)
	}
	return id.String(), nil
}
