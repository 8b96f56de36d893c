package order_test

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"testing"
	"time"

	"videomall/mall/order"
	"videomall/mall/payment"
	"videomall/mall/payment/sandbox"
)

// dump returns a hash of every table's rows.
func (s *shop) dump() map[string]string {
	s.t.Helper()
	all := map[string]string{}
	for _, table := range query[string](s, `select tablename::text from pg_tables where schemaname = 'public'`) {
		all[table] = query[string](s, `select coalesce(md5(string_agg(r::text, '|' order by r::text)), '')
			from `+table+` r`)[0]
	}
	return all
}

// counts returns the number of every table's rows.
func (s *shop) counts() map[string]int64 {
	s.t.Helper()
	all := map[string]int64{}
	for _, table := range query[string](s, `select tablename::text from pg_tables where schemaname = 'public'`) {
		all[table] = query[int64](s, "select count(*) from "+table)[0]
	}
	return all
}

// unsent returns the bodies of the bank's notices that were not acknowledged yet.
func (s *shop) unsent() [][]byte {
	s.t.Helper()
	return query[[]byte](s, `select body from sandbox_notice where acked_at is null and not held order by id`)
}

// foretells has a notice arrive, and fails unless what was foretold comes true, and nothing was changed by foretelling it.
func (s *shop) foretells(o order.Order, body []byte, outcome string, to order.Status) order.WhatIf {
	s.t.Helper()
	n, err := s.sandbox.ReadNotice(body)
	s.ok(err)
	tables, keys := s.dump(), s.redis.DBSize(s.ctx).Val()
	foretold, err := s.orders.WhatIfCame(s.ctx, o.OrderNo, n)
	s.ok(err)
	s.same(tables)
	if now := s.redis.DBSize(s.ctx).Val(); now != keys {
		s.t.Errorf("Redis has %d keys, had %d", now, keys)
	}
	if foretold.Outcome != outcome || foretold.To != to {
		s.t.Errorf("foretold %s and %s, want %s and %s", foretold.Outcome, foretold.To, outcome, to)
	}
	events := query[int64](s, "select coalesce(max(id), 0) from outbox_event")[0]
	jobs := query[int64](s, "select coalesce(max(id), 0) from river_job")[0]
	lines := query[int64](s, "select coalesce(max(id), 0) from ledger_line")[0]
	before := s.counts()
	h := http.Header{}
	h.Set(sandbox.SignatureHeader, sandbox.Sign("sandbox-secret", s.now(), body))
	got, _, err := s.orders.ApplyNotice(s.ctx, sandbox.Name, h, body)
	s.ok(err)
	if got != foretold.Outcome {
		s.t.Errorf("foretold %s, it was %s", foretold.Outcome, got)
	}
	s.is(o.OrderNo, to)
	added := map[string]int64{}
	for table, n := range s.counts() {
		if n != before[table] && table != "payment_notice" {
			added[table] = n - before[table]
		}
	}
	said := map[string]int64{}
	for _, w := range foretold.Written {
		if n := w.Inserted - w.Deleted; n != 0 {
			said[w.Table] = n
		}
	}
	if !maps.Equal(added, said) {
		s.t.Errorf("foretold new rows %v, there are %v", said, added)
	}
	if w := query[string](s, "select type from outbox_event where id > $1 order by id", events); !slices.Equal(w,
		foretold.Events) {
		s.t.Errorf("foretold the events %v, there are %v", foretold.Events, w)
	}
	if w := query[string](s, "select kind from river_job where id > $1 order by id", jobs); !slices.Equal(w,
		foretold.Jobs) {
		s.t.Errorf("foretold the jobs %v, there are %v", foretold.Jobs, w)
	}
	booked := map[string]int64{}
	for _, p := range foretold.Booked {
		booked[p.Kind+" "+p.Lines[0].Account] += p.Lines[0].Amount.Amount
	}
	names := query[string](s, `select p.kind || ' ' || l.account from ledger_line l
		join ledger_posting p on p.id = l.posting_id where l.id > $1 order by l.id`, lines)
	for i, sum := range query[int64](s, "select amount from ledger_line where id > $1 order by id", lines) {
		booked[names[i]] -= sum
	}
	for name, rest := range booked {
		if rest != 0 {
			s.t.Errorf("%s: foretold %d more than was booked", name, rest)
		}
	}
	return foretold
}

func (s *shop) same(tables map[string]string) {
	s.t.Helper()
	for table, now := range s.dump() {
		if now != tables[table] {
			s.t.Errorf("%s was changed", table)
		}
	}
}

func TestOrders_WhatIf_comes_true(t *testing.T) {
	s := open(t)
	o := s.place(alice, one(s.sells(990, 3), s.sells(500, -1)))
	s.payAt(s.page(o), sandbox.PayOptions{Twice: true})
	both := s.unsent()
	paid := s.foretells(o, both[0], order.OutcomePaid, order.Paid)
	if paid.From != order.PendingPay || len(paid.Booked) == 0 || !slices.Contains(paid.Jobs, "order_deliver") {
		t.Errorf("got %+v", paid)
	}
	if again := s.foretells(o, both[0], order.OutcomeDuplicate, order.Paid); !again.Nothing() {
		t.Errorf("a duplicate writes %+v", again)
	}
	s.foretells(o, both[1], order.OutcomePaidTwice, order.Paid)
	s.ok(s.orders.Deliver(s.ctx, o.OrderNo))

	other := s.place(bob, one(s.sells(990, 3)))
	s.payAt(s.page(other), sandbox.PayOptions{Amount: 980})
	s.foretells(other, s.unsent()[2], order.OutcomeAmountMismatch, order.PendingPay)
	s.whole()
}

func TestOrders_WhatIf_refund_and_dispute(t *testing.T) {
	s := open(t)
	o := s.bought(alice, one(s.sells(990, 3)))
	_, err := s.orders.Refunds().Request(s.ctx, order.RefundRequest{
		OrderNo: o.OrderNo,
		Reason:  "asked for it",
		Actor:   "operator:2",
		Key:     "k1",
	})
	s.ok(err)
	for _, no := range query[string](s, "select refund_no from order_refund") {
		if err := s.orders.Refunds().Submit(s.ctx, no); !errors.Is(err, order.ErrAwaitsProvider) {
			t.Fatal(err)
		}
	}
	s.foretells(o, s.unsent()[0], order.OutcomeRefundSettled, order.Refunded)

	disputed := s.bought(bob, one(s.sells(990, 3)))
	s.dispute(disputed, payment.DisputeOpened)
	for _, body := range s.unsent()[1:] {
		s.foretells(disputed, body, order.OutcomeDispute, order.Delivered)
	}
	s.dispute(disputed, payment.DisputeLost)
	bodies := s.unsent()
	s.foretells(disputed, bodies[len(bodies)-1], order.OutcomeDisputeLost, order.Refunded)
	s.whole()
}

func TestOrders_WhatIf_recorded(t *testing.T) {
	s := open(t)
	o := s.bought(alice, one(s.sells(990, 3)))
	notices, err := s.payments.Notices(s.ctx, o.OrderNo, 10)
	s.ok(err)
	tables := s.dump()
	for _, first := range []bool{false, true} {
		w, err := s.orders.WhatIf(s.ctx, o.OrderNo, notices[0].ID, first)
		if err != nil || w.Outcome != order.OutcomeDuplicate || !w.Nothing() {
			t.Errorf("first %t: got %+v, %v", first, w, err)
		}
	}
	other := s.place(bob, one(s.sells(990, 3)))
	if _, err := s.orders.WhatIf(s.ctx, other.OrderNo, notices[0].ID, false); !errors.Is(err, payment.ErrUnknownNotice) {
		t.Errorf("the notice of another order: got %v", err)
	}
	delete(tables, "video_order")
	for table, now := range s.dump() {
		if was, old := tables[table]; old && now != was && slices.Contains([]string{
			"payment_notice", "payment_capture", "ledger_line", "video_payment",
		}, table) {
			t.Errorf("%s was changed", table)
		}
	}
}

func TestOrders_WhatIf_asks_no_provider(t *testing.T) {
	asked := 0
	s := open(t, func(_ *shop, p payment.Provider) payment.Provider { return &counting{Provider: p, asked: &asked} })
	o := s.place(alice, one(s.sells(990, 3)))
	s.payAt(s.page(o), sandbox.PayOptions{HoldNotice: true})
	attempt := query[string](s, "select attempt_no from video_payment")[0]
	s.refundAtBank(attempt, query[string](s, "select txn_no from sandbox_transaction")[0], 990)
	n, err := s.sandbox.ReadNotice(s.unsent()[0])
	s.ok(err)
	asked = 0
	tables := s.dump()
	w, err := s.orders.WhatIfCame(s.ctx, o.OrderNo, n)
	if err != nil || !w.AsksProvider || w.Outcome != "" || asked != 0 {
		t.Errorf("got %+v, %v, asked %d times", w, err, asked)
	}
	s.same(tables)
}

// TestOrders_WhatIf_waits_for_nobody shows that it gives up at once where a payment is at work.
func TestOrders_WhatIf_waits_for_nobody(t *testing.T) {
	s := open(t)
	o := s.place(alice, one(s.sells(990, 3)))
	s.payAt(s.page(o), sandbox.PayOptions{})
	n, err := s.sandbox.ReadNotice(s.unsent()[0])
	s.ok(err)
	tx, err := s.pool.Begin(s.ctx)
	s.ok(err)
	defer func() { _ = tx.Rollback(s.ctx) }()
	if _, err := tx.Exec(s.ctx, "select from video_order for update"); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if _, err := s.orders.WhatIfCame(s.ctx, o.OrderNo, n); !errors.Is(err, order.ErrWhatIfBusy) {
		t.Errorf("got %v", err)
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("it waited for %s", took)
	}
}

// counting counts the queries of a provider.
type counting struct {
	payment.Provider
	asked *int
}

func (c *counting) Query(ctx context.Context, r payment.ChargeRef) (payment.Charge, error) {
	*c.asked++
	return c.Provider.Query(ctx, r)
}
