package follow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/fault"
	"videomall/mall/follow/internal/dbsqlc"
	"videomall/mall/locale"
)

// Faults of messages to followers.
var (
	ErrTooSoon         = fault.New(fault.Conflict, "message_too_soon", "You have written to your followers lately.")
	ErrNoMail          = fault.New(fault.Unavailable, "message_no_mail", "This shop sends no mail.")
	ErrMessageNotFound = fault.New(fault.NotFound, "message_not_found", "There is no such message.")
	ErrMessageMoved    = fault.New(fault.Conflict, "message_moved", "Somebody else has decided about this message.")
	ErrOwnMessage      = fault.New(fault.Forbidden, "message_own", "Nobody decides about a message of their own.")
	ErrAnswer          = fault.New(fault.Invalid, "message_answer", "Say why, in at most 500 characters.")
)

// Every is how often a creator may write to followers.
const Every = 7 * 24 * time.Hour

// maxAnswer bounds the reason of a refusal, in characters.
const maxAnswer = 500

// Where a message is on its way.
const (
	MessageHeld     = "held"     // waits for an operator
	MessageApproved = "approved" // is sent, or was
	MessageRefused  = "refused"
)

// Message is what a creator wrote to followers.
type Message struct {
	ID        int64
	CreatorID int64
	Draft
	State     string
	Reasons   []string // why it was held
	At        time.Time
	DecidedAt *time.Time
	Answer    string // why it was refused
	// of an approved one: how many mails were written, and when the last of them was
	Written int
	EndedAt *time.Time
}

// MessageMail is what the mail of a message says.
type MessageMail struct {
	Creator     locale.Text `json:"creator"`
	CreatorSlug string      `json:"creatorSlug"`
	Subject     string      `json:"subject"`
	Body        string      `json:"body"`
	Locale      string      `json:"locale"`
}

// messageData is what the row of such a mail keeps: not the text, which a hundred thousand rows would repeat.
type messageData struct {
	MessageID int64 `json:"messageId"`
}

// MessageMail reads the message that the row of a mail names. Errors: ErrMessageNotFound.
func (f *Follows) MessageMail(ctx context.Context, data []byte) (MessageMail, error) {
	var about messageData
	if err := json.Unmarshal(data, &about); err != nil {
		return MessageMail{}, fmt.Errorf("read a mail of a message: %w", err)
	}
	m, err := f.message(ctx, f.deps.Pool, about.MessageID)
	if err != nil {
		return MessageMail{}, err
	}
	return f.MailOf(ctx, m.CreatorID, m.Draft)
}

// MailOf is the mail that a draft would become.
func (f *Follows) MailOf(ctx context.Context, creatorID int64, d Draft) (MessageMail, error) {
	c, err := f.deps.Creator(ctx, creatorID)
	if err != nil {
		return MessageMail{}, err
	}
	return MessageMail{
		Creator:     c.Name,
		CreatorSlug: c.Slug,
		Subject:     d.Subject,
		Body:        d.Body,
		Locale:      d.Locale,
	}, nil
}

func messageOf(r dbsqlc.FollowMessage) Message {
	return Message{
		ID:        r.ID,
		CreatorID: r.CreatorID,
		Draft:     Draft{r.Subject, r.Body, r.Locale},
		State:     r.State,
		Reasons:   r.Reasons,
		At:        r.CreatedAt,
		DecidedAt: r.DecidedAt,
		Answer:    r.Answer,
	}
}

// Next returns from when on a creator may write again; a time in the past if they may now. One that was refused does
// not count.
func (f *Follows) Next(ctx context.Context, creatorID int64) (time.Time, error) {
	return f.next(ctx, f.deps.Pool, creatorID)
}

func (f *Follows) next(ctx context.Context, q Querier, creatorID int64) (time.Time, error) {
	last, err := f.q.LastMessage(ctx, q, creatorID)
	if errors.Is(err, pgx.ErrNoRows) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("last message of %d: %w", creatorID, err)
	}
	return last.Add(Every), nil
}

// Write sends a creator's message to their followers, or holds it for an operator. Sending a form again, which its key
// tells, returns the message of the first time. Errors: ErrMessageInvalid with its fields, ErrTooSoon, ErrNoMail.
func (f *Follows) Write(ctx context.Context, creatorID int64, key string, d Draft) (m Message, err error) {
	if f.deps.Mail == nil {
		return Message{}, ErrNoMail
	}
	if key == "" || len(key) > 64 || !db.Storable(key) {
		return Message{}, ErrMessageInvalid.With("key", "message_unreadable")
	}
	if d, err = f.Check(d); err != nil {
		return Message{}, err
	}
	err = db.InTx(ctx, f.deps.Pool, func(tx pgx.Tx) error {
		if err := f.q.LockCreator(ctx, tx, creatorID); err != nil {
			return fmt.Errorf("lock creator %d: %w", creatorID, err)
		}
		row, err := f.q.MessageByKey(ctx, tx, dbsqlc.MessageByKeyParams{CreatorID: creatorID, FormKey: key})
		if err == nil {
			m = messageOf(row)
			return nil
		}
		if !errors.Is(err, pgx.ErrNoRows) {
			return fmt.Errorf("message %s of %d: %w", key, creatorID, err)
		}
		next, err := f.next(ctx, tx, creatorID)
		if err != nil {
			return err
		}
		now := f.deps.Now()
		if now.Before(next) {
			return ErrTooSoon
		}
		facts, err := f.deps.Facts(ctx, tx, creatorID, d.Subject+"\n"+d.Body)
		if err != nil {
			return err
		}
		p := dbsqlc.InsertMessageParams{
			CreatorID: creatorID,
			FormKey:   key,
			Subject:   d.Subject,
			Body:      d.Body,
			Locale:    d.Locale,
			State:     MessageApproved,
			Reasons:   reasons(facts, now),
			At:        now,
		}
		if len(p.Reasons) > 0 {
			p.State = MessageHeld
		}
		if row, err = f.q.InsertMessage(ctx, tx, p); err != nil {
			return fmt.Errorf("write a message of %d: %w", creatorID, err)
		}
		m = messageOf(row)
		if m.State == MessageHeld {
			return nil
		}
		return f.sendTx(ctx, tx, m)
	})
	return m, err
}

func (f *Follows) sendTx(ctx context.Context, tx pgx.Tx, m Message) error {
	return f.beginTx(ctx, tx, dbsqlc.BeginMailingParams{CreatorID: m.CreatorID, MessageID: &m.ID, At: f.deps.Now()})
}

func (f *Follows) message(ctx context.Context, q Querier, id int64) (Message, error) {
	row, err := f.q.MessageByID(ctx, q, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return Message{}, ErrMessageNotFound.Because("message %d", id)
	}
	if err != nil {
		return Message{}, fmt.Errorf("find message %d: %w", id, err)
	}
	return messageOf(row), nil
}

// Messages returns what a creator wrote, the latest first, at most most of them.
func (f *Follows) Messages(ctx context.Context, creatorID int64, most int) ([]Message, error) {
	rows, err := f.q.MessagesOf(ctx, f.deps.Pool, dbsqlc.MessagesOfParams{CreatorID: creatorID, Most: int32(most)})
	if err != nil {
		return nil, fmt.Errorf("messages of %d: %w", creatorID, err)
	}
	list, ids := make([]Message, len(rows)), make([]int64, len(rows))
	for n, r := range rows {
		list[n], ids[n] = messageOf(r), r.ID
	}
	sent, err := f.q.MailingsOfMessages(ctx, f.deps.Pool, ids)
	if err != nil {
		return nil, fmt.Errorf("mailings of %d: %w", creatorID, err)
	}
	for n := range list {
		for _, s := range sent {
			if s.MessageID == list[n].ID {
				list[n].Written, list[n].EndedAt = int(s.Written), s.EndedAt
			}
		}
	}
	return list, nil
}

// Held returns the messages that wait for an operator, the oldest first, at most most of them.
func (f *Follows) Held(ctx context.Context, most int) ([]Message, error) {
	rows, err := f.q.HeldMessages(ctx, f.deps.Pool, int32(most))
	if err != nil {
		return nil, fmt.Errorf("held messages: %w", err)
	}
	list := make([]Message, len(rows))
	for n, r := range rows {
		list[n] = messageOf(r)
	}
	return list, nil
}

// CountHeld returns how many messages wait for an operator.
func (f *Follows) CountHeld(ctx context.Context) (int64, error) {
	n, err := f.q.CountHeld(ctx, f.deps.Pool)
	if err != nil {
		return 0, fmt.Errorf("count held messages: %w", err)
	}
	return n, nil
}

// Approve lets a message that was held be sent, and writes that to the audit log. Errors: ErrMessageNotFound,
// ErrMessageMoved, ErrOwnMessage.
func (f *Follows) Approve(ctx context.Context, operatorID, id int64) error {
	return f.decide(ctx, operatorID, id, MessageApproved, "")
}

// Refuse refuses a message that was held, with a reason that its creator reads, and writes that to the audit log.
// Errors: ErrMessageNotFound, ErrMessageMoved, ErrOwnMessage, ErrAnswer.
func (f *Follows) Refuse(ctx context.Context, operatorID, id int64, reason string) error {
	reason = strings.TrimSpace(reason)
	if reason == "" || utf8.RuneCountInString(reason) > maxAnswer || !db.Storable(reason) {
		return ErrAnswer
	}
	return f.decide(ctx, operatorID, id, MessageRefused, reason)
}

func (f *Follows) decide(ctx context.Context, operatorID, id int64, state, answer string) error {
	return db.InTx(ctx, f.deps.Pool, func(tx pgx.Tx) error {
		m, err := f.message(ctx, tx, id)
		if err != nil {
			return err
		}
		if m.CreatorID == operatorID {
			return ErrOwnMessage
		}
		_, err = f.q.DecideMessage(ctx, tx, dbsqlc.DecideMessageParams{
			ID:        id,
			State:     state,
			DecidedBy: operatorID,
			Answer:    answer,
			At:        f.deps.Now(),
		})
		if errors.Is(err, pgx.ErrNoRows) {
			return ErrMessageMoved
		}
		if err != nil {
			return fmt.Errorf("decide message %d: %w", id, err)
		}
		verb, detail := "message.approve", map[string]any{"creator": m.CreatorID}
		if state == MessageRefused {
			verb, detail["reason"] = "message.refuse", answer
		} else if err := f.sendTx(ctx, tx, m); err != nil {
			return err
		}
		return f.deps.Audit(ctx, tx, operatorID, verb, fmt.Sprintf("message:%d", id), detail)
	})
}
