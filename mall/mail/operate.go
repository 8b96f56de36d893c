package mail

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"videomall/mall/mail/internal/dbsqlc"
)

// Filter says which mails are listed. Its zero value lists all.
type Filter struct {
	State  State
	To     string
	Before int64 // only mails that were written before this one
	Most   int
}

// List returns mails, the newest first.
func (s *Mails) List(ctx context.Context, f Filter) ([]Mail, error) {
	rows, err := s.q.Mails(ctx, s.deps.Pool, dbsqlc.MailsParams{
		State:     string(f.State),
		Recipient: strings.ToLower(f.To),
		Before:    f.Before,
		Most:      int32(f.Most),
	})
	if err != nil {
		return nil, fmt.Errorf("list mails: %w", err)
	}
	mails := make([]Mail, len(rows))
	for n, r := range rows {
		mails[n] = mailOf(r)
	}
	return mails, nil
}

// RetryTx sends a mail once more that failed or may have left, in the transaction of its audit entry. Errors:
// ErrNotFound, ErrMoved.
func (s *Mails) RetryTx(ctx context.Context, tx pgx.Tx, id int64) error {
	now := s.deps.Now()
	n, err := s.q.Retry(ctx, tx, dbsqlc.RetryParams{ID: id, At: now, ExpiresAt: now.Add(usefulFor)})
	if err != nil {
		return fmt.Errorf("retry mail %d: %w", id, err)
	}
	if n == 0 {
		if _, err := s.q.MailByID(ctx, tx, id); errors.Is(err, pgx.ErrNoRows) {
			return ErrNotFound
		}
		return ErrMoved
	}
	if _, err := s.deps.River.InsertTx(ctx, tx, SendArgs{id}, nil); err != nil {
		return fmt.Errorf("enqueue mail %d: %w", id, err)
	}
	return nil
}

// Return is a message of the mail server about an address: mail to it came back, or was called unwanted.
type Return struct {
	Address   string
	Complaint bool
	Detail    string
}

// Suppress ends mail to an address. An address that is on the list stays as it is.
func (s *Mails) Suppress(ctx context.Context, r Return) error {
	reason := "bounce"
	if r.Complaint {
		reason = "complaint"
	}
	err := s.q.Suppress(ctx, s.deps.Pool, dbsqlc.SuppressParams{
		Address: strings.ToLower(r.Address),
		Reason:  reason,
		Detail:  strings.ToValidUTF8(r.Detail[:min(len(r.Detail), maxReason)], ""),
		At:      s.deps.Now(),
	})
	if err != nil {
		return fmt.Errorf("suppress an address: %w", err)
	}
	return nil
}

// Suppressed says why nothing is sent to an address: "bounce", "complaint", or "" if mail is sent there.
func (s *Mails) Suppressed(ctx context.Context, address string) (string, error) {
	row, err := s.q.Suppression(ctx, s.deps.Pool, strings.ToLower(address))
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("look for a suppressed address: %w", err)
	}
	return row.Reason, nil
}

// UnsuppressTx sends mail to an address again. Errors: ErrNotFound.
func (s *Mails) UnsuppressTx(ctx context.Context, tx pgx.Tx, address string) error {
	n, err := s.q.Unsuppress(ctx, tx, strings.ToLower(address))
	if err == nil && n == 0 {
		return ErrNotFound
	}
	return err
}
