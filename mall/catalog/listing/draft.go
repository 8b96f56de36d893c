package listing

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/catalog"
	"videomall/mall/catalog/internal/dbsqlc"
	"videomall/mall/locale"
)

// NewDraft is what a listing begins with. Nobody but its creator sees it.
type NewDraft struct {
	Title      locale.Text // in one language at least, to tell it from others
	CategoryID int64
	VideoID    int64 // 0: none yet
}

// Create makes a draft with its first revision, under a provisional address. Errors: ErrRevisionInvalid with the
// fields title, category and video.
func (ls *Listings) Create(ctx context.Context, creatorID int64, n NewDraft) (spuID int64, err error) {
	content := Content{
		Title:      n.Title.Map(strings.TrimSpace),
		CategoryID: n.CategoryID,
		VideoID:    n.VideoID,
		Slug:       slugOf(n.Title.In(locale.En)),
		Tags:       []string{},
		SKUs: []SKU{{
			Kind:        catalog.KindOwn,
			Quality:     catalog.QualityHD,
			MaxPerOrder: 1,
		}},
	}
	f := faults{}
	for _, title := range content.Title.All() {
		f.text("title", title, MaxTitle)
	}
	if content.Title.IsZero() {
		f["title"] = "title_missing"
	}
	if n.CategoryID == 0 {
		f["category"] = "category_missing"
	}
	err = ls.catalog.WithChanges(ctx, func(tx pgx.Tx) ([]catalog.Change, error) {
		if err := ls.checkKnownTx(ctx, tx, creatorID, content, f); err != nil {
			return nil, err
		}
		if err := f.of(ErrRevisionInvalid); err != nil {
			return nil, err
		}
		now := ls.now()
		slug := "draft-" + strings.ToLower(rand.Text())
		spuID, err = ls.queries.InsertSPU(ctx, tx, dbsqlc.InsertSPUParams{
			Slug:       slug,
			CreatorID:  creatorID,
			CategoryID: n.CategoryID,
			TitleZh:    content.Title.Zh,
			TitleEn:    content.Title.En,
			Tags:       []string{},
			At:         now,
		})
		if err != nil {
			return nil, err
		}
		_, err = ls.insertRevisionTx(ctx, tx, spuID, 1, 1, content, "", now)
		return []catalog.Change{{
			Type:  catalog.ChangeCreated,
			SPUID: spuID,
			Names: []string{"slug:" + slug},
		}}, err
	})
	return spuID, catalog.Refused(err, "create a listing of %d", creatorID)
}

// Edit is a form that is saved. Version is the version that the form was filled from. Editor names an open page that
// saves by itself: its own earlier saves never conflict with a later one, even if the page has not heard of them.
// Pressed marks the save of a button: an automatic save of the same page that comes after it is refused.
type Edit struct {
	Version int
	Editor  string
	Pressed bool
	Content Content
}

// Save keeps an edit in the listing's draft, which it opens where there is none. What is on sale stays as it is.
// Errors: ErrNotFound, ErrRevisionInvalid with Fields, and ErrRevisionMoved where somebody else saved, submitted
// or decided since.
func (ls *Listings) Save(ctx context.Context, creatorID, spuID int64, e Edit) (saved Revision, err error) {
	e.Content = e.Content.normal()
	f := e.Content.check()
	err = db.InTx(ctx, ls.pools.Primary, func(tx pgx.Tx) error {
		spu, err := ls.lockOwnTx(ctx, tx, creatorID, spuID)
		if err != nil {
			return err
		}
		if spu.PublishedAt != nil {
			e.Content.Slug = ""
		}
		latest, err := ls.queries.LatestRevision(ctx, tx, spuID)
		if err != nil && !missing(err) {
			return err
		}
		if !fits(latest, e) {
			return ErrRevisionMoved.Because("SPU %d is at version %d (%s), edited from %d", spuID, latest.Version,
				latest.State, e.Version)
		}
		if err := ls.checkKnownTx(ctx, tx, creatorID, e.Content, f); err != nil {
			return err
		}
		if err := f.of(ErrRevisionInvalid); err != nil {
			return err
		}
		editor := e.Editor
		if e.Pressed {
			editor = ""
		}
		row, err := ls.putRevisionTx(ctx, tx, spuID, latest, e.Content, editor)
		if err != nil {
			return err
		}
		saved, err = revision(row, creatorID, spu.Status, spu.PublishedAt)
		return err
	})
	if err != nil {
		return Revision{}, fmt.Errorf("save the listing %d: %w", spuID, err)
	}
	return saved, nil
}

// fits says that an edit was made on what is stored: nothing came between, or only saves of the same page.
func fits(latest dbsqlc.CatalogRevision, e Edit) bool {
	if latest.State == RevisionInReview {
		return false
	}
	mine := latest.State == RevisionDraft && e.Editor != "" && latest.Editor == e.Editor
	return int(latest.Version) == e.Version || mine && e.Version < int(latest.Version)
}

func (ls *Listings) putRevisionTx(ctx context.Context, tx pgx.Tx, spuID int64, latest dbsqlc.CatalogRevision, n Content,
	editor string,
) (dbsqlc.CatalogRevision, error) {
	now := ls.now()
	if latest.State != RevisionDraft {
		return ls.insertRevisionTx(ctx, tx, spuID, latest.Number+1, latest.Version+1, n, editor, now)
	}
	body, err := json.Marshal(n)
	if err != nil {
		return dbsqlc.CatalogRevision{}, err
	}
	return ls.queries.UpdateRevision(ctx, tx, dbsqlc.UpdateRevisionParams{
		ID:      latest.ID,
		Version: latest.Version,
		Content: body,
		Editor:  editor,
		At:      now,
	})
}

func (ls *Listings) insertRevisionTx(ctx context.Context, tx pgx.Tx, spuID int64, number, version int32, n Content,
	editor string, now time.Time,
) (dbsqlc.CatalogRevision, error) {
	body, err := json.Marshal(n)
	if err != nil {
		return dbsqlc.CatalogRevision{}, err
	}
	return ls.queries.InsertRevision(ctx, tx, dbsqlc.InsertRevisionParams{
		SpuID:   spuID,
		Number:  number,
		Version: version,
		Content: body,
		Editor:  editor,
		At:      now,
	})
}

// lockOwnTx locks a creator's listing until the transaction ends. A listing of another creator is not found.
func (ls *Listings) lockOwnTx(ctx context.Context, tx pgx.Tx, creatorID, spuID int64) (dbsqlc.LockListingRow, error) {
	spu, err := ls.lockTx(ctx, tx, spuID)
	if err == nil && spu.CreatorID != creatorID {
		err = ErrNotFound.Because("SPU %d is not of %d", spuID, creatorID)
	}
	return spu, err
}

func (ls *Listings) lockTx(ctx context.Context, tx pgx.Tx, spuID int64) (dbsqlc.LockListingRow, error) {
	spu, err := ls.queries.LockListing(ctx, tx, spuID)
	if missing(err) {
		err = ErrNotFound.Because("SPU %d", spuID)
	}
	return spu, err
}

// checkKnownTx adds a fault for each category, series or video that the content names and that doesn't exist or belongs
// to somebody else.
func (ls *Listings) checkKnownTx(ctx context.Context, q catalog.Querier, creatorID int64, n Content, f faults) error {
	if n.CategoryID != 0 {
		known, err := ls.queries.CategoryExists(ctx, q, n.CategoryID)
		if err != nil {
			return err
		}
		if !known {
			f["category"] = "category_unknown"
		}
	}
	if n.SeriesID != 0 {
		s, err := ls.queries.SeriesByID(ctx, q, n.SeriesID)
		if err != nil && !missing(err) {
			return err
		}
		if s.CreatorID != creatorID {
			f["series"] = "series_unknown"
		}
	}
	if n.VideoID != 0 {
		_, known, err := ls.videoTx(ctx, q, creatorID, n.VideoID)
		if err != nil {
			return err
		}
		if !known {
			f["video"] = "video_unknown"
		}
	}
	return nil
}

// videoTx finds a creator's video; known is false when there is none of that creator.
func (ls *Listings) videoTx(ctx context.Context, q catalog.Querier,
	creatorID, videoID int64,
) (video Video, known bool, err error) {
	if ls.deps.Video == nil || videoID < 0 {
		return Video{}, false, nil
	}
	video, err = ls.deps.Video(ctx, q, creatorID, videoID)
	if isNotFound(err) {
		return Video{}, false, nil
	}
	return video, err == nil, err
}

// Delete deletes a draft that was never submitted. Errors: ErrNotFound, ErrProductState.
func (ls *Listings) Delete(ctx context.Context, creatorID, spuID int64) error {
	err := ls.catalog.WithChanges(ctx, func(tx pgx.Tx) ([]catalog.Change, error) {
		spu, err := ls.lockOwnTx(ctx, tx, creatorID, spuID)
		if err != nil {
			return nil, err
		}
		state, err := ls.queries.ListingState(ctx, tx, spuID)
		if err != nil {
			return nil, err
		}
		if state.Submitted || spu.Status != catalog.StatusDraft {
			return nil, catalog.ErrProductState.Because("SPU %d is %s, reviewed %v", spuID, spu.Status, state.Submitted)
		}
		if err := ls.queries.DeleteRevisions(ctx, tx, spuID); err != nil {
			return nil, err
		}
		return []catalog.Change{{Type: catalog.ChangeDeleted, SPUID: spuID}}, ls.queries.DeleteDraft(ctx, tx, spuID)
	})
	if err != nil {
		return fmt.Errorf("delete the listing %d: %w", spuID, err)
	}
	return nil
}

// slugOf suggests an address: the Latin letters and digits of a title, or a random one where the title has too few of
// them.
func slugOf(title string) string {
	words := strings.FieldsFunc(strings.ToLower(title), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	})
	slug := strings.Join(words, "-")
	if len(slug) > 60 {
		slug = strings.TrimRight(slug[:60], "-")
	}
	if len(slug) < 3 {
		return "video-" + strings.ToLower(rand.Text()[:8])
	}
	return slug
}
