package mail

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/fault"
	"videomall/mall/mail/internal/dbsqlc"
)

// ErrEvent reports a message of the mail provider that says nothing of what became of which mail.
var ErrEvent = fault.New(fault.Invalid, "mail_event_invalid",
	"The event names no mail and no address, or is of no known kind.")

// EventKind is what a recipient's server, or the recipient, did with a mail that had been sent.
type EventKind string

// The kinds of events.
const (
	Delivered   EventKind = "delivered"
	BouncedHard EventKind = "bounced_hard" // there is no such mailbox
	BouncedSoft EventKind = "bounced_soft" // the mailbox is full, or its server away
	Complained  EventKind = "complained"   // the reader called it unwanted
)

// Event is a message of the mail provider.
type Event struct {
	ID        string // of the message, which takes effect once
	Kind      EventKind
	MessageID string // of the mail, with or without angle brackets; "" if the provider does not say
	Address   string // of the recipient; it counts if MessageID names no mail of this mall
	Detail    string // the words of the recipient's server
}

// Receive takes note of what became of a mail, and suppresses the address after a hard bounce or a complaint. fresh is
// false for a message that was received before, which then changes nothing. Errors: ErrEvent.
func (s *Mails) Receive(ctx context.Context, e Event) (fresh bool, err error) {
	switch e.Kind {
	case Delivered, BouncedHard, BouncedSoft, Complained:
	default:
		return false, ErrEvent.Because("kind %q", e.Kind)
	}
	if e.ID == "" || len(e.ID) > 200 || !db.Storable(e.ID) || !db.Storable(e.Address) {
		return false, ErrEvent.Because("id of %d bytes", len(e.ID))
	}
	detail := cut(e.Detail)
	err = db.InTx(ctx, s.deps.Pool, func(tx pgx.Tx) error {
		n, err := s.q.TakeHook(ctx, tx, dbsqlc.TakeHookParams{ID: e.ID, At: s.deps.Now()})
		if err != nil {
			return fmt.Errorf("take event %s: %w", e.ID, err)
		}
		if fresh = n > 0; !fresh {
			return nil
		}
		address := normal(e.Address)
		m, err := s.byMessageID(ctx, tx, e.MessageID)
		switch {
		case err == nil:
			address = normal(m.To)
			err = s.q.Remember(ctx, tx, dbsqlc.RememberParams{
				MailID: m.ID,
				At:     s.deps.Now(),
				Event:  string(e.Kind),
				Detail: detail,
			})
			if err != nil {
				return fmt.Errorf("remember what became of mail %d: %w", m.ID, err)
			}
		case !errors.Is(err, ErrNotFound):
			return err
		}
		if len(address) < 3 || len(address) > 254 || !strings.Contains(address, "@") {
			return ErrEvent.Because("it names no mail and no address")
		}
		switch e.Kind {
		case BouncedHard:
			return s.suppress(ctx, tx, address, Bounce, detail)
		case Complained:
			return s.suppress(ctx, tx, address, Complaint, detail)
		}
		return nil
	})
	return fresh, err
}

var ownMessageID = regexp.MustCompile(`^<?mail-([0-9]{1,18})-([0-9]{1,18})@[^@<>\s]+>?$`)

// byMessageID finds the mail that messageID has named so. Errors: ErrNotFound.
func (s *Mails) byMessageID(ctx context.Context, q dbsqlc.DBTX, messageID string) (Mail, error) {
	parts := ownMessageID.FindStringSubmatch(strings.TrimSpace(messageID))
	if parts == nil {
		return Mail{}, ErrNotFound
	}
	id, _ := strconv.ParseInt(parts[1], 10, 64)
	m, err := s.find(ctx, q, id)
	if err == nil && strings.Trim(strings.TrimSpace(messageID), "<>") != s.messageID(m) {
		err = ErrNotFound
	}
	return m, err
}

// hookKept is how long the ids of the provider's messages are kept: longer than a signature is valid.
const hookKept = 30 * 24 * time.Hour

// cut shortens a server's words to what is kept of them.
func cut(words string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(words[:min(len(words), maxReason)], ""), "\x00", "")
}
