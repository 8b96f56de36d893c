package invoice_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"videomall/mall/calendar"
	"videomall/mall/invoice"
	"videomall/mall/malltest"
	"videomall/mall/money"
	"videomall/mall/order"
	"videomall/mall/payment/sandbox"
	"videomall/mall/tax"
)

const (
	mia = int64(101)
	tim = int64(102)
)

// desk is a mall whose documents have a seller, and days of Beijing.
type desk struct {
	*malltest.Mall
	invoices *invoice.Invoices
	clock    func() time.Time
}

func open(t *testing.T) *desk {
	t.Helper()
	t.Parallel()
	d := &desk{Mall: malltest.Listening(t)}
	d.clock = d.Now
	zone, _ := calendar.Find("Asia/Shanghai")
	d.invoices = invoice.New(invoice.Deps{
		Pool:     d.Pool,
		Now:      func() time.Time { return d.clock() },
		Orders:   d.Orders,
		Payments: d.Payments,
		River:    d.River,
		Seller:   invoice.Seller{Name: "Mall GmbH", Address: []string{"Weg 1", "10115 Berlin"}},
		Tax:      tax.Shop{Country: "DE", VATID: "DE136695976", Zone: zone},
		Buyer:    func(context.Context, int64) (string, error) { return "Mia <3", nil },
	})
	return d
}

// taxes gives a country a rate since long ago, and a buyer an address there.
func (d *desk) taxes(country string, basisPoints int, buyer tax.Profile) {
	d.T.Helper()
	_, err := d.Pool.Exec(d.Ctx, `insert into tax_rate (country, name, basis_points, valid_from, created_at)
		values ($1, 'VAT', $2, '2020-01-01', now())`, country, basisPoints)
	d.OK(err)
	buyer.Country = country
	d.OK(d.Taxes.SaveProfile(d.Ctx, mia, buyer))
}

// paid places, pays and delivers an order of these prices.
func (d *desk) paid(userID int64, prices ...int64) order.Order {
	d.T.Helper()
	var skus []int64
	for _, p := range prices {
		skus = append(skus, d.Sells(p, -1))
	}
	o := d.Place(userID, skus...)
	if !o.Total.IsZero() {
		d.Pay(o, sandbox.PayOptions{})
		d.DeliverNotices()
	}
	d.OK(d.Orders.Deliver(d.Ctx, o.OrderNo))
	return d.Becomes(o.OrderNo, order.Delivered)
}

// refunds asks for a refund of an amount in fen of some items, or all that is left, and settles it.
func (d *desk) refunds(o order.Order, key string, amount int64, itemIDs ...int64) {
	d.T.Helper()
	r := order.RefundRequest{
		OrderNo: o.OrderNo,
		ItemIDs: itemIDs,
		Reason:  "asked",
		Actor:   "operator:2",
		Key:     key,
	}
	if amount > 0 {
		r.Amount = money.Of(amount, "CNY")
	}
	refund, err := d.Orders.Refunds().Request(d.Ctx, r)
	d.OK(err)
	if err := d.Orders.Refunds().Submit(d.Ctx, refund.RefundNo); err != nil &&
		!errors.Is(err, order.ErrAwaitsProvider) {
		d.T.Fatal(err)
	}
	d.DeliverNotices()
}

func (d *desk) issue(o order.Order) []invoice.Document {
	d.T.Helper()
	d.OK(d.invoices.Issue(d.Ctx, o.OrderNo))
	docs, err := d.invoices.OfOrder(d.Ctx, o.OrderNo)
	d.OK(err)
	return docs
}

// whole fails for every series with a gap.
func (d *desk) whole() []invoice.Series {
	d.T.Helper()
	list, err := d.invoices.Series(d.Ctx)
	d.OK(err)
	for _, s := range list {
		if !s.Whole() {
			d.T.Errorf("%+v", s)
		}
	}
	return list
}

// atOnce calls do n times in parallel.
func atOnce(n int, do func(int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { do(i) })
	}
	all.Wait()
}
