package listing

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/catalog"
	"videomall/mall/catalog/internal/dbsqlc"
	"videomall/mall/locale"
)

// Submission is a revision that wants to be reviewed.
type Submission struct {
	RevisionID, SPUID, CreatorID int64
	First                        bool // nothing of the listing was ever on sale
	Content                      Content
	Series                       locale.Text // how the series of its content is called
	AssetID                      int64       // the packaged video that would be sold
	Currency                     string
}

// tries is how often a creator's step is tried when it deadlocks with a reviewer's, which locks the case or the appeal
// before the listing.
const tries = 3

// Submit hands a listing's draft, as last saved in that version, to the reviewers. What is on sale stays so meanwhile.
// Errors: ErrNotFound, ErrRevisionMissing with the Fields that keep it from being sold, ErrRevisionMoved for
// another version and for one that was submitted already.
func (ls *Listings) Submit(ctx context.Context, creatorID, spuID int64, version int) error {
	err := db.InTxRetrying(ctx, ls.pools.Primary, tries, func(tx pgx.Tx) error {
		spu, err := ls.lockOwnTx(ctx, tx, creatorID, spuID)
		if err != nil {
			return err
		}
		r, err := ls.queries.LatestRevision(ctx, tx, spuID)
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
		video, f, err := ls.lackingTx(ctx, tx, spu, v.Content)
		if err != nil {
			return err
		}
		if err := f.of(ErrRevisionMissing); err != nil {
			return err
		}
		if err := ls.toReviewTx(ctx, tx, r); err != nil {
			return err
		}
		return ls.tellReviewersTx(ctx, tx, v, video)
	})
	if err != nil {
		return fmt.Errorf("submit the listing %d: %w", spuID, err)
	}
	return nil
}

// toReviewTx moves a draft, and its listing where that was never on sale. One that is on sale, or was, keeps its state.
func (ls *Listings) toReviewTx(ctx context.Context, tx pgx.Tx, r dbsqlc.CatalogRevision) error {
	now := ls.now()
	moved, err := ls.queries.SubmitRevision(ctx, tx, dbsqlc.SubmitRevisionParams{
		ID:      r.ID,
		Version: r.Version,
		At:      now,
	})
	switch {
	case db.IsUnique(err, "catalog_revision_slug_key"):
		return ErrRevisionMissing.With("slug", "slug_taken").Because("%w", err)
	case err != nil:
		return err
	case moved == 0:
		return ErrRevisionMoved
	}
	_, err = ls.queries.SetStatus(ctx, tx, dbsqlc.SetStatusParams{
		ID:           r.SpuID,
		Status:       catalog.StatusInReview,
		At:           now,
		FromStatuses: []string{catalog.StatusDraft},
	})
	return err
}

func (ls *Listings) tellReviewersTx(ctx context.Context, tx pgx.Tx, v Revision, video Video) error {
	if ls.deps.OnSubmit == nil {
		return nil
	}
	s := Submission{
		RevisionID: v.ID,
		SPUID:      v.SPUID,
		CreatorID:  v.CreatorID,
		First:      v.First,
		Content:    v.Content,
		AssetID:    video.AssetID,
		Currency:   Currency,
	}
	if id := v.Content.SeriesID; id != 0 {
		series, err := ls.queries.SeriesByID(ctx, tx, id)
		if err != nil {
			return err
		}
		s.Series = locale.Text{Zh: series.TitleZh, En: series.TitleEn}
	}
	return ls.deps.OnSubmit(ctx, tx, s)
}

// Withdraw takes a revision back from the reviewers. Errors: ErrNotFound, ErrRevisionMoved when none waits.
func (ls *Listings) Withdraw(ctx context.Context, creatorID, spuID int64) error {
	err := db.InTxRetrying(ctx, ls.pools.Primary, tries, func(tx pgx.Tx) error {
		if _, err := ls.lockOwnTx(ctx, tx, creatorID, spuID); err != nil {
			return err
		}
		r, err := ls.queries.LatestRevision(ctx, tx, spuID)
		if err != nil && !missing(err) {
			return err
		}
		now := ls.now()
		moved, err := ls.queries.WithdrawRevision(ctx, tx, dbsqlc.WithdrawRevisionParams{ID: r.ID, At: now})
		if err == nil && moved == 0 {
			err = ErrRevisionMoved.Because("revision %d is %q", r.ID, r.State)
		}
		if err == nil {
			err = ls.backToDraftTx(ctx, tx, spuID)
		}
		if err != nil || ls.deps.OnWithdraw == nil {
			return err
		}
		return ls.deps.OnWithdraw(ctx, tx, r.ID)
	})
	if err != nil {
		return fmt.Errorf("withdraw the listing %d: %w", spuID, err)
	}
	return nil
}

// backToDraftTx makes a listing that waited for its first approval a draft again. Others keep their state.
func (ls *Listings) backToDraftTx(ctx context.Context, tx pgx.Tx, spuID int64) error {
	_, err := ls.queries.SetStatus(ctx, tx, dbsqlc.SetStatusParams{
		ID:           spuID,
		Status:       catalog.StatusDraft,
		At:           ls.now(),
		FromStatuses: []string{catalog.StatusInReview},
	})
	return err
}

// Lacking says what keeps a listing's draft from being submitted, by field: the form's checklist. Errors:
// ErrNotFound.
func (ls *Listings) Lacking(ctx context.Context, creatorID, spuID int64, n Content) (map[string]string, error) {
	spu, err := ls.queries.ListingFacts(ctx, ls.pools.Primary, spuID)
	if missing(err) || err == nil && spu.CreatorID != creatorID {
		return nil, ErrNotFound.Because("SPU %d is not of %d", spuID, creatorID)
	}
	if err != nil {
		return nil, fmt.Errorf("listing %d: %w", spuID, err)
	}
	_, f, err := ls.lackingTx(ctx, ls.pools.Primary, dbsqlc.LockListingRow(spu), n)
	return f, err
}

// lackingTx finds what keeps the content from being sold, and its video: the one that it names, or else the one that is
// on sale.
func (ls *Listings) lackingTx(ctx context.Context, q catalog.Querier, spu dbsqlc.LockListingRow,
	n Content,
) (Video, faults, error) {
	f := n.check()
	if err := ls.checkKnownTx(ctx, q, spu.CreatorID, n, f); err != nil {
		return Video{}, nil, err
	}
	lack := func(field, slug string) {
		if f[field] == "" {
			f[field] = slug
		}
	}
	if n.Title.IsZero() {
		lack("title_en", "titles_missing")
	}
	for field, empty := range map[string]bool{"category": n.CategoryID == 0, "cover": n.Cover == ""} {
		if empty {
			lack(field, field+"_missing")
		}
	}
	if err := ls.slugLackTx(ctx, q, spu, n, lack); err != nil {
		return Video{}, nil, err
	}
	if n.SeriesID != 0 {
		taken, err := ls.queries.EpisodeTaken(ctx, q, dbsqlc.EpisodeTakenParams{
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
	video, err := ls.videoLackTx(ctx, q, spu, n, lack)
	if err != nil {
		return Video{}, nil, err
	}
	if video.Ready && catalog.FreeSeconds(n.FreeSeconds, video.DurationSeconds) != n.FreeSeconds {
		lack("free", "free_long")
	}
	return video, f, ls.skusLackTx(ctx, q, spu, n, video, lack)
}

func (ls *Listings) slugLackTx(ctx context.Context, q catalog.Querier, spu dbsqlc.LockListingRow, n Content,
	lack func(field, slug string),
) error {
	if spu.PublishedAt != nil {
		return nil
	}
	taken, err := ls.queries.SlugTaken(ctx, q, dbsqlc.SlugTakenParams{Slug: n.Slug, SpuID: spu.ID})
	switch {
	case n.Slug == "":
		lack("slug", "slug_missing")
	case taken:
		lack("slug", "slug_taken")
	}
	return err
}

func (ls *Listings) videoLackTx(ctx context.Context, q catalog.Querier, spu dbsqlc.LockListingRow, n Content,
	lack func(field, slug string),
) (Video, error) {
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
	video, known, err := ls.videoTx(ctx, q, spu.CreatorID, n.VideoID)
	if known && !video.Ready {
		lack("video", "video_not_ready")
	}
	return video, err
}

// skusLackTx adds what each way to buy lacks.
func (ls *Listings) skusLackTx(ctx context.Context, q catalog.Querier, spu dbsqlc.LockListingRow, n Content,
	video Video, lack func(field, slug string),
) error {
	known, err := ls.queries.SKUsOfListing(ctx, q, dbsqlc.SKUsOfListingParams{SpuID: spu.ID, At: ls.now()})
	if err != nil {
		return err
	}
	selling := map[skuKey]*dbsqlc.SKUsOfListingRow{}
	for _, k := range known {
		if k.Status == skuActive {
			selling[skuKey{k.Kind, k.Quality, int(k.RentHours)}] = &k
		}
	}
	if len(n.SKUs) == 0 {
		lack("ways", "ways_missing")
	}
	// What is sold in 4K already stays so while the listing keeps its video.
	sameVideo := n.VideoID == 0 || spu.VideoID != nil && *spu.VideoID == n.VideoID
	judged := video.Ready || n.VideoID == 0
	for i, s := range n.SKUs {
		sold := selling[s.key()]
		s.lack(i, sold, lack)
		if s.Quality == catalog.Quality4K && video.Lines < Lines4K && judged && !(sold != nil && sameVideo) {
			lack(SKUField(i, "quality"), "film_not_4k")
		}
	}
	return nil
}

// lack names what the nth way to buy lacks before it can be sold. sold is the SKU that it is already, or nil: what that
// has need not be said again.
func (s SKU) lack(n int, sold *dbsqlc.SKUsOfListingRow, lack func(field, slug string)) {
	if s.Kind == catalog.KindRent && s.RentHours == 0 {
		lack(SKUField(n, "hours"), "hours_missing")
	}
	if s.Price == nil && (sold == nil || sold.Amount == nil) {
		lack(SKUField(n, "price"), "price_missing")
	}
	if s.Limited && s.Units == 0 && (sold == nil || !sold.StockLimited) {
		lack(SKUField(n, "units"), "units_missing")
	}
}

// skuActive is the state of a SKU that can be sold; a retired one is owned by those who bought it and sold to nobody.
const skuActive = "active"

func contentOfRow(r dbsqlc.CatalogRevision) (n Content, err error) {
	if err = json.Unmarshal(r.Content, &n); err != nil {
		err = fmt.Errorf("content of revision %d: %w", r.ID, err)
	}
	return n, err
}
