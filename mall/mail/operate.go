package mail

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/fault"
	"videomall/mall/mail/internal/dbsqlc"
)

// Faults of sending a mail once more.
var (
	ErrMoved   = fault.New(fault.Conflict, "mail_moved", "The mail has moved on since you looked.")
	ErrNoRetry = fault.New(fault.Conflict, "mail_no_retry", "This mail can't be sent again.")
)

// Filter says which mails are listed. Its zero value lists all.
type Filter struct {
	State  State
	Kind   string
	To     string // how the address begins
	Before int64  // only mails that were written before this one
	Most   int
}

// List returns mails, the newest first.
func (s *Mails) List(ctx context.Context, f Filter) ([]Mail, error) {
	var rows []dbsqlc.Mail
	var err error
	if to := normal(f.To); to == "" {
		rows, err = s.q.Mails(ctx, s.deps.Pool, dbsqlc.MailsParams{
			State:  string(f.State),
			Kind:   f.Kind,
			Before: f.Before,
			Most:   int32(f.Most),
		})
	} else {
		rows, err = s.q.MailsTo(ctx, s.deps.Pool, dbsqlc.MailsToParams{
			FromAddress:   to,
			BeforeAddress: to + "\U0010ffff",
			State:         string(f.State),
			Kind:          f.Kind,
			Before:        f.Before,
			Most:          int32(f.Most),
		})
	}
	if err != nil {
		return nil, fmt.Errorf("list mails: %w", err)
	}
	mails := make([]Mail, len(rows))
	for n, r := range rows {
		mails[n] = mailOf(r)
	}
	return mails, nil
}

// Get returns a mail, without what only its recipient may know. Errors: ErrNotFound.
func (s *Mails) Get(ctx context.Context, id int64) (Mail, error) { return s.find(ctx, s.deps.Pool, id) }

func (s *Mails) find(ctx context.Context, q dbsqlc.DBTX, id int64) (Mail, error) {
	row, err := s.q.MailByID(ctx, q, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return Mail{}, ErrNotFound.Because("mail %d", id)
	}
	if err != nil {
		return Mail{}, fmt.Errorf("find mail %d: %w", id, err)
	}
	return mailOf(row), nil
}

// Step is a state that a mail was in, or an EventKind.
type Step struct {
	At     time.Time
	Event  string
	Detail string
}

// History returns what happened to a mail, the oldest first.
func (s *Mails) History(ctx context.Context, id int64) ([]Step, error) {
	rows, err := s.q.History(ctx, s.deps.Pool, id)
	if err != nil {
		return nil, fmt.Errorf("history of mail %d: %w", id, err)
	}
	steps := make([]Step, len(rows))
	for n, r := range rows {
		steps[n] = Step(r)
	}
	return steps, nil
}

// MayRetry reports whether an operator may send the mail once more at that time: it failed or may have left, holds no
// link, which may be dead by now, and is still of use.
func (m Mail) MayRetry(now time.Time) bool {
	return (m.State == Failed || m.State == Unclear) && !m.Linked && m.ExpiresAt.After(now)
}

// Retry sends a mail once more, as an operator has decided, and writes that to the audit log. Its reader may get a mail
// twice that is unclear. Errors: ErrNotFound, ErrMoved if it neither failed nor is unclear, ErrNoRetry.
func (s *Mails) Retry(ctx context.Context, operatorID, id int64) error {
	return db.InTx(ctx, s.deps.Pool, func(tx pgx.Tx) error {
		m, err := s.find(ctx, tx, id)
		if err != nil {
			return err
		}
		n, err := s.q.Retry(ctx, tx, dbsqlc.RetryParams{ID: id, At: s.deps.Now()})
		switch {
		case err != nil:
			return fmt.Errorf("retry mail %d: %w", id, err)
		case n == 0 && (m.State == Failed || m.State == Unclear) && !m.MayRetry(s.deps.Now()):
			return ErrNoRetry
		case n == 0:
			return ErrMoved
		}
		if _, err := s.deps.River.InsertTx(ctx, tx, SendArgs{id}, nil); err != nil {
			return fmt.Errorf("enqueue mail %d: %w", id, err)
		}
		return s.deps.Audit(ctx, tx, operatorID, "mail.retry", fmt.Sprintf("mail:%d", id),
			map[string]any{"kind": m.Kind, "state": string(m.State)})
	})
}

// Counts are what metrics show: mails by state, and suppressed addresses.
func (s *Mails) Counts(ctx context.Context) (states map[State]int64, suppressed int64, err error) {
	rows, err := s.q.CountByState(ctx, s.deps.Pool)
	if err != nil {
		return nil, 0, fmt.Errorf("count mails: %w", err)
	}
	states = map[State]int64{}
	for _, state := range States() {
		states[state] = 0
	}
	for _, r := range rows {
		states[State(r.State)] = r.Count
	}
	if suppressed, err = s.q.CountSuppressed(ctx, s.deps.Pool); err != nil {
		return nil, 0, fmt.Errorf("count suppressed addresses: %w", err)
	}
	return states, suppressed, nil
}
