package listing

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"videomall/mall/catalog"
	"videomall/mall/catalog/internal/dbsqlc"
)

// The states of a revision. An approved, returned or withdrawn one stays as it is: the next edit begins a new one.
const (
	RevisionDraft     = "draft"
	RevisionInReview  = "in_review"
	RevisionApproved  = "approved"
	RevisionReturned  = "returned"
	RevisionWithdrawn = "withdrawn"
)

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

// Revision returns a revision for its reviewers; see Editing for its creator. Errors: ErrNotFound.
func (ls *Listings) Revision(ctx context.Context, revisionID int64) (Revision, error) {
	r, err := ls.queries.RevisionByID(ctx, ls.pools.Primary, revisionID)
	if missing(err) {
		return Revision{}, ErrNotFound.Because("revision %d", revisionID)
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
	Revision                        // what is written on: an open one, or what the next one would begin with
	Listed         *catalog.Product // what is on sale, or was; nil before the first approval
	Open           bool             // the revision waits in the form, or with the reviewers
	TakenByCreator bool             // of one that was taken down: its creator may put it back
	Former         *Revision        // the latest that was decided or withdrawn, with its note; nil when there is none
	CanDelete      bool
}

// Selling finds the SKU that a way to buy already is; ok is false for a new one.
func (e Editing) Selling(s SKU) (catalog.SKU, bool) {
	if e.Listed == nil {
		return catalog.SKU{}, false
	}
	i := slices.IndexFunc(e.Listed.SKUs, func(k catalog.SKU) bool {
		return k.Kind == s.Kind && k.Quality == s.Quality && k.RentHours == s.RentHours
	})
	if i < 0 {
		return catalog.SKU{}, false
	}
	return e.Listed.SKUs[i], true
}

// Editing reads a listing for its creator's form. Errors: ErrNotFound, for another's too.
func (ls *Listings) Editing(ctx context.Context, creatorID, spuID int64) (Editing, error) {
	p, err := ls.catalog.ReadProduct(ctx, spuID)
	if isNotFound(err) || err == nil && p.CreatorID != creatorID {
		return Editing{}, ErrNotFound.Because("SPU %d is not of %d", spuID, creatorID)
	}
	if err != nil {
		return Editing{}, err
	}
	rows, err := ls.queries.RevisionsOf(ctx, ls.pools.Primary, dbsqlc.RevisionsOfParams{SpuID: spuID, Most: 2})
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
	if err := e.takeUp(rows, published); err != nil {
		return Editing{}, err
	}
	if e.CanDelete, e.TakenByCreator, err = ls.deletable(ctx, spuID); err != nil {
		return Editing{}, err
	}
	return e, nil
}

// takeUp reads the latest revisions, the newest first. An open one is edited further. After one that was decided or
// withdrawn, the next edit begins with its content, unless that content is on sale.
func (e *Editing) takeUp(rows []dbsqlc.CatalogRevision, published *time.Time) error {
	for i, r := range rows {
		v, err := revision(r, e.CreatorID, e.Status, published)
		if err != nil {
			return err
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
	return nil
}

func (ls *Listings) deletable(ctx context.Context, spuID int64) (can, takenByCreator bool, err error) {
	row, err := ls.queries.ListingState(ctx, ls.pools.Primary, spuID)
	if err != nil {
		return false, false, fmt.Errorf("state of SPU %d: %w", spuID, err)
	}
	return row.Status == catalog.StatusDraft && !row.Submitted, row.TakenByCreator, nil
}

// contentOf is what an edit of a listing begins with: what is on sale.
func contentOf(p catalog.Product) Content {
	n := Content{
		Title:       p.Title,
		Description: p.Description,
		CategoryID:  p.CategoryID,
		Tags:        p.Tags,
		Cover:       p.Cover,
		VideoID:     p.VideoID,
		FreeSeconds: p.FreeSeconds,
		SKUs:        []SKU{},
	}
	if p.Series != nil {
		n.SeriesID, n.Episode = p.Series.ID, p.Series.Episode
	}
	for _, k := range p.SKUs {
		s := SKU{
			Kind:        k.Kind,
			Quality:     k.Quality,
			RentHours:   k.RentHours,
			Limited:     k.StockLimited,
			MaxPerOrder: k.MaxPerOrder,
		}
		if k.Price != nil {
			s.Price = new(k.Price.Amount.Amount)
			if k.Price.List != nil {
				s.List = new(k.Price.List.Amount)
			}
		}
		n.SKUs = append(n.SKUs, s)
	}
	return n
}
