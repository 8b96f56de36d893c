package order_test

import (
	"slices"
	"testing"
	"time"

	"videomall/mall/order"
	"videomall/mall/payment/sandbox"
	"videomall/mall/tax"
)

// The report of a time has what was paid in it, and what was refunded in it; over all time it is what the accounts of
// the countries hold.
func TestOrders_TaxSums_are_those_of_the_ledger(t *testing.T) {
	s := open(t)
	first, second := s.sells(1000, -1), s.sells(333, -1)
	s.bought(carol+9, one(first)) // before there were rates
	start := s.now()
	s.advance(time.Minute)
	s.taxed(tax.Exclusive, map[string]int{"DE": 1900, "FR": 2000})
	s.bills(bob, tax.Profile{Country: "FR"})
	s.bills(carol, tax.Profile{Country: "FR", VATID: idFR})
	s.bills(carol+1, tax.Profile{Country: "US"})
	s.bought(alice, one(first, second))
	part := s.bought(bob, one(first, second))
	s.bought(carol, one(first))
	s.bought(carol+1, one(first))
	s.place(carol+2, one(first)) // not paid
	failing := s.place(carol+3, one(first))
	s.pay(failing, sandbox.PayOptions{RefundsFail: true})

	refund := func(o order.Order, amount int64, key string) {
		t.Helper()
		_, err := s.orders.Refunds().Request(s.ctx, order.RefundRequest{
			OrderNo: o.OrderNo,
			Amount:  cny(amount),
			Actor:   "operator:2",
			Key:     key,
		})
		s.ok(err)
	}
	refund(failing, 595, "fails later")
	mid := s.now().Add(30 * time.Second)
	s.advance(time.Minute)
	refund(part, 800, "a") // 600 with a tax of 100, and 200 with one of 33.5; and the other refund fails
	s.refunds()
	s.advance(time.Minute)

	sums := func(since, until time.Time) []order.TaxSum {
		t.Helper()
		list, err := s.orders.TaxSums(s.ctx, since, until)
		s.ok(err)
		return list
	}
	row := func(country string, kind tax.Kind, rate int, sold, owed, back, taxBack int64) order.TaxSum {
		return order.TaxSum{
			Country:     country,
			Kind:        kind,
			BasisPoints: rate,
			Currency:    "CNY",
			Sold:        sold,
			Tax:         owed,
			Refunded:    back,
			TaxRefunded: taxBack,
		}
	}
	for name, c := range map[string]struct {
		since, until time.Time
		want         []order.TaxSum
	}{
		"sold": {start, mid, []order.TaxSum{
			row("DE", tax.Standard, 1900, 2333, 443, 500, 95),
			row("FR", tax.Standard, 2000, 1333, 267, 0, 0),
			row("FR", tax.ReverseCharge, 0, 1000, 0, 0, 0),
			row("US", tax.None, 0, 1000, 0, 0, 0),
		}},
		"refunded": {mid, s.now(), []order.TaxSum{
			row("DE", tax.Standard, 1900, 0, 0, -500, -95),
			row("FR", tax.Standard, 2000, 0, 0, 666, 134),
		}},
	} {
		if got := sums(c.since, c.until); !slices.Equal(got, c.want) {
			t.Errorf("%s: got\n%+v, want\n%+v", name, got, c.want)
		}
	}
	owed := map[string]int64{}
	for _, r := range sums(time.Time{}, s.now()) {
		owed[r.Country] += r.Owed()
	}
	for _, country := range []string{"DE", "FR", "US"} {
		if booked := -s.account("tax:" + country); booked != owed[country] {
			t.Errorf("%s: the report says %d, the ledger %d", country, owed[country], booked)
		}
	}
	s.whole()
}
