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
	UserID int64  // 0 if the address belongs to no account
	Locale string // "zh-CN" or "en"; anything else is written in Chinese, the language of the shop
	Data   any    // encoded as JSON; nil is an empty object
	Secret string // kept sealed until the mail has left
	Until  time.Time
}

// WriteTx writes a mail and the job that sends it, in the transaction of what makes it necessary. An address that was
// told of the cause before is not told again: written is false then.
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
	if o.Secret != "" {
		row.Secret = s.box.Seal([]byte(o.Secret), place(o.Cause, row.Recipient))
	}
	id, err := s.q.InsertMail(ctx, tx, row)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("write mail %s: %w", o.Cause, err)
	}
	if _, err := s.deps.River.InsertTx(ctx, tx, SendArgs{id}, nil); err != nil {
		return false, fmt.Errorf("enqueue mail %s: %w", o.Cause, err)
	}
	return true, nil
}
