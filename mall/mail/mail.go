// Package mail owns the mails that the mall sends: which are due, which have left, which came back, and what people
// don't want to be sent. A mail is written in the transaction that makes it necessary, and each cause is told to an
// address once. The package refuses to know what mails say: whoever opens it gives the function that composes them.
package mail

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"videomall/mall/fault"
	"videomall/mall/mail/internal/dbsqlc"
	"videomall/mall/seal"
)

// ErrNotFound reports that there is no such mail.
var ErrNotFound = fault.New(fault.NotFound, "mail_not_found", "There is no such mail.")

// State says where a mail is on its way.
type State string

// The states of a mail.
const (
	Waiting State = "waiting" // for its first attempt, or the next one
	Sending State = "sending" // an attempt is under way
	Sent    State = "sent"    // the server has accepted it
	// Unclear is a mail whose server may have accepted it: the connection or the process was lost before its answer
	// was read. It is not sent again by itself, since it would arrive twice.
	Unclear State = "unclear"
	Dropped State = "dropped" // nobody wants it any more; Reason says why
	Failed  State = "failed"  // the server refuses it for good
)

// States lists all states.
func States() []State { return []State{Waiting, Sending, Sent, Unclear, Dropped, Failed} }

// Why a mail is dropped.
const (
	ReasonExpired    = "expired"    // it waited longer than it was of use
	ReasonSuppressed = "suppressed" // mail to the address came back, or its reader complained
	ReasonUnwanted   = "unwanted"   // the person has switched it off
	ReasonMoot       = "moot"       // what it was to say is no longer true
)

// The errors by which Compose puts a mail off or gives it up.
var (
	ErrMoot   = errors.New("mail: what it was to say is no longer true")
	ErrNotYet = errors.New("mail: what it is to say is not known yet")
)

// Mail is one mail to one address.
type Mail struct {
	ID        int64
	Kind      string
	Cause     string // what made it necessary, such as "password_reset/17"
	To        string
	UserID    int64 // 0 if the address belongs to no account
	CreatorID int64 // whose follower is mailed; 0 for other mails
	Locale    string
	Data      []byte // JSON, as the kind defines it
	Secret    string // what only the recipient may know, such as a token; "" unless the mail is being composed
	Linked    bool   // there was a Secret
	State     State
	Reason    string
	Attempts  int
	CreatedAt time.Time
	ExpiresAt time.Time
	MovedAt   time.Time
	// Unsubscribe is what the link that ends such mails holds; "" for mails that are always sent, and unless the mail
	// is being composed.
	Unsubscribe string
}

func mailOf(r dbsqlc.Mail) Mail {
	m := Mail{
		ID:        r.ID,
		Kind:      r.Kind,
		Cause:     r.Cause,
		To:        r.Recipient,
		Locale:    r.Locale,
		Data:      r.Data,
		Linked:    r.Linked,
		State:     State(r.State),
		Reason:    r.Reason,
		Attempts:  int(r.Attempts),
		CreatedAt: r.CreatedAt,
		ExpiresAt: r.ExpiresAt,
		MovedAt:   r.MovedAt,
	}
	if r.UserID != nil {
		m.UserID = *r.UserID
	}
	if r.CreatorID != nil {
		m.CreatorID = *r.CreatorID
	}
	return m
}

// Content is a composed mail: the same words as text and as HTML.
type Content struct {
	Subject     string
	Text        string
	HTML        string
	Attachments []Attachment
	// Unsubscribe is the address that ends such mails by one POST (RFC 8058); "" for mails that are always sent.
	Unsubscribe string
}

// Attachment is a file of a mail.
type Attachment struct {
	// Name is ASCII, such as "receipt-2026-000017.pdf": other names would be written as encoded words in quotes, which
	// RFC 2047 §5 forbids and not every mail program reads.
	Name string
	Type string // the media type
	Data []byte
}

// Deps are the dependencies of Mails.
type Deps struct {
	Pool  *pgxpool.Pool
	River *river.Client[pgx.Tx] // inserts only
	Now   func() time.Time
	Key   []byte // seals what only recipients may know, 32 bytes
	// Compose writes a mail in its language from what it reads at that moment. It returns ErrMoot if nobody needs the
	// mail any more, and ErrNotYet if it should be called again in a few seconds.
	Compose func(ctx context.Context, m Mail) (Content, error)
	// Transport takes mails away.
	Transport Transport
	From      string // the sender, such as "Video Mall <no-reply@mall.example>"
	// TopicOf says what a kind of mail is about; nil: mails are about accounts.
	TopicOf func(kind string) Topic
	// Wanted reports whether a person wants mails about a creator; nil asks nobody.
	Wanted func(ctx context.Context, q Querier, userID, creatorID int64) (bool, error)
	// Audit records an operator's action, in the transaction of the action.
	Audit func(ctx context.Context, tx pgx.Tx, operatorID int64, verb, subject string, detail any) error
}

// Querier is a transaction or a pool.
type Querier = dbsqlc.DBTX

// Mails writes, sends and lists mails. It is safe for concurrent use.
type Mails struct {
	deps Deps
	q    *dbsqlc.Queries
	box  seal.Box
}

// New returns Mails with the given dependencies. It fails if the key does not have 32 bytes.
func New(d Deps) (*Mails, error) {
	box, err := seal.New(d.Key)
	if err != nil {
		return nil, fmt.Errorf("the key of mails: %w", err)
	}
	return &Mails{deps: d, q: dbsqlc.New(), box: box}, nil
}

// place binds a sealed secret to its mail.
func place(cause, recipient string) string { return "mail/" + cause + "/" + recipient }
