package order_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/catalog"
	"videomall/mall/order"
	"videomall/mall/payment"
	"videomall/mall/payment/sandbox"
	"videomall/mall/promotion"
	"videomall/mall/tax"
)

// taxed makes the shop one in Germany whose prices include tax or not, with these rates in basis points.
func (s *shop) taxed(mode tax.Mode, rates map[string]int) {
	s.t.Helper()
	s.taxes = tax.New(tax.Deps{
		Pool: s.pool,
		Now:  s.now,
		Shop: tax.Shop{Country: "DE", Mode: mode},
	})
	for country, rate := range rates {
		s.ok(s.taxes.AddRate(s.ctx, tax.NewRate{
			Country:     country,
			Name:        "VAT",
			BasisPoints: rate,
			From:        s.now(),
		}))
	}
	s.deps.Taxes = s.taxes
	s.orders = order.New(s.deps)
}

func (s *shop) bills(userID int64, p tax.Profile) {
	s.t.Helper()
	s.ok(s.taxes.SaveProfile(s.ctx, userID, p))
}

const idFR = "FR83404833048"

func TestOrders_Place_taxes_as_it_quotes(t *testing.T) {
	for _, c := range []struct {
		name   string
		mode   tax.Mode
		buyer  tax.Profile
		kind   tax.Kind
		total  int64 // of 1999 less a coupon of 300, and 500
		tax    int64
		added  int64
		shares int64 // what the creator and the mall have
	}{
		{"at home", tax.Inclusive, tax.Profile{}, tax.Standard, 2199, 351, 0, 1848},
		{"at home, exclusive", tax.Exclusive, tax.Profile{}, tax.Standard, 2617, 418, 418, 2199},
		{"abroad", tax.Inclusive, tax.Profile{Country: "FR"}, tax.Standard, 2199, 366, 0, 1833},
		{
			"a business abroad", tax.Inclusive,
			tax.Profile{Country: "FR", Company: "Lumière SA", VATID: idFR},
			tax.ReverseCharge, 1833, 0, -366, 1833,
		},
		{
			"a business abroad, exclusive", tax.Exclusive,
			tax.Profile{Country: "FR", VATID: idFR},
			tax.ReverseCharge, 2199, 0, 0, 2199,
		},
		{"elsewhere", tax.Exclusive, tax.Profile{Country: "US"}, tax.None, 2199, 0, 0, 2199},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := open(t)
			video, other := s.sells(1999, 3), s.sells(500, -1)
			s.coupon("MINUS3")
			s.taxed(c.mode, map[string]int{"DE": 1900, "FR": 2000})
			if !c.buyer.IsZero() {
				s.bills(alice, c.buyer)
			}
			quote, refused, err := s.orders.QuoteCoupon(s.ctx, quoted(alice, "MINUS3", video, other))
			if err != nil || refused != nil {
				t.Fatal(err, refused)
			}
			r := wants(alice, "MINUS3", one(video, other))
			r.ExpectTotal = &quote.Total
			o, _, err := s.orders.Place(s.ctx, r)
			s.ok(err)
			again := s.is(o.OrderNo, order.PendingPay)
			for name, of := range map[string]order.Tax{"quote": quote.Tax, "order": o.Tax, "stored": again.Tax} {
				if of != o.Tax || of.Kind != c.kind || of.Amount != cny(c.tax) || of.Added != cny(c.added) {
					t.Errorf("%s: %+v", name, of)
				}
			}
			for n, i := range again.Items {
				if l := quote.Lines[n]; l.Tax != i.Tax || l.Net() != i.Net() || o.Items[n].Tax != i.Tax {
					t.Errorf("line %d: quoted %+v, placed %+v, stored %+v", n, l.Tax, o.Items[n].Tax, i.Tax)
				}
			}
			if o.Total != cny(c.total) || again.Total != o.Total || again.Subtotal() != cny(2499) ||
				again.Discount() != cny(300) {
				t.Errorf("total %s, stored %s, subtotal %s", o.Total, again.Total, again.Subtotal())
			}
			if again.Billing != o.Billing || again.Billing != c.buyer {
				t.Errorf("billing %+v, stored %+v", o.Billing, again.Billing)
			}
			s.pay(o, sandbox.PayOptions{})
			s.ok(s.orders.Deliver(s.ctx, o.OrderNo))
			country := again.Tax.Country
			if got := -s.account("tax:" + country); got != c.tax {
				t.Errorf("%s is owed %d", country, got)
			}
			if got := -s.account("creator_held:1") - s.account("fees"); got != c.shares {
				t.Errorf("creator and mall have %d", got)
			}
			s.whole()
			s.refundAll(o)
			for _, name := range []string{"tax:" + country, "creator_held:1", "fees", "channel:sandbox", "refunding"} {
				if left := s.account(name); left != 0 {
					t.Errorf("%s holds %d after the refund", name, left)
				}
			}
			s.seesWithoutTax(c.shares)
			s.whole()
		})
	}
}

// seesWithoutTax fails unless creators see one sale of a sum that was refunded: in the sums by day, in the events from
// which they are kept, and in their lists.
func (s *shop) seesWithoutTax(want int64) {
	s.t.Helper()
	s.ok(db.InTx(s.ctx, s.pool, func(tx pgx.Tx) error {
		sums, err := s.orders.SalesTx(s.ctx, tx, []time.Time{s.now().Add(-time.Hour), s.now().Add(time.Hour)}, nil)
		for _, sum := range sums {
			if sum.SPUID == 0 && (sum.Gross != want || sum.Refunded != want) {
				s.t.Errorf("sums by day: %+v, want %d", sum, want)
			}
		}
		return err
	}))
	sold := query[int64](s, `select sum((i -> 'paid' ->> 'amount')::bigint)::bigint
		from outbox_event, jsonb_array_elements(payload -> 'items') i where type = 'order.paid'`)[0]
	back := query[int64](s, `select sum((i -> 'amount' ->> 'amount')::bigint)::bigint
		from outbox_event, jsonb_array_elements(payload -> 'refund' -> 'items') i where type = 'order.refunded'`)[0]
	if sold != want || back != want {
		s.t.Errorf("events: %d sold, %d refunded, want %d", sold, back, want)
	}
	list, err := s.orders.Sales(s.ctx, 1, 0, 0, 10)
	s.ok(err)
	for _, sale := range list {
		sold -= sale.Amount.Amount
		back -= sale.Refunded.Amount
	}
	if sold != 0 || back != 0 {
		s.t.Errorf("the list of sales differs by %d and %d", sold, back)
	}
}

// Nobody pays another sum than the one that was shown, and an order keeps the rate that it was placed with.
func TestOrders_Place_after_the_rate_or_the_country_changed(t *testing.T) {
	s := open(t)
	video := s.sells(1000, -1)
	s.taxed(tax.Exclusive, map[string]int{"DE": 1900})
	quote, err := s.orders.Quote(s.ctx, order.QuoteRequest{UserID: alice, Lines: one(video)})
	s.ok(err)
	waiting := s.place(bob, one(video))
	s.advance(time.Second)
	s.ok(s.taxes.AddRate(s.ctx, tax.NewRate{
		Country:     "DE",
		Name:        "VAT",
		BasisPoints: 700,
		From:        s.now(),
	}))
	r := wants(alice, "", one(video))
	r.ExpectTotal = &quote.Total
	if _, _, err := s.orders.Place(s.ctx, r); quote.Total != cny(1190) || !errors.Is(err, order.ErrPriceChanged) {
		t.Errorf("%s was shown, %v", quote.Total, err)
	}
	s.bills(alice, tax.Profile{Country: "US"})
	r.ExpectTotal = new(cny(1070))
	if _, _, err := s.orders.Place(s.ctx, r); !errors.Is(err, order.ErrPriceChanged) {
		t.Errorf("after a move: %v", err)
	}
	r.ExpectTotal = new(cny(1000))
	if o, _, err := s.orders.Place(s.ctx, r); err != nil || o.Tax.Kind != tax.None || o.Tax.Country != "US" {
		t.Errorf("in a country without a rate: %+v, %v", o.Tax, err)
	}
	s.pay(waiting, sandbox.PayOptions{})
	if got := -s.account("tax:DE"); got != 190 {
		t.Errorf("the order that waited owes %d", got)
	}
	s.whole()
}

func TestOrders_without_rates_nothing_is_taxed(t *testing.T) {
	s := open(t)
	s.taxed(tax.Exclusive, nil)
	s.bills(alice, tax.Profile{Country: "FR", VATID: idFR})
	o := s.bought(alice, one(s.sells(990, -1)))
	if o.Tax.Mode != "" || o.Tax.Country != "" || o.Tax.Kind != tax.None || o.Total != cny(990) || !o.Billing.IsZero() {
		t.Errorf("%+v, %+v", o.Tax, o.Billing)
	}
	s.whole()
}

func TestOrders_QuoteBundles_taxes_as_Place_does(t *testing.T) {
	s := open(t)
	first, second := s.sells(999, -1), s.sells(1001, -1)
	b := s.bundle(1500, first, second)
	for mode, total := range map[tax.Mode]int64{tax.Exclusive: 1786, tax.Inclusive: 1500} {
		s.taxed(mode, nil)
		if mode == tax.Exclusive {
			s.taxed(mode, map[string]int{"DE": 1900})
		}
		buyer := alice + total
		quotes, err := s.orders.QuoteBundles(s.ctx, buyer, "", []promotion.Bundle{b})
		s.ok(err)
		o, _, err := s.orders.Place(s.ctx, order.PlaceRequest{
			UserID:         buyer,
			IdempotencyKey: "bundle",
			BundleID:       b.ID,
			ExpectTotal:    &quotes[0].Total,
		})
		if err != nil || abs(o.Total.Amount-total) > 1 || o.Tax != quotes[0].Tax || quotes[0].Saved() != cny(500) {
			t.Errorf("%s: %s, %+v of %+v, %v", mode, o.Total, o.Tax, quotes[0], err)
		}
	}
}

func abs(n int64) int64 { return max(n, -n) }

// Whatever is bought, at whatever rate, and however it is refunded: the books balance after every step, and at the end
// of it nothing is left anywhere.
func TestRefunds_tax_of_random_orders_and_refunds(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 11))
			s := open(t)
			mode := []tax.Mode{tax.Inclusive, tax.Exclusive}[seed%2]
			s.taxed(mode, map[string]int{"DE": 1 + r.IntN(tax.MaxBasisPoints), "FR": 2000})
			if seed%3 == 2 {
				s.bills(alice, tax.Profile{Country: "FR", VATID: []string{"", idFR}[seed/3]})
			}
			var wanted []order.Line
			for range 1 + r.IntN(4) {
				video := s.sells(1+r.Int64N(3000), -1, func(k *catalog.NewSKU) {
					k.Kind, k.RentHours, k.MaxPerOrder = catalog.KindRent, 48, 5
				})
				wanted = append(wanted, order.Line{SKUID: video, Quantity: 1 + r.IntN(3)})
			}
			s.coupon("SOME", func(t *promotion.Terms) { t.AmountOff, t.PercentOff = 0, 1+r.IntN(60) })
			o := s.placeWith(alice, "SOME", wanted)
			s.pay(o, sandbox.PayOptions{})
			s.ok(s.orders.Deliver(s.ctx, o.OrderNo))
			s.whole()
			for step := 0; step < 40; step++ {
				o = s.is(o.OrderNo, order.Delivered)
				left := o.Total.Amount - o.Refunded.Amount
				sum := 1 + r.Int64N(left)
				if step > 8 {
					sum = left
				}
				fails := r.IntN(3) == 0 && step <= 8
				_, err := s.pool.Exec(s.ctx, `update sandbox_charge set refunds_fail = $1`, fails)
				s.ok(err)
				_, err = s.orders.Refunds().Request(s.ctx, order.RefundRequest{
					OrderNo: o.OrderNo,
					Amount:  cny(sum),
					Actor:   "operator:2",
					Key:     fmt.Sprint("part ", step),
				})
				s.ok(err)
				if r.IntN(2) == 0 {
					s.whole() // while it is pending
				}
				s.refunds()
				s.whole()
				if sum == left && !fails {
					break
				}
			}
			o = s.is(o.OrderNo, order.Refunded)
			for _, i := range o.Items {
				if i.Refunded != i.Net() || i.Tax.Refunded != i.Tax.Amount {
					t.Errorf("item %d: %+v", i.LineNo, i)
				}
			}
			for _, name := range []string{"tax:DE", "tax:FR", "creator_held:1", "fees", "channel:sandbox", "refunding"} {
				if left := s.account(name); left != 0 {
					t.Errorf("%s holds %d", name, left)
				}
			}
		})
	}
}

func TestRefunds_Request_tax_of_many_at_once(t *testing.T) {
	s := open(t)
	s.taxed(tax.Exclusive, map[string]int{"DE": 1900})
	o := s.bought(alice, one(s.sells(1001, -1), s.sells(333, -1)))
	var wait sync.WaitGroup
	var given atomic.Int64
	for n := range 12 {
		wait.Go(func() {
			r, err := s.orders.Refunds().Request(s.ctx, order.RefundRequest{
				OrderNo: o.OrderNo,
				Amount:  cny(211),
				Actor:   "operator:2",
				Key:     fmt.Sprint(n),
			})
			if err == nil {
				given.Add(r.Amount.Amount)
			} else if !errors.Is(err, order.ErrRefundAmount) && !errors.Is(err, order.ErrNothingLeft) {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if given.Load() != 7*211 { // of 1587
		t.Errorf("%d were given back", given.Load())
	}
	s.whole()
	s.refunds()
	_, err := s.orders.Refunds().Request(s.ctx, order.RefundRequest{
		OrderNo: o.OrderNo,
		Actor:   "operator:2",
		Key:     "rest",
	})
	s.ok(err)
	s.refunds()
	s.is(o.OrderNo, order.Refunded)
	if left := s.account("tax:DE"); left != 0 {
		t.Errorf("tax:DE holds %d", left)
	}
	s.whole()
}

func TestRefunds_dispute_takes_the_tax_and_gives_it_back(t *testing.T) {
	for name, c := range map[string]struct {
		steps []string
		owed  int64
	}{
		"lost": {[]string{payment.DisputeFundsWithdrawn, payment.DisputeLost}, 0},
		"won":  {[]string{payment.DisputeFundsWithdrawn, payment.DisputeWon, payment.DisputeFundsReinstated}, 190},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			s.taxed(tax.Exclusive, map[string]int{"DE": 1900})
			o := s.bought(alice, one(s.sells(1000, -1)))
			s.dispute(o, payment.DisputeOpened)
			s.deliverNotices()
			if owed := s.account("tax:DE"); owed != 0 {
				t.Errorf("while it is disputed, %d is owed", -owed)
			}
			s.whole()
			s.dispute(o, c.steps...)
			s.deliverNotices()
			if owed := -s.account("tax:DE"); owed != c.owed {
				t.Errorf("%d is owed", owed)
			}
			s.whole()
		})
	}
}
