// Package follow owns who follows which creator, and what followers are mailed for it: that a video is out, and what
// creators write to them. It refuses to know what mails look like and how they leave.
package follow

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"videomall/mall/fault"
	"videomall/mall/follow/internal/dbsqlc"
	"videomall/mall/locale"
)

// Faults of following.
var (
	ErrNotFollowed = fault.New(fault.NotFound, "not_followed", "You do not follow this creator.")
	ErrOneself     = fault.New(fault.Conflict, "follow_oneself", "You can't follow yourself.")
)

// Creator is a creator as followers know them.
type Creator struct {
	UserID int64
	Slug   string
	Name   locale.Text
	Avatar string
}

// Video is a video as followers are told of it.
type Video struct {
	CreatorID   int64
	Slug        string
	Title       locale.Text
	Live        bool
	PublishedAt time.Time // when it was on sale for the first time; zero if it never was
}

// Reader is a person who may be mailed.
type Reader struct {
	ID            int64
	Email, Locale string
}

// Mail is a mail to one follower.
type Mail struct {
	Kind, Cause string
	CreatorID   int64
	Reader      Reader
	Data        any
}

// Facts are what the rules want to know of a creator who writes to followers.
type Facts struct {
	Since     time.Time // since when the first of their listings is on sale; zero without one
	Takedowns int       // that were not undone
	Words     []string  // of the text, that the review looks out for
}

// Deps are the dependencies of Follows.
type Deps struct {
	Pool  *pgxpool.Pool
	River *river.Client[pgx.Tx] // inserts only
	Now   func() time.Time
	Host  string // of the mall, with its port if it has one: messages link nowhere else
	// Mail writes a mail; nil in a mall that sends none, where nobody is mailed and no message is written.
	Mail func(ctx context.Context, tx pgx.Tx, m Mail) (written bool, err error)
	// Readers are those of these people who may be mailed.
	Readers func(ctx context.Context, tx pgx.Tx, ids []int64) ([]Reader, error)
	Creator func(ctx context.Context, creatorID int64) (Creator, error)
	Video   func(ctx context.Context, tx pgx.Tx, spuID int64) (Video, error)
	Facts   func(ctx context.Context, tx pgx.Tx, creatorID int64, text string) (Facts, error)
	// Audit records an operator's action, in the transaction of the action.
	Audit func(ctx context.Context, tx pgx.Tx, operatorID int64, verb, subject string, detail any) error
}

// Follows knows who follows whom. It is safe for concurrent use.
type Follows struct {
	deps Deps
	q    *dbsqlc.Queries
}

// New returns Follows with the given dependencies.
func New(d Deps) *Follows { return &Follows{deps: d, q: dbsqlc.New()} }

// Querier is a transaction or a pool.
type Querier = dbsqlc.DBTX

// Follow makes a person follow a creator, and mailed about them if mail says so. Whoever follows already is left as
// they are, apart from mails that they ask for now. Errors: ErrOneself.
func (f *Follows) Follow(ctx context.Context, userID, creatorID int64, mail bool) error {
	if userID == creatorID {
		return ErrOneself
	}
	err := f.q.Follow(ctx, f.deps.Pool, dbsqlc.FollowParams{
		UserID:    userID,
		CreatorID: creatorID,
		Mail:      mail,
		At:        f.deps.Now(),
	})
	if err != nil {
		return fmt.Errorf("follow %d: %w", creatorID, err)
	}
	return nil
}

// Unfollow ends that, mails included. It is no error if they did not follow.
func (f *Follows) Unfollow(ctx context.Context, userID, creatorID int64) error {
	if _, err := f.q.Unfollow(ctx, f.deps.Pool, dbsqlc.UnfollowParams{UserID: userID, CreatorID: creatorID}); err != nil {
		return fmt.Errorf("unfollow %d: %w", creatorID, err)
	}
	return nil
}

// SetMail says whether a follower is mailed about a creator. Errors: ErrNotFollowed.
func (f *Follows) SetMail(ctx context.Context, userID, creatorID int64, mail bool) error {
	n, err := f.q.SetMail(ctx, f.deps.Pool, dbsqlc.SetMailParams{
		UserID:    userID,
		CreatorID: creatorID,
		Mail:      mail,
		At:        f.deps.Now(),
	})
	if err != nil {
		return fmt.Errorf("mails about %d: %w", creatorID, err)
	}
	if n == 0 {
		return ErrNotFollowed.Because("user %d, creator %d", userID, creatorID)
	}
	return nil
}

// State says whether a person follows a creator, and is mailed about them.
type State struct{ Follows, Mail bool }

// State returns how a person stands to a creator. q is the caller's transaction or a pool.
func (f *Follows) State(ctx context.Context, q Querier, userID, creatorID int64) (State, error) {
	row, err := f.q.Following(ctx, q, dbsqlc.FollowingParams{UserID: userID, CreatorID: creatorID})
	if errors.Is(err, pgx.ErrNoRows) {
		return State{}, nil
	}
	if err != nil {
		return State{}, fmt.Errorf("does %d follow %d: %w", userID, creatorID, err)
	}
	return State{Follows: true, Mail: row.MailSince != nil}, nil
}

// StateOf is State by the pool.
func (f *Follows) StateOf(ctx context.Context, userID, creatorID int64) (State, error) {
	return f.State(ctx, f.deps.Pool, userID, creatorID)
}

// Followed is a creator whom somebody follows.
type Followed struct {
	Creator
	Since time.Time
	Mail  bool
}

// List returns whom a person follows, the latest first, at most most of them; those after before, a creator's account,
// if that is not 0.
func (f *Follows) List(ctx context.Context, userID, before int64, most int) ([]Followed, error) {
	rows, err := f.q.FollowsOf(ctx, f.deps.Pool, dbsqlc.FollowsOfParams{
		UserID: userID,
		Before: before,
		Most:   int32(most),
	})
	if err != nil {
		return nil, fmt.Errorf("whom %d follows: %w", userID, err)
	}
	list := make([]Followed, len(rows))
	for n, r := range rows {
		list[n] = Followed{
			Creator: Creator{
				UserID: r.CreatorID,
				Slug:   r.Slug,
				Name:   locale.Text{Zh: r.NameZh, En: r.NameEn},
				Avatar: r.Avatar,
			},
			Since: r.FollowedAt,
			Mail:  r.MailSince != nil,
		}
	}
	return list, nil
}

// Count returns how many people follow a creator, and how many of them want mails.
func (f *Follows) Count(ctx context.Context, creatorID int64) (followers, mailed int64, err error) {
	row, err := f.q.CountFollowers(ctx, f.deps.Pool, creatorID)
	if err != nil {
		return 0, 0, fmt.Errorf("count followers of %d: %w", creatorID, err)
	}
	return row.Followers, row.Mailed, nil
}
