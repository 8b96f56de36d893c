package catalog

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"videomall/mall/cache"
	"videomall/mall/catalog/internal/dbsqlc"
	"videomall/mall/locale"
	"videomall/mall/money"
)

// Price is the version of a SKU's price that is valid now.
type Price struct {
	ID     int64
	Amount money.Money
	List   *money.Money // the price to strike out
	Until  *time.Time   // when it ends; nil when nothing else is scheduled
}

// SKU is one way to buy a video. A SKU without a price can't be bought now.
type SKU struct {
	ID           int64
	Kind         string
	Quality      string
	RentHours    int
	StockLimited bool
	MaxPerOrder  int
	Price        *Price
}

// Product is an SPU with its active SKUs, rentals first, HD before 4K. What it points at is shared: read only.
type Product struct {
	Card
	Status        string
	Description   locale.Text
	Tags          []string
	AssetID       *int64   // the packaged video; nil before there is one
	RatingCounts  [5]int64 // how many gave 1, 2, 3, 4 and 5 stars
	SKUs          []SKU
	CreatorAvatar string     // the name below /media/avatars/; may be empty
	Until         *time.Time // when a price of it begins or ends next; nil when nothing is scheduled
	CategoryID    int64
	FreeSeconds   int // of the video's begin that anybody may watch; 0 for nothing
	// the creator's video that the asset was made from; 0 where nobody uploaded one
	VideoID int64
	Series  *SeriesRef // nil for a video of its own
}

// LimitedSKUs returns the ids of the SKUs that have a stock.
func (p Product) LimitedSKUs() []int64 {
	var ids []int64
	for _, k := range p.SKUs {
		if k.StockLimited {
			ids = append(ids, k.ID)
		}
	}
	return ids
}

// Product returns a live SPU. Errors: ErrProductNotFound for an unknown one and for one that is not on sale.
func (c *Catalog) Product(ctx context.Context, spuID int64) (Product, error) {
	return live(c.productByID(ctx, spuID))
}

// ProductBySlug is Product by the name in its address.
func (c *Catalog) ProductBySlug(ctx context.Context, slug string) (Product, error) {
	return live(c.FindAny(ctx, slug))
}

// ProductOfSKU is Product by one of its SKUs. Errors: ErrSKUNotFound, ErrProductNotFound.
func (c *Catalog) ProductOfSKU(ctx context.Context, skuID int64) (Product, error) {
	id, err := c.idOf(ctx, "sku:"+strconv.FormatInt(skuID, 10), func(ctx context.Context) (int64, error) {
		return c.queries.SPUIDBySKU(ctx, c.pools.Primary, skuID)
	})
	if errors.Is(err, ErrProductNotFound) {
		return Product{}, ErrSKUNotFound.Because("SKU %d", skuID)
	}
	if err != nil {
		return Product{}, fmt.Errorf("SPU of SKU %d: %w", skuID, err)
	}
	return live(c.productByID(ctx, id))
}

// FindAny returns an SPU in whatever state, for those who bought it before it was taken down and for operators;
// the caller decides who may see it. Errors: ErrProductNotFound.
func (c *Catalog) FindAny(ctx context.Context, slug string) (Product, error) {
	if !slugPattern.MatchString(slug) {
		return Product{}, ErrProductNotFound.Because("slug %q", slug)
	}
	id, err := c.idOf(ctx, "slug:"+slug, func(ctx context.Context) (int64, error) {
		return c.queries.SPUIDBySlug(ctx, c.pools.Primary, slug)
	})
	if err != nil {
		return Product{}, fmt.Errorf("SPU %q: %w", slug, err)
	}
	return c.productByID(ctx, id)
}

func live(p Product, err error) (Product, error) {
	if err == nil && !p.Live {
		return Product{}, ErrProductNotFound.Because("SPU %d is %s", p.SPUID, p.Status)
	}
	return p, err
}

func (c *Catalog) productByID(ctx context.Context, id int64) (Product, error) {
	return c.caches.products.Get(ctx, strconv.FormatInt(id, 10), []string{TagOf(id)},
		func(ctx context.Context) (Product, cache.Policy, error) {
			at := c.now()
			p, err := c.readProduct(ctx, id, at)
			if err == nil {
				p.Until, err = c.priceChange(ctx, id, at)
			}
			return p, ends(p.Until), err
		})
}

// priceChange is when the prices of an SPU change next; nil: nothing is scheduled.
func (c *Catalog) priceChange(ctx context.Context, spuID int64, at time.Time) (*time.Time, error) {
	next, err := c.queries.NextPriceChange(ctx, c.pools.Primary, dbsqlc.NextPriceChangeParams{SpuID: spuID, At: at})
	if missing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("next price of SPU %d: %w", spuID, err)
	}
	return &next, nil
}

// ReadProduct reads an SPU in whatever state from the primary database, past everything that is cached: for whoever
// edits it. Errors: ErrProductNotFound.
func (c *Catalog) ReadProduct(ctx context.Context, spuID int64) (Product, error) {
	return c.readProduct(ctx, spuID, c.now())
}

func (c *Catalog) readProduct(ctx context.Context, id int64, at time.Time) (Product, error) {
	r, err := c.queries.ProductByID(ctx, c.pools.Primary, id)
	if missing(err) {
		return Product{}, ErrProductNotFound.Because("SPU %d", id)
	}
	if err != nil {
		return Product{}, fmt.Errorf("product %d: %w", id, err)
	}
	s := r.VideoProductSpu
	p := Product{
		Card: card(dbsqlc.CardsRow{
			ID:              s.ID,
			Slug:            s.Slug,
			TitleZh:         s.TitleZh,
			TitleEn:         s.TitleEn,
			Cover:           s.Cover,
			DurationSeconds: s.DurationSeconds,
			Status:          s.Status,
			RatingSum:       s.RatingSum,
			RatingCount:     s.RatingCount,
			SoldCount:       s.SoldCount,
			FromSkuID:       s.FromSkuID,
			FromAmount:      s.FromAmount,
			FromListAmount:  s.FromListAmount,
			FromCurrency:    s.FromCurrency,
			PublishedAt:     s.PublishedAt,
			CreatorID:       s.CreatorID,
			CreatorSlug:     r.CreatorSlug,
			CreatorZh:       r.CreatorZh,
			CreatorEn:       r.CreatorEn,
			CategorySlug:    r.CategorySlug,
			CategoryZh:      r.CategoryZh,
			CategoryEn:      r.CategoryEn,
		}),
		Status:        s.Status,
		Description:   locale.Text{Zh: s.DescriptionZh, En: s.DescriptionEn},
		Tags:          s.Tags,
		AssetID:       s.AssetID,
		CreatorAvatar: r.CreatorAvatar,
		Series:        seriesRef(r),
		CategoryID:    s.CategoryID,
		FreeSeconds:   FreeSeconds(int(s.FreeSeconds), int(s.DurationSeconds)),
	}
	if s.VideoID != nil {
		p.VideoID = *s.VideoID
	}
	copy(p.RatingCounts[:], s.RatingCounts)
	skus, err := c.queries.SKUs(ctx, c.pools.Primary, dbsqlc.SKUsParams{SpuID: id, At: at})
	if err != nil {
		return Product{}, fmt.Errorf("SKUs of product %d: %w", id, err)
	}
	for _, k := range skus {
		sku := SKU{
			ID:           k.ID,
			Kind:         k.Kind,
			Quality:      k.Quality,
			RentHours:    int(k.RentHours),
			StockLimited: k.StockLimited,
			MaxPerOrder:  int(k.MaxPerOrder),
		}
		if amount := money.Optional(k.Amount, k.Currency); amount != nil {
			sku.Price = &Price{
				ID:     *k.PriceID,
				Amount: *amount,
				List:   money.Optional(k.ListAmount, k.Currency),
				Until:  k.ValidUntil,
			}
		}
		p.SKUs = append(p.SKUs, sku)
	}
	return p, nil
}
