package mall

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"

	"github.com/jackc/pgx/v5"

	"videomall/mall/follow"
	"videomall/mall/mail"
)

// openMails opens the mails of a mall that sends some.
func (m *Mall) openMails(o Options) (err error) {
	m.Mails, err = mail.New(mail.Deps{
		Pool:      m.pool,
		River:     m.River,
		Now:       o.Now,
		Key:       o.Mail.Key,
		Transport: o.Mail.Transport,
		From:      o.Mail.From,
		TopicOf:   o.Mail.TopicOf,
		Compose: func(ctx context.Context, w mail.Mail) (mail.Content, error) {
			if w.Kind == follow.KindMessage {
				said, err := m.Follows.MessageMail(ctx, w.Data)
				if err != nil {
					return mail.Content{}, err
				}
				if w.Data, err = json.Marshal(said); err != nil {
					return mail.Content{}, fmt.Errorf("encode the message of mail %d: %w", w.ID, err)
				}
			}
			return o.Mail.Compose(ctx, w)
		},
		Wanted: func(ctx context.Context, q mail.Querier, userID, creatorID int64) (bool, error) {
			state, err := m.Follows.State(ctx, q, userID, creatorID)
			return state.Mail, err
		},
		Audit: func(ctx context.Context, tx pgx.Tx, operatorID int64, verb, subject string, detail any) error {
			return m.audit(ctx, tx, operatorID, verb, subject, detail)
		},
	})
	m.Mailbox, _ = o.Mail.Transport.(*mail.Mailbox)
	return err
}

// openFollows opens what followers are told.
func (m *Mall) openFollows(o Options) error {
	public, err := url.Parse(o.PublicURL)
	if err != nil {
		return fmt.Errorf("the mall's address: %w", err)
	}
	d := follow.Deps{
		Pool:  m.pool,
		River: m.River,
		Now:   o.Now,
		Host:  public.Host,
		Readers: func(ctx context.Context, tx pgx.Tx, ids []int64) ([]follow.Reader, error) {
			found, err := m.Accounts.ReadersTx(ctx, tx, ids)
			readers := make([]follow.Reader, len(found))
			for n, r := range found {
				readers[n] = follow.Reader(r)
			}
			return readers, err
		},
		Creator: func(ctx context.Context, creatorID int64) (follow.Creator, error) {
			c, err := m.Catalog.CreatorOf(ctx, creatorID)
			return follow.Creator{
				UserID: c.UserID,
				Slug:   c.Slug,
				Name:   c.Name,
				Avatar: c.Avatar,
			}, err
		},
		Video: m.followedVideo,
		Facts: m.followFacts,
		Audit: m.audit,
	}
	if m.Mails != nil {
		d.Mail = m.mailFollower
	}
	m.Follows = follow.New(d)
	return nil
}

// followedVideo finds a video for what its creator's followers are told. It reads what is committed.
func (m *Mall) followedVideo(ctx context.Context, _ pgx.Tx, spuID int64) (follow.Video, error) {
	p, err := m.Catalog.ReadProduct(ctx, spuID)
	return follow.Video{
		CreatorID:   p.CreatorID,
		Slug:        p.Slug,
		Title:       p.Title,
		Live:        p.Live,
		PublishedAt: p.PublishedAt,
	}, err
}

// followFacts are what the rules of messages to followers want to know.
func (m *Mall) followFacts(ctx context.Context, tx pgx.Tx, creatorID int64, text string) (f follow.Facts, err error) {
	if _, f.Since, err = m.Catalog.LiveOfTx(ctx, tx, creatorID); err != nil {
		return f, err
	}
	if f.Takedowns, err = m.Reviews.StandingTakedownsTx(ctx, tx, creatorID); err != nil {
		return f, err
	}
	f.Words, err = m.Reviews.WordsInTx(ctx, tx, text)
	return f, err
}

// mailFollower writes a mail to one follower.
func (m *Mall) mailFollower(ctx context.Context, tx pgx.Tx, w follow.Mail) (written bool, err error) {
	return m.Mails.WriteTx(ctx, tx, mail.Order{
		Kind:      w.Kind,
		Cause:     w.Cause,
		To:        w.Reader.Email,
		UserID:    w.Reader.ID,
		CreatorID: w.CreatorID,
		Locale:    w.Reader.Locale,
		Data:      w.Data,
	})
}
