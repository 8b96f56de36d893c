package checkout_test

import (
	"testing"

	"videomall/mall/order"
	"videomall/web/webtest"
)

// TestOrder_pay_video_owned_meanwhile places two orders of one video from two tabs, and then buys the video.
func TestOrder_pay_video_owned_meanwhile(t *testing.T) {
	m := open(t)
	video, other := m.Video(600, 5), m.Video(700, 5)
	mia := m.Person("mia", "shopper")
	b := m.Browser(mia.ID)
	b.Post("/cart/items", item(video))
	first, second := b.Get("/checkout").Form("/checkout"), b.Get("/checkout").Form("/checkout")
	for _, form := range []map[string][]string{first, second} {
		b.Post("/checkout", form).Wants(303)
	}
	numbers := webtest.Query[string](m, "select order_no from video_order order by id")
	if len(numbers) != 2 {
		t.Fatalf("orders: got %d, want 2", len(numbers))
	}
	b.Post("/cart/items", item(video))
	b.Post("/cart/items", item(other))
	b.Post("/checkout", b.Get("/checkout").Form("/checkout")).Wants(303)
	mixed := webtest.Query[string](m, "select order_no from video_order order by id desc")[0]
	pay := b.Get("/orders/" + numbers[1]).Form("/orders/" + numbers[1] + "/pay")
	m.Bought(mia.ID, video)

	at := "/orders/" + numbers[1]
	if to := b.Post(at+"/pay", pay).Wants(303).Location; to != at {
		t.Errorf("redirect of the payment: got %q, want the order", to)
	}
	if page := b.Get(at).Wants(200).Shows("You don't need to pay for this", "closes by itself"); page.Has(at + "/pay") {
		t.Error("order page still offers the payment")
	}
	if err := m.Orders.CloseOwned(t.Context(), numbers[1]); err != nil {
		t.Fatal(err)
	}
	b.Get(at).Wants(200).Shows("By now you own everything in it")

	at = "/orders/" + mixed
	page := b.Get(at).Wants(200).Shows("You have bought part of this order in the meantime")
	b.Post(at+"/cancel", page.Form(at+"/cancel")).Wants(303)
	b.Post(at+"/again", b.Get(at).Form(at+"/again")).Wants(303)
	cart := b.Get("/cart").Wants(200).Shows("Film 2").Hides("Film 1")
	if o, err := m.Orders.GetAny(t.Context(), mixed); err != nil || o.Status != order.Closed {
		t.Errorf("cancelled order: got status %v, %v, want closed; cart: %s", o.Status, err, cart.Text())
	}
}
