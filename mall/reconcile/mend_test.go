package reconcile_test

import (
	"testing"
	"time"

	"videomall/mall/malltest"
	"videomall/mall/order"
	"videomall/mall/payment"
	"videomall/mall/payment/sandbox"
)

// What a statement proves is mended by the verbs that notices use, once, and the books are whole afterwards.
func TestReconciler_Run_mends(t *testing.T) {
	t.Parallel()
	m := malltest.Listening(t)
	sku := m.Sells(990, -1)
	attempt := func(o order.Order) string {
		return malltest.Query[string](m, "select attempt_no from video_payment where reference = $1", o.OrderNo)[0]
	}
	lose := func() { // every notice on its way
		_, err := m.Pool.Exec(m.Ctx, "update sandbox_notice set acked_at = now() where acked_at is null")
		m.OK(err)
	}
	settle := func(refundNo, attemptNo string) { // at the bank
		_, err := m.Pool.Exec(m.Ctx, `update sandbox_refund set status = 'succeeded', settled_at = now()
			where out_refund_no = $1`, refundNo)
		m.OK(err)
		_, err = m.Pool.Exec(m.Ctx, `update sandbox_transaction set refunded = amount where out_trade_no = $1`, attemptNo)
		m.OK(err)
	}
	paid := func(user int64) order.Order {
		o := m.Place(user, sku)
		m.Pay(o, sandbox.PayOptions{})
		m.DeliverNotices()
		m.OK(m.Orders.Deliver(m.Ctx, o.OrderNo))
		return o
	}
	unheard := m.Place(11, sku) // paid, and its notice was lost
	_, err := m.Sandbox.Pay(m.Ctx, m.PayPage(unheard), sandbox.PayOptions{})
	m.OK(err)
	lose()
	refunded := paid(12) // refunded there, and nobody told us
	r, err := m.Orders.Refunds().Request(m.Ctx, order.RefundRequest{
		OrderNo: refunded.OrderNo,
		Actor:   "operator:2",
		Key:     "k",
	})
	m.OK(err)
	_ = m.Orders.Refunds().Submit(m.Ctx, r.RefundNo)
	settle(r.RefundNo, attempt(refunded))
	lose()
	disputed := paid(13) // disputed there, and nobody told us
	m.OK(m.Sandbox.Dispute(m.Ctx, attempt(disputed), payment.DisputeOpened))
	m.OK(m.Sandbox.Dispute(m.Ctx, attempt(disputed), payment.DisputeFundsWithdrawn))
	lose()
	atBank := paid(14) // refunded in the provider's own console
	_, err = m.Sandbox.Refund(m.Ctx, payment.RefundRequest{
		RefundRef: payment.RefundRef{
			RefundNo: "BANK-REFUND-1",
			Charge:   payment.ChargeRef{CreateRequest: payment.CreateRequest{AttemptNo: attempt(atBank)}},
			ChannelTxnNo: malltest.Query[string](m, "select channel_txn_no from payment_capture where reference = $1",
				atBank.OrderNo)[0],
			Amount: atBank.Total,
		},
		Reason: "at the counter",
	})
	m.OK(err)
	settle("BANK-REFUND-1", attempt(atBank))
	lose()

	day := m.Now().UTC()
	m.Advance(26 * time.Hour)
	report, err := m.Reconciler.Run(m.Ctx, sandbox.Name, day)
	m.OK(err)
	for _, d := range malltest.Query[string](m, `select kind || ' ' || cause || ': ' || error
		from reconcile_difference where closed_at is null`) {
		t.Errorf("still open: %s", d)
	}
	if report.Found != 4 || report.Mended != 4 {
		t.Errorf("%+v, mended by %q", report, malltest.Query[string](m, `select mended_by from reconcile_difference`))
	}
	m.Becomes(unheard.OrderNo, order.Paid)
	m.Becomes(refunded.OrderNo, order.Refunded)
	m.Becomes(atBank.OrderNo, order.Refunded)
	if d, err := m.Payments.Disputes(m.Ctx, disputed.OrderNo); err != nil || len(d) != 1 || d[0].WithdrawnAt == nil {
		t.Errorf("dispute: %+v, %v", d, err)
	}
	again, err := m.Reconciler.Run(m.Ctx, sandbox.Name, day)
	if err != nil || again.Found != 0 || len(malltest.Query[int64](m, "select id from reconcile_difference")) != 4 {
		t.Errorf("again: %+v, %v", again, err)
	}
	m.Whole()
}
