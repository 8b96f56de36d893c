package promotion_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"videomall/db"
	"videomall/mall/inventory"
	"videomall/mall/locale"
	"videomall/mall/malltest"
	"videomall/mall/money"
	"videomall/mall/promotion"
	"videomall/mall/transition/transitiontest"
)

var (
	creator  = promotion.Actor{UserID: 1} // whose videos malltest sells
	other    = promotion.Actor{UserID: 2}
	operator = promotion.Actor{UserID: 9, Operator: true}
)

func open(t *testing.T) *malltest.Mall {
	t.Helper()
	t.Parallel()
	return malltest.Open(t, "")
}

func item(sku, amount int64, units int) promotion.Item {
	return promotion.Item{
		SKUID:   sku,
		Amount:  money.Of(amount, "CNY"),
		Units:   units,
		PerUser: 1,
	}
}

// draft is a campaign that starts in an hour and lasts for one.
func draft(m *malltest.Mall, items ...promotion.Item) promotion.Draft {
	return promotion.Draft{
		Name:     locale.Text{Zh: "限时抢购", En: "Flash sale"},
		StartsAt: m.Now().Add(time.Hour),
		EndsAt:   m.Now().Add(2 * time.Hour),
		Items:    items,
	}
}

func create(m *malltest.Mall, by promotion.Actor, items ...promotion.Item) promotion.Campaign {
	m.T.Helper()
	c, err := m.Promotions.Create(m.Ctx, by, draft(m, items...))
	m.OK(err)
	return c
}

func schedule(m *malltest.Mall, c promotion.Campaign) promotion.Campaign {
	m.T.Helper()
	c, err := m.Promotions.Schedule(m.Ctx, operator, c.ID, c.Version)
	m.OK(err)
	return c
}

func turned(m *malltest.Mall, want int) {
	m.T.Helper()
	n, err := m.Promotions.Turn(m.Ctx)
	m.OK(err)
	if n != want {
		m.T.Fatalf("%d moves, want %d", n, want)
	}
}

func is(m *malltest.Mall, id int64, want promotion.Status) promotion.Campaign {
	m.T.Helper()
	c, err := m.Promotions.Get(m.Ctx, operator, id)
	m.OK(err)
	if c.Status != want {
		m.T.Fatalf("campaign %d is %s, want %s", id, c.Status, want)
	}
	return c
}

func TestTransitions(t *testing.T) {
	m := open(t)
	transitiontest.Compare(t, promotion.Transitions(), m.Pool, "promotion_transition_allowed", "../../docs/campaigns.md")
}

func TestCampaign_status_checks(t *testing.T) {
	m := open(t)
	c := create(m, creator, item(m.Sells(990, -1), 490, 5))
	for _, status := range []string{"scheduled", "running", "ended", "cancelled", "lost"} {
		if _, err := m.Pool.Exec(m.Ctx, `update promotion_campaign set status = $1 where id = $2`, status,
			c.ID); !db.IsCheck(err, "") {
			t.Errorf("%s without its time: %v", status, err)
		}
	}
	if _, err := m.Pool.Exec(m.Ctx, `insert into promotion_transition (campaign_id, from_status, to_status, version,
		cause, actor)
		values ($1, 'ended', 'running', 9, 'test', 'test')`, c.ID); !db.IsCheck(err, "promotion_transition_allowed") {
		t.Errorf("the database recorded a move from ended to running: %v", err)
	}
}

func TestPromotions_Turn(t *testing.T) {
	m := open(t)
	limited, free := m.Sells(990, 10), m.Sells(1990, -1)
	c := schedule(m, create(m, creator, item(free, 890, 4), item(limited, 490, 6)))
	offers := func() int {
		t.Helper()
		found, err := m.Promotions.OffersTx(m.Ctx, m.Pool, []int64{c.ID, 999}, m.Now())
		m.OK(err)
		return len(found)
	}
	stock := func(want int64) {
		t.Helper()
		if n, _, err := m.Inventory.Counts(m.Ctx, limited); err != nil || n.Available != want || n.Total != want {
			t.Fatalf("normal stock %+v, want %d (%v)", n, want, err)
		}
	}
	stock(4)
	turned(m, 0)
	m.Advance(time.Hour + time.Second)
	if n := offers(); n != 0 { // no tick has come yet: late, never early
		t.Fatalf("%d offers of a campaign that has not started", n)
	}
	turned(m, 1)
	is(m, c.ID, promotion.Running)
	found, err := m.Promotions.OffersTx(m.Ctx, m.Pool, []int64{c.ID}, m.Now())
	m.OK(err)
	want := promotion.Offer{
		Key:     promotion.Key{CampaignID: c.ID, SKUID: limited},
		Amount:  money.Of(490, "CNY"),
		PerUser: 1,
	}
	got := found[want.Key]
	if len(found) != 2 || !got.StartsAt.Equal(c.StartsAt) || !got.EndsAt.Equal(c.EndsAt) {
		t.Fatalf("offers %+v", found)
	}
	if got.StartsAt, got.EndsAt = want.StartsAt, want.EndsAt; got != want {
		t.Fatalf("offer %+v, want %+v", got, want)
	}
	if before, err := m.Promotions.OffersTx(m.Ctx, m.Pool, []int64{c.ID},
		c.StartsAt.Add(-time.Microsecond)); err != nil || len(before) != 0 {
		t.Fatalf("offers before the start: %v, %v", before, err)
	}
	if first, err := m.Promotions.OffersTx(m.Ctx, m.Pool, []int64{c.ID}, c.StartsAt); err != nil || len(first) != 2 {
		t.Fatalf("offers at the start: %v, %v", first, err)
	}
	if last, err := m.Promotions.OffersTx(m.Ctx, m.Pool, []int64{c.ID}, c.EndsAt); err != nil || len(last) != 0 {
		t.Fatalf("offers at the end: %v, %v", last, err)
	}
	m.Advance(time.Hour)
	if n := offers(); n != 0 { // nor sells a late tick too long
		t.Fatalf("%d offers after the end", n)
	}
	turned(m, 1)
	is(m, c.ID, promotion.Ended)
	stock(10)
	turned(m, 0)
	m.Whole()
}

func TestPromotions_Turn_start_missed(t *testing.T) {
	m := open(t)
	sku := m.Sells(990, 5)
	c := schedule(m, create(m, creator, item(sku, 490, 5)))
	m.Advance(3 * time.Hour)
	turned(m, 2)
	is(m, c.ID, promotion.Ended)
	if n, _, err := m.Inventory.Counts(m.Ctx, sku); err != nil || n.Available != 5 {
		t.Fatalf("stock %+v, %v", n, err)
	}
	moves := malltest.Query[string](m, `select from_status || ' ' || to_status || ' ' || cause || ' ' || actor
		from promotion_transition order by id`)
	if diff := cmp.Diff([]string{
		"drafted scheduled scheduled operator:9", "scheduled running time system", "running ended time system",
	}, moves); diff != "" {
		t.Errorf("moves (-want +got):\n%s", diff)
	}
}

func TestPromotions_Turn_at_once(t *testing.T) {
	m := open(t)
	c := schedule(m, create(m, creator, item(m.Sells(990, 5), 490, 5)))
	m.Advance(61 * time.Minute)
	var moves int
	var mu sync.Mutex
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			n, err := m.Promotions.Turn(m.Ctx)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			moves += n
		})
	}
	all.Wait()
	if is(m, c.ID, promotion.Running); moves != 1 {
		t.Errorf("%d moves", moves)
	}
}

func TestPromotions_Schedule_guards(t *testing.T) {
	m := open(t)
	c := create(m, creator, item(m.Sells(990, 5), 490, 5))
	edited, err := m.Promotions.Edit(m.Ctx, creator, c.ID, c.Version, draft(m, c.Items...))
	m.OK(err)
	moved := func(what string, err error) {
		t.Helper()
		if !errors.Is(err, promotion.ErrMoved) {
			t.Errorf("%s: %v", what, err)
		}
	}
	_, err = m.Promotions.Edit(m.Ctx, creator, c.ID, c.Version, draft(m, c.Items...))
	moved("a second edit of the same version", err)
	_, err = m.Promotions.Schedule(m.Ctx, creator, c.ID, c.Version)
	moved("scheduling what was edited since", err)
	moved("stopping a draft", m.Promotions.Stop(m.Ctx, creator, c.ID, edited.Version))
	c, err = m.Promotions.Schedule(m.Ctx, creator, c.ID, edited.Version)
	m.OK(err)
	_, err = m.Promotions.Edit(m.Ctx, creator, c.ID, c.Version, draft(m, c.Items...))
	moved("editing what is scheduled", err)
	_, err = m.Promotions.Schedule(m.Ctx, creator, c.ID, c.Version)
	moved("scheduling twice", err)
	m.Advance(61 * time.Minute)
	turned(m, 1)
	c = is(m, c.ID, promotion.Running)
	moved("cancelling what runs", m.Promotions.Cancel(m.Ctx, creator, c.ID, c.Version))
	m.OK(m.Promotions.Stop(m.Ctx, creator, c.ID, c.Version))
	c = is(m, c.ID, promotion.Ended)
	if c.EndsAt.After(m.Now()) {
		t.Errorf("a stopped campaign ends at %s", c.EndsAt)
	}
	moved("stopping twice", m.Promotions.Stop(m.Ctx, creator, c.ID, c.Version))
	m.Whole()
}

func TestPromotions_Cancel(t *testing.T) {
	m := open(t)
	sku := m.Sells(990, 5)
	c := schedule(m, create(m, creator, item(sku, 490, 5)))
	if left, err := m.Inventory.Available(m.Ctx, []int64{sku}); err != nil || left[sku] != 0 {
		t.Fatalf("left %v, %v", left, err)
	}
	m.OK(m.Promotions.Cancel(m.Ctx, creator, c.ID, c.Version))
	if left, err := m.Inventory.Available(m.Ctx, []int64{sku}); err != nil || left[sku] != 5 {
		t.Fatalf("left %v, %v", left, err)
	}
	if _, err := m.Promotions.Public(m.Ctx, c.ID); !errors.Is(err, promotion.ErrNotFound) {
		t.Errorf("a cancelled campaign is public: %v", err)
	}
	schedule(m, create(m, creator, item(sku, 490, 5)))
}

func TestPromotions_MergeLate(t *testing.T) {
	m := open(t)
	sku := m.Sells(990, 5)
	c := schedule(m, create(m, creator, item(sku, 490, 5)))
	// One unit is held by an order that waits for payment, as the order path writes it down.
	_, err := m.Pool.Exec(m.Ctx, `update video_inventory set available = available - 1, frozen = frozen + 1
		where campaign_id = $1`, c.ID)
	m.OK(err)
	m.Advance(3 * time.Hour)
	turned(m, 2)
	merged := func(want int64) {
		t.Helper()
		if n, err := m.Promotions.MergeLate(m.Ctx); err != nil || n != want {
			t.Fatalf("%d units merged, want %d (%v)", n, want, err)
		}
	}
	merged(0)
	_, err = m.Pool.Exec(m.Ctx, `update video_inventory set available = available + 1, frozen = frozen - 1
		where campaign_id = $1`, c.ID)
	m.OK(err)
	running := schedule(m, create(m, creator, item(m.Sells(990, 2), 490, 2))) // whose stock stays where it is
	merged(1)
	merged(0)
	if left, err := m.Inventory.Available(m.Ctx, []int64{sku}); err != nil || left[sku] != 5 {
		t.Errorf("left %v, %v", left, err)
	}
	if n, err := m.Inventory.CampaignCounts(m.Ctx, []int64{running.ID}); err != nil || len(n) != 1 {
		t.Errorf("stock of the other: %v, %v", n, err)
	} else if got := n[inventory.CampaignKey{
		CampaignID: running.ID,
		SKUID:      running.Items[0].SKUID,
	}].Available; got != 2 {
		t.Errorf("%d units were merged of a campaign that is not over", got)
	}
}

func TestPromotions_Open_order(t *testing.T) {
	m := open(t)
	var want []int64
	at := func(starts, ends time.Duration) int64 {
		d := draft(m, item(m.Sells(990, -1), 490, 5))
		d.Name.En = fmt.Sprint(starts)
		d.StartsAt = m.Now().Add(starts)
		d.EndsAt = m.Now().Add(ends)
		c, err := m.Promotions.Create(m.Ctx, creator, d)
		m.OK(err)
		return schedule(m, c).ID
	}
	later, sooner := at(5*time.Hour, 6*time.Hour), at(4*time.Hour, 9*time.Hour)
	long, short := at(time.Hour, 3*time.Hour), at(time.Hour, 2*time.Hour)
	create(m, creator, item(m.Sells(990, -1), 490, 5)) // a draft
	m.Advance(61 * time.Minute)
	turned(m, 2)
	open, err := m.Promotions.Open(m.Ctx, 10)
	m.OK(err)
	for _, c := range open {
		want = append(want, c.ID)
	}
	if diff := cmp.Diff([]int64{short, long, sooner, later}, want); diff != "" {
		t.Errorf("open sales (-want +got):\n%s", diff)
	}
}
