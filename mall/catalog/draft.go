package catalog

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/catalog/internal/dbsqlc"
)

// NewListing is what a listing begins with. Nobody but its creator sees it.
type NewListing struct {
	Title      string // in Chinese or in English, to be told from others
	Chinese    bool
	CategoryID int64
	VideoID    int64 // 0: none yet
}

// CreateListing makes a draft with its first revision, under a provisional address. Errors: ErrRevisionInvalid with the
// fields title, category and video.
func (c *Catalog) CreateListing(ctx context.Context, creatorID int64, n NewListing) (spuID int64, err error) {
	n.Title = strings.TrimSpace(n.Title)
	content := Content{
		CategoryID: n.CategoryID,
		VideoID:    n.VideoID,
		Slug:       slugOf(n.Title),
		Tags:       []string{},
		Ways: []Way{{
			Kind:        KindOwn,
			Quality:     QualityHD,
			MaxPerOrder: 1,
		}},
	}
	if n.Chinese {
		content.TitleZh = n.Title
	} else {
		content.TitleEn = n.Title
	}
	f := faults{}
	f.text("title", n.Title, MaxTitle)
	if n.Title == "" {
		f["title"] = "title_missing"
	}
	if n.CategoryID == 0 {
		f["category"] = "category_missing"
	}
	err = c.changing(ctx, func(tx pgx.Tx) ([]Change, error) {
		if err := c.checkKnownTx(ctx, tx, creatorID, content, f); err != nil {
			return nil, err
		}
		if err := f.of(ErrRevisionInvalid); err != nil {
			return nil, err
		}
		now := c.now()
		slug := "draft-" + strings.ToLower(rand.Text())
		spuID, err = c.queries.InsertSPU(ctx, tx, dbsqlc.InsertSPUParams{
			Slug:       slug,
			CreatorID:  creatorID,
			CategoryID: n.CategoryID,
			TitleZh:    content.TitleZh,
			TitleEn:    content.TitleEn,
			Tags:       []string{},
			At:         now,
		})
		if err != nil {
			return nil, err
		}
		_, err = c.insertRevisionTx(ctx, tx, spuID, 1, 1, content, "", now)
		return []Change{{
			Type:  typeCreated,
			SPUID: spuID,
			Names: []string{"slug:" + slug},
		}}, err
	})
	return spuID, refused(err, "create a listing of %d", creatorID)
}

// Edit is a form that is saved. Version is the one that it was filled from. Editor names an open page that saves by
// itself: its own earlier saves don't stand in its way, whichever of them it has heard of. Pressed is the last save of
// a page, after which one of its own that comes late is refused.
type Edit struct {
	Version int
	Editor  string
	Pressed bool
	Content Content
}

// Save keeps an edit in the listing's draft, which it opens where there is none. What is on sale stays as it is.
// Errors: ErrListingNotFound, ErrRevisionInvalid with Fields, and ErrRevisionMoved where somebody else saved, submitted
// or decided since.
func (c *Catalog) Save(ctx context.Context, creatorID, spuID int64, e Edit) (saved Revision, err error) {
	e.Content = e.Content.normal()
	f := e.Content.check()
	err = db.InTx(ctx, c.pools.Primary, func(tx pgx.Tx) error {
		spu, err := c.lockOwnTx(ctx, tx, creatorID, spuID)
		if err != nil {
			return err
		}
		if spu.PublishedAt != nil {
			e.Content.Slug = ""
		}
		latest, err := c.queries.LatestRevision(ctx, tx, spuID)
		if err != nil && !missing(err) {
			return err
		}
		if !fits(latest, e) {
			return ErrRevisionMoved.Because("SPU %d is at version %d (%s), edited from %d", spuID, latest.Version,
				latest.State, e.Version)
		}
		if err := c.checkKnownTx(ctx, tx, creatorID, e.Content, f); err != nil {
			return err
		}
		if err := f.of(ErrRevisionInvalid); err != nil {
			return err
		}
		editor := e.Editor
		if e.Pressed {
			editor = ""
		}
		row, err := c.putRevisionTx(ctx, tx, spuID, latest, e.Content, editor)
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

func (c *Catalog) putRevisionTx(ctx context.Context, tx pgx.Tx, spuID int64, latest dbsqlc.CatalogRevision, n Content,
	editor string) (dbsqlc.CatalogRevision, error) {
	now := c.now()
	if latest.State != RevisionDraft {
		return c.insertRevisionTx(ctx, tx, spuID, latest.Number+1, latest.Version+1, n, editor, now)
	}
	body, err := json.Marshal(n)
	if err != nil {
		return dbsqlc.CatalogRevision{}, err
	}
	return c.queries.UpdateRevision(ctx, tx, dbsqlc.UpdateRevisionParams{
		ID:      latest.ID,
		Version: latest.Version,
		Content: body,
		Editor:  editor,
		At:      now,
	})
}

func (c *Catalog) insertRevisionTx(ctx context.Context, tx pgx.Tx, spuID int64, number, version int32, n Content,
	editor string, now time.Time) (dbsqlc.CatalogRevision, error) {
	body, err := json.Marshal(n)
	if err != nil {
		return dbsqlc.CatalogRevision{}, err
	}
	return c.queries.InsertRevision(ctx, tx, dbsqlc.InsertRevisionParams{
		SpuID:   spuID,
		Number:  number,
		Version: version,
		Content: body,
		Editor:  editor,
		At:      now,
	})
}

// lockOwnTx takes a creator's listing for the transaction. Another's does not exist.
func (c *Catalog) lockOwnTx(ctx context.Context, tx pgx.Tx, creatorID, spuID int64) (dbsqlc.LockListingRow, error) {
	spu, err := c.lockTx(ctx, tx, spuID)
	if err == nil && spu.CreatorID != creatorID {
		err = ErrListingNotFound.Because("SPU %d is not of %d", spuID, creatorID)
	}
	return spu, err
}

func (c *Catalog) lockTx(ctx context.Context, tx pgx.Tx, spuID int64) (dbsqlc.LockListingRow, error) {
	spu, err := c.queries.LockListing(ctx, tx, spuID)
	if missing(err) {
		err = ErrListingNotFound.Because("SPU %d", spuID)
	}
	return spu, err
}

// checkKnownTx adds what content names and is not there, or is another's.
func (c *Catalog) checkKnownTx(ctx context.Context, q Querier, creatorID int64, n Content, f faults) error {
	if n.CategoryID != 0 {
		known, err := c.queries.CategoryExists(ctx, q, n.CategoryID)
		if err != nil {
			return err
		}
		if !known {
			f["category"] = "category_unknown"
		}
	}
	if n.SeriesID != 0 {
		s, err := c.queries.SeriesByID(ctx, q, n.SeriesID)
		if err != nil && !missing(err) {
			return err
		}
		if s.CreatorID != creatorID {
			f["series"] = "series_unknown"
		}
	}
	if n.VideoID != 0 {
		_, known, err := c.videoTx(ctx, q, creatorID, n.VideoID)
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
func (c *Catalog) videoTx(ctx context.Context, q Querier, creatorID, videoID int64) (video Video, known bool, err error) {
	if c.listing.Video == nil || videoID < 0 {
		return Video{}, false, nil
	}
	video, err = c.listing.Video(ctx, q, creatorID, videoID)
	if isNotFound(err) {
		return Video{}, false, nil
	}
	return video, err == nil, err
}

// DeleteListing throws a draft away that nobody ever reviewed. Errors: ErrListingNotFound, ErrProductState.
func (c *Catalog) DeleteListing(ctx context.Context, creatorID, spuID int64) error {
	err := c.changing(ctx, func(tx pgx.Tx) ([]Change, error) {
		spu, err := c.lockOwnTx(ctx, tx, creatorID, spuID)
		if err != nil {
			return nil, err
		}
		state, err := c.queries.ListingState(ctx, tx, spuID)
		if err != nil {
			return nil, err
		}
		if state.Submitted || spu.Status != StatusDraft {
			return nil, ErrProductState.Because("SPU %d is %s, reviewed %v", spuID, spu.Status, state.Submitted)
		}
		if err := c.queries.DeleteRevisions(ctx, tx, spuID); err != nil {
			return nil, err
		}
		return []Change{{Type: typeDeleted, SPUID: spuID}}, c.queries.DeleteDraft(ctx, tx, spuID)
	})
	if err != nil {
		return fmt.Errorf("delete the listing %d: %w", spuID, err)
	}
	return nil
}

// slugOf suggests an address: the words of a title as far as they are Latin letters and digits, else something nobody
// has.
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
