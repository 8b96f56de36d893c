package order_test

import (
	"errors"
	"testing"
	"time"

	"videomall/mall/catalog"
	"videomall/mall/exchange"
	"videomall/mall/money"
	"videomall/mall/order"
	"videomall/mall/payment/sandbox"
	"videomall/mall/promotion"
)

// offers makes the shop sell in dollars that end in 49 and 99 cents, in tens of yen and in dinars.
func (s *shop) offers() *exchange.Exchange {
	s.t.Helper()
	x := exchange.New(exchange.Deps{
		Pool: s.pool,
		Now:  s.now,
		Base: "CNY",
	})
	for code, c := range map[string]struct {
		step, less int64
		rate       string
	}{
		"USD": {50, 1, "0.14"},
		"JPY": {10, 0, "21.5"},
		"KWD": {5, 0, "0.0428"},
	} {
		s.ok(x.SaveCurrency(s.ctx, 1, exchange.Currency{
			Code:    code,
			Step:    c.step,
			Less:    c.less,
			Offered: true,
		}))
		s.ok(x.AddRate(s.ctx, exchange.NewRate{
			Currency:  code,
			Rate:      c.rate,
			Confirmed: true,
		}))
	}
	s.deps.Exchange = x
	s.orders = order.New(s.deps)
	return x
}

func usd(amount int64) money.Money { return money.Of(amount, "USD") }

func in(currency string, userID int64, l []order.Line) order.QuoteRequest {
	return order.QuoteRequest{
		UserID:   userID,
		Lines:    l,
		Currency: currency,
	}
}

// buys places an order of what a quote came to, and returns it with the quote.
func (s *shop) buys(key string, r order.QuoteRequest) (order.Quote, order.Order, error) {
	s.t.Helper()
	quote, refused, err := s.orders.QuoteCoupon(s.ctx, r)
	s.ok(err)
	if refused != nil {
		s.t.Fatalf("coupon %s: %v", r.Coupon, refused)
	}
	o, _, err := s.orders.Place(s.ctx, order.PlaceRequest{
		UserID:         r.UserID,
		IdempotencyKey: key,
		Items:          r.Lines,
		ExpectTotal:    &quote.Total,
		CouponCode:     r.Coupon,
		Currency:       r.Currency,
	})
	return quote, o, err
}

func TestOrders_Place_in_the_currency_of_the_buyer(t *testing.T) {
	s := open(t)
	video, other, free := s.sells(1990, 3), s.sells(990, -1), s.sells(0, -1)
	s.coupon("MINUS3") // 3.00 yuan
	s.offers()
	for key, c := range map[string]struct {
		coupon string
		want   money.Money
		lines  []order.Line
	}{
		"dollars":             {"", usd(299 + 149), one(video, other, free)}, // 2.786 and 1.386
		"dollars less coupon": {"MINUS3", usd(299 + 149 - 30 - 15), one(video, other)},
		"yen":                 {"", money.Of(430+210, "JPY"), one(video, other)},             // 427.85 and 212.85
		"yen less coupon":     {"MINUS3", money.Of(430+210-43-21, "JPY"), one(video, other)}, // 2.00 and 1.00 yuan
		"dinars":              {"", money.Of(850+425, "KWD"), one(video, other)},             // 0.8517… and 0.4237…
		"yuan":                {"", cny(2980), one(video, other)},
	} {
		buyer := int64(100 + len(key))
		r := in(c.want.Currency, buyer, c.lines)
		r.Coupon = c.coupon
		quote, o, err := s.buys(key, r)
		if err != nil || quote.Total != c.want || o.Total != c.want {
			t.Errorf("%s: quoted %s, ordered %s, %v; want %s", key, quote.Total, o.Total, err, c.want)
			continue
		}
		for n, i := range s.is(o.OrderNo, order.PendingPay).Items {
			if i.Amount != quote.Lines[n].Amount || i.Discount != quote.Lines[n].Discount ||
				i.UnitAmount.Currency != c.want.Currency {
				t.Errorf("%s: item %+v, quoted %+v", key, i, quote.Lines[n])
			}
		}
		_, err = s.orders.Cancel(s.ctx, buyer, o.OrderNo)
		s.ok(err)
	}
	s.whole()
}

// TestOrders_money_of_a_foreign_order goes from the payment to a refund of a part and of the rest: provider, order and
// books have dollars only.
func TestOrders_money_of_a_foreign_order(t *testing.T) {
	s := open(t)
	video, other := s.sells(1990, 3), s.sells(990, -1)
	s.offers()
	_, o, err := s.buys("k", in("USD", alice, one(video, other)))
	s.ok(err)
	s.pay(o, sandbox.PayOptions{})
	s.ok(s.orders.Deliver(s.ctx, o.OrderNo))
	s.is(o.OrderNo, order.Delivered)
	if n := query[int64](s, `select amount from payment_capture where currency = 'USD'`); len(n) != 1 || n[0] != 448 {
		t.Errorf("captured %v, want 4.48 dollars", n)
	}
	s.refundAll(o)
	s.refunds()
	if got := s.is(o.OrderNo, order.Refunded); got.Refunded != usd(448) {
		t.Errorf("refunded %s, want 4.48 dollars", got.Refunded)
	}
	if n := query[int64](s, `select count(*) from ledger_line where currency <> 'USD'`); n[0] != 0 {
		t.Errorf("%d lines of the books are not in dollars", n[0])
	}
	s.whole()
}

func TestOrders_Place_currency_refused(t *testing.T) {
	s := open(t)
	video := s.sells(1990, 3)
	x := s.offers()
	quote, err := s.orders.Quote(s.ctx, in("USD", alice, one(video)))
	s.ok(err)
	place := func(key, currency string, expect money.Money) error {
		_, _, err := s.orders.Place(s.ctx, order.PlaceRequest{
			UserID:         alice,
			IdempotencyKey: key,
			Items:          one(video),
			ExpectTotal:    &expect,
			Currency:       currency,
		})
		return err
	}
	if err := place("pounds", "GBP", money.Of(299, "GBP")); !errors.Is(err, order.ErrCurrency) {
		t.Errorf("in pounds, which have no rate: %v", err)
	}
	if err := place("yuan", "CNY", quote.Total); !errors.Is(err, order.ErrPriceChanged) {
		t.Errorf("yuan, though dollars were shown: %v", err)
	}
	s.ok(x.AddRate(s.ctx, exchange.NewRate{
		Currency: "USD",
		Rate:     "0.165",
		From:     s.now().Add(time.Minute),
	}))
	s.advance(2 * time.Minute)
	if err := place("moved", "USD", quote.Total); !errors.Is(err, order.ErrPriceChanged) {
		t.Errorf("after the rate has moved: %v", err)
	}
	s.ok(x.SaveCurrency(s.ctx, 1, exchange.Currency{Code: "USD", Step: 50, Less: 1}))
	if err := place("withdrawn", "USD", quote.Total); !errors.Is(err, order.ErrCurrency) {
		t.Errorf("after dollars were withdrawn: %v", err)
	}
	if _, err := s.orders.Quote(s.ctx, in("USD", alice, one(video))); !errors.Is(err, order.ErrCurrency) {
		t.Errorf("a quote after dollars were withdrawn: %v", err)
	}
	if got := s.stock(video); got.Available != 3 {
		t.Errorf("refused orders hold stock: %+v", got)
	}
	s.ok(place("agreed", "CNY", cny(1990)))
	if err := place("agreed", "JPY", money.Of(430, "JPY")); !errors.Is(err, order.ErrKeyReused) {
		t.Errorf("the same key in another currency: %v", err)
	}
}

func TestOrders_Quote_currencies_meet(t *testing.T) {
	s := open(t)
	video := s.sells(1990, -1)
	foreign := s.sells(300, -1, func(k *catalog.NewSKU) { k.Price.Currency = "USD" })
	s.offers()
	if _, err := s.orders.Quote(s.ctx, in("", alice, one(video, foreign))); !errors.Is(err, order.ErrMixedCurrency) {
		t.Errorf("as priced: %v", err)
	}
	for currency, want := range map[string]money.Money{
		"USD": usd(299 + 300),
		"CNY": cny(1990 + 2143), // 21.428…; yuan have any price
	} {
		quote, o, err := s.buys(currency, in(currency, alice, one(video, foreign)))
		if err != nil || quote.Total != want || o.Total != want {
			t.Errorf("in %s: %s, %s, %v; want %s", currency, quote.Total, o.Total, err, want)
		}
		_, err = s.orders.Cancel(s.ctx, alice, o.OrderNo)
		s.ok(err)
	}
}

func TestOrders_Place_sale_in_another_currency(t *testing.T) {
	s := open(t)
	video := s.sells(1990, 10)
	c := s.sale(video, 990, 1, 1)
	s.turn(2 * time.Minute)
	s.offers()
	quote, o, err := s.buys("k", in("USD", alice, one(video)))
	if err != nil || o.Total != usd(149) || quote.Lines[0].Normal != usd(299) || !quote.Lines[0].InSale() ||
		quote.Lines[0].Sale.Amount != usd(149) {
		t.Fatalf("in the sale: %s, %v, %+v", o.Total, err, quote.Lines)
	}
	// The next buyer misses the sale, and pays the normal price only with having seen it.
	quote, err = s.orders.Quote(s.ctx, in("USD", bob, one(video)))
	if err != nil || quote.Total != usd(299) || quote.Lines[0].Sale == nil || quote.Lines[0].Sale.Amount != usd(149) {
		t.Errorf("whoever misses the sale: %+v, %v", quote, err)
	}
	unsaid := order.PlaceRequest{
		UserID:         bob,
		IdempotencyKey: "unsaid",
		Items:          one(video),
		Currency:       "USD",
	}
	if _, _, err := s.orders.Place(s.ctx, unsaid); !errors.Is(err, order.ErrPriceChanged) {
		t.Errorf("the normal price without a word: %v", err)
	}
	named := order.PlaceRequest{
		UserID:         bob,
		IdempotencyKey: "named",
		Items:          one(video),
		CampaignID:     c.ID,
		Currency:       "JPY",
	}
	if _, err := s.orders.Cancel(s.ctx, alice, o.OrderNo); err != nil {
		t.Fatal(err)
	}
	if o, _, err := s.orders.Place(s.ctx, named); err != nil || o.Total != money.Of(210, "JPY") {
		t.Errorf("the sale by its name, in yen: %s, %v", o.Total, err)
	}
}

func TestOrders_QuoteBundles_in_another_currency(t *testing.T) {
	s := open(t)
	a, b := s.sells(1990, -1), s.sells(990, -1)
	fixed := s.bundle(1500, a, b)
	s.offers()
	quotes, err := s.orders.QuoteBundles(s.ctx, alice, "USD", []promotion.Bundle{fixed})
	s.ok(err)
	q := quotes[0]
	if q.Total != usd(199) || q.Full != usd(448) || q.Problem != "" { // 2.10
		t.Fatalf("in dollars: %+v", q)
	}
	o, _, err := s.orders.Place(s.ctx, order.PlaceRequest{
		UserID:         alice,
		IdempotencyKey: "k",
		BundleID:       fixed.ID,
		ExpectTotal:    &q.Total,
		Currency:       "USD",
	})
	if err != nil || o.Total != usd(199) {
		t.Fatalf("ordered: %s, %v", o.Total, err)
	}
	var sum int64
	for n, i := range o.Items {
		if i.Price() != q.Parts[n].Share {
			t.Errorf("item %d costs %s, its share is %s", n, i.Price(), q.Parts[n].Share)
		}
		sum += i.Price().Amount
	}
	if sum != 199 {
		t.Errorf("the items come to %d", sum)
	}
	s.whole()
}

func TestOrders_ApplyNotice_revives_a_foreign_order(t *testing.T) {
	for _, c := range []struct {
		name  string
		rate  string
		lives bool
	}{
		{"at the same rate", "", true},
		{"at a rate that changes no price", "0.141", true},
		{"at another price", "0.165", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := open(t)
			video := s.sells(1990, 3)
			s.coupon("MINUS3", func(t *promotion.Terms) { t.AmountOff, t.PercentOff = 0, 10 })
			x := s.offers()
			r := in("USD", alice, one(video))
			r.Coupon = "MINUS3"
			_, o, err := s.buys("k", r)
			s.ok(err)
			s.payAt(s.page(o), sandbox.PayOptions{HoldNotice: true})
			s.closeUnasked(o)
			if c.rate != "" {
				s.ok(x.AddRate(s.ctx, exchange.NewRate{
					Currency: "USD",
					Rate:     c.rate,
					From:     s.now().Add(time.Second),
				}))
				s.advance(2 * time.Second)
			}
			s.releaseNotices()
			if c.lives {
				s.ok(s.orders.Deliver(s.ctx, o.OrderNo))
				s.is(o.OrderNo, order.Delivered)
			} else {
				s.refunds()
				s.is(o.OrderNo, order.Refunded)
			}
			s.whole()
		})
	}
}

func TestOrders_QuoteCoupon_sums_in_another_currency(t *testing.T) {
	s := open(t)
	video, cheap, least := s.sells(1990, -1), s.sells(999, -1), s.sells(1000, -1)
	s.coupon("HALF", func(t *promotion.Terms) {
		t.AmountOff, t.PercentOff = 0, 50
		t.MaxOff, t.MinSpend = 300, 1000
	})
	s.offers()
	r := in("USD", alice, one(video))
	r.Coupon = "HALF"
	quote, refused, err := s.orders.QuoteCoupon(s.ctx, r)
	if err != nil || refused != nil || quote.Discount != usd(45) || quote.Total != usd(299-45) {
		t.Errorf("3.00 of 19.90, in dollars: %s off, %v, %v", quote.Discount, refused, err)
	}
	r.Lines = one(least) // 1.49, as the one that is too cheap: what counts is the price that was set
	if _, refused, err = s.orders.QuoteCoupon(s.ctx, r); err != nil || refused != nil {
		t.Errorf("at the minimum: %v, %v", refused, err)
	}
	r.Lines = one(cheap)
	if _, refused, err = s.orders.QuoteCoupon(s.ctx, r); err != nil || !errors.Is(refused, promotion.ErrCouponMinimum) {
		t.Errorf("below the minimum: %v, %v", refused, err)
	}
}

// What a coupon leaves of a price is something in every currency, and nothing where nothing is left.
func TestOrders_QuoteCoupon_never_free_by_rounding(t *testing.T) {
	s := open(t)
	video := s.sells(1000, -1)
	s.coupon("NEARLY", func(t *promotion.Terms) { t.AmountOff = 999 })
	s.coupon("ALL", func(t *promotion.Terms) { t.AmountOff = 1000 })
	s.offers()
	for code, left := range map[string]int64{"NEARLY": 1, "ALL": 0} {
		for _, currency := range []string{"USD", "JPY", "KWD", "CNY"} {
			r := in(currency, alice, one(video))
			r.Coupon = code
			quote, refused, err := s.orders.QuoteCoupon(s.ctx, r)
			if err != nil || refused != nil || quote.Total != money.Of(left, currency) {
				t.Errorf("%s in %s: %s, %v, %v", code, currency, quote.Total, refused, err)
			}
		}
	}
}
