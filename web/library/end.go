package library

import (
	"videomall/mall/catalog"
	"videomall/mall/entitlement"
	libraryview "videomall/views/library"
	"videomall/web/page"
	"videomall/web/price"
)

// mostRelated is how many other videos are offered after the end of a video.
const mostRelated = 3

// end returns what the player offers after the video. The video plays without it, so errors only leave parts out.
func (d Deps) end(c *page.Ctx, product catalog.Product, e entitlement.Entitlement) libraryview.End {
	end, err := d.whatFollows(c, product)
	if err != nil {
		c.Log().Warn("nothing follows a video", "spu", product.SPUID, "error", err)
	}
	if _, said, err := d.Catalog.ReviewBy(c.Request().Context(), product.SPUID, c.Viewer.UserID); err == nil {
		end.Review = product.Live && !said
	}
	if e.Kind == entitlement.KindRent && product.Live {
		end.Own, end.PlusTax = toOwn(price.SKUs(c, product.SKUs), e.Quality), d.PlusTax
	}
	return end
}

func (d Deps) whatFollows(c *page.Ctx, product catalog.Product) (end libraryview.End, err error) {
	ctx := c.Request().Context()
	var ids []int64
	if product.Series != nil {
		episodes, err := d.Catalog.SeriesEpisodes(ctx, product.Series.ID)
		if err != nil {
			return end, err
		}
		for _, e := range episodes {
			if e.Number > product.Series.Episode {
				end.Next, ids = &e, []int64{e.SPUID}
				break
			}
		}
	}
	if end.Next == nil {
		if end.Related, err = d.Catalog.Related(ctx, product.SPUID, mostRelated); err != nil {
			return end, err
		}
		for _, k := range end.Related {
			ids = append(ids, k.SPUID)
		}
	}
	held, err := d.Entitlements.Owned(ctx, c.Viewer.UserID, ids)
	end.Held = map[int64]bool{}
	for spu, rights := range held {
		end.Held[spu] = len(rights) > 0
	}
	return end, err
}

// toOwn returns the cheapest way to own what was rented, in the same quality or a better one if possible; nil where
// nothing can be bought.
func toOwn(skus []catalog.SKU, quality string) (best *catalog.SKU) {
	keeps := func(k catalog.SKU) bool { return k.Quality == quality || k.Quality == catalog.Quality4K }
	for i, k := range skus {
		switch {
		case k.Kind != catalog.KindOwn || k.Price == nil:
		case best == nil, keeps(k) && !keeps(*best),
			keeps(k) == keeps(*best) && k.Price.Amount.Amount < best.Price.Amount.Amount:
			best = &skus[i]
		}
	}
	return best
}
