package order_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"videomall/mall/fault"
	"videomall/mall/inventory"
	"videomall/mall/locale"
	"videomall/mall/order"
	"videomall/mall/payment/sandbox"
	"videomall/mall/promotion"
)

// sale schedules a campaign over one video, with some units at a price and a limit per person. It starts in a minute
// and ends in an hour.
func (s *shop) sale(video, amount int64, units, perUser int) promotion.Campaign {
	s.t.Helper()
	boss := promotion.Actor{UserID: 1, Operator: true}
	c, err := s.promotions.Create(s.ctx, boss, promotion.Draft{
		Name:     locale.Text{Zh: "抢购", En: "Rush"},
		StartsAt: s.now().Add(time.Minute),
		EndsAt:   s.now().Add(time.Hour),
		Items: []promotion.Item{{
			SKUID:   video,
			Amount:  cny(amount),
			Units:   units,
			PerUser: perUser,
		}},
	})
	s.ok(err)
	c, err = s.promotions.Schedule(s.ctx, boss, c.ID, c.Version)
	s.ok(err)
	return c
}

// turn moves the clock on and starts and ends the campaigns that are due.
func (s *shop) turn(by time.Duration) {
	s.t.Helper()
	s.advance(by)
	_, err := s.promotions.Turn(s.ctx)
	s.ok(err)
}

func (s *shop) rushes(user int64, key string, c promotion.Campaign, video int64) (order.Order, error) {
	o, _, err := s.orders.Place(s.ctx, order.PlaceRequest{
		UserID:         user,
		IdempotencyKey: key,
		CampaignID:     c.ID,
		Items:          one(video),
	})
	return o, err
}

func slug(err error) string {
	if err == nil {
		return ""
	}
	return fault.From(err).Slug
}

func TestOrders_Place_campaign_price_and_stock(t *testing.T) {
	s := open(t)
	video := s.sells(990, 10)
	c := s.sale(video, 490, 3, 1)
	if _, err := s.rushes(alice, "early", c, video); slug(err) != order.ErrNoCampaign.Slug {
		t.Fatalf("before its start: %v", err)
	}
	s.turn(2 * time.Minute)
	o, err := s.rushes(alice, "k", c, video)
	s.ok(err)
	if o.Total != cny(490) {
		t.Errorf("it costs %s", o.Total)
	}
	if _, err := s.rushes(alice, "more", c, video); slug(err) != inventory.ErrBuyerLimit.Slug {
		t.Errorf("a second unit of one: %v", err)
	}
	if normal, err := s.places(alice, "normal", 990, one(video)); err != nil || normal.Total != cny(990) {
		t.Errorf("beside the sale it costs %s, %v", normal.Total, err)
	}
	if _, _, err := s.orders.Place(s.ctx, order.PlaceRequest{
		UserID:         alice,
		IdempotencyKey: "k",
		Items:          one(video),
	}); !errors.Is(err, order.ErrKeyReused) {
		t.Errorf("the same key at the normal price: %v", err)
	}
	other := s.sells(500, -1)
	if _, err := s.rushes(bob, "k", c, other); slug(err) != order.ErrNoCampaign.Slug {
		t.Errorf("a video that is not in the sale: %v", err)
	}
	counts, err := s.inventory.CampaignCounts(s.ctx, []int64{c.ID})
	s.ok(err)
	if got := counts[inventory.CampaignKey{CampaignID: c.ID, SKUID: video}]; got.Frozen != 1 || got.Available != 2 {
		t.Errorf("the sale's stock is %+v", got)
	}
	s.turn(time.Hour)
	if _, err := s.rushes(bob, "late", c, video); slug(err) != order.ErrNoCampaign.Slug &&
		slug(err) != inventory.ErrSoldOut.Slug {
		t.Errorf("after its end: %v", err)
	}
	s.whole()
}

func TestOrders_Place_campaign_crowd(t *testing.T) {
	s := open(t)
	video := s.sells(990, 100)
	c := s.sale(video, 490, 25, 1)
	s.turn(2 * time.Minute)
	var placed, refused atomic.Int64
	var crowd sync.WaitGroup
	for n := range int64(120) {
		crowd.Go(func() {
			switch _, err := s.rushes(1000+n/2, string(rune('a'+n%2)), c, video); slug(err) { // everybody tries twice
			case "":
				placed.Add(1)
			case inventory.ErrSoldOut.Slug, inventory.ErrBuyerLimit.Slug:
				refused.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	crowd.Wait()
	if placed.Load() != 25 || refused.Load() != 95 {
		t.Errorf("%d placed, %d refused", placed.Load(), refused.Load())
	}
	if most := query[int64](s,
		`select max(n) from (select count(*) as n from video_order group by user_id) u`)[0]; most != 1 {
		t.Errorf("somebody has %d", most)
	}
	if normal := s.stock(video); normal.Available != 75 || normal.Frozen != 0 {
		t.Errorf("the normal stock is %+v", normal)
	}
	s.whole()
}

func TestOrders_Expire_campaign_unit_returns_after_its_end(t *testing.T) {
	s := open(t)
	video := s.sells(990, 10)
	c := s.sale(video, 490, 3, 1)
	s.turn(2 * time.Minute)
	cancelled, err := s.rushes(alice, "k", c, video)
	s.ok(err)
	late, err := s.rushes(bob, "k", c, video)
	s.ok(err)
	_, err = s.orders.Cancel(s.ctx, alice, cancelled.OrderNo)
	s.ok(err)
	_, err = s.rushes(alice, "again", c, video) // the cancelled unit counts neither as sold nor as hers
	s.ok(err)
	page := s.page(late)
	s.turn(time.Hour)
	s.ok(s.orders.Expire(s.ctx, late.OrderNo))
	for _, no := range query[string](s, `select order_no from video_order where status = 'PENDING_PAY'`) {
		s.ok(s.orders.Expire(s.ctx, no))
	}
	_, err = s.promotions.MergeLate(s.ctx)
	s.ok(err)
	if normal := s.stock(video); normal.Available != 10 || normal.Total != 10 {
		t.Errorf("the normal stock is %+v", normal)
	}
	if _, err := s.sandbox.Pay(s.ctx, page, sandbox.PayOptions{}); err == nil {
		t.Error("the bank's page of a closed order takes money")
	}
	s.whole()
}
