package order_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/order"
	"videomall/mall/transition/transitiontest"
)

func TestTransitions(t *testing.T) {
	s := open(t)
	transitiontest.Compare(t, order.Transitions(), s.pool, "order_transition_allowed", "../../docs/order-states.md")
}

func TestOrders_MoveTx_old_version(t *testing.T) {
	s := open(t)
	o := s.place(alice, one(s.sells(990, -1)))
	s.ok(db.InTx(s.ctx, s.pool, func(tx pgx.Tx) error { return s.orders.MoveTx(s.ctx, tx, o, order.Closed) }))
	err := db.InTx(s.ctx, s.pool, func(tx pgx.Tx) error { return s.orders.MoveTx(s.ctx, tx, o, order.Closed) })
	if !errors.Is(err, order.ErrMoved) {
		t.Fatalf("the same step again: %v", err)
	}
	o = s.is(o.OrderNo, order.Closed)
	if err := db.InTx(s.ctx, s.pool, func(tx pgx.Tx) error {
		return s.orders.MoveTx(s.ctx, tx, o, order.Delivered)
	}); err == nil || !strings.Contains(err.Error(), "no transition") {
		t.Fatalf("a step outside the table: %v", err)
	}
	s.is(o.OrderNo, order.Closed)
}

func TestSchema_refuses_inconsistent_orders(t *testing.T) {
	s := open(t)
	o := s.place(alice, one(s.sells(990, -1)))
	for _, status := range []string{"PAID", "DELIVERED", "CLOSED", "REFUNDED", "LOST"} {
		_, err := s.pool.Exec(s.ctx, `update video_order set status = $1 where order_no = $2`, status, o.OrderNo)
		if !db.IsCheck(err, "") {
			t.Errorf("%s without its time: %v", status, err)
		}
	}
	if _, err := s.pool.Exec(s.ctx, `insert into order_transition (order_no, from_status, to_status, version, cause,
		actor)
		values ($1, 'REFUNDED', 'PAID', 9, 'test', 'test')`, o.OrderNo); !db.IsCheck(err, "order_transition_allowed") {
		t.Errorf("REFUNDED to PAID was recorded: %v", err)
	}
	if _, err := s.pool.Exec(s.ctx,
		fmt.Sprintf(`update video_order set refunded_amount = %d where order_no = $1`, o.Total.Amount+1),
		o.OrderNo); !db.IsCheck(err, "video_order_refunded_within") {
		t.Errorf("more than the total was refunded: %v", err)
	}
}
