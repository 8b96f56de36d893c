package mail

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"videomall/mall/mail/internal/dbsqlc"
)

// Mailbox keeps mails in the database instead of sending them, so that a mall without a mail server can be tried.
type Mailbox struct {
	pool *pgxpool.Pool
	q    *dbsqlc.Queries
}

// NewMailbox returns the Mailbox of a database.
func NewMailbox(pool *pgxpool.Pool) *Mailbox { return &Mailbox{pool: pool, q: dbsqlc.New()} }

// Send keeps a mail as a server would have got it.
func (b *Mailbox) Send(ctx context.Context, e Envelope) error {
	m, err := message(e)
	if err != nil {
		return err
	}
	var raw bytes.Buffer
	if _, err := m.WriteTo(&raw); err != nil {
		return fmt.Errorf("write mail %d: %w", e.MailID, err)
	}
	return b.q.Keep(ctx, b.pool, dbsqlc.KeepParams{
		MailID: e.MailID,
		Raw:    raw.Bytes(),
		At:     e.Date,
	})
}

// Kept is a mail in the mailbox.
type Kept struct {
	ID   int64
	Kind string
	To   string
	At   time.Time
	Raw  []byte // RFC 5322
}

// List returns mails of the mailbox, the newest first, older than a mail if before is not 0.
func (b *Mailbox) List(ctx context.Context, before int64, most int) ([]Kept, error) {
	rows, err := b.q.KeptMails(ctx, b.pool, dbsqlc.KeptMailsParams{Before: before, Most: int32(most)})
	if err != nil {
		return nil, fmt.Errorf("list the mailbox: %w", err)
	}
	kept := make([]Kept, len(rows))
	for n, r := range rows {
		kept[n] = Kept{ID: r.MailID, Kind: r.Kind, To: r.Recipient, At: r.KeptAt, Raw: r.Raw}
	}
	return kept, nil
}
