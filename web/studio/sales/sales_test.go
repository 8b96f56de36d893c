package sales_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/labstack/echo/v4"

	"videomall/db"
	"videomall/mall/account"
	"videomall/mall/catalog"
	"videomall/mall/order"
	"videomall/web/studio/sales"
	"videomall/web/webtest"
)

type studio struct {
	*webtest.Mall
	t              *testing.T
	creator, rival account.User
	buyer          account.User
	sold           order.Order
}

// open opens a mall in which one video of the creator has been sold.
func open(t *testing.T) *studio {
	t.Helper()
	t.Parallel()
	s := &studio{t: t, Mall: webtest.Open(t, webtest.Options{Routes: func(g *echo.Group, m *webtest.Mall) {
		sales.Routes(g, sales.Deps{
			Site:     m.Site,
			Accounts: m.Accounts,
			Orders:   m.Orders,
			Catalog:  m.Catalog,
		})
	}})}
	s.creator, s.rival = s.Person("creator", account.RoleCreator), s.Person("rival", account.RoleCreator)
	s.buyer = s.Person("linxia", account.RoleShopper)
	sku := s.Video(990, -1)
	if s.creator.ID != 1 { // the creator of the videos of webtest
		t.Fatalf("account of the creator: got %d, want 1", s.creator.ID)
	}
	s.sold = s.Bought(s.buyer.ID, sku)
	s.ok(db.InTx(t.Context(), s.Pool, func(tx pgx.Tx) error {
		return s.Orders.CountCustomersTx(t.Context(), tx, order.Event{
			UserID: s.buyer.ID,
			Items:  []order.EventItem{{CreatorID: s.creator.ID}},
		})
	}))
	return s
}

func (s *studio) ok(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func TestSales_list_and_show(t *testing.T) {
	s := open(t)
	b := s.Browser(s.creator.ID)
	b.Get("/studio/orders").Wants(200).Shows(s.sold.OrderNo, "linxia", "Film 1", "CN¥9.90")
	page := b.Get("/studio/orders/"+s.sold.OrderNo).Wants(200).Shows("Order of linxia", "Refund now")
	if strings.Contains(page.Body, s.buyer.Email) {
		t.Error("order page shows the buyer's email address")
	}
	b.Get("/studio/customers").Wants(200).Shows("linxia", "CN¥9.90")
	b.Get(fmt.Sprint("/studio/customers/", s.buyer.ID)).Wants(200).Shows(s.sold.OrderNo)
	b.Lang = "zh-CN"
	b.Get("/studio/orders").Wants(200).Shows("订单", "¥9.90")

	rival := s.Browser(s.rival.ID)
	rival.Get("/studio/orders").Wants(200).Shows("Nothing sold yet")
	rival.Get("/studio/customers").Wants(200).Shows("No customers yet")
	rival.Get("/studio/orders/" + s.sold.OrderNo).Wants(404)
	rival.Get(fmt.Sprint("/studio/customers/", s.buyer.ID)).Wants(404)
	rival.Post("/studio/orders/"+s.sold.OrderNo+"/refund", url.Values{
		"key":    {"k"},
		"reason": {"x"},
		"item":   {fmt.Sprint(s.sold.Items[0].ID)},
	}).Wants(404)
}

func TestSales_refund(t *testing.T) {
	s := open(t)
	b, address := s.Browser(s.creator.ID), "/studio/orders/"+s.sold.OrderNo
	form := url.Values{"key": {"one"}, "item": {fmt.Sprint(s.sold.Items[0].ID)}, "reason": {" "}}
	b.Post(address+"/refund", form).Wants(422).Shows("Say why")
	form.Set("reason", "they <b>asked</b>")
	form.Del("item")
	if a := b.Post(address+"/refund", form).Wants(422).
		Shows("Choose what is to be refunded"); !a.Has("they &lt;b&gt;asked") {
		t.Error("form lost the typed reason")
	}
	if a := b.Get(address + "/refund").Wants(303); a.Location != address { // it is loaded again
		t.Errorf("the refused form leads to %s, want %s", a.Location, address)
	}
	s.Browser(s.rival.ID).Get(address + "/refund").Wants(404)
	form.Set("item", fmt.Sprint(s.sold.Items[0].ID))
	for range 2 { // the second click is the same refund
		b.Post(address+"/refund", form).Wants(303)
	}
	if n := webtest.Query[int64](s.Mall, `select count(*) from order_refund`); n[0] != 1 {
		t.Errorf("refunds: got %d, want 1", n[0])
	}
	b.Get(address).Wants(200).Shows("Ended", "Nothing of this order can be refunded by you any more")

	again := s.Bought(s.buyer.ID, s.Video(500, -1))
	s.Advance(order.RefundWindow)
	b = s.Browser(s.creator.ID) // the session has expired meanwhile
	b.Get("/studio/orders/" + again.OrderNo).Wants(200).Shows("Nothing of this order can be refunded by you any more")
	form = url.Values{"key": {"two"}, "item": {fmt.Sprint(again.Items[0].ID)}, "reason": {"late"}}
	b.Post("/studio/orders/"+again.OrderNo+"/refund", form).Wants(409).Shows("is over")
}

// A part of the price goes back with the same part of the share, and access stays until nothing is left.
func TestSales_refund_of_an_amount(t *testing.T) {
	s := open(t)
	b, address := s.Browser(s.creator.ID), "/studio/orders/"+s.sold.OrderNo
	b.Get(address).Wants(200).Shows("An amount", "Amount in CNY").Hides("not watched")
	form := func(key, how, amount string) url.Values {
		return url.Values{
			"key":    {key},
			"item":   {fmt.Sprint(s.sold.Items[0].ID)},
			"reason": {"half of it"},
			"how":    {how},
			"amount": {amount},
		}
	}
	refunds := func() []string {
		return webtest.Query[string](s.Mall, `select amount || ' ' || cause from order_refund order by created_at`)
	}
	for _, bad := range []struct{ how, amount, says string }{
		{"amount", "", "above zero"},
		{"amount", "0", "above zero"},
		{"amount", "-1", "above zero"},
		{"amount", "9.91", "not above what is left"},
		{"amount", "3.001", "above zero"},
		{"amount", "three", "above zero"},
		{"unwatched", "", "above zero"},
		{"whole", "3", "chose to refund all that is left"},
		{"", "3", "chose to refund all that is left"},
	} {
		a := b.Post(address+"/refund", form("bad", bad.how, bad.amount)).Wants(422).Shows(bad.says)
		if got := a.Form(address + "/refund"); got.Get("amount") != bad.amount || got.Get("reason") != "half of it" {
			t.Errorf("%v: the form lost what was typed: %v", bad, got)
		}
	}
	if got := refunds(); len(got) != 0 {
		t.Fatalf("refused, and refunded %q", got)
	}
	for range 2 {
		b.Post(address+"/refund", form("one", "amount", " 3.30 ")).Wants(303)
	}
	b.Get(address).Wants(200).Shows("CN¥6.60", "Refund now").Hides("Ended")
	b.Post(address+"/refund", form("two", "amount", "6.61")).Wants(422).Shows("not above what is left")
	b.Post(address+"/refund", form("three", "amount", "6.60")).Wants(303)
	if got := fmt.Sprint(refunds()); got != "[330 creator 660 creator]" {
		t.Errorf("refunds: %s", got)
	}
	b.Get(address).Wants(200).Shows("Ended", "Nothing of this order can be refunded by you any more")
	s.Browser(s.rival.ID).Post(address+"/refund", form("four", "amount", "1")).Wants(404)
}

func TestReviews_answer(t *testing.T) {
	s := open(t)
	b := s.Browser(s.creator.ID)
	b.Get("/studio/reviews").Wants(200).Shows("Nobody has reviewed this yet")
	r, err := s.Catalog.AddReview(t.Context(), catalog.NewReview{
		SPUID:  s.sold.Items[0].SPUID,
		UserID: s.buyer.ID,
		Owned:  true,
		Author: "Lin Xia",
		Rating: 4,
		Body:   "Lovely light",
		Locale: "en",
	})
	s.ok(err)
	address := fmt.Sprintf("/studio/reviews/%d/reply", r.ID)
	b.Get("/studio/reviews").Wants(200).Shows("Lovely light", "Film 1")
	b.Post(address, url.Values{"reply": {strings.Repeat("x", catalog.MaxReplyLength+1)}}).Wants(422).
		Shows("At most 2,000 characters", "xxx")
	s.Browser(s.rival.ID).Post(address, url.Values{"reply": {"not mine"}}).Wants(404)
	answer := func() *catalog.Reply {
		t.Helper()
		list, err := s.Catalog.Reviews(t.Context(), r.SPUID, "", 10)
		s.ok(err)
		return list.Items[0].Reply
	}
	if got := answer(); got != nil {
		t.Errorf("reply after refused requests: got %+v, want none", got)
	}
	b.Get("/studio/reviews?show=unanswered").Wants(200).Shows("Lovely light")
	if to := b.Post(address, url.Values{
		"reply": {"Thank you"},
		"show":  {"unanswered"},
	}).Wants(303).Location; to != "/studio/reviews?show=unanswered" {
		t.Errorf("redirect after the reply: got %s, want the same filter", to)
	}
	b.Get("/studio/reviews?show=unanswered").Wants(200).Hides("Lovely light").Shows("Every review is answered")
	b.Get("/studio/reviews").Wants(200).Shows("Lovely light", "Thank you")
	if got := answer(); got == nil || got.Body != "Thank you" {
		t.Errorf("reply: got %+v, want Thank you", got)
	}
	b.Post(address, url.Values{"reply": {" "}}).Wants(303)
	if got := answer(); got != nil {
		t.Errorf("reply after it was removed: got %+v, want none", got)
	}
	const mark = "Refunded, not counted"
	b.Get("/studio/reviews").Wants(200).Hides(mark)
	_, err = s.Orders.Refunds().Request(t.Context(), order.RefundRequest{
		OrderNo: s.sold.OrderNo,
		Actor:   "operator:2",
		Key:     "k",
	})
	s.ok(err)
	b.Get("/studio/reviews").Wants(200).Shows(mark)
}
