package subscriber_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"videomall/mall/backoffice"
	"videomall/mall/catalog"
	"videomall/mall/locale"
	"videomall/mall/malltest"
	"videomall/mall/order"
	"videomall/mall/payment/sandbox"
	"videomall/mall/review"
)

// reviewing opens the desk over listings that do as they are told.
func reviewing(t *testing.T) *malltest.Mall {
	t.Helper()
	t.Parallel()
	m := malltest.Listening(t)
	nothing := func(context.Context, pgx.Tx, int64) error { return nil }
	m.Reviews = review.New(review.Deps{
		Pool: m.Pool,
		Now:  m.Now,
		Listing: review.Listing{
			Approve:  nothing,
			TakeDown: nothing,
			Restore:  nothing,
			Return:   func(context.Context, pgx.Tx, int64, string) error { return nil },
		},
		Audit:     backoffice.Audit(m.Accounts, m.Audit),
		EndAccess: m.Orders.Refunds().EndAccessTx,
	})
	return m
}

// listSKUs lists a video with two ways to own it and one to rent it for a day, and one that costs nothing.
func listSKUs(m *malltest.Mall) catalog.Created {
	m.T.Helper()
	sku := func(kind, quality string, hours int, amount int64) catalog.NewSKU {
		return catalog.NewSKU{
			Kind:      kind,
			Quality:   quality,
			RentHours: hours,
			Price:     catalog.NewPrice{Amount: amount, Currency: "CNY"},
		}
	}
	made, err := m.Catalog.CreateProduct(m.Ctx, catalog.NewProduct{
		Slug:       "harbour",
		CreatorID:  1,
		CategoryID: 1,
		Title:      locale.Text{Zh: "港", En: "Harbour"},
		SKUs: []catalog.NewSKU{
			sku("own", "HD", 0, 990), sku("own", "4K", 0, 1990), sku("rent", "HD", 24, 300),
			sku("rent", "HD", 48, 0),
		},
	})
	m.OK(err)
	m.OK(m.Catalog.Publish(m.Ctx, made.SPUID))
	return made
}

func bought(m *malltest.Mall, userID int64, skuIDs ...int64) order.Order {
	m.T.Helper()
	o := m.Place(userID, skuIDs...)
	if !o.Total.IsZero() {
		m.Pay(o, sandbox.PayOptions{})
		m.DeliverNotices()
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

func TestSubscribe_takedown_ends_access(t *testing.T) {
	m := reviewing(t)
	video, beside := listSKUs(m), m.Sells(500, -1)
	own, k4, rent, free := video.SKUIDs[0], video.SKUIDs[1], video.SKUIDs[2], video.SKUIDs[3]

	over := bought(m, 21, rent)
	plays(m, over)
	m.Advance(25 * time.Hour) // it has been had
	owned := bought(m, 22, own)
	both := bought(m, 23, rent, beside) // the other video stays
	plays(m, both)                      // and the rental runs
	unplayed := bought(m, 24, rent)
	gift := bought(m, 25, free)
	twice := bought(m, 26, own, k4)
	elsewhere := bought(m, 27, beside)
	gone := bought(m, 28, own)
	_, err := m.Orders.Refunds().Request(m.Ctx, order.RefundRequest{
		OrderNo: gone.OrderNo,
		Key:     "k",
		Actor:   "operator:9",
	})
	m.OK(err)

	args := takesDown(m, video)
	if jobs := malltest.Query[string](m,
		`select args::text from river_job where kind = 'order_end_access'`); len(jobs) != 1 {
		t.Fatalf("jobs %v", jobs)
	}
	var wg sync.WaitGroup
	for range 4 { // the job runs beside itself, and once more
		wg.Go(func() {
			if err := m.Orders.Refunds().EndAccess(m.Ctx, args); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	m.OK(m.Orders.Refunds().EndAccess(m.Ctx, args))
	submitRefunds(m)
	m.OK(m.Orders.Refunds().EndAccess(m.Ctx, args))

	refunds := map[string]string{}
	for _, s := range malltest.Query[string](m,
		`select order_no || ' ' || string_agg(amount || ' ' || status || ' ' || actor, '; ') from order_refund
			group by order_no`) {
		refunds[s[:26]] = s[27:]
	}
	by := fmt.Sprintf("takedown:%d", args.TakedownID)
	for no, want := range map[string]string{
		owned.OrderNo: "990 succeeded " + by, both.OrderNo: "300 succeeded " + by,
		unplayed.OrderNo: "300 succeeded " + by,
		gift.OrderNo:     "0 succeeded " + by, twice.OrderNo: "2980 succeeded " + by,
		gone.OrderNo: "990 succeeded operator:9", over.OrderNo: "", elsewhere.OrderNo: "",
	} {
		if refunds[no] != want {
			t.Errorf("order %s: %q, want %q", no, refunds[no], want)
		}
	}
	m.Becomes(owned.OrderNo, order.Refunded)
	m.Becomes(both.OrderNo, order.Delivered)
	m.Becomes(over.OrderNo, order.Delivered)
	living := malltest.Query[int64](m, fmt.Sprintf(`select user_id from video_entitlement where spu_id = %d
		and state = 'active' order by 1`, video.SPUID))
	if diff := cmp.Diff([]int64{21}, living); diff != "" {
		t.Errorf("who may still watch (-want +got):\n%s", diff)
	}
	m.Whole()
}

func TestSubscribe_takedown_keeps_access(t *testing.T) {
	m := reviewing(t)
	video := listSKUs(m)
	bought(m, 22, video.SKUIDs[0])
	_, err := m.Reviews.TakeDown(m.Ctx, 9, review.Target{
		SPUID:      video.SPUID,
		CreatorID:  1,
		Title:      locale.Text{Zh: "港", En: "Harbour"},
		Reason:     "Rights.",
		KeepAccess: true,
	})
	m.OK(err)
	if n := malltest.Query[int64](m, `select count(*) from river_job where kind = 'order_end_access'`)[0]; n != 0 {
		t.Errorf("%d jobs", n)
	}
}

func TestSubscribe_takedown_late_payment(t *testing.T) {
	m := reviewing(t)
	video := listSKUs(m)
	late := m.Place(22, video.SKUIDs[0])
	args := takesDown(m, video)
	m.OK(m.Orders.Refunds().EndAccess(m.Ctx, args))
	m.Pay(late, sandbox.PayOptions{})
	m.DeliverNotices()
	m.Relayed()
	if n := malltest.Query[int64](m, `select count(*) from river_job where kind = 'order_end_access'`)[0]; n != 2 {
		t.Fatalf("%d jobs, want one more for the late payment", n)
	}
	m.OK(m.Orders.Refunds().EndAccess(m.Ctx, args))
	submitRefunds(m)
	m.Becomes(late.OrderNo, order.Refunded)
	m.Whole()
}

// takesDown takes a video down so that nobody keeps it.
func takesDown(m *malltest.Mall, video catalog.Created) order.EndAccessArgs {
	m.T.Helper()
	down, err := m.Reviews.TakeDown(m.Ctx, 9, review.Target{
		SPUID:     video.SPUID,
		CreatorID: 1,
		Title:     locale.Text{Zh: "港", En: "Harbour"},
		Reason:    "Rights.",
	})
	m.OK(err)
	return order.EndAccessArgs{SPUID: video.SPUID, TakedownID: down.ID}
}

// A job that comes after its takedown was undone takes nothing from anybody, nor when another takedown stands by then.
func TestSubscribe_takedown_undone(t *testing.T) {
	m := reviewing(t)
	video := listSKUs(m)
	owned := bought(m, 22, video.SKUIDs[0])
	args := takesDown(m, video)
	m.OK(m.Reviews.Undo(m.Ctx, 8, args.TakedownID))
	fresh := bought(m, 23, video.SKUIDs[0])
	m.OK(m.Orders.Refunds().EndAccess(m.Ctx, args))
	if n := malltest.Query[int64](m, `select count(*) from order_refund`)[0]; n != 0 {
		t.Fatalf("%d refunds", n)
	}
	again := takesDown(m, video)
	m.OK(m.Orders.Refunds().EndAccess(m.Ctx, args))
	if n := malltest.Query[int64](m, `select count(*) from order_refund`)[0]; n != 0 {
		t.Fatalf("%d refunds of the takedown before", n)
	}
	m.OK(m.Orders.Refunds().EndAccess(m.Ctx, again))
	submitRefunds(m)
	m.Becomes(owned.OrderNo, order.Refunded)
	m.Becomes(fresh.OrderNo, order.Refunded)
	m.Whole()
}

// The money may fail to go back, which an operator sees; the video is gone all the same. After the takedown it is as
// with any refund.
func TestSubscribe_takedown_refund_fails(t *testing.T) {
	m := reviewing(t)
	video := listSKUs(m)
	o := m.Place(22, video.SKUIDs[0])
	m.Pay(o, sandbox.PayOptions{RefundsFail: true})
	m.DeliverNotices()
	m.OK(m.Orders.Deliver(m.Ctx, o.OrderNo))
	args := takesDown(m, video)
	watches := func() bool {
		return malltest.Query[int64](m,
			`select count(*) from video_entitlement where reference = '`+o.OrderNo+`' and state = 'active'`)[0] == 1
	}
	m.OK(m.Orders.Refunds().EndAccess(m.Ctx, args))
	submitRefunds(m)
	if n := malltest.Query[int64](m, `select count(*) from order_case where kind = 'refund_failed'`)[0]; n != 1 ||
		watches() {
		t.Fatalf("%d cases are open, and the video can be watched: %v", n, watches())
	}
	m.OK(m.Orders.Refunds().EndAccess(m.Ctx, args)) // the job once more
	m.OK(m.Reviews.Undo(m.Ctx, 8, args.TakedownID))
	_, err := m.Orders.Refunds().Request(m.Ctx, order.RefundRequest{
		OrderNo: o.OrderNo,
		Key:     "by hand",
		Actor:   "operator:8",
	})
	m.OK(err)
	submitRefunds(m)
	if !watches() {
		t.Error("a refund failed after the takedown was undone, and the buyer lost the video without money back")
	}
	m.Becomes(o.OrderNo, order.Delivered)
	m.Whole()
}

// Whatever a creator calls a refund of theirs, it is no refund of the mall's.
func TestSubscribe_takedown_key_of_a_creator(t *testing.T) {
	m := reviewing(t)
	video, beside := listSKUs(m), m.Sells(500, -1)
	o := bought(m, 22, video.SKUIDs[0], beside)
	_, err := m.Orders.Refunds().RequestSale(m.Ctx, 1, order.RefundRequest{
		OrderNo: o.OrderNo,
		ItemIDs: []int64{o.Items[1].ID},
		Key:     "takedown:1:" + o.OrderNo,
	})
	m.OK(err)
	args := takesDown(m, video)
	if args.TakedownID != 1 {
		t.Fatalf("takedown %d", args.TakedownID)
	}
	m.OK(m.Orders.Refunds().EndAccess(m.Ctx, args))
	submitRefunds(m)
	m.Becomes(o.OrderNo, order.Refunded)
	m.Whole()
}

// One order that fails holds up neither the rest of its turn nor the next one, which is enqueued once.
func TestOrders_EndAccess_failure(t *testing.T) {
	m := reviewing(t)
	video := listSKUs(m)
	for n := range 51 {
		bought(m, int64(100+n), video.SKUIDs[3])
	}
	args := takesDown(m, video)
	broken := errors.New("no answer")
	fails := 2 * 50 // in two turns every order, and then the first
	orders := m.OrdersWith(func(d *order.Deps) {
		ended := d.Ended
		d.Ended = func(ctx context.Context, tx pgx.Tx, spuIDs []int64) (map[int64]int64, error) {
			if fails--; fails >= 0 {
				return nil, broken
			}
			return ended(ctx, tx, spuIDs)
		}
	})
	for _, want := range []int64{0, 0, 49} {
		if want > 0 {
			fails = 1
		}
		if err := orders.Refunds().EndAccess(m.Ctx, args); !errors.Is(err, broken) {
			t.Fatal(err)
		}
		if n := malltest.Query[int64](m, `select count(*) from order_refund`)[0]; n != want {
			t.Errorf("%d refunds, want %d", n, want)
		}
		if n := malltest.Query[int64](m, `select count(*) from river_job where kind = 'order_end_access'`)[0]; n != 2 {
			t.Errorf("%d jobs, want the first and the next", n)
		}
	}
}
