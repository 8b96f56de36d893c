package jobs_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"videomall/jobs"
	"videomall/mall/entitlement"
	"videomall/mall/invoice"
	"videomall/mall/malltest"
	"videomall/mall/media"
	"videomall/mall/order"
	"videomall/mall/payment/sandbox"
	"videomall/mall/reconcile"
	"videomall/mall/webhook"
)

// open builds a mall whose bank can reach it.
func open(t *testing.T) *malltest.Mall {
	t.Helper()
	t.Parallel()
	return malltest.Listening(t)
}

// work starts workers that end with the test.
func work(m *malltest.Mall) *river.Client[pgx.Tx] {
	m.T.Helper()
	client, err := jobs.New(jobs.Deps{
		Pool:    m.Pool,
		Mall:    m.Mall,
		Log:     m.Log,
		Metrics: m.Metrics,
	})
	m.OK(err)
	m.OK(client.Start(m.Ctx))
	m.T.Cleanup(func() { stop(m, client) })
	return client
}

func stop(m *malltest.Mall, client *river.Client[pgx.Tx]) {
	m.T.Helper()
	ctx, cancel := context.WithTimeout(m.Ctx, 30*time.Second)
	defer cancel()
	if err := client.StopAndCancel(ctx); err != nil && !errors.Is(err, context.Canceled) {
		m.T.Errorf("stop the workers: %v", err)
	}
}

func TestWorkers_order(t *testing.T) {
	m := open(t)
	video := m.Sells(990, 3)
	work(m)
	o := m.Place(7, video)
	m.Pay(o, sandbox.PayOptions{Copies: 3})
	o = m.Becomes(o.OrderNo, order.Delivered)
	if _, err := m.Entitlements.Find(m.Ctx, 7, o.Items[0].SPUID); err != nil {
		t.Error(err)
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if sold := malltest.Query[int64](m,
			`select sold_count from video_product_spu`); slices.Equal(sold, []int64{1}) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the outbox never told the catalogue of the sale")
		}
	}
	_, err := m.Orders.Refunds().Request(m.Ctx, order.RefundRequest{
		OrderNo: o.OrderNo,
		Key:     "k",
		Actor:   "operator:1",
	})
	m.OK(err)
	m.Becomes(o.OrderNo, order.Refunded)
	if _, err := m.Entitlements.Find(m.Ctx, 7, o.Items[0].SPUID); !errors.Is(err, entitlement.ErrRevoked) {
		t.Errorf("after the refund: %v", err)
	}
	m.Whole()
}

func TestWorkers_unpaid_order(t *testing.T) {
	m := open(t)
	video := m.Sells(990, 1)
	o := m.Place(7, video)
	m.PayPage(o)
	m.Advance(16 * time.Minute)
	// The job itself would wait for the machine's clock. The sweeper behind it goes by the test's, and closes the
	// order.
	work(m)
	m.Becomes(o.OrderNo, order.Closed)
	m.Whole()
}

func TestWorkers_grant_job_lost(t *testing.T) {
	m := open(t)
	o := m.Place(7, m.Sells(990, -1))
	m.Pay(o, sandbox.PayOptions{})
	id := malltest.Query[int64](m, `select id from sandbox_notice`)[0]
	m.OK(m.Sandbox.Deliver(m.Ctx, id))
	_, err := m.Pool.Exec(m.Ctx, `delete from river_job where kind = 'order_deliver'`)
	m.OK(err)
	began := time.Now()
	work(m)
	m.Becomes(o.OrderNo, order.Delivered)
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("granted after %s", took)
	}
}

func TestWorkers_grant_worker_killed(t *testing.T) {
	m := open(t)
	o := m.Place(7, m.Sells(990, -1))
	m.Pay(o, sandbox.PayOptions{})
	m.OK(m.Sandbox.Deliver(m.Ctx, malltest.Query[int64](m, `select id from sandbox_notice`)[0]))
	// A worker that was killed leaves a job in the state running, and River waits for that job for minutes.
	_, err := m.Pool.Exec(m.Ctx, `update river_job
		set state = 'running', attempt = 1, attempted_at = now(), attempted_by = '{dead}'
		where kind = 'order_deliver'`)
	m.OK(err)
	work(m)
	m.Becomes(o.OrderNo, order.Delivered)
	m.Whole()
}

func TestWorkers_job_that_panics(t *testing.T) {
	m := open(t)
	video := m.Sells(990, -1)
	for range 5 {
		_, err := m.River.Insert(m.Ctx, order.DeliverArgs{OrderNo: "01POISON000000000000000000"}, nil)
		m.OK(err)
	}
	_, err := m.River.Insert(m.Ctx, order.RefundArgs{RefundNo: "nobody's"}, &river.InsertOpts{MaxAttempts: 1})
	m.OK(err)
	work(m)
	for buyer := range 5 {
		o := m.Place(int64(100+buyer), video)
		m.Pay(o, sandbox.PayOptions{})
		m.Becomes(o.OrderNo, order.Delivered)
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if dead := malltest.Query[string](m,
			`select kind from river_job where state = 'discarded'`); slices.Equal(dead, []string{"order_refund"}) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the poisonous refund never became a dead letter")
		}
	}
}

func TestWorkers_every_kind(t *testing.T) {
	m := open(t)
	work(m) // River refuses to insert a kind that a working client does not know
	client, err := jobs.New(jobs.Deps{
		Pool:    m.Pool,
		Mall:    m.Mall,
		Log:     m.Log,
		Metrics: m.Metrics,
	})
	m.OK(err)
	for _, args := range []river.JobArgs{
		order.CloseArgs{OrderNo: "x"},
		order.DeliverArgs{OrderNo: "x"},
		order.RefundArgs{RefundNo: "x"},
		order.CloseSiblingsArgs{OrderNo: "x"},
		order.CloseOwnedArgs{OrderNo: "x"},
		order.CollectArgs{OrderNo: "x"},
		sandbox.NoticeArgs{NoticeID: 1},
		media.StageArgs{VideoID: 1},
		media.EraseArgs{VideoID: 1},
		order.EndAccessArgs{SPUID: 1},
		webhook.TurnArgs{EndpointID: 1},
		invoice.IssueArgs{OrderNo: "x"},
		reconcile.RunArgs{Provider: "sandbox", Day: "2026-03-20"},
		jobs.TickArgs{Task: "reprice"},
	} {
		if _, err := client.Insert(m.Ctx, args, nil); err != nil {
			t.Errorf("%s: %v", args.Kind(), err)
		}
	}
}

func TestWorkers_stopped(t *testing.T) {
	m := open(t)
	video := m.Sells(990, -1)
	var orders []order.Order
	for buyer := range 20 {
		o := m.Place(int64(100+buyer), video)
		m.Pay(o, sandbox.PayOptions{})
		orders = append(orders, o)
	}
	first := work(m)
	m.Becomes(orders[0].OrderNo, order.Delivered) // in the middle of the work
	stop(m, first)
	work(m)
	for _, o := range orders {
		m.Becomes(o.OrderNo, order.Delivered)
	}
	m.Whole()
}

func TestPeriodic_process_killed(t *testing.T) {
	m := open(t)
	o := m.Place(7, m.Sells(990, -1))
	m.Pay(o, sandbox.PayOptions{})
	m.OK(m.Sandbox.Deliver(m.Ctx, malltest.Query[int64](m, `select id from sandbox_notice`)[0]))
	// A process was killed in the middle of both: of the grant, and of the sweeper's turn that would have made up for
	// it.
	client, err := jobs.New(jobs.Deps{
		Pool:    m.Pool,
		Mall:    m.Mall,
		Log:     m.Log,
		Metrics: m.Metrics,
	})
	m.OK(err)
	_, err = client.Insert(m.Ctx, jobs.TickArgs{Task: "sweep_undelivered"}, nil)
	m.OK(err)
	_, err = m.Pool.Exec(m.Ctx, `update river_job
		set state = 'running', attempt = 1, attempted_at = now(), attempted_by = '{dead}'
		where kind in ('order_deliver', 'tick')`)
	m.OK(err)
	began := time.Now()
	work(m)
	m.Becomes(o.OrderNo, order.Delivered)
	if took := time.Since(began); took > 25*time.Second {
		t.Errorf("granted after %s", took)
	}
}

func TestPeriodic_process_dead(t *testing.T) {
	m := open(t)
	client, err := jobs.New(jobs.Deps{
		Pool:    m.Pool,
		Mall:    m.Mall,
		Log:     m.Log,
		Metrics: m.Metrics,
	})
	m.OK(err)
	_, err = client.Insert(m.Ctx, jobs.TickArgs{Task: "count_dead"}, nil)
	m.OK(err)
	_, err = m.Pool.Exec(m.Ctx, `update river_job
		set state = 'running', attempt = 1, attempted_at = now() - interval '1 hour', attempted_by = '{dead}'`)
	m.OK(err)
	work(m)
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		states := malltest.Query[string](m, `select state::text from river_job where attempted_by[1] = 'dead'`)
		if slices.Equal(states, []string{"completed"}) {
			return
		}
		if time.Now().After(deadline) || slices.Contains(states, "discarded") { // no letter for an operator
			t.Fatalf("the dead process's turn is %v", states)
		}
	}
}
