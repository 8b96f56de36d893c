package order_test

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/mall/order"
	"videomall/mall/payment/sandbox"
)

// waits locks the stock row of held while do runs, waits until do is blocked by it, and fails if do has locked the row
// of free before: two transactions that lock the rows of several SKUs in different orders can deadlock.
func (s *shop) waits(held, free int64, do func() error) {
	s.t.Helper()
	tx, err := s.pool.Begin(s.ctx)
	s.ok(err)
	defer func() { _ = tx.Rollback(s.ctx) }()
	lock := `select 1 from video_inventory where sku_id = $1 for update nowait`
	_, err = tx.Exec(s.ctx, lock, held)
	s.ok(err)
	pid := tx.Conn().PgConn().PID()
	done := make(chan error, 1)
	go func() { done <- do() }()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		blocked := query[int64](s, `select count(*) from pg_stat_activity where $1::int = any(pg_blocking_pids(pid))`,
			int64(pid))
		if blocked[0] > 0 {
			break
		}
		if time.Now().After(deadline) {
			s.t.Fatal("nobody ever waited for the row")
		}
	}
	s.ok(pgx.BeginFunc(s.ctx, s.pool, func(other pgx.Tx) error {
		if _, err := other.Exec(s.ctx, lock, free); err != nil {
			s.t.Errorf("the other row is locked already: %v", err)
		}
		return nil
	}))
	s.ok(tx.Rollback(s.ctx))
	s.ok(<-done)
}

func TestOrders_Cancel_locks_the_stock_in_order_of_sku(t *testing.T) {
	s := open(t)
	a, b := s.sells(990, 9), s.sells(500, 9)
	backwards := one(b, a)

	closed := s.place(alice, backwards)
	s.waits(a, b, func() error { _, err := s.orders.Cancel(s.ctx, alice, closed.OrderNo); return err })
	s.is(closed.OrderNo, order.Closed)

	paid := s.place(alice, backwards)
	s.payAt(s.page(paid), sandbox.PayOptions{})
	notice := query[int64](s, `select id from sandbox_notice`)[0]
	s.waits(a, b, func() error { return s.sandbox.Deliver(s.ctx, notice) })
	s.ok(s.orders.Deliver(s.ctx, paid.OrderNo))

	_, err := s.orders.Refunds().Request(s.ctx, order.RefundRequest{OrderNo: paid.OrderNo, Key: "k"})
	s.ok(err)
	if err := s.orders.Refunds().Submit(s.ctx, query[string](s, `select refund_no from order_refund`)[0]); err == nil {
		t.Fatal("the sandbox should say how a refund ended by a notice only")
	}
	notice = query[int64](s, `select max(id) from sandbox_notice`)[0]
	s.waits(a, b, func() error { return s.sandbox.Deliver(s.ctx, notice) })
	s.is(paid.OrderNo, order.Refunded)
	s.whole()
}
