package listing

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/mall/catalog"
	"videomall/mall/catalog/internal/dbsqlc"
	"videomall/mall/money"
)

// PriceVersion is one version of a SKU's price, past, running, scheduled or called off.
type PriceVersion struct {
	ID, SKUID   int64
	Version     int
	Amount      money.Money
	List        *money.Money
	From        time.Time
	Until       *time.Time // nil: until another begins
	SetAt       time.Time
	SetBy       int64      // 0 where it was not written down
	CancelledAt *time.Time // nil: it holds
}

// Running says that the version is the price at a moment.
func (v PriceVersion) Running(at time.Time) bool {
	return v.CancelledAt == nil && !v.From.After(at) && (v.Until == nil || v.Until.After(at))
}

// Ahead says that the version has not begun at a moment and can be called off.
func (v PriceVersion) Ahead(at time.Time) bool { return v.CancelledAt == nil && v.From.After(at) }

// Priced is a SKU of a listing with all versions of its price, the latest first.
type Priced struct {
	catalog.SKU
	Retired  bool
	Versions []PriceVersion
}

// SchedulePrice is SetPrice by the creator of the video. Errors: those of SetPrice, ErrSKUNotFound for a retired SKU
// and for one of another creator.
func (ls *Listings) SchedulePrice(ctx context.Context, creatorID, skuID int64, p catalog.NewPrice) error {
	if _, err := ls.ownSKU(ctx, creatorID, skuID); err != nil {
		return err
	}
	if p.Amount > MaxAmount || p.ListAmount != nil && *p.ListAmount > MaxAmount {
		return catalog.ErrPriceInvalid.With("amount", "price_invalid")
	}
	p.By = creatorID
	return ls.catalog.SetPrice(ctx, skuID, p)
}

func (ls *Listings) ownSKU(ctx context.Context, creatorID, skuID int64) (dbsqlc.SKUOwnerRow, error) {
	k, err := ls.queries.SKUOwner(ctx, ls.pools.Primary, skuID)
	if missing(err) || err == nil && (k.CreatorID != creatorID || k.Status != skuActive) {
		return k, catalog.ErrSKUNotFound.Because("SKU %d is not sold by %d", skuID, creatorID)
	}
	if err != nil {
		return k, fmt.Errorf("owner of SKU %d: %w", skuID, err)
	}
	return k, nil
}

// LimitedSKU says that a creator's SKU has a stock to be set. Errors: ErrSKUNotFound for another's, a retired and an
// unlimited one.
func (ls *Listings) LimitedSKU(ctx context.Context, creatorID, skuID int64) error {
	k, err := ls.ownSKU(ctx, creatorID, skuID)
	if err == nil && !k.StockLimited {
		err = catalog.ErrSKUNotFound.Because("SKU %d has no limit", skuID)
	}
	return err
}

// CancelPrice calls off a price version that has not begun. The price before it continues in its place. Where that
// price was to resume after the cancelled one, its two parts become one version again. Errors: ErrPriceNotFound for
// another's too, ErrPriceBegun.
func (ls *Listings) CancelPrice(ctx context.Context, creatorID, priceID int64) error {
	err := ls.catalog.WithChanges(ctx, func(tx pgx.Tx) ([]catalog.Change, error) {
		p, err := ls.queries.PriceOwner(ctx, tx, priceID)
		if missing(err) || err == nil && p.CreatorID != creatorID {
			err = ErrPriceNotFound.Because("price %d is not of %d", priceID, creatorID)
		}
		if err != nil {
			return nil, err
		}
		if _, err := ls.lockOwnTx(ctx, tx, creatorID, p.SpuID); err != nil {
			return nil, err
		}
		// What came between the first look and the lock may have ended or removed it.
		p, err = ls.queries.PriceOwner(ctx, tx, priceID)
		if missing(err) {
			return nil, ErrPriceNotFound.Because("price %d is gone", priceID)
		}
		if err != nil {
			return nil, err
		}
		now := ls.now()
		if !p.SkuPrice.ValidFrom.After(now) {
			return nil, ErrPriceBegun.Because("price %d began %v", priceID, p.SkuPrice.ValidFrom)
		}
		if err := ls.healTx(ctx, tx, p.SkuPrice, creatorID, now); err != nil {
			return nil, err
		}
		return []catalog.Change{{
			Type:  catalog.ChangePriced,
			SPUID: p.SpuID,
		}}, ls.queries.Reprice(ctx, tx, dbsqlc.RepriceParams{SpuID: p.SpuID, At: now})
	})
	if err != nil {
		return fmt.Errorf("cancel price %d: %w", priceID, err)
	}
	return nil
}

// healTx removes a version and closes the gap.
func (ls *Listings) healTx(ctx context.Context, tx pgx.Tx, p dbsqlc.SkuPrice, by int64, now time.Time) error {
	remove := func(id int64) error {
		if err := ls.queries.KeepCancelled(ctx, tx, dbsqlc.KeepCancelledParams{
			ID: id,
			At: now,
			By: by,
		}); err != nil {
			return err
		}
		return ls.queries.DeletePrice(ctx, tx, id)
	}
	if err := remove(p.ID); err != nil {
		return err
	}
	former, err := ls.queries.PriceEndingAt(ctx, tx, dbsqlc.PriceEndingAtParams{SkuID: p.SkuID, At: p.ValidFrom})
	if missing(err) {
		return nil
	}
	if err != nil {
		return err
	}
	until := p.ValidUntil
	if until != nil {
		next, err := ls.queries.PriceBeginningAt(ctx, tx, dbsqlc.PriceBeginningAtParams{SkuID: p.SkuID, At: *until})
		switch {
		case missing(err):
		case err != nil:
			return err
		case samePrice(former, next):
			if err := ls.queries.DeletePrice(ctx, tx, next.ID); err != nil {
				return err
			}
			until = next.ValidUntil
		}
	}
	return ls.queries.StretchPrice(ctx, tx, dbsqlc.StretchPriceParams{ID: former.ID, ValidUntil: until})
}

func samePrice(a, b dbsqlc.SkuPrice) bool {
	list := func(p dbsqlc.SkuPrice) int64 {
		if p.ListAmount == nil {
			return -1
		}
		return *p.ListAmount
	}
	return a.Amount == b.Amount && a.Currency == b.Currency && list(a) == list(b)
}

// Prices returns every SKU of a creator's listing, retired ones too, with the history of its price. Errors:
// ErrNotFound.
func (ls *Listings) Prices(ctx context.Context, creatorID, spuID int64) ([]Priced, error) {
	now := ls.now()
	spu, err := ls.queries.ListingFacts(ctx, ls.pools.Primary, spuID)
	if missing(err) || err == nil && spu.CreatorID != creatorID {
		return nil, ErrNotFound.Because("SPU %d is not of %d", spuID, creatorID)
	}
	if err != nil {
		return nil, fmt.Errorf("listing %d: %w", spuID, err)
	}
	rows, err := ls.queries.SKUsOfListing(ctx, ls.pools.Primary, dbsqlc.SKUsOfListingParams{SpuID: spuID, At: now})
	if err != nil {
		return nil, fmt.Errorf("SKUs of listing %d: %w", spuID, err)
	}
	versions, err := ls.queries.PriceHistory(ctx, ls.pools.Primary, spuID)
	if err != nil {
		return nil, fmt.Errorf("prices of listing %d: %w", spuID, err)
	}
	list := make([]Priced, len(rows))
	for i, k := range rows {
		list[i] = Priced{Retired: k.Status != skuActive, SKU: catalog.SKU{
			ID:           k.ID,
			Kind:         k.Kind,
			Quality:      k.Quality,
			RentHours:    int(k.RentHours),
			StockLimited: k.StockLimited,
			MaxPerOrder:  int(k.MaxPerOrder),
		}}
		for _, v := range versions {
			if v.SkuID == k.ID {
				list[i].Versions = append(list[i].Versions, priceVersion(v))
			}
		}
	}
	return list, nil
}

func priceVersion(v dbsqlc.PriceHistoryRow) PriceVersion {
	p := PriceVersion{
		ID:          v.ID,
		SKUID:       v.SkuID,
		Version:     int(v.Version),
		Amount:      money.Of(v.Amount, v.Currency),
		List:        money.Optional(v.ListAmount, &v.Currency),
		From:        v.ValidFrom,
		Until:       v.ValidUntil,
		SetAt:       v.CreatedAt,
		CancelledAt: v.CancelledAt,
	}
	if v.CreatedBy != nil {
		p.SetBy = *v.CreatedBy
	}
	return p
}

// Band is where the prices of a category lie: of N ways to buy, a tenth costs at most P10, half at most Median, a tenth
// more than P90; minor units.
type Band struct {
	P10, Median, P90 int64
	N                int
}

// PriceBand measures the prices that the best sellers of a category ask now, of one kind and currency.
func (ls *Listings) PriceBand(ctx context.Context, categoryID int64, kind, currency string) (Band, error) {
	return ls.PriceBandTx(ctx, ls.pools.Replica, categoryID, kind, currency)
}

// PriceBandTx is PriceBand for whoever decides by it, in the caller's transaction.
func (ls *Listings) PriceBandTx(ctx context.Context, q catalog.Querier, categoryID int64,
	kind, currency string,
) (Band, error) {
	r, err := ls.queries.PriceBand(ctx, q, dbsqlc.PriceBandParams{
		CategoryID: categoryID,
		Kind:       kind,
		Currency:   currency,
		At:         ls.now(),
	})
	if err != nil {
		return Band{}, fmt.Errorf("prices of category %d: %w", categoryID, err)
	}
	return Band{
		P10:    r.P10,
		Median: r.Median,
		P90:    r.P90,
		N:      int(r.N),
	}, nil
}
