package mail

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/fault"
	"videomall/mall/mail/internal/dbsqlc"
	"videomall/mall/textnorm"
)

// ErrTried reports that a suppressed address was tried once more already.
var ErrTried = fault.New(fault.Conflict, "mail_tried", "This address was tried once more already.")

// Why is why an address is suppressed.
type Why string

// Whys. To an address that bounces nothing is sent. Readers who complained are still sent what can't be switched off.
const (
	Bounce    Why = "bounce"
	Complaint Why = "complaint"
)

// Suppression says that mail to an address came back for good, or that its reader called it unwanted.
type Suppression struct {
	Address string // normalised
	Why     Why
	Detail  string // the words of the recipient's server
	At      time.Time
	TrialAt *time.Time // when one more try was asked for
	Tried   bool       // the mail of that try was written
}

// normal is how addresses are compared: without case and invisible marks, as accounts keep theirs.
func normal(address string) string { return strings.ToLower(textnorm.Key(address)) }

func suppressionOf(r dbsqlc.MailSuppression) Suppression {
	return Suppression{
		Address: r.Address,
		Why:     Why(r.Cause),
		Detail:  r.Detail,
		At:      r.CreatedAt,
		TrialAt: r.TrialAt,
		Tried:   r.TrialMail != nil,
	}
}

func (s *Mails) suppress(ctx context.Context, q dbsqlc.DBTX, address string, why Why, detail string) error {
	err := s.q.Suppress(ctx, q, dbsqlc.SuppressParams{
		Address: normal(address),
		Cause:   string(why),
		Detail:  detail,
		At:      s.deps.Now(),
	})
	if err != nil {
		return fmt.Errorf("suppress an address: %w", err)
	}
	return nil
}

// Suppressed returns why nothing is sent to an address; nil if mail is sent there.
func (s *Mails) Suppressed(ctx context.Context, address string) (*Suppression, error) {
	row, err := s.q.Suppression(ctx, s.deps.Pool, normal(address))
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil //nolint:nilnil // nothing is what most addresses have
	}
	if err != nil {
		return nil, fmt.Errorf("look for a suppressed address: %w", err)
	}
	found := suppressionOf(row)
	return &found, nil
}

// Suppressions lists suppressed addresses, the latest first; only the one address if it is not "", and those after
// before if that is not "".
func (s *Mails) Suppressions(ctx context.Context, address, before string, most int) ([]Suppression, error) {
	rows, err := s.q.Suppressions(ctx, s.deps.Pool, dbsqlc.SuppressionsParams{
		Address: normal(address),
		Before:  normal(before),
		Most:    int32(most),
	})
	if err != nil {
		return nil, fmt.Errorf("list suppressed addresses: %w", err)
	}
	list := make([]Suppression, len(rows))
	for n, r := range rows {
		list[n] = suppressionOf(r)
	}
	return list, nil
}

// TryAgain lets the next mail of a confirmation through to a suppressed address, once. Asking again before that mail is
// written changes nothing. Errors: ErrTried, ErrNotFound for an address that is not suppressed.
func (s *Mails) TryAgain(ctx context.Context, address string) error {
	n, err := s.q.AskTrial(ctx, s.deps.Pool, dbsqlc.AskTrialParams{Address: normal(address), At: s.deps.Now()})
	if err != nil {
		return fmt.Errorf("try an address again: %w", err)
	}
	if n > 0 {
		return nil
	}
	if found, err := s.Suppressed(ctx, address); err != nil || found != nil {
		return errors.Join(err, ErrTried)
	}
	return ErrNotFound
}

// ConfirmedTx ends the suppression of an address whose reader has confirmed the mail of one more try, in the
// transaction of that confirmation. A confirmation without such a try ends nothing.
func (s *Mails) ConfirmedTx(ctx context.Context, tx pgx.Tx, address string) error {
	if _, err := s.q.EndTrial(ctx, tx, normal(address)); err != nil {
		return fmt.Errorf("send to a confirmed address again: %w", err)
	}
	return nil
}

// Unsuppress sends mail to an address again, as an operator has decided, and writes that to the audit log. Errors:
// ErrNotFound.
func (s *Mails) Unsuppress(ctx context.Context, operatorID int64, address string) error {
	address = normal(address)
	return db.InTx(ctx, s.deps.Pool, func(tx pgx.Tx) error {
		row, err := s.q.Suppression(ctx, tx, address)
		if errors.Is(err, pgx.ErrNoRows) {
			return ErrNotFound
		}
		if err != nil {
			return fmt.Errorf("look for a suppressed address: %w", err)
		}
		n, err := s.q.Unsuppress(ctx, tx, address)
		if err != nil {
			return fmt.Errorf("send to an address again: %w", err)
		}
		if n == 0 {
			return ErrNotFound
		}
		return s.deps.Audit(ctx, tx, operatorID, "mail.unsuppress", "address:"+address, map[string]any{"cause": row.Cause})
	})
}
