package promotion_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"videomall/mall/catalog"
	"videomall/mall/fault"
	"videomall/mall/inventory"
	"videomall/mall/malltest"
	"videomall/mall/promotion"
)

func TestPromotions_Schedule_sku_taken(t *testing.T) {
	m := open(t)
	sku := m.Sells(990, 50)
	first, second := create(m, creator, item(m.Sells(990, -1), 490, 5), item(sku, 490, 5)), create(m, creator,
		item(sku, 390, 5))
	schedule(m, first)
	_, err := m.Promotions.Schedule(m.Ctx, creator, second.ID, second.Version)
	if !errors.Is(err, promotion.ErrSKUBusy) || fault.From(err).Fields["items.0.sku"] != "campaign_sku_busy" {
		t.Fatalf("a SKU was scheduled in two campaigns: %v, %v", err, fault.From(err).Fields)
	}
	is(m, second.ID, promotion.Drafted)
	m.Advance(3 * time.Hour)
	turned(m, 2)
	second, err = m.Promotions.Edit(m.Ctx, creator, second.ID, second.Version, draft(m, item(sku, 390, 5)))
	m.OK(err)
	schedule(m, second)
	m.Whole()
}

func TestPromotions_Schedule_at_once(t *testing.T) {
	m := open(t)
	sku := m.Sells(990, 50)
	var drafts []promotion.Campaign
	for range 6 {
		drafts = append(drafts, create(m, creator, item(sku, 490, 5)))
	}
	var all sync.WaitGroup
	var won sync.Map
	for _, c := range drafts {
		all.Go(func() {
			_, err := m.Promotions.Schedule(m.Ctx, creator, c.ID, c.Version)
			if err == nil {
				won.Store(c.ID, true)
			} else if !errors.Is(err, promotion.ErrSKUBusy) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	n := 0
	won.Range(func(any, any) bool { n++; return true })
	if left, err := m.Inventory.Available(m.Ctx, []int64{sku}); err != nil || n != 1 || left[sku] != 45 {
		t.Errorf("%d campaigns have the SKU and %d units are left, %v", n, left[sku], err)
	}
}

func TestPromotions_Schedule_last_item_fails(t *testing.T) {
	m := open(t)
	plenty, scarce := m.Sells(990, 50), m.Sells(990, 3)
	c := create(m, creator, item(scarce, 490, 4), item(plenty, 490, 5))
	_, err := m.Promotions.Schedule(m.Ctx, creator, c.ID, c.Version)
	if !errors.Is(err, inventory.ErrSplitTooLarge) || fault.From(err).Fields["items.0.units"] != "split_too_large" {
		t.Fatalf("%v, %v", err, fault.From(err).Fields)
	}
	is(m, c.ID, promotion.Drafted)
	if left, err := m.Inventory.Available(m.Ctx, []int64{plenty, scarce}); err != nil || left[plenty] != 50 ||
		left[scarce] != 3 {
		t.Errorf("left %v, %v", left, err)
	}
}

func TestPromotions_Create_invalid(t *testing.T) {
	m := open(t)
	video := m.Sells(990, -1)
	for name, c := range map[string]struct {
		change func(*promotion.Draft)
		field  string
		slug   string
	}{
		"no name":          {func(d *promotion.Draft) { d.Name.Zh = " " }, "name_zh", "name_missing"},
		"long name":        {func(d *promotion.Draft) { d.Name.En = strings.Repeat("x", 81) }, "name_en", "name_long"},
		"unstorable name":  {func(d *promotion.Draft) { d.Name.En = "a\x00b" }, "name_en", "name_invalid"},
		"no start":         {func(d *promotion.Draft) { d.StartsAt = time.Time{} }, "starts_at", "time_missing"},
		"no end":           {func(d *promotion.Draft) { d.EndsAt = time.Time{} }, "ends_at", "time_missing"},
		"end before start": {func(d *promotion.Draft) { d.EndsAt = d.StartsAt }, "ends_at", "ends_before_start"},
		"past": {func(d *promotion.Draft) {
			d.StartsAt, d.EndsAt = m.Now().Add(-2*time.Hour), m.Now().Add(-time.Hour)
		}, "ends_at", "ends_in_the_past"},
		"nothing":  {func(d *promotion.Draft) { d.Items = nil }, "items", "items_missing"},
		"too much": {func(d *promotion.Draft) { d.Items = slices.Repeat(d.Items, 21) }, "items", "too_many_items"},
		"twice": {func(d *promotion.Draft) {
			d.Items = slices.Repeat(d.Items, 2)
		}, "items.1.sku", "duplicate_item"},
		"unknown SKU": {func(d *promotion.Draft) { d.Items[0].SKUID = 4711 }, "items.0.sku", "sku_unavailable"},
		"normal price": {func(d *promotion.Draft) {
			d.Items[0].Amount.Amount = 990
		}, "items.0.price", "price_not_below"},
		"free": {func(d *promotion.Draft) { d.Items[0].Amount.Amount = 0 }, "items.0.price", "price_invalid"},
		"other money": {func(d *promotion.Draft) {
			d.Items[0].Amount.Currency = "USD"
		}, "items.0.price", "price_invalid"},
		"no units": {func(d *promotion.Draft) { d.Items[0].Units = 0 }, "items.0.units", "units_out_of_range"},
		"too many": {func(d *promotion.Draft) {
			d.Items[0].Units = 1_000_001
		}, "items.0.units", "units_out_of_range"},
		"none a person": {func(d *promotion.Draft) {
			d.Items[0].PerUser = 0
		}, "items.0.per_user", "per_user_out_of_range"},
	} {
		d := draft(m, item(video, 490, 5))
		c.change(&d)
		_, err := m.Promotions.Create(m.Ctx, creator, d)
		if f := fault.From(err); !errors.Is(err, promotion.ErrInvalid) || f.Fields[c.field] != c.slug {
			t.Errorf("%s: %v %v", name, err, f.Fields)
		}
	}
	_, err := m.Promotions.Create(m.Ctx, creator, promotion.Draft{Items: []promotion.Item{{}}})
	if f := fault.From(err); len(f.Fields) != 6 {
		t.Errorf("an empty form: %v", f.Fields)
	}
	if n := malltest.Query[int64](m, `select count(*) from promotion_campaign`)[0]; n != 0 {
		t.Errorf("%d campaigns were kept", n)
	}
}

func TestPromotions_Schedule_price_fell(t *testing.T) {
	m := open(t)
	sku := m.Sells(990, -1)
	c := create(m, creator, item(sku, 490, 5))
	m.OK(m.Catalog.SetPrice(m.Ctx, sku, catalog.NewPrice{
		Amount:   490,
		Currency: "CNY",
		From:     m.Now().Add(time.Second),
	}))
	m.Advance(2 * time.Second)
	_, err := m.Promotions.Schedule(m.Ctx, creator, c.ID, c.Version)
	if f := fault.From(err); f.Fields["items.0.price"] != "price_not_below" {
		t.Errorf("%v %v", err, f.Fields)
	}
}

func TestPromotions_Get_of_another_owner(t *testing.T) {
	m := open(t)
	sku := m.Sells(990, 5)
	c := create(m, creator, item(sku, 490, 5))
	_, read := m.Promotions.Get(m.Ctx, other, c.ID)
	_, edit := m.Promotions.Edit(m.Ctx, other, c.ID, c.Version, draft(m))
	_, scheduled := m.Promotions.Schedule(m.Ctx, other, c.ID, c.Version)
	for what, err := range map[string]error{
		"read": read, "edit": edit, "schedule": scheduled,
		"cancel": m.Promotions.Cancel(m.Ctx, other, c.ID, c.Version),
		"stop":   m.Promotions.Stop(m.Ctx, other, c.ID, c.Version),
	} {
		if !errors.Is(err, promotion.ErrNotFound) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := m.Promotions.Create(m.Ctx, other,
		draft(m, item(sku, 490, 5))); !errors.Is(err, promotion.ErrSKUNotFound) {
		t.Errorf("a campaign with the video of another creator: %v", err)
	}
	list, err := m.Promotions.List(m.Ctx, other, 0, 10)
	if err != nil || len(list) != 0 {
		t.Errorf("the list of another creator: %v, %v", list, err)
	}
	if list, err = m.Promotions.List(m.Ctx, operator, 0, 10); err != nil || len(list) != 1 || len(list[0].Items) != 1 {
		t.Errorf("an operator's list: %v, %v", list, err)
	}
	if _, err := m.Promotions.Public(m.Ctx, c.ID); !errors.Is(err, promotion.ErrNotFound) {
		t.Errorf("a draft is public: %v", err)
	}
}
