package mail

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"videomall/mall/mail/internal/dbsqlc"
)

// Queue is the River queue of mails.
const Queue = "mail"

// SendArgs are the arguments of the job that sends one mail.
type SendArgs struct {
	MailID int64 `json:"mailId"`
}

// Kind returns the name of the job in the database.
func (SendArgs) Kind() string { return "send_mail" }

// InsertOpts gives the job its queue, and more attempts than a mail can have before it expires.
func (SendArgs) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: Queue, MaxAttempts: 60} }

// usefulFor is how long a mail may wait for its server, unless it says otherwise.
const usefulFor = 3 * 24 * time.Hour

// Order is a mail to be written.
type Order struct {
	Kind   string
	Cause  string // unique among all mails to the address, such as "receipt/" and the order's number
	To     string
	UserID int64 // 0 if the address belongs to no account
	// CreatorID is whose follower is mailed; 0 for other mails
	CreatorID int64
	Locale    string // "zh-CN" or "en"; anything else is written in Chinese, the language of the shop
	Data      any    // encoded as JSON; nil is an empty object
	Secret    string // kept sealed until the mail has left
	Until     time.Time
	// Trial says that the mail lets its reader confirm the address. Once they asked for it, one such mail is written to
	// an address that is suppressed.
	Trial bool
}

// WriteTx writes a mail and the job that sends it, in the transaction of what makes it necessary. An address that was
// told of the cause before is not told again, and nothing is written for people who have switched the topic off or
// whose address is suppressed: written is false then.
func (s *Mails) WriteTx(ctx context.Context, tx pgx.Tx, o Order) (written bool, err error) {
	data := []byte("{}")
	if o.Data != nil {
		if data, err = json.Marshal(o.Data); err != nil {
			return false, fmt.Errorf("encode mail %s: %w", o.Cause, err)
		}
	}
	now := s.deps.Now()
	row := dbsqlc.InsertMailParams{
		Kind:      o.Kind,
		Cause:     o.Cause,
		Recipient: strings.ToLower(o.To),
		Locale:    o.Locale,
		Data:      data,
		At:        now,
		ExpiresAt: o.Until,
	}
	if o.Locale != "en" {
		row.Locale = "zh-CN"
	}
	if o.UserID != 0 {
		row.UserID = &o.UserID
	}
	if o.Until.IsZero() {
		row.ExpiresAt = now.Add(usefulFor)
	}
	if o.CreatorID != 0 {
		row.CreatorID = &o.CreatorID
	}
	if row.Linked = o.Secret != ""; row.Linked {
		row.Secret = s.box.Seal([]byte(o.Secret), place(o.Cause, row.Recipient))
	}
	reason, trial, err := s.unwanted(ctx, tx, Mail{
		Kind:      o.Kind,
		Cause:     o.Cause,
		To:        row.Recipient,
		UserID:    o.UserID,
		CreatorID: o.CreatorID,
	})
	trial = trial && o.Trial
	if err != nil || reason != "" && !trial {
		return false, err
	}
	id, err := s.q.InsertMail(ctx, tx, row)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("write mail %s: %w", o.Cause, err)
	}
	if trial {
		if _, err := s.q.TryWith(ctx, tx, dbsqlc.TryWithParams{MailID: &id, Address: normal(o.To)}); err != nil {
			return false, fmt.Errorf("try an address with mail %d: %w", id, err)
		}
	}
	if _, err := s.deps.River.InsertTx(ctx, tx, SendArgs{id}, urgency(row)); err != nil {
		return false, fmt.Errorf("enqueue mail %s: %w", o.Cause, err)
	}
	return true, nil
}

// urgency lets whatever a person waits for leave before what goes to all followers of a creator.
func urgency(row dbsqlc.InsertMailParams) *river.InsertOpts {
	if row.CreatorID != nil {
		return &river.InsertOpts{Priority: river.PriorityDefault + 2}
	}
	return nil
}
