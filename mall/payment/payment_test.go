package payment_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"videomall/db"
	"videomall/db/dbtest"
	"videomall/mall/money"
	"videomall/mall/payment"
	"videomall/mall/payment/sandbox"
)

// till is a sandbox with its payments, on a database and a clock of its own.
type till struct {
	t        *testing.T
	ctx      context.Context
	pool     *pgxpool.Pool
	sandbox  *sandbox.Sandbox
	payments *payment.Payments
	clock    atomic.Pointer[time.Time]
}

func newTill(t *testing.T, wrap func(*till) payment.Provider) *till {
	t.Helper()
	k := &till{
		t:    t,
		ctx:  t.Context(),
		pool: dbtest.New(t),
	}
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	k.clock.Store(&at)
	jobs, err := river.NewClient(riverpgxv5.New(k.pool), &river.Config{})
	if err != nil {
		t.Fatal(err)
	}
	k.sandbox = sandbox.New(sandbox.Deps{
		Pool:  k.pool,
		River: jobs,
		Options: sandbox.Options{
			Secret:    "s",
			PublicURL: "http://pay.test",
			NotifyURL: "http://127.0.0.1:1/",
			Now:       k.now,
		},
	})
	var provider payment.Provider = k.sandbox
	if wrap != nil {
		provider = wrap(k)
	}
	k.payments = payment.New(payment.Deps{
		Pool:      k.pool,
		Now:       k.now,
		Providers: []payment.Provider{provider, second{k.sandbox}},
	})
	return k
}

func (k *till) now() time.Time { return *k.clock.Load() }

func (k *till) pass(d time.Duration) {
	at := k.now().Add(d)
	k.clock.Store(&at)
}

// second is another provider, with a name of its own.
type second struct{ *sandbox.Sandbox }

func (second) Name() string { return "second" }

// network stands between the mall and the sandbox and can lose a request or an answer.
type network struct {
	*sandbox.Sandbox
	creates, refunds atomic.Int32
	create           func(payment.CreateRequest, func() (payment.Created, error)) (payment.Created, error)
	refund           func(payment.RefundRequest, func() (payment.RefundResult, error)) (payment.RefundResult, error)
	query            func() error
}

func (n *network) Create(ctx context.Context, r payment.CreateRequest) (payment.Created, error) {
	n.creates.Add(1)
	call := func() (payment.Created, error) { return n.Sandbox.Create(ctx, r) }
	if n.create == nil {
		return call()
	}
	return n.create(r, call)
}

func (n *network) Query(ctx context.Context, c payment.ChargeRef) (payment.Charge, error) {
	if n.query != nil {
		if err := n.query(); err != nil {
			return payment.Charge{}, err
		}
	}
	return n.Sandbox.Query(ctx, c)
}

func (n *network) QueryRefund(ctx context.Context, r payment.RefundRef) (payment.RefundResult, error) {
	if n.query != nil {
		if err := n.query(); err != nil {
			return payment.RefundResult{}, err
		}
	}
	return n.Sandbox.QueryRefund(ctx, r)
}

func (n *network) Refund(ctx context.Context, r payment.RefundRequest) (payment.RefundResult, error) {
	n.refunds.Add(1)
	call := func() (payment.RefundResult, error) { return n.Sandbox.Refund(ctx, r) }
	if n.refund == nil {
		return call()
	}
	return n.refund(r, call)
}

func cny(n int64) money.Money { return money.Of(n, "CNY") }

func (k *till) request(reference string) payment.PrepayRequest {
	return payment.PrepayRequest{
		Reference: reference,
		Provider:  sandbox.Name,
		Subject:   "A video",
		ReturnURL: "/orders/" + reference,
		Amount:    cny(990),
		ExpiresAt: k.now().Add(15 * time.Minute),
	}
}

func (k *till) prepay(reference string) payment.Attempt {
	k.t.Helper()
	a, err := k.payments.Prepay(k.ctx, k.request(reference))
	if err != nil {
		k.t.Fatal(err)
	}
	return a
}

// pay pays an attempt on its hosted page and returns the provider's charge.
func (k *till) pay(a payment.Attempt, o sandbox.PayOptions) payment.Charge {
	k.t.Helper()
	token := a.Action.URL[len("http://pay.test/sandbox/pay/"):]
	if _, err := k.sandbox.Pay(k.ctx, token, o); err != nil {
		k.t.Fatal(err)
	}
	c, err := k.sandbox.Query(k.ctx, named(a.AttemptNo))
	if err != nil {
		k.t.Fatal(err)
	}
	return c
}

func (k *till) tx(fn func(pgx.Tx) error) {
	k.t.Helper()
	if err := db.InTx(k.ctx, k.pool, fn); err != nil {
		k.t.Fatal(err)
	}
}

// capture records the money of a paid attempt.
func (k *till) capture(a payment.Attempt, c payment.Charge, state payment.CaptureState) payment.Capture {
	k.t.Helper()
	var out payment.Capture
	k.tx(func(tx pgx.Tx) (err error) {
		out, _, err = k.payments.CaptureTx(k.ctx, tx, payment.Capture{
			Provider:     sandbox.Name,
			ChannelTxnNo: c.ChannelTxnNo,
			AttemptNo:    a.AttemptNo,
			Reference:    a.Reference,
			Amount:       c.Amount,
			State:        state,
			CapturedAt:   c.PaidAt,
		})
		return err
	})
	return out
}

func (k *till) count(query string, args ...any) (n int64) {
	k.t.Helper()
	if err := k.pool.QueryRow(k.ctx, query, args...).Scan(&n); err != nil {
		k.t.Fatal(err)
	}
	return n
}

func (k *till) attempts(reference string) []payment.Attempt {
	k.t.Helper()
	all, err := k.payments.Attempts(k.ctx, reference)
	if err != nil {
		k.t.Fatal(err)
	}
	return all
}

func wantErr(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got %v, want %v", err, want)
	}
}

// parallel runs fn n times at once.
func parallel(n int, fn func(i int)) {
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() { <-start; fn(i) })
	}
	close(start)
	wg.Wait()
}

func refundNo(n int) string { return fmt.Sprintf("refund-%04d", n) }

// named names an attempt of which nothing else is known.
func named(attemptNo string) payment.ChargeRef {
	return payment.ChargeRef{CreateRequest: payment.CreateRequest{AttemptNo: attemptNo}}
}
