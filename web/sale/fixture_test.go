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
	"videomall/mall/order"
	"videomall/mall/promotion"
	"videomall/mall/waitingroom"
	"videomall/web/sale"
	web "videomall/web/waitingroom"
	"videomall/web/webtest"
)

// fair is a mall with flash sales of videos of creator 1.
type fair struct {
	*webtest.Mall
	t        *testing.T
	creator  account.User // the creator of all videos
	olga     account.User // an operator
	mia      account.User // a shopper
	stopping chan struct{}
	asked    []order.PlaceRequest // what Place was called with
	refuse   error                // what Place returns instead of placing
	queue    *waitingroom.Queue   // before each sale, which admits one person at a time
	ends     time.Time            // the end of that admission
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
			Policy:      m.Orders.Policy(),
			PlusTax:     true,
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
		t.Fatalf("account of the creator: got %d, want 1", f.creator.ID)
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

func path(c promotion.Campaign) string { return fmt.Sprint("/sales/", c.ID) }

// phase returns the phase of the sale that the page tells its script by an attribute.
func phase(a webtest.Answer) string {
	_, rest, _ := strings.Cut(a.Body, `data-phase="`)
	name, _, _ := strings.Cut(rest, `"`)
	return name
}
