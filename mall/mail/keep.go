package mail

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"mime"
	"path"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	gomail "github.com/wneessen/go-mail"

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
	ID      int64
	To      string
	At      time.Time
	Content Content
}

// List returns mails of the mailbox, the newest first, older than a mail if before is not 0.
func (b *Mailbox) List(ctx context.Context, before int64, most int) ([]Kept, error) {
	rows, err := b.q.KeptMails(ctx, b.pool, dbsqlc.KeptMailsParams{Before: before, Most: int32(most)})
	if err != nil {
		return nil, fmt.Errorf("list the mailbox: %w", err)
	}
	kept := make([]Kept, len(rows))
	for n, r := range rows {
		kept[n] = Kept{ID: r.MailID, To: r.Recipient, At: r.KeptAt}
		if kept[n].Content, err = read(r.Raw); err != nil {
			return nil, fmt.Errorf("read mail %d: %w", r.MailID, err)
		}
	}
	return kept, nil
}

// Open returns one mail of the mailbox. Errors: ErrNotFound.
func (b *Mailbox) Open(ctx context.Context, id int64) (Kept, error) {
	r, err := b.q.KeptMail(ctx, b.pool, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return Kept{}, ErrNotFound
	}
	if err != nil {
		return Kept{}, fmt.Errorf("open mail %d: %w", id, err)
	}
	kept := Kept{ID: r.MailID, To: r.Recipient, At: r.KeptAt}
	if kept.Content, err = read(r.Raw); err != nil {
		return Kept{}, fmt.Errorf("read mail %d: %w", id, err)
	}
	return kept, nil
}

// read takes a mail apart that message has written.
func read(raw []byte) (c Content, err error) {
	m, err := gomail.EMLToMsgFromReader(bytes.NewReader(raw))
	if err != nil {
		return Content{}, err
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(strings.Join(m.GetGenHeader(gomail.HeaderSubject), ""))
	if err != nil {
		return Content{}, err
	}
	c.Subject = subject
	for _, part := range m.GetParts() {
		body, err := part.GetContent()
		if err != nil {
			return Content{}, err
		}
		switch part.GetContentType() {
		case gomail.TypeTextHTML:
			c.HTML = string(body)
		case gomail.TypeTextPlain: // the reader also reports what holds the parts, as an empty one
			c.Text = string(body)
		}
	}
	for _, f := range m.GetAttachments() {
		var data bytes.Buffer
		if _, err := f.Writer(&data); err != nil {
			return Content{}, err
		}
		c.Attachments = append(c.Attachments, Attachment{
			Name: f.Name,
			Type: mime.TypeByExtension(path.Ext(f.Name)), // the reader doesn't say
			Data: data.Bytes(),
		})
	}
	return c, nil
}
