package order_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/catalog"
	"videomall/mall/exchange"
	"videomall/mall/ledger"
	"videomall/mall/locale"
	"videomall/mall/money"
	"videomall/mall/order"
)

const (
	seller = int64(1) // of every video of the shop
	rival  = int64(2)
)

// sellsOfRival lists a video of the rival.
func (s *shop) sellsOfRival(amount int64) int64 {
	s.t.Helper()
	s.ok(s.catalog.CreateCreator(s.ctx, catalog.NewCreator{
		UserID: rival,
		Slug:   "rival",
		Name:   locale.Text{Zh: "对手", En: "Rival"},
	}))
	made, err := s.catalog.CreateProduct(s.ctx, catalog.NewProduct{
		Slug:       "rivals",
		CreatorID:  rival,
		CategoryID: s.category,
		Title:      locale.Text{Zh: "对手", En: "Rival's"},
		SKUs: []catalog.NewSKU{{
			Kind:    catalog.KindOwn,
			Quality: catalog.QualityHD,
			Price:   catalog.NewPrice{Amount: amount, Currency: "CNY"},
		}},
	})
	s.ok(err)
	s.ok(s.catalog.Publish(s.ctx, made.SPUID))
	return made.SKUIDs[0]
}

func (s *shop) countCustomers(o order.Order) {
	s.t.Helper()
	e := order.Event{UserID: o.UserID}
	for _, i := range o.Items {
		e.Items = append(e.Items, order.EventItem{CreatorID: i.CreatorID})
	}
	s.ok(db.InTx(s.ctx, s.pool, func(tx pgx.Tx) error { return s.orders.CountCustomersTx(s.ctx, tx, e) }))
}

func TestRefunds_RequestSale_own_items_only(t *testing.T) {
	s := open(t)
	video, foreign := s.sells(990, 3), s.sellsOfRival(500)
	o := s.bought(alice, one(video, foreign))
	mine, theirs := o.Items[0], o.Items[1]

	sale, err := s.orders.SaleOf(s.ctx, seller, o.OrderNo)
	if err != nil || len(sale.Items) != 1 || sale.Items[0].ID != mine.ID {
		t.Fatalf("the creator sees %+v, %v", sale.Items, err)
	}
	if _, err := s.orders.SaleOf(s.ctx, 77, o.OrderNo); !errors.Is(err, order.ErrNotFound) {
		t.Errorf("somebody else sees the order: %v", err)
	}
	ask := func(creator int64, key string, items ...int64) error {
		_, err := s.orders.Refunds().RequestSale(s.ctx, creator, order.RefundRequest{
			OrderNo: o.OrderNo,
			ItemIDs: items,
			Reason:  "asked",
			Actor:   "creator:1",
			Key:     key,
		})
		return err
	}
	for name, c := range map[string]struct {
		err  error
		want error
	}{
		"another's item": {ask(seller, "a", theirs.ID), order.ErrUnknownItem},
		"both":           {ask(seller, "b", mine.ID, theirs.ID), order.ErrUnknownItem},
		"nothing":        {ask(seller, "c"), order.ErrUnknownItem},
		"a stranger":     {ask(77, "d", mine.ID), order.ErrNotFound},
		"without a key":  {ask(seller, "", mine.ID), order.ErrKeyMissing},
		"an order of none": {func() error {
			_, err := s.orders.Refunds().RequestSale(s.ctx, seller, order.RefundRequest{OrderNo: "X", Key: "k"})
			return err
		}(), order.ErrNotFound},
	} {
		if !errors.Is(c.err, c.want) {
			t.Errorf("%s: %v, want %v", name, c.err, c.want)
		}
	}
	if !s.watches(alice, o, 0) || !s.watches(alice, o, 1) {
		t.Fatal("a refused refund ended access")
	}
	s.ok(ask(seller, "k", mine.ID))
	s.ok(ask(seller, "k", mine.ID)) // the second click
	s.refunds()
	if got := s.is(o.OrderNo, order.Delivered); got.Refunded != cny(990) || s.watches(alice, got, 0) ||
		!s.watches(alice, got, 1) {
		t.Errorf("after: %+v", got)
	}
	refunds, err := s.orders.Refunds().OfOrder(s.ctx, o.OrderNo)
	if err != nil || len(refunds) != 1 || refunds[0].Cause != "creator" || refunds[0].Actor != "creator:1" {
		t.Errorf("refunds %+v, %v", refunds, err)
	}
	s.whole()
}

func TestRefunds_RequestSale_within_the_window(t *testing.T) {
	s := open(t)
	o := s.bought(alice, one(s.sells(990, -1)))
	unpaid := s.place(bob, one(s.sells(500, -1)))
	if _, err := s.orders.SaleOf(s.ctx, seller, unpaid.OrderNo); !errors.Is(err, order.ErrNotFound) {
		t.Errorf("an order that nobody paid is a sale: %v", err)
	}
	ask := func() error {
		_, err := s.orders.Refunds().RequestSale(s.ctx, seller, order.RefundRequest{
			OrderNo: o.OrderNo,
			ItemIDs: []int64{o.Items[0].ID},
			Key:     "k",
		})
		return err
	}
	s.advance(order.RefundWindow + time.Second)
	if err := ask(); !errors.Is(err, order.ErrRefundWindow) {
		t.Fatalf("after the window: %v", err)
	}
	s.advance(-2 * time.Second)
	s.ok(ask())
}

// A creator who was paid out can't have a friend buy and then refund the friend with the mall's money.
func TestRefunds_RequestSale_covered_by_the_balance(t *testing.T) {
	for settlement, payout := range map[string]money.Money{
		"":    cny(9900 - 1485),
		"USD": money.Of(4208, "USD"), // half of it, rounded
	} {
		t.Run("settled in "+settlement, func(t *testing.T) { coveredByTheBalance(t, settlement, payout) })
	}
}

func coveredByTheBalance(t *testing.T, settlement string, payout money.Money) {
	s := open(t)
	terms := ledger.UsualTerms
	terms.Clearing = time.Hour
	rates := exchange.New(exchange.Deps{
		Pool: s.pool,
		Now:  s.now,
		Base: "CNY",
	})
	s.ok(rates.SaveCurrency(s.ctx, seller, exchange.Currency{Code: "USD", Step: 1}))
	s.ok(rates.AddRate(s.ctx, exchange.NewRate{
		Currency:  "USD",
		Rate:      "0.5",
		Confirmed: true,
	}))
	books := ledger.New(ledger.Deps{
		Pool:     s.pool,
		Now:      s.now,
		Terms:    terms,
		Key:      make([]byte, 32),
		Exchange: rates,
	})
	s.ok(books.SetSettlement(s.ctx, seller, settlement))
	s.deps.Ledger = books
	s.orders = order.New(s.deps)
	o := s.bought(alice, one(s.sells(9900, -1)))
	s.advance(2 * time.Hour)
	_, err := books.Clear(s.ctx)
	s.ok(err)
	s.ok(books.SetDestination(s.ctx, seller, ledger.Destination{Name: "S", Account: "DE89370400440532013000"}))
	out, err := books.RequestPayout(s.ctx, seller, payout, "all of it")
	s.ok(err)
	ask := func() error {
		_, err := s.orders.Refunds().RequestSale(s.ctx, seller, order.RefundRequest{
			OrderNo: o.OrderNo,
			ItemIDs: []int64{o.Items[0].ID},
			Key:     "k",
		})
		return err
	}
	if err := ask(); !errors.Is(err, order.ErrRefundUncovered) || !s.watches(alice, o, 0) {
		t.Fatalf("with all of it asked for: %v", err)
	}
	s.ok(books.CancelPayout(s.ctx, seller, out.ID, out.Version))
	s.ok(ask())
	s.ok(ask()) // the second click
	s.refunds()
	s.is(o.OrderNo, order.Refunded)
	s.whole()
}

func TestOrders_Customers_counted_from_the_orders(t *testing.T) {
	s := open(t)
	video, other, foreign := s.sells(990, -1), s.sells(500, -1), s.sellsOfRival(700)
	first := s.bought(alice, one(video, foreign))
	second := s.bought(alice, one(other))
	last := s.bought(bob, one(video))
	s.place(bob, one(other))                                       // is never paid
	for _, o := range []order.Order{first, second, last, second} { // an event may come twice
		s.countCustomers(o)
	}
	s.refundAll(second)
	s.countCustomers(second)

	list, err := s.orders.Customers(s.ctx, seller, nil, 10)
	if err != nil || len(list) != 2 || list[0].UserID != bob || list[1].UserID != alice {
		t.Fatalf("customers %+v, %v", list, err)
	}
	if c := list[1]; c.Orders != 2 || c.Spent != cny(1490) || c.Refunded != cny(500) {
		t.Errorf("alice %+v", c)
	}
	if rest, err := s.orders.Customers(s.ctx, seller, &list[0], 10); err != nil || len(rest) != 1 ||
		rest[0].UserID != alice {
		t.Errorf("the next page %+v, %v", rest, err)
	}
	if c, err := s.orders.Customer(s.ctx, rival, alice); err != nil || len(c) != 1 || c[0].Spent != cny(700) {
		t.Errorf("the rival's customer %+v, %v", c, err)
	}
	if c, err := s.orders.Customer(s.ctx, rival, bob); err != nil || len(c) != 0 {
		t.Errorf("bob bought nothing of the rival: %+v, %v", c, err)
	}
	sales := func(buyer, before int64, most int) []order.Sale {
		t.Helper()
		got, err := s.orders.Sales(context.Background(), seller, buyer, before, most)
		s.ok(err)
		return got
	}
	all := sales(0, 0, 10)
	if len(all) != 3 || all[0].BuyerID != bob || all[2].OrderNo != first.OrderNo || all[1].Refunded != cny(500) ||
		all[1].RevokedAt == nil {
		t.Errorf("sales %+v", all)
	}
	if page := sales(0, all[0].ItemID, 1); len(page) != 1 || page[0].ItemID != all[1].ItemID {
		t.Errorf("the next page %+v", page)
	}
	if hers := sales(alice, 0, 10); len(hers) != 2 || hers[0].BuyerID != alice {
		t.Errorf("sales to alice %+v", hers)
	}
}
