package catalog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/catalog/internal/dbsqlc"
	"videomall/mall/locale"
)

// NewCategory describes a category; the lowest Position stands first.
type NewCategory struct {
	Slug     string
	Name     locale.Text
	Position int
}

// NewCreator describes a creator. UserID is the account that owns the videos.
type NewCreator struct {
	UserID int64
	Slug   string
	Name   locale.Text
	Bio    locale.Text
	Avatar string // the name below /media/avatars/, without size and extension; may be empty
}

// NewSKU is one way to buy a video, with its first price.
type NewSKU struct {
	Kind, Quality string
	RentHours     int // for KindRent only
	StockLimited  bool
	MaxPerOrder   int // 0 means 1
	Price         NewPrice
}

// NewProduct describes an SPU with its SKUs. It starts as a draft.
type NewProduct struct {
	Slug                  string
	CreatorID, CategoryID int64
	Title                 locale.Text
	Description           locale.Text
	Tags                  []string
	Cover                 string // the name below /media/covers/, without size and extension
	AssetID               *int64
	DurationSeconds       int
	FreeSeconds           int        // of the video's begin that anybody may watch; see Content
	SeriesID              int64      // the creator's own; 0 for none, and then Episode is 0
	Episode               int        // of the series, from 1
	PublishedAt           *time.Time // the day "newest" sorts by; nil means the moment of Publish
	SKUs                  []NewSKU
}

// Created holds the ids of a new product; SKUIDs are in the order of NewProduct.SKUs.
type Created struct {
	SPUID  int64
	SKUIDs []int64
}

// CreateCategory adds a category. Errors: ErrSlugTaken, ErrProductInvalid.
func (c *Catalog) CreateCategory(ctx context.Context, n NewCategory) (int64, error) {
	var id int64
	err := c.WithChanges(ctx, func(tx pgx.Tx) (_ []Change, err error) {
		id, err = c.queries.InsertCategory(ctx, tx, dbsqlc.InsertCategoryParams{
			Slug:     n.Slug,
			NameZh:   n.Name.Zh,
			NameEn:   n.Name.En,
			Position: int32(n.Position),
		})
		return []Change{{Type: ChangeCategory, Category: n.Slug}}, err
	})
	return id, Refused(err, "create category %q", n.Slug)
}

// CreateCreator adds a creator. Errors: ErrSlugTaken, ErrProductInvalid.
func (c *Catalog) CreateCreator(ctx context.Context, n NewCreator) error {
	err := c.WithChanges(ctx, func(tx pgx.Tx) ([]Change, error) {
		return []Change{{Type: ChangeCreator, Names: []string{"creator:" + n.Slug}}},
			c.queries.InsertCreator(ctx, tx, dbsqlc.InsertCreatorParams{
				UserID:    n.UserID,
				Slug:      n.Slug,
				NameZh:    n.Name.Zh,
				NameEn:    n.Name.En,
				BioZh:     n.Bio.Zh,
				BioEn:     n.Bio.En,
				Avatar:    n.Avatar,
				CreatedAt: c.now(),
			})
	})
	return Refused(err, "create creator %q", n.Slug)
}

// CreateProduct adds a draft with its SKUs and their first prices. Errors: ErrSlugTaken, ErrProductInvalid,
// ErrPriceInvalid, ErrPriceCurrency.
func (c *Catalog) CreateProduct(ctx context.Context, n NewProduct) (Created, error) {
	now := c.now()
	for i, sku := range n.SKUs {
		if err := sku.Price.check(); err != nil {
			return Created{}, err
		}
		if sku.Price.Currency != n.SKUs[0].Price.Currency {
			return Created{}, ErrPriceCurrency.Because("SKU %d of %q", i, n.Slug)
		}
	}
	tags := make([]string, 0, len(n.Tags))
	for _, tag := range n.Tags {
		if tag = strings.TrimSpace(tag); tag != "" && !slices.Contains(tags, tag) {
			tags = append(tags, tag)
		}
	}
	var made Created
	err := c.WithChanges(ctx, func(tx pgx.Tx) ([]Change, error) {
		id, err := c.queries.InsertSPU(ctx, tx, dbsqlc.InsertSPUParams{
			Slug:            n.Slug,
			CreatorID:       n.CreatorID,
			CategoryID:      n.CategoryID,
			TitleZh:         n.Title.Zh,
			TitleEn:         n.Title.En,
			DescriptionZh:   n.Description.Zh,
			DescriptionEn:   n.Description.En,
			Tags:            tags,
			Cover:           n.Cover,
			AssetID:         n.AssetID,
			DurationSeconds: int32(n.DurationSeconds),
			FreeSeconds:     int32(n.FreeSeconds),
			SeriesID:        n.SeriesID,
			Episode:         int32(n.Episode),
			PublishedAt:     n.PublishedAt,
			At:              now,
		})
		if err != nil {
			return nil, err
		}
		made = Created{SPUID: id}
		change := Change{
			Type:  ChangeCreated,
			SPUID: id,
			Names: []string{"slug:" + n.Slug},
		}
		for _, sku := range n.SKUs {
			skuID, err := c.queries.InsertSKU(ctx, tx, dbsqlc.InsertSKUParams{
				SpuID:        id,
				Kind:         sku.Kind,
				Quality:      sku.Quality,
				RentHours:    int32(sku.RentHours),
				StockLimited: sku.StockLimited,
				MaxPerOrder:  int32(max(1, sku.MaxPerOrder)),
				At:           now,
			})
			if err != nil {
				return nil, err
			}
			if sku.Price.From.IsZero() {
				sku.Price.From = now
			}
			if err := c.insertPriceTx(ctx, tx, skuID, sku.Price, now); err != nil {
				return nil, err
			}
			made.SKUIDs = append(made.SKUIDs, skuID)
			change.Names = append(change.Names, "sku:"+strconv.FormatInt(skuID, 10))
		}
		return []Change{change}, c.queries.Reprice(ctx, tx, dbsqlc.RepriceParams{SpuID: id, At: now})
	})
	if err != nil {
		return Created{}, Refused(err, "create product %q", n.Slug)
	}
	return made, nil
}

// Publish puts a draft, a reviewed or a taken-down SPU on sale. Errors: ErrProductState.
func (c *Catalog) Publish(ctx context.Context, spuID int64) error {
	return c.move(ctx, spuID, ChangePublished, StatusLive, StatusDraft, StatusInReview, StatusTakenDown)
}

// TakeDown takes a live SPU off sale; those who bought it keep it. Errors: ErrProductState.
func (c *Catalog) TakeDown(ctx context.Context, spuID int64) error {
	return c.move(ctx, spuID, ChangeTakenDown, StatusTakenDown, StatusLive)
}

func (c *Catalog) move(ctx context.Context, spuID int64, kind, to string, from ...string) error {
	err := c.WithChanges(ctx, func(tx pgx.Tx) ([]Change, error) {
		moved, err := c.queries.SetStatus(ctx, tx, dbsqlc.SetStatusParams{
			ID:           spuID,
			Status:       to,
			At:           c.now(),
			FromStatuses: from,
		})
		if err == nil && moved == 0 {
			err = ErrProductState
		}
		return []Change{{Type: kind, SPUID: spuID}}, err
	})
	if err != nil {
		return fmt.Errorf("move SPU %d to %s: %w", spuID, to, err)
	}
	return nil
}

// SetAsset names the packaged video that buyers of an SPU will watch. Errors: ErrProductNotFound.
func (c *Catalog) SetAsset(ctx context.Context, spuID, assetID int64, durationSeconds int) error {
	err := c.WithChanges(ctx, func(tx pgx.Tx) ([]Change, error) {
		found, err := c.queries.SetAsset(ctx, tx, dbsqlc.SetAssetParams{
			ID:              spuID,
			AssetID:         &assetID,
			DurationSeconds: int32(durationSeconds),
			At:              c.now(),
		})
		if err == nil && found == 0 {
			err = ErrProductNotFound
		}
		return []Change{{Type: ChangeAssetSet, SPUID: spuID}}, err
	})
	if err != nil {
		return fmt.Errorf("set asset %d of SPU %d: %w", assetID, spuID, err)
	}
	return nil
}

// NeedsAsset says whether any SPU, on sale or not, still names the packaged video: whoever bought it may watch it.
func (c *Catalog) NeedsAsset(ctx context.Context, tx pgx.Tx, assetID int64) (bool, error) {
	needed, err := c.queries.NeedsAsset(ctx, tx, assetID)
	if err != nil {
		return false, fmt.Errorf("who needs asset %d: %w", assetID, err)
	}
	return needed, nil
}

// Refused turns what the schema refuses into a fault and wraps the rest; nil stays nil.
func Refused(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	err = fmt.Errorf(format+": %w", append(args, err)...)
	switch {
	case faulty(err):
		return err
	case db.IsUnique(err, "video_product_sku_spu_id_kind_quality_rent_hours_key"):
		return ErrProductInvalid.With("skus", "duplicate").Because("%w", err)
	case db.IsUnique(err, ""):
		return ErrSlugTaken.Because("%w", err)
	case db.IsCheck(err, ""), db.IsForeignKey(err, ""):
		return ErrProductInvalid.Because("%w", err)
	}
	return err
}

func missing(err error) bool { return errors.Is(err, pgx.ErrNoRows) }
