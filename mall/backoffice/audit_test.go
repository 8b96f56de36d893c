package backoffice_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"videomall/mall/audit"
	"videomall/mall/backoffice"
	"videomall/mall/malltest"
	"videomall/mall/order"
	"videomall/mall/payment/sandbox"
	"videomall/mall/risk"
)

// bought returns an order that was paid and delivered.
func bought(m *malltest.Mall) order.Order {
	m.T.Helper()
	o := m.Place(22, m.Sells(990, -1))
	m.Pay(o, sandbox.PayOptions{})
	m.DeliverNotices()
	m.OK(m.Orders.Deliver(m.Ctx, o.OrderNo))
	return m.Becomes(o.OrderNo, order.Delivered)
}

// TestAudit_records_what_operators_do checks that the log has every action of an operator in order, and none that
// failed.
func TestAudit_records_what_operators_do(t *testing.T) {
	t.Parallel()
	m := malltest.Listening(t)
	o := bought(m)
	for range 2 { // the same key is the same action
		_, err := m.Orders.Refunds().Request(m.Ctx, order.RefundRequest{
			OrderNo: o.OrderNo,
			Key:     "k",
			Reason:  "why",
			Actor:   "operator:9",
		})
		m.OK(err)
	}
	_, err := m.Orders.Refunds().Request(m.Ctx, order.RefundRequest{
		OrderNo: o.OrderNo,
		Key:     "other",
		Actor:   "operator:9",
	})
	if !errors.Is(err, order.ErrNothingLeft) {
		t.Fatal(err)
	}
	lists := risk.NewLists(risk.ListsDeps{ // without May, since account 9 does not exist
		Pool:  m.Pool,
		Log:   m.Log,
		Now:   m.Now,
		Audit: backoffice.Audit(m.Accounts, m.Audit),
	})
	m.OK(lists.Add(m.Ctx, risk.NewEntry{
		Effect:  risk.Deny,
		Kind:    risk.User,
		Subject: "77",
		Reason:  "spam",
		By:      risk.Subject{UserID: 9},
	}))
	if err := lists.Add(m.Ctx, risk.NewEntry{
		Effect:  risk.Deny,
		Kind:    risk.User,
		Subject: "9",
		Reason:  "me",
		By:      risk.Subject{UserID: 9},
	}); !errors.Is(err, risk.ErrOwnLockout) {
		t.Fatal(err)
	}
	m.OK(lists.End(m.Ctx, malltest.Query[int64](m, `select id from risk_entry`)[0], risk.Subject{UserID: 9}))
	_, err = m.Pool.Exec(m.Ctx, `insert into order_case (kind, reference) values ('unknown_order', 'r')`)
	m.OK(err)
	m.OK(m.Orders.CloseCase(m.Ctx, malltest.Query[int64](m, `select id from order_case`)[0], "operator:9", "found it"))
	var verbs []string
	records, err := m.Audit.List(m.Ctx, audit.Filter{Most: 50})
	m.OK(err)
	for _, r := range records {
		if r.ActorID != 9 || r.Actor != "account:9" {
			t.Errorf("%+v", r)
		}
		verbs = append(verbs, r.Verb)
	}
	if diff := cmp.Diff([]string{"order.case_close", "list.end", "list.add", "order.refund"}, verbs); diff != "" {
		t.Errorf("audited (-want +got):\n%s", diff)
	}
	if s, err := m.Audit.Verify(m.Ctx); err != nil || !s.Whole() {
		t.Errorf("%+v %v", s, err)
	}
}

func TestAudit_makes_no_refund_that_it_cannot_record(t *testing.T) {
	t.Parallel()
	m := malltest.Listening(t)
	o := bought(m)
	stop := errors.New("the log is full")
	orders := m.OrdersWith(func(d *order.Deps) {
		d.Audit = func(context.Context, pgx.Tx, int64, string, string, any) error { return stop }
	})
	if _, err := orders.Refunds().Request(m.Ctx, order.RefundRequest{
		OrderNo: o.OrderNo,
		Key:     "k",
		Actor:   "operator:9",
	}); !errors.Is(err, stop) {
		t.Fatal(err)
	}
	if n := malltest.Query[int64](m, `select count(*) from order_refund`)[0]; n != 0 {
		t.Errorf("%d refunds", n)
	}
	m.Whole()
}
