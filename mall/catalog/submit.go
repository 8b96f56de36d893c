package catalog

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/catalog/internal/dbsqlc"
)

// Submission is a revision that wants to be reviewed.
type Submission struct {
	RevisionID, SPUID, CreatorID int64
	First                        bool // nothing of the listing was ever on sale
	Content                      Content
	SeriesZh, SeriesEn           string // how the series of its content is called
	AssetID                      int64  // the packaged video that would be sold
	Currency                     string
}

// tries are how often a creator's step is taken again that met a reviewer's: those lock the case, or the appeal, before
// the listing.
const tries = 3

// Submit hands a listing's draft, as last saved in that version, to the reviewers. What is on sale stays so meanwhile.
// Errors: ErrListingNotFound, ErrRevisionMissing with the Fields that keep it from being sold, ErrRevisionMoved for
// another version and for one that was submitted already.
func (c *Catalog) Submit(ctx context.Context, creatorID, spuID int64, version int) error {
	err := db.InTxRetrying(ctx, c.pools.Primary, tries, func(tx pgx.Tx) error {
		spu, err := c.lockOwnTx(ctx, tx, creatorID, spuID)
		if err != nil {
			return err
		}
		r, err := c.queries.LatestRevision(ctx, tx, spuID)
		if err != nil && !missing(err) {
			return err
		}
		if r.State != RevisionDraft || int(r.Version) != version {
			return ErrRevisionMoved.Because("SPU %d is at version %d (%s), submitted from %d", spuID, r.Version,
				r.State, version)
		}
		v, err := revision(r, creatorID, spu.Status, spu.PublishedAt)
		if err != nil {
			return err
		}
		video, f, err := c.lackingTx(ctx, tx, spu, v.Content)
		if err != nil {
			return err
		}
		if err := f.of(ErrRevisionMissing); err != nil {
			return err
		}
		now := c.now()
		moved, err := c.queries.SubmitRevision(ctx, tx, dbsqlc.SubmitRevisionParams{
			ID:      r.ID,
			Version: r.Version,
			At:      now,
		})
		if db.IsUnique(err, "catalog_revision_slug_key") {
			return ErrRevisionMissing.With("slug", "slug_taken").Because("%w", err)
		}
		if err == nil && moved == 0 {
			err = ErrRevisionMoved
		}
		if err != nil {
			return err
		}
		// A listing that is on sale, or was, keeps its state.
		if _, err := c.queries.SetStatus(ctx, tx, dbsqlc.SetStatusParams{
			ID:           spuID,
			Status:       StatusInReview,
			At:           now,
			FromStatuses: []string{StatusDraft},
		}); err != nil {
			return err
		}
		if c.listing.OnSubmit == nil {
			return nil
		}
		s := Submission{
			RevisionID: r.ID,
			SPUID:      spuID,
			CreatorID:  creatorID,
			First:      v.First,
			Content:    v.Content,
			AssetID:    video.AssetID,
			Currency:   Currency,
		}
		if id := v.Content.SeriesID; id != 0 {
			series, err := c.queries.SeriesByID(ctx, tx, id)
			if err != nil {
				return err
			}
			s.SeriesZh, s.SeriesEn = series.TitleZh, series.TitleEn
		}
		return c.listing.OnSubmit(ctx, tx, s)
	})
	if err != nil {
		return fmt.Errorf("submit the listing %d: %w", spuID, err)
	}
	return nil
}

// Withdraw takes a revision back from the reviewers. Errors: ErrListingNotFound, ErrRevisionMoved when none waits.
func (c *Catalog) Withdraw(ctx context.Context, creatorID, spuID int64) error {
	err := db.InTxRetrying(ctx, c.pools.Primary, tries, func(tx pgx.Tx) error {
		if _, err := c.lockOwnTx(ctx, tx, creatorID, spuID); err != nil {
			return err
		}
		r, err := c.queries.LatestRevision(ctx, tx, spuID)
		if err != nil && !missing(err) {
			return err
		}
		now := c.now()
		moved, err := c.queries.WithdrawRevision(ctx, tx, dbsqlc.WithdrawRevisionParams{ID: r.ID, At: now})
		if err == nil && moved == 0 {
			err = ErrRevisionMoved.Because("revision %d is %q", r.ID, r.State)
		}
		if err == nil {
			err = c.backToDraftTx(ctx, tx, spuID)
		}
		if err != nil || c.listing.OnWithdraw == nil {
			return err
		}
		return c.listing.OnWithdraw(ctx, tx, r.ID)
	})
	if err != nil {
		return fmt.Errorf("withdraw the listing %d: %w", spuID, err)
	}
	return nil
}

// backToDraftTx is for a listing that waited for its first approval; others keep their state.
func (c *Catalog) backToDraftTx(ctx context.Context, tx pgx.Tx, spuID int64) error {
	_, err := c.queries.SetStatus(ctx, tx, dbsqlc.SetStatusParams{
		ID:           spuID,
		Status:       StatusDraft,
		At:           c.now(),
		FromStatuses: []string{StatusInReview},
	})
	return err
}

// Lacking says what keeps a listing's draft from being submitted, by field: the form's checklist. Errors:
// ErrListingNotFound.
func (c *Catalog) Lacking(ctx context.Context, creatorID, spuID int64, n Content) (map[string]string, error) {
	spu, err := c.queries.ListingFacts(ctx, c.pools.Primary, spuID)
	if missing(err) || err == nil && spu.CreatorID != creatorID {
		return nil, ErrListingNotFound.Because("SPU %d is not of %d", spuID, creatorID)
	}
	if err != nil {
		return nil, fmt.Errorf("listing %d: %w", spuID, err)
	}
	_, f, err := c.lackingTx(ctx, c.pools.Primary, dbsqlc.LockListingRow(spu), n)
	return f, err
}

// lackingTx finds what keeps content from being sold, and its video: the one it names, else the one that is on sale.
func (c *Catalog) lackingTx(ctx context.Context, q Querier, spu dbsqlc.LockListingRow,
	n Content) (Video, faults, error) {
	f := n.check()
	if err := c.checkKnownTx(ctx, q, spu.CreatorID, n, f); err != nil {
		return Video{}, nil, err
	}
	lack := func(field, slug string) {
		if f[field] == "" {
			f[field] = slug
		}
	}
	if n.TitleZh == "" && n.TitleEn == "" {
		lack("title_en", "titles_missing")
	}
	for field, empty := range map[string]bool{"category": n.CategoryID == 0, "cover": n.Cover == ""} {
		if empty {
			lack(field, field+"_missing")
		}
	}
	if err := c.slugLackTx(ctx, q, spu, n, lack); err != nil {
		return Video{}, nil, err
	}
	if n.SeriesID != 0 {
		taken, err := c.queries.EpisodeTaken(ctx, q, dbsqlc.EpisodeTakenParams{
			SeriesID: n.SeriesID,
			Episode:  int32(n.Episode),
			SpuID:    spu.ID,
		})
		switch {
		case err != nil:
			return Video{}, nil, err
		case n.Episode == 0:
			lack("episode", "episode_missing")
		case taken:
			lack("episode", "episode_taken")
		}
	}
	video, err := c.videoLackTx(ctx, q, spu, n, lack)
	if err != nil {
		return Video{}, nil, err
	}
	if video.Ready && freeOf(n.FreeSeconds, video.DurationSeconds) != n.FreeSeconds {
		lack("free", "free_long")
	}
	return video, f, c.waysLackTx(ctx, q, spu, n, video, lack)
}

func (c *Catalog) slugLackTx(ctx context.Context, q Querier, spu dbsqlc.LockListingRow, n Content,
	lack func(field, slug string)) error {
	if spu.PublishedAt != nil {
		return nil
	}
	taken, err := c.queries.SlugTaken(ctx, q, dbsqlc.SlugTakenParams{Slug: n.Slug, SpuID: spu.ID})
	switch {
	case n.Slug == "":
		lack("slug", "slug_missing")
	case taken:
		lack("slug", "slug_taken")
	}
	return err
}

func (c *Catalog) videoLackTx(ctx context.Context, q Querier, spu dbsqlc.LockListingRow, n Content,
	lack func(field, slug string)) (Video, error) {
	if n.VideoID == 0 {
		if spu.AssetID == nil {
			lack("video", "video_missing")
			return Video{}, nil
		}
		return Video{
			AssetID:         *spu.AssetID,
			DurationSeconds: int(spu.DurationSeconds),
			Ready:           true,
		}, nil
	}
	video, known, err := c.videoTx(ctx, q, spu.CreatorID, n.VideoID)
	if known && !video.Ready {
		lack("video", "video_not_ready")
	}
	return video, err
}

// waysLackTx also refuses 4K where the video has fewer lines. What is sold in 4K already stays so while its video does.
func (c *Catalog) waysLackTx(ctx context.Context, q Querier, spu dbsqlc.LockListingRow, n Content, video Video,
	lack func(field, slug string)) error {
	known, err := c.queries.SKUsOfListing(ctx, q, dbsqlc.SKUsOfListingParams{SpuID: spu.ID, At: c.now()})
	if err != nil {
		return err
	}
	selling := map[wayKey]dbsqlc.SKUsOfListingRow{}
	for _, k := range known {
		if k.Status == skuActive {
			selling[wayKey{k.Kind, k.Quality, int(k.RentHours)}] = k
		}
	}
	if len(n.Ways) == 0 {
		lack("ways", "ways_missing")
	}
	sameVideo := n.VideoID == 0 || spu.VideoID != nil && *spu.VideoID == n.VideoID
	for i, w := range n.Ways {
		k, sold := selling[w.key()]
		if w.Kind == KindRent && w.RentHours == 0 {
			lack(WayField(i, "hours"), "hours_missing")
		}
		if w.Price == nil && (!sold || k.Amount == nil) {
			lack(WayField(i, "price"), "price_missing")
		}
		if w.Limited && w.Units == 0 && (!sold || !k.StockLimited) {
			lack(WayField(i, "units"), "units_missing")
		}
		if w.Quality == Quality4K && video.Lines < Lines4K && !(sold && sameVideo) && (video.Ready || n.VideoID == 0) {
			lack(WayField(i, "quality"), "film_not_4k")
		}
	}
	return nil
}

// skuActive is the state of a SKU that can be sold; a retired one is owned by those who bought it and sold to nobody.
const skuActive = "active"

func contentOfRow(r dbsqlc.CatalogRevision) (n Content, err error) {
	if err = json.Unmarshal(r.Content, &n); err != nil {
		err = fmt.Errorf("content of revision %d: %w", r.ID, err)
	}
	return n, err
}
