package reconcile_test

import (
	"slices"
	"testing"
	"time"

	"videomall/mall/malltest"
	"videomall/mall/order"
	"videomall/mall/payment"
	"videomall/mall/payment/sandbox"
)

// lost makes notices that are on their way wait, or sends them again.
func lost(m *malltest.Mall, lost bool) {
	m.T.Helper()
	_, err := m.Pool.Exec(m.Ctx, `update sandbox_notice set acked_at = case when $1 then 'epoch'::timestamptz end
		where acked_at is null or acked_at = 'epoch'`, lost)
	m.OK(err)
}

func bought(m *malltest.Mall, user, sku int64) (o order.Order, attemptNo string) {
	m.T.Helper()
	o = m.Place(user, sku)
	m.Pay(o, sandbox.PayOptions{})
	m.DeliverNotices()
	m.OK(m.Orders.Deliver(m.Ctx, o.OrderNo))
	return o, malltest.Query[string](m, "select attempt_no from video_payment where reference = $1", o.OrderNo)[0]
}

// A refund that had succeeded came back, and its notice was lost: the statement's line books it back, once.
func TestReconciler_Run_refund_returned(t *testing.T) {
	t.Parallel()
	m := malltest.Listening(t)
	o, _ := bought(m, 11, m.Sells(990, -1))
	r, err := m.Orders.Refunds().Request(m.Ctx, order.RefundRequest{
		OrderNo: o.OrderNo,
		Actor:   "operator:2",
		Key:     "k",
	})
	m.OK(err)
	_ = m.Orders.Refunds().Submit(m.Ctx, r.RefundNo)
	m.DeliverNotices()
	m.Becomes(o.OrderNo, order.Refunded)
	m.OK(m.Sandbox.ReturnRefund(m.Ctx, r.RefundNo))
	lost(m, true)

	day := m.Now().UTC()
	m.Advance(26 * time.Hour)
	report, err := m.Reconciler.Run(m.Ctx, sandbox.Name, day)
	if err != nil || report.Found != 1 || report.Mended != 1 {
		t.Errorf("%+v, %v", report, err)
	}
	state := func() []string {
		return malltest.Query[string](m, `
			select 'difference ' || kind || ' ' || cause || ', ' || mended_by || ', ' || closed_by
			from reconcile_difference union all select 'refund ' || status from payment_refund
			union all select 'case ' || kind from order_case union all
			select 'posting ' || reference from ledger_posting
			where kind = 'refund' and reference like '%/returned' order by 1`)
	}
	want := []string{
		"case refund_returned",
		"difference refund_returned state, refund_returned: refund_failed, reconciliation",
		"posting " + r.RefundNo + "/returned",
		"refund returned",
	}
	if got := state(); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	m.Whole()
	// Its own notice comes late, and the day is compared again: nothing is booked twice.
	lost(m, false)
	m.DeliverNotices()
	if again, err := m.Reconciler.Run(m.Ctx, sandbox.Name, day); err != nil || again.Found != 0 {
		t.Errorf("again: %+v, %v", again, err)
	}
	if got := state(); !slices.Equal(got, want) {
		t.Errorf("after the notice: %q", got)
	}
	m.OK(m.Orders.Refunds().Transfer(m.Ctx, r.RefundNo, "BANK-1", "operator:2"))
	m.Whole()
}

// A refund that was made at the bank is told by its notice and by the statement, whichever comes first.
func TestReconciler_Run_refund_at_the_bank_told_twice(t *testing.T) {
	t.Parallel()
	for name, noticeFirst := range map[string]bool{"the notice first": true, "the statement first": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := malltest.Listening(t)
			o, attemptNo := bought(m, 11, m.Sells(990, -1))
			_, err := m.Sandbox.Refund(m.Ctx, payment.RefundRequest{
				RefundRef: payment.RefundRef{
					RefundNo:     "BANK-REFUND-1",
					Charge:       payment.ChargeRef{CreateRequest: payment.CreateRequest{AttemptNo: attemptNo}},
					ChannelTxnNo: malltest.Query[string](m, "select channel_txn_no from payment_capture")[0],
					Amount:       o.Total,
				},
				Reason: "at the counter",
			})
			m.OK(err)
			if noticeFirst {
				m.DeliverNotices()
			} else {
				lost(m, true)
				_, err = m.Pool.Exec(m.Ctx, `update sandbox_refund set status = 'succeeded', settled_at = now()`)
				m.OK(err)
				_, err = m.Pool.Exec(m.Ctx, `update sandbox_transaction set refunded = amount`)
				m.OK(err)
			}
			day := m.Now().UTC()
			m.Advance(26 * time.Hour)
			for range 2 {
				_, err = m.Reconciler.Run(m.Ctx, sandbox.Name, day)
				m.OK(err)
				lost(m, false)
				m.DeliverNotices()
			}
			m.Becomes(o.OrderNo, order.Refunded)
			for _, wrong := range malltest.Query[string](m, `select 'case ' || kind from order_case union all
				select 'difference ' || cause || ': ' || error from reconcile_difference where closed_at is null`) {
				t.Error(wrong)
			}
			if n := len(malltest.Query[int64](m, "select id from payment_refund")); n != 1 {
				t.Errorf("%d refunds", n)
			}
			m.Whole()
		})
	}
}
