package mail

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// Transport takes mails away. Send returns nil once the mail was accepted, ErrRefused if it never will be, ErrUnclear
// if it may have been accepted, and any other error if it surely wasn't and may be tried again.
type Transport interface {
	Send(ctx context.Context, e Envelope) error
}

// The errors by which a Transport says what became of a mail.
var (
	ErrRefused = errors.New("refused for good")
	ErrUnclear = errors.New("perhaps accepted")
)

// Envelope is a mail as it is handed to a transport.
type Envelope struct {
	MailID    int64
	MessageID string // the same in each attempt, without angle brackets
	From, To  string
	Date      time.Time
	Content   Content
}

// message writes an Envelope as RFC 5322 and MIME want it: text first, HTML as its alternative, then attachments.
func message(e Envelope) (*gomail.Msg, error) {
	m := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	if err := m.From(e.From); err != nil {
		return nil, fmt.Errorf("sender %q: %w", e.From, err)
	}
	if err := m.To(e.To); err != nil {
		return nil, fmt.Errorf("%w: recipient %q: %w", ErrRefused, e.To, err)
	}
	m.Subject(e.Content.Subject)
	m.SetMessageIDWithValue(e.MessageID)
	m.SetDateWithValue(e.Date)
	m.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no out-of-office answers
	if link := e.Content.Unsubscribe; link != "" {
		m.SetGenHeader(gomail.HeaderListUnsubscribe, "<"+link+">")
		m.SetGenHeader(gomail.HeaderListUnsubscribePost, "List-Unsubscribe=One-Click")
	}
	m.SetBodyString(gomail.TypeTextPlain, e.Content.Text)
	m.AddAlternativeString(gomail.TypeTextHTML, e.Content.HTML)
	for _, a := range e.Content.Attachments {
		err := m.AttachReader(a.Name, bytes.NewReader(a.Data), gomail.WithFileContentType(gomail.ContentType(a.Type)))
		if err != nil {
			return nil, fmt.Errorf("attach %s: %w", a.Name, err)
		}
	}
	return m, nil
}
