package follow

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"videomall/db"
	"videomall/mall/follow/internal/dbsqlc"
	"videomall/mall/locale"
)

// The kinds of mails to followers.
const (
	KindVideo   = "followed_video"
	KindMessage = "creator_message"
)

// VideoMail is what a mail about a new video says.
type VideoMail struct {
	Creator     locale.Text `json:"creator"`
	CreatorSlug string      `json:"creatorSlug"`
	Title       locale.Text `json:"title"`
	Slug        string      `json:"slug"`
}

// BatchSize is how many followers one transaction mails.
const BatchSize = 200

// BatchArgs are the arguments of the job that mails the next followers.
type BatchArgs struct {
	MailingID int64 `json:"mailingId"`
}

// Kind returns the name of the job in the database.
func (BatchArgs) Kind() string { return "mail_followers" }

// newsFor is how long a published video is news. What lay longer, as a dead letter, is told nobody any more.
const newsFor = 3 * 24 * time.Hour

// publishing is how much later than the video's own time the event of its first publication may be written.
const publishing = time.Minute

// PublishedTx begins to mail the followers of a video's creator, in the transaction of an event that says that the
// video is on sale since then. It does so once for a video, and only for its first publication. Whoever has followed
// since is not mailed, so that the events that a mall still keeps when it learns to follow mail nobody.
func (f *Follows) PublishedTx(ctx context.Context, tx pgx.Tx, spuID int64, at time.Time) error {
	if f.deps.Mail == nil || f.deps.Now().Sub(at) > newsFor {
		return nil
	}
	v, err := f.deps.Video(ctx, tx, spuID)
	if err != nil {
		return err
	}
	if !v.Live || v.PublishedAt.IsZero() || at.Sub(v.PublishedAt) > publishing {
		return nil
	}
	return f.beginTx(ctx, tx, dbsqlc.BeginMailingParams{CreatorID: v.CreatorID, SpuID: &spuID, At: at})
}

// beginTx writes down a mailing and the job of its first batch. What was begun before is not begun again.
func (f *Follows) beginTx(ctx context.Context, tx pgx.Tx, p dbsqlc.BeginMailingParams) error {
	id, err := f.q.BeginMailing(ctx, tx, p)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("begin to mail followers of %d: %w", p.CreatorID, err)
	}
	return f.enqueueTx(ctx, tx, id)
}

func (f *Follows) enqueueTx(ctx context.Context, tx pgx.Tx, mailingID int64) error {
	if _, err := f.deps.River.InsertTx(ctx, tx, BatchArgs{mailingID}, &river.InsertOpts{Priority: 2}); err != nil {
		return fmt.Errorf("enqueue mailing %d: %w", mailingID, err)
	}
	return nil
}

// Batch mails the next followers, for the job of BatchArgs: their mails, how far the mailing is, and the job of the
// next batch are committed together.
func (f *Follows) Batch(ctx context.Context, mailingID int64) error {
	return db.InTx(ctx, f.deps.Pool, func(tx pgx.Tx) error {
		m, err := f.q.LockMailing(ctx, tx, mailingID)
		if errors.Is(err, pgx.ErrNoRows) || err == nil && m.EndedAt != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("lock mailing %d: %w", mailingID, err)
		}
		news, err := f.news(ctx, tx, m)
		if err != nil {
			return err
		}
		var ids []int64
		if news != nil {
			ids, err = f.q.NextFollowers(ctx, tx, dbsqlc.NextFollowersParams{
				CreatorID: m.CreatorID,
				After:     m.CursorUser,
				BegunAt:   m.BegunAt,
				Most:      BatchSize,
			})
			if err != nil {
				return fmt.Errorf("followers of mailing %d: %w", mailingID, err)
			}
		}
		move := dbsqlc.MoveMailingParams{
			ID:         m.ID,
			CursorUser: m.CursorUser,
			Ended:      len(ids) < BatchSize,
			At:         f.deps.Now(),
		}
		if len(ids) > 0 {
			move.CursorUser = ids[len(ids)-1]
			if move.Written, err = f.writeTx(ctx, tx, *news, ids); err != nil {
				return err
			}
		}
		if err := f.q.MoveMailing(ctx, tx, move); err != nil {
			return fmt.Errorf("move mailing %d: %w", mailingID, err)
		}
		if move.Ended {
			return nil
		}
		return f.enqueueTx(ctx, tx, m.ID)
	})
}

// news is what a mailing tells, as a mail without a reader; nil if there is nothing to tell any more.
func (f *Follows) news(ctx context.Context, tx pgx.Tx, m dbsqlc.FollowMailing) (*Mail, error) {
	if f.deps.Mail == nil {
		return nil, nil //nolint:nilnil // the mall has stopped sending mails
	}
	if m.MessageID != nil {
		return &Mail{
			Kind:      KindMessage,
			Cause:     fmt.Sprintf("%s/%d", KindMessage, *m.MessageID),
			CreatorID: m.CreatorID,
			Data:      messageData{*m.MessageID},
		}, nil
	}
	v, err := f.deps.Video(ctx, tx, *m.SpuID)
	if err != nil || !v.Live {
		return nil, err
	}
	c, err := f.deps.Creator(ctx, m.CreatorID)
	if err != nil {
		return nil, err
	}
	return &Mail{
		Kind:      KindVideo,
		Cause:     fmt.Sprintf("%s/%d", KindVideo, *m.SpuID),
		CreatorID: m.CreatorID,
		Data: VideoMail{
			Creator:     c.Name,
			CreatorSlug: c.Slug,
			Title:       v.Title,
			Slug:        v.Slug,
		},
	}, nil
}

func (f *Follows) writeTx(ctx context.Context, tx pgx.Tx, news Mail, ids []int64) (written int32, err error) {
	readers, err := f.deps.Readers(ctx, tx, ids)
	if err != nil {
		return 0, err
	}
	for _, r := range readers {
		news.Reader = r
		ok, err := f.deps.Mail(ctx, tx, news)
		if err != nil {
			return written, err
		}
		if ok {
			written++
		}
	}
	return written, nil
}
