package order_test

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/order"
)

// pairs writes a transition table as sorted "FROM TO" lines.
func pairs(found [][]string) string {
	var lines []string
	for _, m := range found {
		lines = append(lines, m[1]+" "+m[2])
	}
	sort.Strings(lines)
	return strings.Join(slices.Compact(lines), "\n")
}

func TestTransitions_agree_with_the_schema_and_the_diagram(t *testing.T) {
	s := open(t)
	var inCode [][]string
	for from, to := range order.Transitions() {
		for _, to := range to {
			inCode = append(inCode, []string{"", string(from), string(to)})
		}
	}
	want := pairs(inCode)
	check := query[string](s, `select pg_get_constraintdef(oid) from pg_constraint
		where conname = 'order_transition_allowed'`)[0]
	if got := pairs(regexp.MustCompile(`from_status = '(\w+)'::text\) AND \(to_status = '(\w+)'`).
		FindAllStringSubmatch(check, -1)); got != want {
		t.Errorf("the CHECK allows\n%s\nthe code\n%s\n(%s)", got, want, check)
	}
	drawing, err := os.ReadFile("../../docs/order-states.md")
	s.ok(err)
	if got := pairs(regexp.MustCompile(`(?m)^\s+([A-Z_]+) --> ([A-Z_]+)\b`).
		FindAllStringSubmatch(string(drawing), -1)); got != want {
		t.Errorf("the drawing shows\n%s\nthe code\n%s", got, want)
	}
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
