package account

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/mall/account/internal/dbsqlc"
)

// The kinds of notices about second factors; each is also the kind of an Event.
const (
	NoticeTOTPOn         = "totp_on"
	NoticeTOTPOff        = "totp_off"
	NoticePasskeyAdded   = "passkey_added"
	NoticePasskeyRemoved = "passkey_removed"
	NoticeRecoveryUsed   = "recovery_used"
	NoticeRecoveryNew    = "recovery_new"
	NoticePasskeyCopied  = "passkey_copied"
	NoticeWrongCodes     = "wrong_codes" // somebody who knows the password has failed at the second step
)

// Event is something that has happened to the safety of an account. Kind is the kind of the notice about it, and Detail
// the name of a passkey, a new address, or "".
type Event struct {
	Kind, Detail string
	At           time.Time
}

// Events returns the last 20 of a person, the latest first.
func (a *Accounts) Events(ctx context.Context, id int64) ([]Event, error) {
	rows, err := a.q.EventsOf(ctx, a.pool, id)
	if err != nil {
		return nil, fmt.Errorf("list what happened to account %d: %w", id, err)
	}
	events := make([]Event, len(rows))
	for i, row := range rows {
		events[i] = Event(row)
	}
	return events, nil
}

func (a *Accounts) record(ctx context.Context, tx pgx.Tx, id int64, kind, detail string) (event int64, err error) {
	event, err = a.q.InsertEvent(ctx, tx, dbsqlc.InsertEventParams{
		UserID: id,
		Kind:   kind,
		Detail: detail,
		At:     a.now(),
	})
	if err != nil {
		return 0, fmt.Errorf("note %s of account %d: %w", kind, id, err)
	}
	return event, nil
}

// aboutFactor is what mails about second factors say.
type aboutFactor struct {
	Name string `json:"name"` // of the passkey
}

// tellEvent notes what happened to a person's factors, and tells them.
func (a *Accounts) tellEvent(ctx context.Context, tx pgx.Tx, id int64, kind, detail string) error {
	event, err := a.record(ctx, tx, id, kind, detail)
	if err != nil {
		return err
	}
	u, err := a.UserTx(ctx, tx, id)
	if err != nil {
		return err
	}
	return a.tell(ctx, tx, Notice{
		Kind:  kind,
		Cause: fmt.Sprintf("%s/%d", kind, event),
		User:  u,
		Data:  aboutFactor{detail},
	})
}
