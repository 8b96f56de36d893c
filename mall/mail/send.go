package mail

import (
	"context"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/mall/mail/internal/dbsqlc"
)

// SendTime bounds one attempt.
const SendTime = time.Minute

// unended is how long an attempt may be under way before its process is taken for dead.
const unended = 2 * SendTime

// Send makes one attempt at a mail, for the job that WriteTx enqueues. It returns an error if the mail surely has not
// left and waits for another attempt. A mail that was dropped, refused for good, or may have left, is no error: its
// state says so.
func (s *Mails) Send(ctx context.Context, id int64) error {
	row, err := s.q.BeginSending(ctx, s.deps.Pool, dbsqlc.BeginSendingParams{ID: id, At: s.deps.Now()})
	if errors.Is(err, pgx.ErrNoRows) {
		return nil // it has left, or an attempt is under way
	}
	if err != nil {
		return fmt.Errorf("begin mail %d: %w", id, err)
	}
	m := mailOf(row)
	state, reason, err := s.attempt(ctx, m, row.Secret)
	// An attempt whose context is over has to be ended all the same, or the mail would count as unclear.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	_, moved := s.q.MoveSending(ctx, s.deps.Pool, dbsqlc.MoveSendingParams{
		ID:     id,
		State:  string(state),
		Reason: reason,
		At:     s.deps.Now(),
	})
	if moved != nil {
		return errors.Join(err, fmt.Errorf("end mail %d as %s: %w", id, state, moved))
	}
	return err
}

// attempt says in which state a mail is to be left. The error is not nil only if it waits again.
func (s *Mails) attempt(ctx context.Context, m Mail, sealed []byte) (state State, reason string, err error) {
	if s.deps.Now().After(m.ExpiresAt) {
		return Dropped, ReasonExpired, nil
	}
	drop, _, err := s.unwanted(ctx, s.deps.Pool, m)
	if err != nil {
		return Waiting, "", err
	}
	if drop != "" {
		return Dropped, drop, nil
	}
	m.Unsubscribe = s.unsubscribe(m)
	if sealed != nil {
		secret, err := s.box.Open(sealed, place(m.Cause, m.To))
		if err != nil {
			return Failed, "sealed with another key", nil //nolint:nilerr // no further attempt would open it
		}
		m.Secret = string(secret)
	}
	content, err := s.deps.Compose(ctx, m)
	if errors.Is(err, ErrMoot) {
		return Dropped, ReasonMoot, nil
	}
	if err != nil {
		return Waiting, "", fmt.Errorf("compose mail %d (%s): %w", m.ID, m.Kind, err)
	}
	err = s.deps.Transport.Send(ctx, Envelope{
		MailID:    m.ID,
		MessageID: s.messageID(m),
		From:      s.deps.From,
		To:        m.To,
		Date:      s.deps.Now(),
		Content:   content,
	})
	switch {
	case err == nil:
		return Sent, "", nil
	case errors.Is(err, ErrRefused):
		return Failed, reasonOf(err), nil
	case errors.Is(err, ErrUnclear):
		return Unclear, reasonOf(err), nil
	}
	return Waiting, reasonOf(err), fmt.Errorf("send mail %d (%s): %w", m.ID, m.Kind, err)
}

// messageID is the same in each attempt at a mail, so that a mailbox can drop a second copy.
func (s *Mails) messageID(m Mail) string {
	domain := "localhost"
	if from, err := mail.ParseAddress(s.deps.From); err == nil {
		if _, after, ok := strings.Cut(from.Address, "@"); ok {
			domain = after
		}
	}
	return fmt.Sprintf("mail-%d-%d@%s", m.ID, m.CreatedAt.Unix(), domain)
}

// maxReason bounds what is kept of a server's words, in bytes.
const maxReason = 300

func reasonOf(err error) string {
	return cut(err.Error())
}

// Sweep ends attempts whose process was killed, drops mails that have waited too long, and deletes those that were
// ended long ago, for a periodic job. It returns how many mails became unclear, which operators should look at.
func (s *Mails) Sweep(ctx context.Context) (unclear int, err error) {
	now := s.deps.Now()
	ids, err := s.q.Overtaken(ctx, s.deps.Pool, dbsqlc.OvertakenParams{At: now, Before: now.Add(-unended)})
	if err != nil {
		return 0, fmt.Errorf("end interrupted mails: %w", err)
	}
	if err := s.q.Expire(ctx, s.deps.Pool, dbsqlc.ExpireParams{At: now, Before: now}); err != nil {
		return len(ids), fmt.Errorf("drop mails that are of no use any more: %w", err)
	}
	if _, err := s.q.Forget(ctx, s.deps.Pool, now.Add(-keptFor)); err != nil {
		return len(ids), fmt.Errorf("forget old mails: %w", err)
	}
	if err := s.q.ForgetHooks(ctx, s.deps.Pool, now.Add(-hookKept)); err != nil {
		return len(ids), fmt.Errorf("forget old events: %w", err)
	}
	return len(ids), nil
}

// keptFor is how long it can be seen what was sent to whom.
const keptFor = 90 * 24 * time.Hour
