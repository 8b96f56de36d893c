package catalog

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/mall/catalog/internal/dbsqlc"
	"videomall/mall/fault"
)

// The states of a revision. Approved, returned and withdrawn ones stay as they are: whoever edits on writes a new one.
const (
	RevisionDraft     = "draft"
	RevisionInReview  = "in_review"
	RevisionApproved  = "approved"
	RevisionReturned  = "returned"
	RevisionWithdrawn = "withdrawn"
)

// Listing is what the listing of videos needs of other modules. Those that get a transaction join it.
type Listing struct {
	// Video finds a creator's video. A fault of kind NotFound says that there is none of that owner.
	Video func(ctx context.Context, q Querier, ownerID, videoID int64) (Video, error)
	// Stock gives a SKU its units; nil where nothing limited is listed.
	Stock func(ctx context.Context, tx pgx.Tx, skuID, units int64) error
	// OnSubmit and OnWithdraw hear that a revision wants to be reviewed, or does not any more; nil for nobody.
	OnSubmit   func(ctx context.Context, tx pgx.Tx, s Submission) error
	OnWithdraw func(ctx context.Context, tx pgx.Tx, revisionID int64) error
}

// Video is a creator's video as a listing must know it.
type Video struct {
	AssetID         int64 // 0 before it is packaged
	DurationSeconds int
	Lines           int // of the source's picture: the shorter side
	Ready           bool
}

// Revision is what a listing says, said or shall say.
type Revision struct {
	ID          int64 // 0 before the first edit was saved
	SPUID       int64
	CreatorID   int64
	Number      int
	State       string
	Version     int // of the listing's edits; a form brings it back
	Content     Content
	Note        string    // the reviewer's reasons, of a returned one
	UpdatedAt   time.Time // zero before the first edit was saved
	SubmittedAt *time.Time
	DecidedAt   *time.Time
	First       bool   // nothing of the listing was ever on sale
	Status      string // of the SPU
}

// Revision returns one for whoever reviews it; see Editing for its creator. Errors: ErrListingNotFound.
func (c *Catalog) Revision(ctx context.Context, revisionID int64) (Revision, error) {
	r, err := c.queries.RevisionByID(ctx, c.pools.Primary, revisionID)
	if missing(err) {
		return Revision{}, ErrListingNotFound.Because("revision %d", revisionID)
	}
	if err != nil {
		return Revision{}, fmt.Errorf("revision %d: %w", revisionID, err)
	}
	return revision(r.CatalogRevision, r.CreatorID, r.Status, r.PublishedAt)
}

func revision(r dbsqlc.CatalogRevision, creatorID int64, status string, publishedAt *time.Time) (Revision, error) {
	v := Revision{
		ID:          r.ID,
		SPUID:       r.SpuID,
		CreatorID:   creatorID,
		Number:      int(r.Number),
		State:       r.State,
		Version:     int(r.Version),
		Note:        r.Note,
		UpdatedAt:   r.UpdatedAt,
		SubmittedAt: r.SubmittedAt,
		DecidedAt:   r.DecidedAt,
		First:       publishedAt == nil,
		Status:      status,
	}
	if err := json.Unmarshal(r.Content, &v.Content); err != nil {
		return Revision{}, fmt.Errorf("content of revision %d: %w", r.ID, err)
	}
	return v, nil
}

// Editing is a listing as its creator's form shows it.
type Editing struct {
	Revision                 // what is written on: an open one, or what the next one would begin with
	Listed         *Product  // what is on sale, or was; nil before the first approval
	Open           bool      // the revision waits in the form, or with the reviewers
	TakenByCreator bool      // of one that was taken down: its creator may put it back
	Former         *Revision // the latest that was decided or withdrawn, with its note; nil when there is none
	CanDelete      bool
}

// Selling finds the SKU that a way to buy already is; ok is false for a new one.
func (e Editing) Selling(w Way) (SKU, bool) {
	if e.Listed == nil {
		return SKU{}, false
	}
	i := slices.IndexFunc(e.Listed.SKUs, func(k SKU) bool {
		return k.Kind == w.Kind && k.Quality == w.Quality && k.RentHours == w.RentHours
	})
	if i < 0 {
		return SKU{}, false
	}
	return e.Listed.SKUs[i], true
}

// Editing reads a listing for its creator's form. Errors: ErrListingNotFound, for another's too.
func (c *Catalog) Editing(ctx context.Context, creatorID, spuID int64) (Editing, error) {
	p, err := c.readProduct(ctx, spuID, c.now())
	if isNotFound(err) || err == nil && p.CreatorID != creatorID {
		return Editing{}, ErrListingNotFound.Because("SPU %d is not of %d", spuID, creatorID)
	}
	if err != nil {
		return Editing{}, err
	}
	rows, err := c.queries.RevisionsOf(ctx, c.pools.Primary, dbsqlc.RevisionsOfParams{SpuID: spuID, Most: 2})
	if err != nil {
		return Editing{}, fmt.Errorf("revisions of SPU %d: %w", spuID, err)
	}
	published := new(p.PublishedAt)
	if p.PublishedAt.IsZero() {
		published = nil
	}
	var e Editing
	if published != nil || len(p.SKUs) > 0 {
		e.Listed = &p
	}
	e.Revision = Revision{
		SPUID:     spuID,
		CreatorID: creatorID,
		Number:    1,
		State:     RevisionDraft,
		Content:   contentOf(p),
		First:     published == nil,
		Status:    p.Status,
	}
	for i, r := range rows {
		v, err := revision(r, creatorID, p.Status, published)
		if err != nil {
			return Editing{}, err
		}
		switch {
		case i == 0 && (v.State == RevisionDraft || v.State == RevisionInReview):
			e.Revision, e.Open = v, true
		case i == 0:
			e.Former = &v
			e.Version = v.Version
			e.Number = v.Number + 1
			if v.State != RevisionApproved {
				e.Content = v.Content
			}
		case e.Former == nil:
			e.Former = &v
		}
	}
	if e.CanDelete, e.TakenByCreator, err = c.deletable(ctx, spuID); err != nil {
		return Editing{}, err
	}
	return e, nil
}

func (c *Catalog) deletable(ctx context.Context, spuID int64) (can, takenByCreator bool, err error) {
	row, err := c.queries.ListingState(ctx, c.pools.Primary, spuID)
	if err != nil {
		return false, false, fmt.Errorf("state of SPU %d: %w", spuID, err)
	}
	return row.Status == StatusDraft && !row.Submitted, row.TakenByCreator, nil
}

// contentOf is what an edit of a listing begins with: what is on sale.
func contentOf(p Product) Content {
	n := Content{
		TitleZh:       p.TitleZh,
		TitleEn:       p.TitleEn,
		DescriptionZh: p.DescriptionZh,
		DescriptionEn: p.DescriptionEn,
		CategoryID:    p.CategoryID,
		Tags:          p.Tags,
		Cover:         p.Cover,
		VideoID:       p.VideoID,
		FreeSeconds:   p.FreeSeconds,
		Ways:          []Way{},
	}
	if p.Series != nil {
		n.SeriesID, n.Episode = p.Series.ID, p.Series.Episode
	}
	for _, k := range p.SKUs {
		w := Way{
			Kind:        k.Kind,
			Quality:     k.Quality,
			RentHours:   k.RentHours,
			Limited:     k.StockLimited,
			MaxPerOrder: k.MaxPerOrder,
		}
		if k.Price != nil {
			w.Price = new(k.Price.Amount.Amount)
			if k.Price.List != nil {
				w.List = new(k.Price.List.Amount)
			}
		}
		n.Ways = append(n.Ways, w)
	}
	return n
}

func isNotFound(err error) bool { return err != nil && fault.From(err).Kind == fault.NotFound }
