package browser_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"videomall/mall/locale"
	"videomall/mall/money"
	"videomall/mall/promotion"
)

// flashSales are the paths of flash sales in different phases. The first two are those of the demo.
type flashSales struct{ running, coming, ended, scarce string }

// theSales are created once, because a SKU can be in only one open campaign and several tests use the pages at once.
var theSales = sync.OnceValues(makeSales)

func makeSales() (s flashSales, err error) {
	h, err := theMall()
	if err != nil {
		return s, err
	}
	ctx := context.Background()
	open, err := h.Promotions.Open(ctx, 10)
	if err != nil {
		return s, err
	}
	for _, c := range open {
		if c.Status == promotion.Running {
			s.running = fmt.Sprint("/sales/", c.ID)
		} else {
			s.coming = fmt.Sprint("/sales/", c.ID)
		}
	}
	if s.running == "" || s.coming == "" {
		return s, fmt.Errorf("the demo has no sales: %+v", open)
	}
	ended, err := h.sale(ctx, "Brush and ink", "笔墨之夜", "eight-strokes")
	if err != nil {
		return s, err
	}
	s.ended = fmt.Sprint("/sales/", ended.ID)
	scarce, err := h.sale(ctx, "Fire and tea", "炉火与茶", "high-heat-wok", "a-bowl-of-tea")
	if err != nil {
		return s, err
	}
	s.scarce = fmt.Sprint("/sales/", scarce.ID)
	operator := promotion.Actor{UserID: ended.OwnerID, Operator: true}
	_, failed := h.program.Pools.Primary.Exec(ctx, `update video_inventory
		set available = 0, frozen = case when sku_id = $2 then 2 else 0 end,
		sold = case when sku_id = $2 then total - 2 else total end where campaign_id = $1`, scarce.ID,
		scarce.Items[0].SKUID)
	return s, errors.Join(failed, h.Promotions.Stop(ctx, operator, ended.ID, ended.Version))
}

// sale starts a sale of the HD SKUs of the given videos.
func (h *house) sale(ctx context.Context, nameEn, nameZh string, slugs ...string) (promotion.Campaign, error) {
	owner, err := h.Accounts.ByEmail(ctx, "operator@example.test")
	if err != nil {
		return promotion.Campaign{}, err
	}
	by := promotion.Actor{UserID: owner.ID, Operator: true}
	now := time.Now()
	d := promotion.Draft{
		Name:     locale.Text{Zh: nameZh, En: nameEn},
		StartsAt: now.Add(-time.Minute),
		EndsAt:   now.Add(100 * time.Hour),
	}
	for _, slug := range slugs {
		p, err := h.Catalog.FindAny(ctx, slug)
		if err != nil {
			return promotion.Campaign{}, err
		}
		for _, k := range p.SKUs {
			if k.Kind == "own" && k.Quality == "HD" {
				d.Items = append(d.Items, promotion.Item{
					SKUID:   k.ID,
					Amount:  money.Of(390, "CNY"),
					Units:   10,
					PerUser: 1,
				})
			}
		}
	}
	c, err := h.Promotions.Create(ctx, by, d)
	if err == nil {
		_, err = h.Promotions.Schedule(ctx, by, c.ID, c.Version)
	}
	for err == nil && c.Status != promotion.Running { // by this call of Turn, or by the mall's own
		if _, err = h.Promotions.Turn(ctx); err == nil {
			c, err = h.Promotions.Get(ctx, by, c.ID)
		}
	}
	return c, err
}
