package promotion

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"videomall/mall/fault"
	"videomall/mall/locale"
	"videomall/mall/money"
	"videomall/mall/promotion/internal/dbsqlc"
)

// Limits of one bundle; the schema keeps some of them too.
const (
	MinBundled    = 2
	MaxBundled    = 20
	MaxPercentOff = 99 // of a bundle: it is not given away
)

// The faults that callers tell apart. Those with Fields name an input: "name_en", "items.0.sku".
var (
	ErrBundleNotFound = fault.New(fault.NotFound, "bundle_not_found", "There is no such bundle.")
	ErrBundleInvalid  = fault.New(fault.Invalid, "bundle_invalid", "Some fields need another look.")
	ErrBundleMoved    = fault.New(fault.Conflict, "bundle_moved", "The bundle was changed since you looked.")
)

// BundleStatus is whether a bundle is sold.
type BundleStatus string

// The states of a bundle. One that has ended stays so.
const (
	BundleLive  BundleStatus = "live"
	BundleEnded BundleStatus = "ended"
)

// BundleTerms are what is sold together, and for how much: for a sum, or for a percentage less than its parts cost.
type BundleTerms struct {
	Name       locale.Text
	Currency   string
	Price      int64 // minor units; 0 for a percentage
	PercentOff int   // 1 to 99; 0 for a sum
	SKUIDs     []int64
}

// Bundle is several videos sold together. Version counts edits and the end.
type Bundle struct {
	ID      int64
	OwnerID int64
	Status  BundleStatus
	Version int
	BundleTerms
}

// Shares divide the bundle's price among its SKUs, given what each costs by itself, in the order of SKUIDs: in
// proportion to that, to the last minor unit, and none more than by itself. Parts that have become cheaper than the
// bundle's sum make it their sum.
func (b Bundle) Shares(prices []int64) []int64 {
	var full int64
	for _, p := range prices {
		full += p
	}
	price := b.Price
	if b.PercentOff > 0 {
		price = full - share(full, b.PercentOff)
	}
	return money.Split(min(price, full), prices)
}

// Bundle returns a bundle in whatever state. Errors: ErrBundleNotFound.
func (p *Promotions) Bundle(ctx context.Context, id int64) (Bundle, error) {
	list, err := p.BundlesTx(ctx, p.deps.Pool, []int64{id})
	if err != nil {
		return Bundle{}, err
	}
	b, known := list[id]
	if !known {
		return Bundle{}, ErrBundleNotFound.Because("bundle %d", id)
	}
	return b, nil
}

// BundlesTx returns the bundles of those ids in whatever state; unknown ones are absent. q is the caller's transaction
// or a pool.
func (p *Promotions) BundlesTx(ctx context.Context, q Querier, ids []int64) (map[int64]Bundle, error) {
	rows, err := p.q.Bundles(ctx, q, ids)
	if err != nil {
		return nil, fmt.Errorf("bundles %v: %w", ids, err)
	}
	found := make(map[int64]Bundle, len(rows))
	for _, r := range rows {
		found[r.PromotionBundle.ID] = bundleOf(r.PromotionBundle, r.SkuIds)
	}
	return found, nil
}

// BundlesWith returns up to most bundles that are sold and hold one of these videos, the newest first.
func (p *Promotions) BundlesWith(ctx context.Context, spuIDs []int64, most int) ([]Bundle, error) {
	rows, err := p.q.BundlesWith(ctx, p.deps.Pool, dbsqlc.BundlesWithParams{SpuIds: spuIDs, Most: int32(most)})
	if err != nil {
		return nil, fmt.Errorf("bundles with %v: %w", spuIDs, err)
	}
	list := make([]Bundle, len(rows))
	for n, r := range rows {
		list[n] = bundleOf(r.PromotionBundle, r.SkuIds)
	}
	return list, nil
}

// BundlesOf returns up to most bundles of a creator, the newest first, those before an id unless that is 0.
func (p *Promotions) BundlesOf(ctx context.Context, ownerID, before int64, most int) ([]Bundle, error) {
	rows, err := p.q.BundlesOf(ctx, p.deps.Pool, dbsqlc.BundlesOfParams{
		OwnerID: ownerID,
		Before:  before,
		Most:    int32(most),
	})
	if err != nil {
		return nil, fmt.Errorf("bundles of %d: %w", ownerID, err)
	}
	list := make([]Bundle, len(rows))
	for n, r := range rows {
		list[n] = bundleOf(r.PromotionBundle, r.SkuIds)
	}
	return list, nil
}

// OwnBundle returns a bundle to the creator who made it. Errors: ErrBundleNotFound, for others' too.
func (p *Promotions) OwnBundle(ctx context.Context, ownerID, id int64) (Bundle, error) {
	b, err := p.Bundle(ctx, id)
	if err == nil && b.OwnerID != ownerID {
		return Bundle{}, ErrBundleNotFound.Because("bundle %d is not of %d", id, ownerID)
	}
	return b, err
}

func (p *Promotions) lockBundleTx(ctx context.Context, tx pgx.Tx, ownerID, id int64) (Bundle, error) {
	if _, err := p.q.LockBundle(ctx, tx, id); err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return Bundle{}, fmt.Errorf("lock bundle %d: %w", id, err)
	}
	list, err := p.BundlesTx(ctx, tx, []int64{id})
	if err != nil {
		return Bundle{}, err
	}
	b, known := list[id]
	if !known || b.OwnerID != ownerID {
		return Bundle{}, ErrBundleNotFound.Because("bundle %d is not of %d", id, ownerID)
	}
	return b, nil
}

func bundleOf(r dbsqlc.PromotionBundle, skuIDs []int64) Bundle {
	return Bundle{
		ID:      r.ID,
		OwnerID: r.OwnerID,
		Status:  BundleStatus(r.Status),
		Version: int(r.Version),
		BundleTerms: BundleTerms{
			Name:       locale.Text{Zh: r.NameZh, En: r.NameEn},
			Currency:   r.Currency,
			Price:      r.Price,
			PercentOff: int(r.PercentOff),
			SKUIDs:     skuIDs,
		},
	}
}
