// Package review owns the desk in front of the shop: which submitted listings wait for a look, how risky each is and
// why, who decided what, what was taken down again, and the creators' appeals. It refuses to know what a listing is
// made of and how it goes on sale: whoever joins the modules hands it the verbs that do.
package review

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"videomall/mall/fault"
	"videomall/mall/locale"
	"videomall/mall/money"
	"videomall/mall/review/internal/dbsqlc"
)

// SecondFrom is the score from which on two people must approve. A CHECK holds the same number.
const SecondFrom = 60

// Limits of what people type, in characters; the schema keeps them too.
const (
	MaxNote   = 2000
	MaxReason = 500
	MaxWord   = 80
	MaxAppeal = 2000
)

// The faults that callers tell apart.
var (
	ErrNotFound = fault.New(fault.NotFound, "review_not_found", "There is no such case.")
	ErrMoved    = fault.New(fault.Conflict, "review_moved",
		"Somebody else was quicker: the case has moved on since you looked.")
	ErrOwnListing = fault.New(fault.Forbidden, "review_own_listing", "Nobody decides on a listing of their own.")
	ErrSamePerson = fault.New(fault.Conflict, "review_same_person",
		"You approved this one. A second person must decide now.")
	ErrInvalid     = fault.New(fault.Invalid, "review_invalid", "Some fields need another look.")
	ErrOpenAlready = fault.New(fault.Conflict, "review_open_already", "This version waits for a review already.")
	ErrTakenDown   = fault.New(fault.Conflict, "review_taken_down_already", "This listing is taken down already.")
	ErrNoAppeal    = fault.New(fault.NotFound, "review_nothing_to_appeal", "There is nothing to appeal against.")
	ErrAppealOpen  = fault.New(fault.Conflict, "review_appeal_open", "Your appeal is with us already.")
)

// Content is a listing as it was submitted.
type Content struct {
	Title       locale.Text `json:"-"` // in JSON titleZh and titleEn, see MarshalJSON
	Description locale.Text `json:"-"`
	Tags        []string    `json:"tags,omitempty"`
	CategoryID  int64       `json:"categoryId"`
	Category    locale.Text `json:"-"`
	Slug        string      `json:"slug,omitempty"` // the name in its address, which stays
	Series      locale.Text `json:"-"`
	Episode     int         `json:"episode,omitempty"`
	Cover       string      `json:"cover,omitempty"` // the name below /media/covers/, without size and extension
	VideoID     int64       `json:"videoId,omitempty"`
	FreeSeconds int         `json:"freeSeconds,omitempty"` // of the video's begin, for anybody
	Prices      []Price     `json:"prices,omitempty"`
}

// Price is one way to buy it.
type Price struct {
	Kind      string      `json:"kind"` // "rent" or "own"
	Quality   string      `json:"quality"`
	RentHours int         `json:"rentHours,omitempty"`
	Amount    money.Money `json:"amount"`
	// List is the price that is struck out beside it.
	List *money.Money `json:"list,omitempty"`
}

// Submission is a revision that a creator hands in.
type Submission struct {
	RevisionID, SPUID, CreatorID int64
	Content                      Content
}

// Creator is what other modules know of the person who submits.
type Creator struct {
	Since        time.Time // when the account was made
	Live         int       // listings on sale
	FirstListing time.Time // when the first of those went on sale; zero without one
}

// Band is between which prices the middle of a category's offers lies, tenth to ninetieth percentile.
type Band struct {
	Offers    int
	Low, High int64 // minor units
}

// Listing are the verbs of whoever keeps the listings. All join the desk's transaction; their faults come back as they
// are.
type Listing struct {
	Approve func(ctx context.Context, tx pgx.Tx, revisionID int64) error // puts the revision on sale
	Return  func(ctx context.Context, tx pgx.Tx, revisionID int64, note string) error
	// Reopen takes a return back, so that the revision waits for a review again; nil where that can't be, and then
	// nobody may appeal against a return.
	Reopen   func(ctx context.Context, tx pgx.Tx, revisionID int64) error
	TakeDown func(ctx context.Context, tx pgx.Tx, spuID int64) error
	Restore  func(ctx context.Context, tx pgx.Tx, spuID int64) error
}

// Facts are the questions that a score is made of, asked in the transaction that submits.
type Facts struct {
	Creator   func(ctx context.Context, tx pgx.Tx, creatorID int64) (Creator, error)
	PriceBand func(ctx context.Context, tx pgx.Tx, categoryID int64, kind, currency string) (Band, error)
	// Duplicates are the owners of other videos with the same pictures, one for each such video.
	Duplicates func(ctx context.Context, tx pgx.Tx, videoID int64) (ownerIDs []int64, err error)
}

// Deps are what the desk stands on.
type Deps struct {
	Pool    *pgxpool.Pool
	Now     func() time.Time
	Listing Listing
	Facts   Facts
	// Audit records who did what, in the transaction of the action. It is called last, because it locks the audit log
	// until the commit.
	Audit func(ctx context.Context, tx pgx.Tx, actorID int64, verb, subject string, detail any) error
	// OnDecision, if not nil, is told what staff decided, in the same transaction.
	OnDecision func(ctx context.Context, tx pgx.Tx, d Decision) error
	// EndAccess ends the access that people have bought to a listing and pays them back, soon after the commit.
	// takedownID says why.
	EndAccess func(ctx context.Context, tx pgx.Tx, spuID, takedownID int64) error
}

// Reviews opens cases, decides them, takes down and hears appeals.
type Reviews struct {
	deps Deps
	q    *dbsqlc.Queries
}

// New opens the desk.
func New(d Deps) *Reviews {
	now := d.Now
	// PostgreSQL keeps microseconds.
	d.Now = func() time.Time { return now().Truncate(time.Microsecond) }
	return &Reviews{deps: d, q: dbsqlc.New()}
}

// Case is the review of one submitted revision.
type Case struct {
	ID                           int64
	RevisionID, SPUID, CreatorID int64
	Content                      Content
	Score                        int
	Reasons                      []Reason // of the score, the heaviest first
	State                        State
	Version                      int
	FirstBy, SecondBy            int64    // who decided; 0 for nobody yet
	Causes                       []string // why it was returned, of Causes()
	Note                         string   // and in words
	OpenedAt                     time.Time
	DecidedAt                    *time.Time
}

// NeedsTwo says that one person's approval is not enough.
func (c Case) NeedsTwo() bool { return c.Score >= SecondFrom }

// Subject names the case in the audit log.
func (c Case) Subject() string { return fmt.Sprintf("case:%d", c.ID) }

func caseOf(r dbsqlc.ReviewCase) (Case, error) {
	c := Case{
		ID:         r.ID,
		RevisionID: r.RevisionID,
		SPUID:      r.SpuID,
		CreatorID:  r.CreatorID,
		Score:      int(r.Score),
		State:      State(r.State),
		Version:    int(r.Version),
		FirstBy:    deref(r.FirstBy),
		SecondBy:   deref(r.SecondBy),
		Causes:     r.Causes,
		Note:       r.Note,
		OpenedAt:   r.OpenedAt,
		DecidedAt:  r.DecidedAt,
	}
	if err := json.Unmarshal(r.Content, &c.Content); err != nil {
		return Case{}, fmt.Errorf("content of case %d: %w", r.ID, err)
	}
	if err := json.Unmarshal(r.Reasons, &c.Reasons); err != nil {
		return Case{}, fmt.Errorf("reasons of case %d: %w", r.ID, err)
	}
	return c, nil
}

func casesOf(rows []dbsqlc.ReviewCase) ([]Case, error) {
	out := make([]Case, len(rows))
	for i, r := range rows {
		var err error
		if out[i], err = caseOf(r); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func deref(id *int64) int64 {
	if id == nil {
		return 0
	}
	return *id
}

// some is a person's number for a column that may be empty.
func some(id int64) *int64 {
	if id == 0 {
		return nil
	}
	return &id
}
