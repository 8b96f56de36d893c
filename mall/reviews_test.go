package mall_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/mall/audit"
	"videomall/mall/catalog"
	"videomall/mall/malltest"
	"videomall/mall/order"
	"videomall/mall/payment/sandbox"
	"videomall/mall/review"
	"videomall/mall/risk"
)

// reviewing opens the desk over listings that do as they are told.
func reviewing(t *testing.T) *malltest.Mall {
	t.Helper()
	t.Parallel()
	m := malltest.Listening(t)
	nothing := func(context.Context, pgx.Tx, int64) error { return nil }
	m.Reviews.Listing = review.Listing{Approve: nothing, TakeDown: nothing, Restore: nothing,
		Return: func(context.Context, pgx.Tx, int64, string) error { return nil }}
	return m
}

// editions lists a film with two ways to own it and one to rent it for a day, and one that costs nothing.
func editions(m *malltest.Mall) catalog.Created {
	m.T.Helper()
	sku := func(kind, quality string, hours int, amount int64) catalog.NewSKU {
		return catalog.NewSKU{Kind: kind, Quality: quality, RentHours: hours, Price: catalog.NewPrice{Amount: amount, Currency: "CNY"}}
	}
	made, err := m.Catalog.CreateProduct(m.Ctx, catalog.NewProduct{Slug: "harbour", CreatorID: 1, CategoryID: 1, TitleZh: "港", TitleEn: "Harbour",
		SKUs: []catalog.NewSKU{sku("own", "HD", 0, 990), sku("own", "4K", 0, 1990), sku("rent", "HD", 24, 300), sku("rent", "HD", 48, 0)}})
	m.OK(err)
	m.OK(m.Catalog.Publish(m.Ctx, made.SPUID))
	return made
}

func bought(m *malltest.Mall, userID int64, skuIDs ...int64) order.Order {
	m.T.Helper()
	o := m.Place(userID, skuIDs...)
	if !o.Total.IsZero() {
		m.Pay(o, sandbox.PayOptions{})
		deliverNotices(m)
	}
	m.OK(m.Orders.Deliver(m.Ctx, o.OrderNo))
	return m.Becomes(o.OrderNo, order.Delivered)
}

func plays(m *malltest.Mall, o order.Order) {
	m.T.Helper()
	id := malltest.Query[int64](m, `select id from video_entitlement where reference = '`+o.OrderNo+`'`)[0]
	_, err := m.Entitlements.Start(m.Ctx, id)
	m.OK(err)
}

func TestEndingAccessPaysEachOrderBackOnce(t *testing.T) {
	m := reviewing(t)
	film, beside := editions(m), m.Sells(500, -1)
	own, k4, rent, free := film.SKUIDs[0], film.SKUIDs[1], film.SKUIDs[2], film.SKUIDs[3]

	over := bought(m, 21, rent)
	plays(m, over)
	m.Advance(25 * time.Hour) // it has been had
	owned := bought(m, 22, own)
	both := bought(m, 23, rent, beside) // the other film stays
	plays(m, both)                      // and the rental runs
	unplayed := bought(m, 24, rent)
	gift := bought(m, 25, free)
	twice := bought(m, 26, own, k4)
	elsewhere := bought(m, 27, beside)
	gone := bought(m, 28, own)
	_, err := m.Orders.Refund(m.Ctx, order.RefundRequest{OrderNo: gone.OrderNo, Key: "k", Actor: "operator:9"})
	m.OK(err)

	down, err := m.Reviews.TakeDown(m.Ctx, 9, review.Target{SPUID: film.SPUID, CreatorID: 1, TitleZh: "港", TitleEn: "Harbour", Reason: "Rights."})
	m.OK(err)
	if jobs := malltest.Query[string](m, `select args::text from river_job where kind = 'order_end_access'`); len(jobs) != 1 {
		t.Fatalf("jobs %v", jobs)
	}
	args := order.EndAccessArgs{SPUID: film.SPUID, TakedownID: down.ID}
	var wg sync.WaitGroup
	for range 4 { // the job runs beside itself, and once more
		wg.Go(func() {
			if err := m.Orders.EndAccess(m.Ctx, args); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	m.OK(m.Orders.EndAccess(m.Ctx, args))
	submitRefunds(m)
	m.OK(m.Orders.EndAccess(m.Ctx, args))

	refunds := map[string]string{}
	for _, s := range malltest.Query[string](m, `select order_no || ' ' || string_agg(amount || ' ' || status || ' ' || actor, '; ') from order_refund group by order_no`) {
		refunds[s[:26]] = s[27:]
	}
	by := fmt.Sprintf("takedown:%d", down.ID)
	for no, want := range map[string]string{owned.OrderNo: "990 succeeded " + by, both.OrderNo: "300 succeeded " + by, unplayed.OrderNo: "300 succeeded " + by,
		gift.OrderNo: "0 succeeded " + by, twice.OrderNo: "2980 succeeded " + by, gone.OrderNo: "990 succeeded operator:9", over.OrderNo: "", elsewhere.OrderNo: ""} {
		if refunds[no] != want {
			t.Errorf("order %s: %q, want %q", no, refunds[no], want)
		}
	}
	m.Becomes(owned.OrderNo, order.Refunded)
	m.Becomes(both.OrderNo, order.Delivered)
	m.Becomes(over.OrderNo, order.Delivered)
	living := malltest.Query[int64](m, fmt.Sprintf(`select user_id from video_entitlement where spu_id = %d and state = 'active' order by 1`, film.SPUID))
	if !slices.Equal(living, []int64{21}) {
		t.Errorf("may still watch, or could: %v", living)
	}
	m.Whole()
}

func TestKeepingAccessPaysNobodyBack(t *testing.T) {
	m := reviewing(t)
	film := editions(m)
	bought(m, 22, film.SKUIDs[0])
	_, err := m.Reviews.TakeDown(m.Ctx, 9, review.Target{SPUID: film.SPUID, CreatorID: 1, TitleZh: "港", TitleEn: "Harbour", Reason: "Rights.", KeepAccess: true})
	m.OK(err)
	if n := malltest.Query[int64](m, `select count(*) from river_job where kind = 'order_end_access'`)[0]; n != 0 {
		t.Errorf("%d jobs", n)
	}
}

func TestAPaymentThatComesAfterTheEndGoesBackToo(t *testing.T) {
	m := reviewing(t)
	film := editions(m)
	late := m.Place(22, film.SKUIDs[0])
	down, err := m.Reviews.TakeDown(m.Ctx, 9, review.Target{SPUID: film.SPUID, CreatorID: 1, TitleZh: "港", TitleEn: "Harbour", Reason: "Rights."})
	m.OK(err)
	m.OK(m.Orders.EndAccess(m.Ctx, order.EndAccessArgs{SPUID: film.SPUID, TakedownID: down.ID}))
	m.Pay(late, sandbox.PayOptions{})
	deliverNotices(m)
	m.Relayed()
	if n := malltest.Query[int64](m, `select count(*) from river_job where kind = 'order_end_access'`)[0]; n != 2 {
		t.Fatalf("%d jobs, want one more for the late payment", n)
	}
	m.OK(m.Orders.EndAccess(m.Ctx, order.EndAccessArgs{SPUID: film.SPUID, TakedownID: down.ID}))
	submitRefunds(m)
	m.Becomes(late.OrderNo, order.Refunded)
	m.Whole()
}

// Every deed of an operator is in the log with its order; a deed that fails leaves no entry.
func TestWhatOperatorsDoIsWrittenDown(t *testing.T) {
	m := reviewing(t)
	film := editions(m)
	o := bought(m, 22, film.SKUIDs[0])
	for range 2 { // the same key is the same deed
		_, err := m.Orders.Refund(m.Ctx, order.RefundRequest{OrderNo: o.OrderNo, Key: "k", Reason: "why", Actor: "operator:9"})
		m.OK(err)
	}
	_, err := m.Orders.Refund(m.Ctx, order.RefundRequest{OrderNo: o.OrderNo, Key: "other", Actor: "operator:9"})
	if !errors.Is(err, order.ErrNothingLeft) {
		t.Fatal(err)
	}
	m.Lists.May = nil // account 9 is nobody's
	m.OK(m.Lists.Add(m.Ctx, risk.NewEntry{Effect: risk.Deny, Kind: risk.User, Subject: "77", Reason: "spam", By: risk.Subject{UserID: 9}}))
	if err := m.Lists.Add(m.Ctx, risk.NewEntry{Effect: risk.Deny, Kind: risk.User, Subject: "9", Reason: "me", By: risk.Subject{UserID: 9}}); !errors.Is(err, risk.ErrOwnLockout) {
		t.Fatal(err)
	}
	m.OK(m.Lists.End(m.Ctx, malltest.Query[int64](m, `select id from risk_entry`)[0], risk.Subject{UserID: 9}))
	_, err = m.Pool.Exec(m.Ctx, `insert into order_case (kind, reference) values ('unknown_order', 'r')`)
	m.OK(err)
	m.OK(m.Orders.CloseCase(m.Ctx, malltest.Query[int64](m, `select id from order_case`)[0], "operator:9", "found it"))
	var verbs []string
	records, err := m.Audit.List(m.Ctx, audit.Filter{Most: 50})
	m.OK(err)
	for _, r := range records {
		if r.ActorID != 9 || r.Actor != "account:9" {
			t.Errorf("%+v", r)
		}
		verbs = append(verbs, r.Verb)
	}
	if !slices.Equal(verbs, []string{"order.case_close", "list.end", "list.add", "order.refund"}) {
		t.Errorf("%v", verbs)
	}
	if s, err := m.Audit.Verify(m.Ctx); err != nil || !s.Whole() {
		t.Errorf("%+v %v", s, err)
	}
}

func TestARefundThatCanNotBeWrittenDownIsNotMade(t *testing.T) {
	m := reviewing(t)
	film := editions(m)
	o := bought(m, 22, film.SKUIDs[0])
	stop := errors.New("the log is full")
	m.Orders.Audit = func(context.Context, pgx.Tx, int64, string, string, any) error { return stop }
	if _, err := m.Orders.Refund(m.Ctx, order.RefundRequest{OrderNo: o.OrderNo, Key: "k", Actor: "operator:9"}); !errors.Is(err, stop) {
		t.Fatal(err)
	}
	if n := malltest.Query[int64](m, `select count(*) from order_refund`)[0]; n != 0 {
		t.Errorf("%d refunds", n)
	}
	m.Whole()
}
