package listing

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/catalog"
	"videomall/mall/catalog/internal/dbsqlc"
)

// MaxNote is how many letters a reviewer's reasons may have.
const MaxNote = 4000

// ApproveTx replaces what is on sale by a revision's content, all of it or nothing, and puts a new listing on sale. A
// listing that was taken down stays down. The caller passes the changes to catalog.Catalog.Forget after the commit.
// Errors: ErrNotFound, ErrRevisionMoved for one that doesn't wait for a review, ErrRevisionMissing when something that
// it needs has gone meanwhile.
func (ls *Listings) ApproveTx(ctx context.Context, tx pgx.Tx, revisionID int64) ([]catalog.Change, error) {
	spu, r, err := ls.waitingTx(ctx, tx, revisionID)
	if err != nil {
		return nil, fmt.Errorf("approve revision %d: %w", revisionID, err)
	}
	n, err := contentOfRow(r)
	if err != nil {
		return nil, err
	}
	video, f, err := ls.lackingTx(ctx, tx, spu, n)
	if err == nil {
		err = f.of(ErrRevisionMissing)
	}
	if err == nil {
		err = ls.decideTx(ctx, tx, revisionID, RevisionApproved, "")
	}
	if err != nil {
		return nil, fmt.Errorf("approve revision %d: %w", revisionID, err)
	}
	now := ls.now()
	change := catalog.Change{Type: catalog.ChangeRevised, SPUID: spu.ID}
	slug := spu.Slug
	if spu.PublishedAt == nil {
		slug, change.Type = n.Slug, catalog.ChangePublished
		change.Names = append(change.Names, "slug:"+slug)
	}
	err = ls.queries.PutContent(ctx, tx, dbsqlc.PutContentParams{
		ID:              spu.ID,
		Slug:            slug,
		TitleZh:         n.Title.Zh,
		TitleEn:         n.Title.En,
		DescriptionZh:   n.Description.Zh,
		DescriptionEn:   n.Description.En,
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
		return nil, catalog.Refused(err, "put the content of revision %d", revisionID)
	}
	names, err := ls.putWaysTx(ctx, tx, spu, n, now)
	if err != nil {
		return nil, catalog.Refused(err, "put the ways to buy of revision %d", revisionID)
	}
	change.Names = append(change.Names, names...)
	made := []catalog.Change{change}
	return made, ls.catalog.AnnounceTx(ctx, tx, made)
}

// ReturnTx gives a revision back to its creator with the reasons. Errors: ErrNotFound, ErrRevisionMoved,
// ErrRevisionInvalid for a note that is too long.
func (ls *Listings) ReturnTx(ctx context.Context, tx pgx.Tx, revisionID int64, note string) error {
	note = strings.TrimSpace(note)
	if !db.Storable(note) || utf8.RuneCountInString(note) > MaxNote {
		return ErrRevisionInvalid.With("note", "note_invalid")
	}
	spu, _, err := ls.waitingTx(ctx, tx, revisionID)
	if err == nil {
		err = ls.decideTx(ctx, tx, revisionID, RevisionReturned, note)
	}
	if err == nil {
		err = ls.backToDraftTx(ctx, tx, spu.ID)
	}
	if err == nil {
		err = ls.catalog.AnnounceTx(ctx, tx, []catalog.Change{{Type: catalog.ChangeReturned, SPUID: spu.ID}})
	}
	if err != nil {
		return fmt.Errorf("return revision %d: %w", revisionID, err)
	}
	return nil
}

// ReopenTx takes a return back: the revision waits for a review again, as it was handed in. Errors: ErrNotFound,
// ErrRevisionMoved for one that was not returned, that its creator has edited since, or whose address another waits for
// by now.
func (ls *Listings) ReopenTx(ctx context.Context, tx pgx.Tx, revisionID int64) error {
	spu, err := ls.lockByRevisionTx(ctx, tx, revisionID)
	if err != nil {
		return fmt.Errorf("reopen revision %d: %w", revisionID, err)
	}
	now := ls.now()
	moved, err := ls.queries.ReopenRevision(ctx, tx, dbsqlc.ReopenRevisionParams{ID: revisionID, At: now})
	if db.IsUnique(err, "catalog_revision_slug_key") {
		return ErrRevisionMoved.Because("revision %d: %w", revisionID, err)
	}
	if err == nil && moved == 0 {
		err = ErrRevisionMoved.Because("revision %d is not what its creator wrote last, or was not returned",
			revisionID)
	}
	if err == nil { // a listing that is on sale, or was, keeps its state
		_, err = ls.queries.SetStatus(ctx, tx, dbsqlc.SetStatusParams{
			ID:           spu.ID,
			Status:       catalog.StatusInReview,
			At:           now,
			FromStatuses: []string{catalog.StatusDraft},
		})
	}
	if err != nil {
		return fmt.Errorf("reopen revision %d: %w", revisionID, err)
	}
	return nil
}

// lockByRevisionTx takes the listing that a revision is of.
func (ls *Listings) lockByRevisionTx(ctx context.Context, tx pgx.Tx, revisionID int64) (dbsqlc.LockListingRow, error) {
	spuID, err := ls.queries.SPUIDByRevision(ctx, tx, revisionID)
	if missing(err) {
		err = ErrNotFound.Because("revision %d", revisionID)
	}
	if err != nil {
		return dbsqlc.LockListingRow{}, err
	}
	return ls.lockTx(ctx, tx, spuID)
}

// waitingTx takes the listing of a revision that is in review.
func (ls *Listings) waitingTx(ctx context.Context, tx pgx.Tx,
	revisionID int64,
) (dbsqlc.LockListingRow, dbsqlc.CatalogRevision, error) {
	spu, err := ls.lockByRevisionTx(ctx, tx, revisionID)
	if err != nil {
		return dbsqlc.LockListingRow{}, dbsqlc.CatalogRevision{}, err
	}
	row, err := ls.queries.RevisionByID(ctx, tx, revisionID)
	if err == nil && row.CatalogRevision.State != RevisionInReview {
		err = ErrRevisionMoved.Because("revision %d is %s", revisionID, row.CatalogRevision.State)
	}
	return spu, row.CatalogRevision, err
}

func (ls *Listings) decideTx(ctx context.Context, tx pgx.Tx, revisionID int64, state, note string) error {
	moved, err := ls.queries.DecideRevision(ctx, tx, dbsqlc.DecideRevisionParams{
		ID:    revisionID,
		State: state,
		Note:  note,
		At:    ls.now(),
	})
	if err == nil && moved == 0 {
		err = ErrRevisionMoved
	}
	return err
}

// putWaysTx makes the SKUs of a listing those of its content. A SKU that is left out is retired: those who bought it
// keep it. names are those of new SKUs.
func (ls *Listings) putWaysTx(ctx context.Context, tx pgx.Tx, spu dbsqlc.LockListingRow, n Content,
	now time.Time,
) (names []string, err error) {
	known, err := ls.queries.SKUsOfListing(ctx, tx, dbsqlc.SKUsOfListingParams{SpuID: spu.ID, At: now})
	if err != nil {
		return nil, err
	}
	before := map[int64]*dbsqlc.SKUsOfListingRow{}
	for _, k := range known {
		before[k.ID] = &k
	}
	keep := make([]int64, 0, len(n.SKUs))
	for _, s := range n.SKUs {
		id, err := ls.queries.PutSKU(ctx, tx, dbsqlc.PutSKUParams{
			SpuID:        spu.ID,
			Kind:         s.Kind,
			Quality:      s.Quality,
			RentHours:    int32(s.RentHours),
			StockLimited: s.Limited,
			MaxPerOrder:  int32(s.MaxPerOrder),
			At:           now,
		})
		if err != nil {
			return nil, err
		}
		keep = append(keep, id)
		if before[id] == nil {
			names = append(names, "sku:"+strconv.FormatInt(id, 10))
		}
		if err := ls.putSKUTx(ctx, tx, spu, id, s, before[id], now); err != nil {
			return nil, err
		}
	}
	if err := ls.queries.RetireOthers(ctx, tx, dbsqlc.RetireOthersParams{SpuID: spu.ID, Keep: keep}); err != nil {
		return nil, err
	}
	return names, ls.queries.Reprice(ctx, tx, dbsqlc.RepriceParams{SpuID: spu.ID, At: now})
}

// putSKUTx gives a SKU the price and the stock that were approved, where it does not sell at others already. old is what
// it was before, or nil.
func (ls *Listings) putSKUTx(ctx context.Context, tx pgx.Tx, spu dbsqlc.LockListingRow, skuID int64, s SKU,
	old *dbsqlc.SKUsOfListingRow, now time.Time,
) error {
	selling := old != nil && old.Status == skuActive
	if old != nil && !selling { // it comes back, and costs what was approved
		if err := ls.queries.EndPrices(ctx, tx, dbsqlc.EndPricesParams{
			SkuID: skuID,
			At:    now,
			By:    spu.CreatorID,
		}); err != nil {
			return err
		}
	}
	if !selling || old.Amount == nil {
		if err := ls.firstPriceTx(ctx, tx, spu, skuID, s, now); err != nil {
			return err
		}
	}
	limitedBefore := selling && old.StockLimited
	if !s.Limited || s.Units == 0 || limitedBefore || ls.deps.Stock == nil {
		return nil
	}
	return ls.deps.Stock(ctx, tx, skuID, s.Units)
}

// firstPriceTx gives a SKU that has no price now the one that was approved, until another one begins that was set
// ahead.
func (ls *Listings) firstPriceTx(ctx context.Context, tx pgx.Tx, spu dbsqlc.LockListingRow, skuID int64, s SKU,
	now time.Time,
) error {
	if s.Price == nil {
		return nil
	}
	p := catalog.NewPrice{
		Amount:     *s.Price,
		ListAmount: s.List,
		Currency:   Currency,
		From:       now,
		By:         spu.CreatorID,
	}
	next, err := ls.queries.NextPrice(ctx, tx, dbsqlc.NextPriceParams{SkuID: skuID, At: now})
	switch {
	case err == nil:
		p.Until = &next
	case !missing(err):
		return err
	}
	return ls.catalog.AddPriceTx(ctx, tx, spu.ID, skuID, p)
}

// TakeDownTx takes a listing off sale for the mall, also one that its creator took off sale. The changes are for
// Forget. Errors: ErrNotFound, ErrProductState.
func (ls *Listings) TakeDownTx(ctx context.Context, tx pgx.Tx, spuID int64) ([]catalog.Change, error) {
	return ls.turnTx(ctx, tx, spuID,
		turn{catalog.ChangeTakenDown, catalog.StatusTakenDown, false, func(s dbsqlc.LockListingRow) bool {
			return s.Status == catalog.StatusLive || offByCreator(s)
		}})
}

// RestoreTx puts a listing that the mall took down back as it was: on sale, or off it by its creator. The changes are
// for Forget. Errors: as TakeDownTx.
func (ls *Listings) RestoreTx(ctx context.Context, tx pgx.Tx, spuID int64) ([]catalog.Change, error) {
	spu, err := ls.lockTx(ctx, tx, spuID)
	if err != nil || !spu.OffBefore {
		return ls.turnTx(ctx, tx, spuID,
			turn{catalog.ChangePublished, catalog.StatusLive, false, func(s dbsqlc.LockListingRow) bool {
				return s.Status == catalog.StatusTakenDown && !s.TakenByCreator
			}})
	}
	if err := ls.queries.MarkTakenBy(ctx, tx, dbsqlc.MarkTakenByParams{ID: spuID, ByCreator: true}); err != nil {
		return nil, fmt.Errorf("leave SPU %d to its creator: %w", spuID, err)
	}
	return nil, nil
}

// offByCreator says that the creator took the listing off sale and may put it back.
func offByCreator(s dbsqlc.LockListingRow) bool {
	return s.Status == catalog.StatusTakenDown && s.TakenByCreator
}

// TakeOff takes a creator's own listing off sale; PutBack is the way back, as long as the mall did not take it down
// too. Errors: ErrNotFound, ErrProductState.
func (ls *Listings) TakeOff(ctx context.Context, creatorID, spuID int64) error {
	return ls.turnOwn(ctx, creatorID, spuID,
		turn{catalog.ChangeTakenDown, catalog.StatusTakenDown, true, func(s dbsqlc.LockListingRow) bool {
			return s.Status == catalog.StatusLive
		}})
}

// PutBack is the way back from TakeOff.
func (ls *Listings) PutBack(ctx context.Context, creatorID, spuID int64) error {
	return ls.turnOwn(ctx, creatorID, spuID, turn{catalog.ChangePublished, catalog.StatusLive, false, offByCreator})
}

// turn is a move between on sale and off sale.
type turn struct {
	kind, to  string
	byCreator bool
	may       func(dbsqlc.LockListingRow) bool
}

func (ls *Listings) turnOwn(ctx context.Context, creatorID, spuID int64, t turn) error {
	var made []catalog.Change
	err := db.InTx(ctx, ls.pools.Primary, func(tx pgx.Tx) error {
		if _, err := ls.lockOwnTx(ctx, tx, creatorID, spuID); err != nil {
			return err
		}
		var err error
		made, err = ls.turnTx(ctx, tx, spuID, t)
		return err
	})
	if err == nil {
		ls.catalog.Forget(ctx, made)
	}
	return err
}

func (ls *Listings) turnTx(ctx context.Context, tx pgx.Tx, spuID int64, t turn) ([]catalog.Change, error) {
	spu, err := ls.lockTx(ctx, tx, spuID)
	if err == nil && !t.may(spu) {
		err = catalog.ErrProductState.Because("SPU %d is %s, by its creator %v", spuID, spu.Status, spu.TakenByCreator)
	}
	if err == nil {
		_, err = ls.queries.SetStatus(ctx, tx, dbsqlc.SetStatusParams{
			ID:           spuID,
			Status:       t.to,
			At:           ls.now(),
			FromStatuses: []string{spu.Status},
		})
	}
	if err == nil {
		err = ls.queries.MarkTakenBy(ctx, tx, dbsqlc.MarkTakenByParams{
			ID:        spuID,
			ByCreator: t.byCreator,
			OffBefore: offByCreator(spu) && t.to == catalog.StatusTakenDown,
		})
	}
	if err != nil {
		return nil, fmt.Errorf("move SPU %d to %s: %w", spuID, t.to, err)
	}
	made := []catalog.Change{{Type: t.kind, SPUID: spuID}}
	return made, ls.catalog.AnnounceTx(ctx, tx, made)
}
