package insight_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"videomall/mall/catalog"
	"videomall/mall/insight"
	"videomall/mall/locale"
	"videomall/mall/malltest"
	"videomall/mall/order"
	"videomall/mall/payment/sandbox"
)

func open(t *testing.T) *malltest.Mall {
	t.Helper()
	t.Parallel()
	return malltest.Listening(t)
}

// paid places and pays an order of a person for one of each SKU.
func paid(m *malltest.Mall, userID int64, skuIDs ...int64) order.Order {
	m.T.Helper()
	o := m.Place(userID, skuIDs...)
	if !o.Total.IsZero() {
		m.Pay(o, sandbox.PayOptions{})
		notices(m)
	}
	o, err := m.Orders.GetAny(m.Ctx, o.OrderNo)
	m.OK(err)
	if o.PaidAt == nil {
		m.T.Fatalf("order %s is %s", o.OrderNo, o.Status)
	}
	return o
}

// refunded refunds items of an order, or all of them if none is named.
func refunded(m *malltest.Mall, o order.Order, key string, items ...int64) {
	m.T.Helper()
	r, err := m.Orders.Refunds().Request(m.Ctx, order.RefundRequest{
		OrderNo: o.OrderNo,
		ItemIDs: items,
		Key:     key,
		Actor:   "operator:1",
	})
	m.OK(err)
	if !r.Amount.IsZero() {
		if err := m.Orders.Refunds().Submit(m.Ctx, r.RefundNo); err != nil && !errors.Is(err, order.ErrAwaitsProvider) {
			m.T.Fatal(err)
		}
		notices(m)
	}
}

// notices delivers all notices of the bank.
func notices(m *malltest.Mall) {
	m.T.Helper()
	for _, id := range malltest.Query[int64](m, `select id from sandbox_notice where acked_at is null order by id`) {
		m.OK(m.Sandbox.Deliver(m.Ctx, id))
	}
}

// sells lists a video of another creator in another currency.
func sells(m *malltest.Mall, creatorID int64, slug, currency string, amount int64) int64 {
	m.T.Helper()
	category := malltest.Query[int64](m, `select id from catalog_category limit 1`)[0]
	made, err := m.Catalog.CreateProduct(m.Ctx, catalog.NewProduct{
		Slug:       slug,
		CreatorID:  creatorID,
		CategoryID: category,
		Title:      locale.Text{Zh: "影片", En: "Film"},
		SKUs: []catalog.NewSKU{
			{
				Kind:    catalog.KindOwn,
				Quality: catalog.QualityHD,
				Price:   catalog.NewPrice{Amount: amount, Currency: currency},
			},
			{
				Kind:      catalog.KindRent,
				Quality:   catalog.QualityHD,
				RentHours: 48,
				Price:     catalog.NewPrice{Amount: amount / 2, Currency: currency},
			},
		},
	})
	m.OK(err)
	m.OK(m.Catalog.Publish(m.Ctx, made.SPUID))
	return made.SKUIDs[0]
}

// asRows computes the sums from the orders independently of the mall's queries, by a plain loop over items and refunds.
func asRows(m *malltest.Mall) []insight.Sums {
	m.T.Helper()
	type key struct {
		day          time.Time
		creator, spu int64
		currency     string
	}
	sums, seen := map[key]*insight.Sales{}, map[string]bool{}
	zones := map[int64]*time.Location{}
	rows, err := m.Pool.Query(m.Ctx, `select creator_id, zone from insight_zone`)
	m.OK(err)
	defer rows.Close()
	for rows.Next() {
		var id int64
		var name string
		m.OK(rows.Scan(&id, &name))
		zones[id], err = time.LoadLocation(name)
		m.OK(err)
	}
	m.OK(rows.Err())
	at := func(moment time.Time, creator, spu int64, currency string) *insight.Sales {
		zone := zones[creator]
		if zone == nil {
			zone = time.UTC
		}
		year, month, date := moment.In(zone).Date()
		k := key{time.Date(year, month, date, 0, 0, 0, 0, time.UTC), creator, spu, currency}
		if sums[k] == nil {
			sums[k] = &insight.Sales{}
		}
		return sums[k]
	}
	for _, no := range malltest.Query[string](m, `select order_no from video_order where paid_at is not null`) {
		o, err := m.Orders.GetAny(m.Ctx, no)
		m.OK(err)
		for _, i := range o.Items {
			for _, of := range [][2]int64{
				{insight.Mall, insight.Whole},
				{i.CreatorID, insight.Whole},
				{i.CreatorID, i.SPUID},
			} {
				s := at(*o.PaidAt, of[0], of[1], o.Total.Currency)
				if mark := fmt.Sprint("order ", no, of); !seen[mark] {
					seen[mark] = true
					s.Orders++
				}
				s.Units += int64(i.Quantity)
				s.Gross += i.Amount.Amount
			}
		}
		refunds, err := m.Orders.Refunds().OfOrder(m.Ctx, no)
		m.OK(err)
		for _, r := range refunds {
			if r.Status != "succeeded" {
				continue
			}
			for _, share := range r.Items {
				i := o.Items[slices.IndexFunc(o.Items, func(i order.Item) bool { return i.ID == share.ItemID })]
				for _, of := range [][2]int64{
					{insight.Mall, insight.Whole},
					{i.CreatorID, insight.Whole},
					{i.CreatorID, i.SPUID},
				} {
					s := at(*r.SettledAt, of[0], of[1], r.Amount.Currency)
					if mark := fmt.Sprint("refund ", r.RefundNo, of); !seen[mark] {
						seen[mark] = true
						s.Refunds++
					}
					s.Refunded += share.Amount.Amount
				}
			}
		}
	}
	var list []insight.Sums
	for k, s := range sums {
		list = append(list, insight.Sums{
			Day:       k.day,
			CreatorID: k.creator,
			SPUID:     k.spu,
			Currency:  k.currency,
			Sales:     *s,
		})
	}
	return list
}

// exact fails unless the stored sums equal those computed from the orders.
func exact(m *malltest.Mall) {
	m.T.Helper()
	var kept []insight.Sums
	rows, err := m.Pool.Query(m.Ctx, `select day, creator_id, spu_id, currency, orders, units, gross, refunds, refunded
		from insight_day`)
	m.OK(err)
	defer rows.Close()
	for rows.Next() {
		var s insight.Sums
		m.OK(rows.Scan(&s.Day, &s.CreatorID, &s.SPUID, &s.Currency, &s.Orders, &s.Units, &s.Gross, &s.Refunds,
			&s.Refunded))
		kept = append(kept, s)
	}
	m.OK(rows.Err())
	want := asRows(m)
	if len(want) == 0 {
		m.T.Error("there is nothing to compare")
	}
	for _, w := range want {
		if !slices.Contains(kept, w) {
			m.T.Errorf("only the orders have %+v", w)
		}
	}
	for _, k := range kept {
		if !slices.Contains(want, k) {
			m.T.Errorf("only the sums have   %+v", k)
		}
	}
}

func contains(lines []string, part string) bool {
	return slices.ContainsFunc(lines, func(l string) bool { return strings.Contains(l, part) })
}

func contextOf(m *malltest.Mall) (context.Context, context.CancelFunc) {
	return context.WithCancel(m.Ctx)
}
