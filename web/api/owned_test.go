package api_test

import (
	"testing"

	"videomall/mall/order"
)

// TestOrders_prepay_video_owned_meanwhile places two orders of one video. After one is paid, prepay refuses the other.
func TestOrders_prepay_video_owned_meanwhile(t *testing.T) {
	t.Parallel()
	m := open(t)
	video := m.Sells(600, 5)
	mia := m.person("mia")
	c := m.program(mia)
	first, second := m.Place(mia.ID, video), m.Place(mia.ID, video)
	prepay := func(o order.Order) answer {
		t.Helper()
		return c.call("POST", "/payments/"+o.OrderNo+"/prepay", `{"provider": "sandbox"}`)
	}
	m.pay(prepay(first).wants(200).text("action", "url"))
	prepay(second).refuses(409, "already_owned")
	m.OK(m.Orders.Deliver(m.Ctx, first.OrderNo))
	prepay(second).refuses(409, "already_owned")
	if o, err := m.Orders.GetAny(m.Ctx, second.OrderNo); err != nil || o.Status != order.PendingPay {
		t.Errorf("second order: got status %v, %v, want pending", o.Status, err)
	}
}
