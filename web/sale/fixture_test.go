package sale_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"videomall/db/dbtest"
	"videomall/mall/account"
	"videomall/mall/money"
	"videomall/mall/order"
	"videomall/mall/promotion"
	"videomall/mall/waitingroom"
	"videomall/web/sale"
	web "videomall/web/waitingroom"
	"videomall/web/webtest"
)

// fair is a mall with its flash sales, whose videos are those of the creator 1.
type fair struct {
	*webtest.Mall
	t        *testing.T
	creator  account.User // the creator of all videos
	olga     account.User // an operator
	mia      account.User // a shopper
	stopping chan struct{}
	asked    []order.PlaceRequest // what was handed to the order path
	refuse   error                // what it answers instead of placing
	queue    *waitingroom.Queue   // before each sale, which admits one person at a time
	ends     time.Time            // of that admission
}

func open(t *testing.T) *fair {
	t.Helper()
	t.Parallel()
	f := &fair{t: t, stopping: make(chan struct{})}
	f.Mall = webtest.Open(t, webtest.Options{Routes: func(g *echo.Group, m *webtest.Mall) {
		var err error
		f.queue, err = waitingroom.New(waitingroom.Deps{
			Redis: dbtest.Redis(t),
			Key:   []byte("a key of thirty-two bytes, no less"),
			Log:   slog.New(slog.DiscardHandler),
			Now:   m.Now,
		})
		f.ok(err)
		room := sale.WaitingRoom{
			Queue:     f.queue,
			Room:      waitingroom.SaleRoom,
			Admission: f.admission,
			Device:    func(echo.Context) string { return "" },
		}
		web.Routes(g, web.Deps{
			Site:      m.Site,
			Queue:     f.queue,
			Admission: f.admission,
			Device:    room.Device,
		})
		sale.Routes(g, sale.Deps{
			Site:        m.Site,
			Promotions:  m.Promotions,
			Catalog:     m.Catalog,
			Inventory:   m.Inventory,
			Now:         m.Now,
			WaitingRoom: room,
			Stopping:    f.stopping,
			Place: func(ctx context.Context, r order.PlaceRequest) (order.Order, bool, error) {
				f.asked = append(f.asked, r)
				if f.refuse != nil {
					return order.Order{}, false, f.refuse
				}
				return m.Orders.Place(ctx, r)
			},
		})
	}})
	f.creator = f.Person("carl", account.RoleCreator)
	f.olga = f.Person("olga", account.RoleOperator)
	f.mia = f.Person("mia", account.RoleShopper)
	if f.creator.ID != 1 {
		t.Fatalf("the first account is %d", f.creator.ID)
	}
	return f
}

func (f *fair) admission(_ context.Context, room string) (waitingroom.Admission, error) {
	return waitingroom.Admission{
		Room:  room,
		Slots: 1,
		Ends:  f.ends,
	}, nil
}

func (f *fair) ok(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

// scheduled is a sale that starts in an hour and lasts for one, at 4.90 instead of 9.90.
func (f *fair) scheduled(units int, skus ...int64) promotion.Campaign {
	f.t.Helper()
	by := promotion.Actor{UserID: f.olga.ID, Operator: true}
	d := promotion.Draft{
		NameZh:   "午夜抢购",
		NameEn:   "Midnight sale",
		StartsAt: f.Now().Add(time.Hour),
		EndsAt:   f.Now().Add(2 * time.Hour),
	}
	for _, sku := range skus {
		d.Items = append(d.Items, promotion.Item{
			SKUID:   sku,
			Amount:  money.Of(490, "CNY"),
			Units:   units,
			PerUser: 1,
		})
	}
	c, err := f.Promotions.Create(f.t.Context(), by, d)
	f.ok(err)
	c, err = f.Promotions.Schedule(f.t.Context(), by, c.ID, c.Version)
	f.ok(err)
	return c
}

// turn lets time pass, and the mall's tick come.
func (f *fair) turn(by time.Duration) {
	f.t.Helper()
	f.Advance(by)
	_, err := f.Promotions.Turn(f.t.Context())
	f.ok(err)
}

// stock moves units of a campaign's row as orders do.
func (f *fair) stock(c promotion.Campaign, available, frozen, sold int) {
	f.t.Helper()
	_, err := f.Pool.Exec(f.t.Context(), `update video_inventory set available = $2, frozen = $3, sold = $4
		where campaign_id = $1`, c.ID, available, frozen, sold)
	f.ok(err)
}

func path(c promotion.Campaign) string { return fmt.Sprint("/sales/", c.ID) }

// phase is what the page says of itself, to people by what is not hidden, to its script by an attribute.
func phase(a webtest.Answer) string {
	_, rest, _ := strings.Cut(a.Body, `data-phase="`)
	name, _, _ := strings.Cut(rest, `"`)
	return name
}
