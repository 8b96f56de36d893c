package order_test

import (
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/mall/fault"
	"videomall/mall/order"
	"videomall/mall/payment/sandbox"
	"videomall/mall/promotion"
)

func TestOrders_Cancel_returns_the_coupon_use(t *testing.T) {
	s := open(t)
	video := s.sells(990, -1)
	k := s.coupon("SPRING", func(t *promotion.Terms) { t.TotalLimit = 1 })
	for range 2 {
		o := s.placeWith(alice, "SPRING", one(video))
		s.uses(k, 1, 0)
		_, err := s.orders.Cancel(s.ctx, alice, o.OrderNo)
		s.ok(err)
		s.uses(k, 0, 0)
	}
	o := s.placeWith(bob, "SPRING", one(video))
	s.advance(16 * time.Minute)
	s.ok(s.orders.Expire(s.ctx, o.OrderNo))
	s.uses(k, 0, 0)
	s.ok(s.orders.Expire(s.ctx, o.OrderNo))
	s.uses(k, 0, 0)
}

func TestOrders_ApplyNotice_paid_after_close_coupon_used_up(t *testing.T) {
	s := open(t)
	video := s.sells(990, -1)
	k := s.coupon("SPRING", func(t *promotion.Terms) { t.TotalLimit = 1 })
	o := s.placeWith(alice, "SPRING", one(video))
	s.payAt(s.page(o), sandbox.PayOptions{HoldNotice: true})
	s.closeUnasked(o)
	s.placeWith(bob, "SPRING", one(video))
	s.releaseNotices()
	if got := s.outcomes(); got != order.OutcomePaidAfterClose {
		t.Fatalf("outcomes %s", got)
	}
	s.refunds()
	s.is(o.OrderNo, order.Refunded)
	s.uses(k, 1, 0)
	s.whole()
}

func TestOrders_ApplyNotice_paid_after_close_revives_the_coupon_use(t *testing.T) {
	s := open(t)
	video := s.sells(990, 2)
	k := s.coupon("SPRING", func(t *promotion.Terms) { t.TotalLimit = 1 })
	o := s.placeWith(alice, "SPRING", one(video))
	s.payAt(s.page(o), sandbox.PayOptions{HoldNotice: true})
	s.closeUnasked(o)
	s.uses(k, 0, 0)
	s.releaseNotices()
	if got := s.outcomes(); got != order.OutcomeRevived {
		t.Fatalf("outcomes %s", got)
	}
	s.uses(k, 0, 1)
	s.ok(s.orders.Deliver(s.ctx, o.OrderNo))
	s.whole()
}

// A payment that comes after the close is refunded if the terms of the order's coupon have changed.
func TestOrders_ApplyNotice_paid_after_close_coupon_changed(t *testing.T) {
	s := open(t)
	video := s.sells(990, -1)
	k := s.coupon("SPRING")
	o := s.placeWith(alice, "SPRING", one(video))
	s.payAt(s.page(o), sandbox.PayOptions{HoldNotice: true})
	s.closeUnasked(o)
	terms := k.Terms
	terms.AmountOff = 100
	_, err := s.promotions.EditCoupon(s.ctx, creator, k.ID, k.Version, terms)
	s.ok(err)
	s.releaseNotices()
	if got := s.outcomes(); got != order.OutcomePaidAfterClose {
		t.Fatalf("outcomes %s", got)
	}
	s.refunds()
	s.whole()
}

// The total of a coupon can't be set below the number of its uses.
func TestPromotions_EditCoupon_total_below_its_uses(t *testing.T) {
	s := open(t)
	k := s.coupon("SPRING")
	for _, userID := range []int64{alice, bob} {
		s.placeWith(userID, "SPRING", one(s.sells(990, -1)))
	}
	terms := k.Terms
	terms.TotalLimit = 1
	if _, err := s.promotions.EditCoupon(s.ctx, creator, k.ID, k.Version,
		terms); fault.From(err).Fields["total_limit"] != "below_uses" {
		t.Errorf("1 of 2 uses: %v", err)
	}
	s.uses(k, 2, 0)
	terms.TotalLimit = 2
	cut, err := s.promotions.EditCoupon(s.ctx, creator, k.ID, k.Version, terms)
	s.ok(err)
	if cut.TotalLimit != 2 {
		t.Errorf("kept as %d", cut.TotalLimit)
	}
	if _, _, err := s.orders.Place(s.ctx,
		wants(carol, "SPRING", one(s.sells(990, -1)))); !errors.Is(err, promotion.ErrCouponUsedUp) {
		t.Errorf("a third use: %v", err)
	}
}

func TestOrders_Place_locks_the_stock_before_the_coupon(t *testing.T) {
	s := open(t)
	video := s.sells(990, 9)
	s.coupon("SPRING", func(t *promotion.Terms) { t.PerUser = 9 })
	stockFirst := func(do func() error) {
		t.Helper()
		s.waitsFor(`select 1 from video_inventory where sku_id = $1 for update nowait`, video,
			`select 1 from promotion_coupon where code = $1 for update nowait`, "SPRING", do)
	}
	var o order.Order
	stockFirst(func() (err error) { o, _, err = s.orders.Place(s.ctx, wants(alice, "SPRING", one(video))); return err })
	stockFirst(func() error { _, err := s.orders.Cancel(s.ctx, alice, o.OrderNo); return err })
	o = s.placeWith(alice, "SPRING", one(video))
	s.payAt(s.page(o), sandbox.PayOptions{})
	notice := query[int64](s, `select max(id) from sandbox_notice`)[0]
	stockFirst(func() error { return s.sandbox.Deliver(s.ctx, notice) })
	s.ok(s.orders.Deliver(s.ctx, o.OrderNo))
	_, err := s.orders.Refunds().Request(s.ctx, order.RefundRequest{OrderNo: o.OrderNo, Key: "k"})
	s.ok(err)
	if err := s.orders.Refunds().Submit(s.ctx, query[string](s, `select refund_no from order_refund`)[0]); err == nil {
		t.Fatal("the sandbox should say how a refund ended by a notice only")
	}
	notice = query[int64](s, `select max(id) from sandbox_notice`)[0]
	stockFirst(func() error { return s.sandbox.Deliver(s.ctx, notice) })
	s.is(o.OrderNo, order.Refunded)
	s.whole()
}

// waitsFor locks one row while do runs, waits until do is blocked by it, and fails if do has locked the other row
// before.
func (s *shop) waitsFor(held string, heldArg any, free string, freeArg any, do func() error) {
	s.t.Helper()
	tx, err := s.pool.Begin(s.ctx)
	s.ok(err)
	defer func() { _ = tx.Rollback(s.ctx) }()
	_, err = tx.Exec(s.ctx, held, heldArg)
	s.ok(err)
	pid := tx.Conn().PgConn().PID()
	done := make(chan error, 1)
	go func() { done <- do() }()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if query[int64](s, `select count(*) from pg_stat_activity where $1::int = any(pg_blocking_pids(pid))`,
			int64(pid))[0] > 0 {
			break
		}
		if time.Now().After(deadline) {
			s.t.Fatal("nobody ever waited for the row")
		}
	}
	s.ok(pgx.BeginFunc(s.ctx, s.pool, func(other pgx.Tx) error {
		if _, err := other.Exec(s.ctx, free, freeArg); err != nil {
			s.t.Errorf("the other row is locked already: %v", err)
		}
		return nil
	}))
	s.ok(tx.Rollback(s.ctx))
	s.ok(<-done)
}
