package subscriber_test

import (
	"slices"
	"testing"
	"time"

	"videomall/mall/catalog"
	"videomall/mall/malltest"
	"videomall/mall/order"
	"videomall/mall/payment/sandbox"
)

// sold relays what happened and reads what is counted: sales in the catalogue, and how high searches rank.
func sold(m *malltest.Mall) (sales int64, rank float64) {
	m.T.Helper()
	m.Relayed()
	return malltest.Query[int64](m, `select sold_count from video_product_spu`)[0],
		malltest.Query[float64](m, `select popularity::float8 from search_document`)[0]
}

func refund(m *malltest.Mall, o order.Order) {
	m.T.Helper()
	_, err := m.Orders.Refunds().Request(m.Ctx, order.RefundRequest{
		OrderNo: o.OrderNo,
		Key:     "k",
		Actor:   "operator:1",
	})
	m.OK(err)
	submitRefunds(m)
	m.Becomes(o.OrderNo, order.Refunded)
}

func submitRefunds(m *malltest.Mall) {
	m.T.Helper()
	for _, no := range malltest.Query[string](m, `select refund_no from order_refund where status = 'pending'`) {
		_ = m.Orders.Refunds().Submit(m.Ctx, no) // the sandbox answers by notice
	}
	m.DeliverNotices()
}

func TestSubscribe_popularity_of_a_sale(t *testing.T) {
	t.Parallel()
	m := malltest.Listening(t)
	video := m.Sells(990, -1)
	m.OK(m.Search.RebuildAll(m.Ctx))
	_, newcomer := sold(m)

	first := m.Place(7, video)
	m.Pay(first, sandbox.PayOptions{})
	m.DeliverNotices()
	m.Becomes(first.OrderNo, order.Paid) // and not delivered yet
	sales, seller := sold(m)
	if sales != 1 || seller <= newcomer {
		t.Errorf("after the payment %d sales, rank %g after %g", sales, seller, newcomer)
	}
	second := m.Place(8, video)
	m.Pay(second, sandbox.PayOptions{})
	m.DeliverNotices()
	refund(m, second) // before it was delivered
	if sales, rank := sold(m); sales != 1 || rank != seller {
		t.Errorf("after the refund of the second %d sales, rank %g", sales, rank)
	}
	refund(m, first)
	if sales, rank := sold(m); sales != 0 || rank != newcomer {
		t.Errorf("after both refunds %d sales, rank %g", sales, rank)
	}
}

func TestSubscribe_popularity_of_a_late_payment(t *testing.T) {
	t.Parallel()
	m := malltest.Listening(t)
	video := m.Sells(990, -1)
	m.OK(m.Search.RebuildAll(m.Ctx))
	kept, late := m.Place(7, video), m.Place(8, video)
	m.Pay(kept, sandbox.PayOptions{})
	m.DeliverNotices()
	m.Pay(late, sandbox.PayOptions{})
	// The close crosses the payment, and the price is another by then.
	_, err := m.Pool.Exec(m.Ctx, `update video_order set status = 'CLOSED', closed_at = now() where order_no = $1`,
		late.OrderNo)
	m.OK(err)
	m.OK(m.Catalog.SetPrice(m.Ctx, video, catalog.NewPrice{Amount: 1990, Currency: "CNY"}))
	m.Advance(time.Second)
	m.DeliverNotices()
	submitRefunds(m)
	if got := malltest.Query[string](m,
		`select outcome from payment_notice order by id`); !slices.Equal(got,
		[]string{"paid", "paid_after_close", "refund_settled"}) {
		t.Fatalf("outcomes %v", got)
	}
	m.Becomes(late.OrderNo, order.Refunded)
	if sales, _ := sold(m); sales != 1 {
		t.Errorf("%d sales", sales)
	}
}
