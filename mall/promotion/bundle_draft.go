package promotion

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/promotion/internal/dbsqlc"
	"videomall/mall/textnorm"
)

// CreateBundle puts SKUs of a creator's own videos together; it is sold at once. Errors: ErrBundleInvalid with Fields,
// ErrSKUNotFound for a SKU that is not the creator's.
func (p *Promotions) CreateBundle(ctx context.Context, ownerID int64, t BundleTerms) (made Bundle, err error) {
	t = t.trimmed()
	err = db.InTx(ctx, p.deps.Pool, func(tx pgx.Tx) error {
		skus, err := p.checkBundleTx(ctx, tx, ownerID, &t)
		if err != nil {
			return err
		}
		id, err := p.q.InsertBundle(ctx, tx, dbsqlc.InsertBundleParams{
			OwnerID:    ownerID,
			NameZh:     t.Name.Zh,
			NameEn:     t.Name.En,
			Currency:   t.Currency,
			Price:      t.Price,
			PercentOff: int32(t.PercentOff),
			At:         p.deps.Now(),
		})
		if err != nil {
			return fmt.Errorf("insert bundle: %w", err)
		}
		made = Bundle{
			ID:          id,
			OwnerID:     ownerID,
			Status:      BundleLive,
			BundleTerms: t,
		}
		return p.insertBundledTx(ctx, tx, made, skus)
	})
	return made, err
}

// EditBundle replaces the terms of a live bundle, read in that version; orders that were placed keep their price.
// Errors: those of CreateBundle, ErrBundleNotFound, ErrBundleMoved.
func (p *Promotions) EditBundle(ctx context.Context, ownerID, id int64, version int,
	t BundleTerms,
) (edited Bundle, err error) {
	t = t.trimmed()
	err = db.InTx(ctx, p.deps.Pool, func(tx pgx.Tx) error {
		b, err := p.lockBundleTx(ctx, tx, ownerID, id)
		if err != nil {
			return err
		}
		skus, err := p.checkBundleTx(ctx, tx, ownerID, &t)
		if err != nil {
			return err
		}
		n, err := p.q.EditBundle(ctx, tx, dbsqlc.EditBundleParams{
			ID:         id,
			Version:    int32(version),
			NameZh:     t.Name.Zh,
			NameEn:     t.Name.En,
			Currency:   t.Currency,
			Price:      t.Price,
			PercentOff: int32(t.PercentOff),
		})
		if err != nil {
			return fmt.Errorf("edit bundle %d: %w", id, err)
		}
		if n == 0 {
			return ErrBundleMoved.Because("bundle %d is %s at version %d, edited from %d", id, b.Status, b.Version,
				version)
		}
		if err := p.q.DeleteBundleItems(ctx, tx, id); err != nil {
			return fmt.Errorf("clear bundle %d: %w", id, err)
		}
		edited = Bundle{
			ID:          id,
			OwnerID:     ownerID,
			Status:      b.Status,
			Version:     version + 1,
			BundleTerms: t,
		}
		return p.insertBundledTx(ctx, tx, edited, skus)
	})
	return edited, err
}

// EndBundle takes a bundle from sale for good. Errors: ErrBundleNotFound, ErrBundleMoved.
func (p *Promotions) EndBundle(ctx context.Context, ownerID, id int64, version int) error {
	b, err := p.OwnBundle(ctx, ownerID, id)
	if err != nil {
		return err
	}
	n, err := p.q.EndBundle(ctx, p.deps.Pool, dbsqlc.EndBundleParams{
		ID:      id,
		Version: int32(version),
		At:      p.deps.Now(),
	})
	if err != nil {
		return fmt.Errorf("end bundle %d: %w", id, err)
	}
	if n == 0 {
		return ErrBundleMoved.Because("bundle %d is %s at version %d, ended from %d", id, b.Status, b.Version, version)
	}
	return nil
}

func (p *Promotions) insertBundledTx(ctx context.Context, tx pgx.Tx, b Bundle, skus map[int64]SKU) error {
	arg := dbsqlc.InsertBundleItemsParams{BundleID: b.ID, SkuIds: b.SKUIDs}
	for n, id := range b.SKUIDs {
		arg.LineNos, arg.SpuIds = append(arg.LineNos, int32(n+1)), append(arg.SpuIds, skus[id].SPUID)
	}
	if err := p.q.InsertBundleItems(ctx, tx, arg); err != nil {
		return fmt.Errorf("insert the videos of bundle %d: %w", b.ID, err)
	}
	return nil
}

func (t BundleTerms) trimmed() BundleTerms {
	t.Name = t.Name.Map(textnorm.Name)
	return t
}

// checkBundleTx names every field that keeps a bundle from being sold as it stands, and gives it the currency of its
// videos.
func (p *Promotions) checkBundleTx(ctx context.Context, q Querier, ownerID int64,
	t *BundleTerms,
) (map[int64]SKU, error) {
	f := wrong{}
	f.name(t.Name)
	switch {
	case len(t.SKUIDs) < MinBundled:
		f["items"] = "too_few_items"
	case len(t.SKUIDs) > MaxBundled:
		f["items"] = "too_many_items"
	}
	skus, err := p.deps.SKUs(ctx, q, t.SKUIDs, p.deps.Now())
	if err != nil {
		return nil, err
	}
	full, err := f.bundled(ownerID, t, skus)
	if err != nil {
		return nil, err
	}
	f.bundlePrice(t, full)
	return skus, f.fault(ErrBundleInvalid)
}

// bundled wants videos of the owner that are for sale, each once, in one currency, which it gives to the bundle. full is
// what they cost one by one.
func (f wrong) bundled(ownerID int64, t *BundleTerms, skus map[int64]SKU) (full int64, err error) {
	seen := map[int64]bool{}
	for n, id := range t.SKUIDs {
		sku, sold := skus[id]
		switch {
		case sold && sku.CreatorID != ownerID:
			return 0, ErrSKUNotFound.Because("sku %d is not of %d", id, ownerID)
		case !sold:
			f[field(n, "sku")] = "sku_unavailable"
			continue
		case seen[sku.SPUID]:
			f[field(n, "sku")] = "duplicate_video"
		case t.Currency != "" && t.Currency != sku.Price.Currency:
			f[field(n, "sku")] = "mixed_currency"
		case sku.Price.Amount == 0:
			f[field(n, "sku")] = "free_video"
		}
		t.Currency, seen[sku.SPUID] = sku.Price.Currency, true
		full += sku.Price.Amount
	}
	return full, nil
}

// bundlePrice wants either a price or a percentage, and a price below what the videos cost one by one. Where something
// else is wrong, that sum is not known.
func (f wrong) bundlePrice(t *BundleTerms, full int64) {
	switch {
	case (t.Price == 0) == (t.PercentOff == 0), t.PercentOff == 0 && outside(t.Price, 1, MaxOff):
		f["price"] = "price_invalid"
	case t.PercentOff == 0 && t.Price >= full && len(f) == 0:
		f["price"] = "price_not_below"
	case t.Price == 0 && outside(int64(t.PercentOff), 1, MaxPercentOff):
		f["percent_off"] = "percent_invalid"
	}
}
