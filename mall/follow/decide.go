package follow

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/follow/internal/dbsqlc"
)

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
	reason, err := answer(reason)
	if err != nil {
		return err
	}
	return f.decide(ctx, operatorID, id, MessageRefused, reason)
}

// answer checks a reason that a creator will read. Errors: ErrAnswer.
func answer(reason string) (string, error) {
	reason = strings.TrimSpace(reason)
	if reason == "" || utf8.RuneCountInString(reason) > maxAnswer || !db.Storable(reason) {
		return "", ErrAnswer
	}
	return reason, nil
}

// StopFor is how long after its approval a message is listed as one that can be stopped.
const StopFor = 7 * 24 * time.Hour

// Sent returns the messages that were approved in the last StopFor, and those of them that were stopped, the latest
// first, at most most of them.
func (f *Follows) Sent(ctx context.Context, most int) ([]Message, error) {
	rows, err := f.q.SentMessages(ctx, f.deps.Pool, dbsqlc.SentMessagesParams{
		After: f.deps.Now().Add(-StopFor),
		Most:  int32(most),
	})
	if err != nil {
		return nil, fmt.Errorf("sent messages: %w", err)
	}
	list := make([]Message, len(rows))
	for n, r := range rows {
		list[n] = messageOf(r.FollowMessage)
		list[n].Written, list[n].EndedAt = int(r.Written), r.EndedAt
	}
	return list, nil
}

// Stop ends a message that is being sent, with a reason that its creator reads, and writes that to the audit log.
// Followers who were not mailed yet are not mailed, and mails of it that still wait are dropped. Errors:
// ErrMessageNotFound, ErrMessageMoved, ErrOwnMessage, ErrAnswer.
func (f *Follows) Stop(ctx context.Context, operatorID, id int64, reason string) error {
	reason, err := answer(reason)
	if err != nil {
		return err
	}
	return db.InTx(ctx, f.deps.Pool, func(tx pgx.Tx) error {
		m, err := f.foreign(ctx, tx, operatorID, id)
		if err != nil {
			return err
		}
		n, err := f.q.StopMessage(ctx, tx, dbsqlc.StopMessageParams{
			ID:        id,
			DecidedBy: operatorID,
			Answer:    reason,
			At:        f.deps.Now(),
		})
		switch {
		case err != nil:
			return fmt.Errorf("stop message %d: %w", id, err)
		case n == 0:
			return ErrMessageMoved.Because("message %d is %s", id, m.State)
		}
		return f.deps.Audit(ctx, tx, operatorID, "message.stop", fmt.Sprintf("message:%d", id),
			map[string]any{"creator": m.CreatorID, "reason": reason})
	})
}

// foreign finds a message of somebody else than the operator. Errors: ErrMessageNotFound, ErrOwnMessage.
func (f *Follows) foreign(ctx context.Context, tx pgx.Tx, operatorID, id int64) (Message, error) {
	m, err := f.message(ctx, tx, id)
	if err == nil && m.CreatorID == operatorID {
		err = ErrOwnMessage
	}
	return m, err
}

func (f *Follows) decide(ctx context.Context, operatorID, id int64, state, answer string) error {
	return db.InTx(ctx, f.deps.Pool, func(tx pgx.Tx) error {
		m, err := f.foreign(ctx, tx, operatorID, id)
		if err != nil {
			return err
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
