package payment

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"sync"
	"sync/atomic"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"go.opentelemetry.io/otel/attribute"

	"videomall/telemetry"
)

const (
	// callTimeout bounds one call of a provider: longer than a slow provider needs, shorter than a browser waits.
	callTimeout = 8 * time.Second
	// A provider is left alone for a while when breakAfter calls have failed within breakWithin.
	breakAfter  = 5
	breakWithin = 30 * time.Second
	defaultRest = 15 * time.Second
)

// breaker is a circuit breaker without its type parameter, which would cost every package that names Payments its code.
type breaker interface {
	TryAcquirePermit() bool
	RecordSuccess()
	RecordFailure()
	IsOpen() bool
	RemainingDelay() time.Duration
}

// guarded is a Provider whose calls have a time-out, are counted and traced, and are not made while the provider fails.
type guarded struct {
	Provider
	breaker breaker
	// identify is the breaker of Identify: another server answers it, whose failures say nothing about payments.
	identify breaker
	metrics  *telemetry.Metrics
	now      func() time.Time

	fetched atomic.Bool // what Refresh fetches

	mu   sync.Mutex
	last Health
}

func guard(p Provider, d Deps) *guarded {
	build := circuitbreaker.NewBuilder[any]().
		WithFailureThresholdPeriod(breakAfter, breakWithin).
		WithDelay(cmp.Or(d.Rest, defaultRest)).
		Build
	return &guarded{
		Provider: p,
		metrics:  d.Metrics,
		now:      d.Now,
		breaker:  build(),
		identify: build(),
	}
}

// Health is how a provider fared lately, as this process saw it.
type Health struct {
	Provider string
	Methods  []string
	Resting  bool   // not asked and not offered for now, since it failed
	Hidden   bool   // not offered to shoppers
	Error    string // of the last call that failed; empty if none has
	FailedAt time.Time
	WorkedAt time.Time // zero if no call has succeeded yet
	Calls    int
	Failures int
}

// resting reports whether the provider is not asked for now. Once its rest is over it is tried again.
func (g *guarded) resting() bool { return rests(g.breaker) }

func rests(b breaker) bool { return b.IsOpen() && b.RemainingDelay() > 0 }

func (g *guarded) health() Health {
	g.mu.Lock()
	defer g.mu.Unlock()
	h := g.last
	h.Provider, h.Resting = g.Name(), g.resting()
	for _, m := range g.Methods() {
		h.Methods = append(h.Methods, m.Name)
	}
	return h
}

// call makes one call. A definite error is an answer like any other; only silence and nonsense count as failures.
func (g *guarded) call(ctx context.Context, what string, do func(context.Context) error) error {
	return g.callVia(ctx, g.breaker, what, do)
}

func (g *guarded) callVia(ctx context.Context, b breaker, what string, do func(context.Context) error) error {
	if !b.TryAcquirePermit() {
		g.metrics.ProviderCall(g.Name(), what, "not_asked", 0)
		return ErrProviderDown.Because("%s is not asked for %s, since it failed", g.Name(), b.RemainingDelay())
	}
	bounded, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	bounded, end := telemetry.Span(bounded, "provider."+what, attribute.String("payment.provider", g.Name()))
	began := time.Now()
	err := do(bounded)
	end(err)
	outcome := outcomeOf(err)
	// The end of the caller's context says nothing about the provider.
	failed := outcome == "failed" && ctx.Err() == nil
	if failed {
		b.RecordFailure()
	} else {
		b.RecordSuccess()
	}
	g.metrics.ProviderCall(g.Name(), what, outcome, time.Since(began))
	g.note(failed, err)
	return err
}

func (g *guarded) note(failed bool, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.last.Calls++
	if failed {
		g.last.Failures++
		g.last.Error, g.last.FailedAt = telemetry.Redact(err.Error()), g.now()
		return
	}
	g.last.WorkedAt = g.now()
}

// outcomeOf names the end of a call for metrics.
func outcomeOf(err error) string {
	switch {
	case err == nil:
		return "answered"
	case errors.Is(err, ErrRejected):
		return "rejected"
	case errors.Is(err, ErrRetryLater):
		return "retry_later"
	case errors.Is(err, ErrAbsent):
		return "absent"
	case errors.Is(err, ErrProcessing):
		return "processing"
	case errors.Is(err, ErrAlreadyPaid):
		return "already_paid"
	case errors.Is(err, ErrNoStatement):
		return "no_statement"
	}
	return "failed"
}

func (g *guarded) Create(ctx context.Context, r CreateRequest) (created Created, err error) {
	err = g.call(ctx, "create", func(ctx context.Context) error {
		created, err = g.Provider.Create(ctx, r)
		return err
	})
	return created, err
}

func (g *guarded) Query(ctx context.Context, c ChargeRef) (charge Charge, err error) {
	err = g.call(ctx, "query", func(ctx context.Context) error {
		charge, err = g.Provider.Query(ctx, c)
		return err
	})
	return charge, err
}

func (g *guarded) Close(ctx context.Context, c ChargeRef) error {
	return g.call(ctx, "close", func(ctx context.Context) error { return g.Provider.Close(ctx, c) })
}

// Capture takes the money of a charge that its payer has approved. Errors: ErrRejected if the provider takes the money by
// itself.
func (g *guarded) Capture(ctx context.Context, c ChargeRef) (charge Charge, err error) {
	capturer, is := g.Provider.(Capturer)
	if !is {
		return Charge{}, ErrRejected.Because("%s takes the money by itself", g.Name())
	}
	err = g.call(ctx, "capture", func(ctx context.Context) error {
		charge, err = capturer.Capture(ctx, c)
		return err
	})
	return charge, err
}

func (g *guarded) Refund(ctx context.Context, r RefundRequest) (result RefundResult, err error) {
	err = g.call(ctx, "refund", func(ctx context.Context) error {
		result, err = g.Provider.Refund(ctx, r)
		return err
	})
	return result, err
}

func (g *guarded) QueryRefund(ctx context.Context, r RefundRef) (result RefundResult, err error) {
	err = g.call(ctx, "query_refund", func(ctx context.Context) error {
		result, err = g.Provider.QueryRefund(ctx, r)
		return err
	})
	return result, err
}

// Statement has neither a time-out, since a day may be long, nor the breaker: no shopper waits for it.
func (g *guarded) Statement(ctx context.Context, at time.Time) iter.Seq2[StatementLine, error] {
	return func(yield func(StatementLine, error) bool) {
		ctx, end := telemetry.Span(ctx, "provider.statement", attribute.String("payment.provider", g.Name()))
		began := time.Now()
		var failed error
		for line, err := range g.Provider.Statement(ctx, at) {
			if err != nil {
				failed = err
			}
			if !yield(line, err) {
				break
			}
		}
		end(failed)
		g.metrics.ProviderCall(g.Name(), "statement", outcomeOf(failed), time.Since(began))
	}
}
