package catalog

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/catalog/internal/dbsqlc"
)

// MaxNote is how many letters a reviewer's reasons may have.
const MaxNote = 4000

// ApproveTx puts a revision's content in the place of what is on sale, all of it or nothing, and a new listing on sale.
// Whoever joins it hands the changes to Forget after the commit. A listing that was taken down stays so. Errors:
// ErrListingNotFound, ErrRevisionMoved for one that doesn't wait for a review, ErrRevisionMissing when something that
// it needs has gone meanwhile.
func (c *Catalog) ApproveTx(ctx context.Context, tx pgx.Tx, revisionID int64) ([]Change, error) {
	spu, r, err := c.waitingTx(ctx, tx, revisionID)
	if err != nil {
		return nil, fmt.Errorf("approve revision %d: %w", revisionID, err)
	}
	n, err := contentOfRow(r)
	if err != nil {
		return nil, err
	}
	video, f, err := c.lackingTx(ctx, tx, spu, n)
	if err == nil {
		err = f.of(ErrRevisionMissing)
	}
	if err == nil {
		err = c.decideTx(ctx, tx, revisionID, RevisionApproved, "")
	}
	if err != nil {
		return nil, fmt.Errorf("approve revision %d: %w", revisionID, err)
	}
	now := c.now()
	change := Change{Type: typeRevised, SPUID: spu.ID}
	slug := spu.Slug
	if spu.PublishedAt == nil {
		slug, change.Type = n.Slug, typePublished
		change.Names = append(change.Names, "slug:"+slug)
	}
	err = c.queries.PutContent(ctx, tx, dbsqlc.PutContentParams{
		ID:              spu.ID,
		Slug:            slug,
		TitleZh:         n.TitleZh,
		TitleEn:         n.TitleEn,
		DescriptionZh:   n.DescriptionZh,
		DescriptionEn:   n.DescriptionEn,
		CategoryID:      n.CategoryID,
		Tags:            n.Tags,
		Cover:           n.Cover,
		SeriesID:        n.SeriesID,
		Episode:         int32(n.Episode),
		VideoID:         n.VideoID,
		AssetID:         &video.AssetID,
		DurationSeconds: int32(video.DurationSeconds),
		FreeSeconds:     int32(n.FreeSeconds),
		At:              now,
	})
	if err != nil {
		return nil, refused(err, "put the content of revision %d", revisionID)
	}
	names, err := c.putWaysTx(ctx, tx, spu, n, now)
	if err != nil {
		return nil, refused(err, "put the ways to buy of revision %d", revisionID)
	}
	change.Names = append(change.Names, names...)
	made := []Change{change}
	return made, c.announceTx(ctx, tx, made)
}

// ReturnTx gives a revision back to its creator with the reasons. Errors: ErrListingNotFound, ErrRevisionMoved,
// ErrRevisionInvalid for a note that is too long.
func (c *Catalog) ReturnTx(ctx context.Context, tx pgx.Tx, revisionID int64, note string) error {
	note = strings.TrimSpace(note)
	if !db.Storable(note) || utf8.RuneCountInString(note) > MaxNote {
		return ErrRevisionInvalid.With("note", "note_invalid")
	}
	spu, _, err := c.waitingTx(ctx, tx, revisionID)
	if err == nil {
		err = c.decideTx(ctx, tx, revisionID, RevisionReturned, note)
	}
	if err == nil {
		err = c.backToDraftTx(ctx, tx, spu.ID)
	}
	if err == nil {
		err = c.announceTx(ctx, tx, []Change{{Type: typeReturned, SPUID: spu.ID}})
	}
	if err != nil {
		return fmt.Errorf("return revision %d: %w", revisionID, err)
	}
	return nil
}

// ReopenTx takes a return back: the revision waits for a review again, as it was handed in. Errors: ErrListingNotFound,
// ErrRevisionMoved for one that was not returned, that its creator has edited since, or whose address another waits for
// by now.
func (c *Catalog) ReopenTx(ctx context.Context, tx pgx.Tx, revisionID int64) error {
	spu, err := c.lockByRevisionTx(ctx, tx, revisionID)
	if err != nil {
		return fmt.Errorf("reopen revision %d: %w", revisionID, err)
	}
	now := c.now()
	moved, err := c.queries.ReopenRevision(ctx, tx, dbsqlc.ReopenRevisionParams{ID: revisionID, At: now})
	if db.IsUnique(err, "catalog_revision_slug_key") {
		return ErrRevisionMoved.Because("revision %d: %w", revisionID, err)
	}
	if err == nil && moved == 0 {
		err = ErrRevisionMoved.Because("revision %d is not what its creator wrote last, or was not returned",
			revisionID)
	}
	if err == nil { // a listing that is on sale, or was, keeps its state
		_, err = c.queries.SetStatus(ctx, tx, dbsqlc.SetStatusParams{
			ID:           spu.ID,
			Status:       StatusInReview,
			At:           now,
			FromStatuses: []string{StatusDraft},
		})
	}
	if err != nil {
		return fmt.Errorf("reopen revision %d: %w", revisionID, err)
	}
	return nil
}

// lockByRevisionTx takes the listing that a revision is of.
func (c *Catalog) lockByRevisionTx(ctx context.Context, tx pgx.Tx, revisionID int64) (dbsqlc.LockListingRow, error) {
	spuID, err := c.queries.SPUIDByRevision(ctx, tx, revisionID)
	if missing(err) {
		err = ErrListingNotFound.Because("revision %d", revisionID)
	}
	if err != nil {
		return dbsqlc.LockListingRow{}, err
	}
	return c.lockTx(ctx, tx, spuID)
}

// waitingTx takes the listing of a revision that is in review.
func (c *Catalog) waitingTx(ctx context.Context, tx pgx.Tx,
	revisionID int64) (dbsqlc.LockListingRow, dbsqlc.CatalogRevision, error) {
	spu, err := c.lockByRevisionTx(ctx, tx, revisionID)
	if err != nil {
		return dbsqlc.LockListingRow{}, dbsqlc.CatalogRevision{}, err
	}
	row, err := c.queries.RevisionByID(ctx, tx, revisionID)
	if err == nil && row.CatalogRevision.State != RevisionInReview {
		err = ErrRevisionMoved.Because("revision %d is %s", revisionID, row.CatalogRevision.State)
	}
	return spu, row.CatalogRevision, err
}

func (c *Catalog) decideTx(ctx context.Context, tx pgx.Tx, revisionID int64, state, note string) error {
	moved, err := c.queries.DecideRevision(ctx, tx, dbsqlc.DecideRevisionParams{
		ID:    revisionID,
		State: state,
		Note:  note,
		At:    c.now(),
	})
	if err == nil && moved == 0 {
		err = ErrRevisionMoved
	}
	return err
}

// putWaysTx makes the SKUs of a listing those of its content. A SKU that is left out is retired: those who bought it
// keep it.
func (c *Catalog) putWaysTx(ctx context.Context, tx pgx.Tx, spu dbsqlc.LockListingRow, n Content,
	now time.Time) (names []string, err error) {
	known, err := c.queries.SKUsOfListing(ctx, tx, dbsqlc.SKUsOfListingParams{SpuID: spu.ID, At: now})
	if err != nil {
		return nil, err
	}
	before := map[int64]dbsqlc.SKUsOfListingRow{}
	for _, k := range known {
		before[k.ID] = k
	}
	keep := make([]int64, 0, len(n.Ways))
	for _, w := range n.Ways {
		id, err := c.queries.PutSKU(ctx, tx, dbsqlc.PutSKUParams{
			SpuID:        spu.ID,
			Kind:         w.Kind,
			Quality:      w.Quality,
			RentHours:    int32(w.RentHours),
			StockLimited: w.Limited,
			MaxPerOrder:  int32(w.MaxPerOrder),
			At:           now,
		})
		if err != nil {
			return nil, err
		}
		keep = append(keep, id)
		old, existed := before[id]
		if !existed {
			names = append(names, "sku:"+strconv.FormatInt(id, 10))
		}
		selling := existed && old.Status == skuActive
		if existed && !selling { // it comes back, and costs what was approved
			if err := c.queries.EndPrices(ctx, tx, dbsqlc.EndPricesParams{
				SkuID: id,
				At:    now,
				By:    spu.CreatorID,
			}); err != nil {
				return nil, err
			}
		}
		if !selling || old.Amount == nil {
			if err := c.firstPriceTx(ctx, tx, spu, id, w, now); err != nil {
				return nil, err
			}
		}
		if w.Limited && w.Units > 0 && !(selling && old.StockLimited) && c.listing.Stock != nil {
			if err := c.listing.Stock(ctx, tx, id, w.Units); err != nil {
				return nil, err
			}
		}
	}
	if err := c.queries.RetireOthers(ctx, tx, dbsqlc.RetireOthersParams{SpuID: spu.ID, Keep: keep}); err != nil {
		return nil, err
	}
	return names, c.queries.Reprice(ctx, tx, dbsqlc.RepriceParams{SpuID: spu.ID, At: now})
}

// firstPriceTx gives a SKU that has no price now the one that was approved, until another one begins that was set
// ahead.
func (c *Catalog) firstPriceTx(ctx context.Context, tx pgx.Tx, spu dbsqlc.LockListingRow, skuID int64, w Way,
	now time.Time) error {
	if w.Price == nil {
		return nil
	}
	p := NewPrice{
		Amount:     *w.Price,
		ListAmount: w.List,
		Currency:   Currency,
		From:       now,
		By:         spu.CreatorID,
	}
	next, err := c.queries.NextPrice(ctx, tx, dbsqlc.NextPriceParams{SkuID: skuID, At: now})
	switch {
	case err == nil:
		p.Until = &next
	case !missing(err):
		return err
	}
	foreign, err := c.queries.ForeignCurrency(ctx, tx, dbsqlc.ForeignCurrencyParams{
		SpuID:    spu.ID,
		Currency: p.Currency,
	})
	if err == nil && foreign {
		err = ErrPriceCurrency
	}
	if err == nil {
		err = p.check()
	}
	if err != nil {
		return err
	}
	return c.insertPriceTx(ctx, tx, skuID, p, now)
}

// TakeDownTx takes a listing off sale for the mall, also one that its creator took off sale. The changes are for
// Forget. Errors: ErrListingNotFound, ErrProductState.
func (c *Catalog) TakeDownTx(ctx context.Context, tx pgx.Tx, spuID int64) ([]Change, error) {
	return c.turnTx(ctx, tx, spuID, turn{typeTakenDown, StatusTakenDown, false, func(s dbsqlc.LockListingRow) bool {
		return s.Status == StatusLive || offByCreator(s)
	}})
}

// RestoreTx puts a listing that the mall took down back as it was: on sale, or off it by its creator. The changes are
// for Forget. Errors: as TakeDownTx.
func (c *Catalog) RestoreTx(ctx context.Context, tx pgx.Tx, spuID int64) ([]Change, error) {
	spu, err := c.lockTx(ctx, tx, spuID)
	if err != nil || !spu.OffBefore {
		return c.turnTx(ctx, tx, spuID, turn{typePublished, StatusLive, false, func(s dbsqlc.LockListingRow) bool {
			return s.Status == StatusTakenDown && !s.TakenByCreator
		}})
	}
	if err := c.queries.MarkTakenBy(ctx, tx, dbsqlc.MarkTakenByParams{ID: spuID, ByCreator: true}); err != nil {
		return nil, fmt.Errorf("leave SPU %d to its creator: %w", spuID, err)
	}
	return nil, nil
}

// offByCreator is one that its creator may put back.
func offByCreator(s dbsqlc.LockListingRow) bool {
	return s.Status == StatusTakenDown && s.TakenByCreator
}

// TakeOff takes a creator's own listing off sale; PutBack is the way back, as long as the mall did not take it down
// too. Errors: ErrListingNotFound, ErrProductState.
func (c *Catalog) TakeOff(ctx context.Context, creatorID, spuID int64) error {
	return c.turnOwn(ctx, creatorID, spuID,
		turn{typeTakenDown, StatusTakenDown, true, func(s dbsqlc.LockListingRow) bool {
			return s.Status == StatusLive
		}})
}

// PutBack is the way back from TakeOff.
func (c *Catalog) PutBack(ctx context.Context, creatorID, spuID int64) error {
	return c.turnOwn(ctx, creatorID, spuID, turn{typePublished, StatusLive, false, offByCreator})
}

// turn is a move between on sale and off sale.
type turn struct {
	kind, to  string
	byCreator bool
	may       func(dbsqlc.LockListingRow) bool
}

func (c *Catalog) turnOwn(ctx context.Context, creatorID, spuID int64, t turn) error {
	var made []Change
	err := db.InTx(ctx, c.pools.Primary, func(tx pgx.Tx) error {
		if _, err := c.lockOwnTx(ctx, tx, creatorID, spuID); err != nil {
			return err
		}
		var err error
		made, err = c.turnTx(ctx, tx, spuID, t)
		return err
	})
	if err == nil {
		c.Forget(ctx, made)
	}
	return err
}

func (c *Catalog) turnTx(ctx context.Context, tx pgx.Tx, spuID int64, t turn) ([]Change, error) {
	spu, err := c.lockTx(ctx, tx, spuID)
	if err == nil && !t.may(spu) {
		err = ErrProductState.Because("SPU %d is %s, by its creator %v", spuID, spu.Status, spu.TakenByCreator)
	}
	if err == nil {
		_, err = c.queries.SetStatus(ctx, tx, dbsqlc.SetStatusParams{
			ID:           spuID,
			Status:       t.to,
			At:           c.now(),
			FromStatuses: []string{spu.Status},
		})
	}
	if err == nil {
		err = c.queries.MarkTakenBy(ctx, tx, dbsqlc.MarkTakenByParams{
			ID:        spuID,
			ByCreator: t.byCreator,
			OffBefore: offByCreator(spu) && t.to == StatusTakenDown,
		})
	}
	if err != nil {
		return nil, fmt.Errorf("move SPU %d to %s: %w", spuID, t.to, err)
	}
	made := []Change{{Type: t.kind, SPUID: spuID}}
	return made, c.announceTx(ctx, tx, made)
}
