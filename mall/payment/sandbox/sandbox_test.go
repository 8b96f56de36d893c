package sandbox_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"videomall/db/dbtest"
	"videomall/mall/money"
	"videomall/mall/payment"
	"videomall/mall/payment/paymenttest"
	"videomall/mall/payment/sandbox"
)

const secret = "a secret between two"

// bench is a sandbox whose notices arrive at a server of the test.
type bench struct {
	*sandbox.Sandbox
	t     *testing.T
	ctx   context.Context
	pool  *pgxpool.Pool
	clock atomic.Pointer[time.Time]

	mu      sync.Mutex
	refuse  int // how many of the next posts are answered 500
	posts   int
	notices []payment.Notice
	raw     []paymenttest.Delivery
	refused []error
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{
		t:    t,
		ctx:  t.Context(),
		pool: dbtest.New(t),
	}
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	b.clock.Store(&at)
	mall := httptest.NewServer(http.HandlerFunc(b.receive))
	t.Cleanup(mall.Close)
	jobs, err := river.NewClient(riverpgxv5.New(b.pool), &river.Config{})
	if err != nil {
		t.Fatal(err)
	}
	b.Sandbox = sandbox.New(sandbox.Deps{
		Pool:  b.pool,
		River: jobs,
		Options: sandbox.Options{
			Secret:    secret,
			PublicURL: "http://pay.test",
			NotifyURL: mall.URL + "/callback",
			Now:       b.now,
		},
	})
	return b
}

func (b *bench) now() time.Time { return *b.clock.Load() }

func (b *bench) pass(d time.Duration) {
	at := b.now().Add(d)
	b.clock.Store(&at)
}

// receive stands for the mall: it verifies a notice and acknowledges it in the provider's form.
func (b *bench) receive(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	n, err := b.ParseNotice(r.Header, body)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.posts++
	switch {
	case b.refuse > 0:
		b.refuse--
		err = errors.New("the database is away")
	case err == nil:
		b.notices = append(b.notices, n)
		b.raw = append(b.raw, paymenttest.Delivery{Header: r.Header, Body: body})
	default:
		b.refused = append(b.refused, err)
	}
	ack := b.Acknowledge(err)
	w.Header().Set("Content-Type", ack.ContentType)
	w.WriteHeader(ack.Status)
	_, _ = io.WriteString(w, ack.Body)
}

func (b *bench) create(attemptNo string) (token string) {
	b.t.Helper()
	a, err := b.Create(b.ctx, payment.CreateRequest{
		AttemptNo: attemptNo,
		Method:    sandbox.Method,
		Subject:   "A video",
		ReturnURL: "/orders/7",
		Amount:    money.Of(990, "CNY"),
		ExpiresAt: b.now().Add(15 * time.Minute),
	})
	if err != nil {
		b.t.Fatal(err)
	}
	if a.Action.Type != payment.ActionRedirect {
		b.t.Fatalf("action %+v", a)
	}
	token, ok := strings.CutPrefix(a.Action.URL, "http://pay.test/sandbox/pay/")
	if !ok || len(token) < 26 {
		b.t.Fatalf("page %s", a.Action.URL)
	}
	return token
}

func (b *bench) pay(token string, o sandbox.PayOptions) {
	b.t.Helper()
	if _, err := b.Pay(b.ctx, token, o); err != nil {
		b.t.Fatal(err)
	}
}

// job is a queued River job.
type job struct {
	noticeID int64
	at       time.Time
}

// jobs lists the notices' jobs in the order of their insertion.
func (b *bench) jobs() []job {
	b.t.Helper()
	rows, err := b.pool.Query(b.ctx,
		"select args, scheduled_at from river_job where kind = 'sandbox_notice' and queue = 'sandbox' order by id")
	if err != nil {
		b.t.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (j job, err error) {
		var raw []byte
		var args sandbox.NoticeArgs
		if err = row.Scan(&raw, &j.at); err == nil {
			err = json.Unmarshal(raw, &args)
		}
		j.noticeID = args.NoticeID
		return j, err
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return all
}

// deliverAll delivers like the worker until the notice of every queued job has been acknowledged.
func (b *bench) deliverAll() {
	b.t.Helper()
	for i := 0; i < len(b.jobs()); i++ {
		id := b.jobs()[i].noticeID
		for tries := 0; ; tries++ {
			err := b.Deliver(b.ctx, id)
			if err == nil {
				break
			}
			if tries == 5 {
				b.t.Fatal(err)
			}
		}
	}
}

func (b *bench) status(attemptNo string) payment.Charge {
	b.t.Helper()
	c, err := b.Query(b.ctx, named(attemptNo))
	if err != nil {
		b.t.Fatal(err)
	}
	return c
}

func wantErr(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got %v, want %v", err, want)
	}
}

func parallel(n int, fn func(i int)) {
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() { <-start; fn(i) })
	}
	close(start)
	wg.Wait()
}

// named names an attempt of which nothing else is known.
func named(attemptNo string) payment.ChargeRef {
	return payment.ChargeRef{CreateRequest: payment.CreateRequest{AttemptNo: attemptNo}}
}

func refundOf(refundNo, attemptNo, txnNo string, sum money.Money) payment.RefundRequest {
	return payment.RefundRequest{RefundRef: payment.RefundRef{
		RefundNo:     refundNo,
		Charge:       named(attemptNo),
		ChannelTxnNo: txnNo,
		Amount:       sum,
	}}
}

func (b *bench) lines(at time.Time) (list []payment.StatementLine, err error) {
	for line, err := range b.Statement(b.ctx, at) {
		if err != nil {
			return nil, err
		}
		list = append(list, line)
	}
	return list, nil
}
