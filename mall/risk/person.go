package risk

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/mall/risk/internal/dbsqlc"
)

// Denial is what keeps an account out.
type Denial struct {
	EntryID int64
	UserID  int64
	Reason  string
	Until   *time.Time // nil: until it is ended
}

// Denied lists up to most accounts that are kept out by name, those of the latest entries first.
func (l *Lists) Denied(ctx context.Context, most int) ([]int64, error) {
	ids, err := l.q.DeniedUsers(ctx, l.pool, dbsqlc.DeniedUsersParams{At: l.now(), MaxRows: int32(most)})
	if err != nil {
		return nil, fmt.Errorf("denied accounts: %w", err)
	}
	return ids, nil
}

// DenialsOf finds what keeps these accounts out by name; those who are let in are absent.
func (l *Lists) DenialsOf(ctx context.Context, userIDs []int64) (map[int64]Denial, error) {
	return l.denials(ctx, l.pool, userIDs)
}

func (l *Lists) denials(ctx context.Context, q dbsqlc.DBTX, userIDs []int64) (map[int64]Denial, error) {
	rows, err := l.q.DenialsOf(ctx, q, dbsqlc.DenialsOfParams{UserIds: userIDs, At: l.now()})
	if err != nil {
		return nil, fmt.Errorf("denials of accounts: %w", err)
	}
	out := make(map[int64]Denial, len(rows))
	for _, r := range rows {
		out[r.UserID] = Denial{r.ID, r.UserID, r.Reason, r.ExpiresAt}
	}
	return out, nil
}

// About lists up to most entries on an account and on devices, ended ones too, the latest first.
func (l *Lists) About(ctx context.Context, userID int64, devices []string, most int) ([]Entry, error) {
	rows, err := l.q.EntriesAbout(ctx, l.pool, dbsqlc.EntriesAboutParams{
		UserID:  userID,
		Devices: devices,
		MaxRows: int32(most),
	})
	if err != nil {
		return nil, fmt.Errorf("entries about account %d: %w", userID, err)
	}
	all := make([]dbsqlc.RiskEntry, len(rows))
	for n, r := range rows {
		all[n] = dbsqlc.RiskEntry(r)
	}
	return entries(all), nil
}

// HoldTx keeps the lists as they are until the caller's transaction ends, and says whom of these accounts they keep
// out.
func (l *Lists) HoldTx(ctx context.Context, tx pgx.Tx, userIDs ...int64) (out map[int64]Denial, err error) {
	if _, err := l.q.HoldLists(ctx, tx); err != nil {
		return nil, fmt.Errorf("hold the lists: %w", err)
	}
	return l.denials(ctx, tx, userIDs)
}

// Suspension keeps an account out, by an operator.
type Suspension struct {
	UserID int64
	Reason string
	For    time.Duration // 0: until it is ended
	By     Subject
}

// SuspendTx keeps an account out, in the caller's transaction, and ends the living word on it; the caller writes the
// audit entry and calls Changed after the commit. Errors: ErrEntryInvalid, ErrOwnLockout, ErrActorSuspended.
func (l *Lists) SuspendTx(ctx context.Context, tx pgx.Tx, s Suspension) (entryID int64, err error) {
	if s.UserID == s.By.UserID {
		return 0, ErrOwnLockout.Because("operator %d", s.By.UserID).With("subject", ErrOwnLockout.Slug)
	}
	row, err := NewEntry{
		Effect:  Deny,
		Kind:    User,
		Subject: strconv.FormatInt(s.UserID, 10),
		Reason:  s.Reason,
		For:     s.For,
		By:      s.By,
	}.read(l.now())
	if err != nil {
		return 0, err
	}
	err = l.changeTx(ctx, tx, s.By, func() error {
		entryID, err = l.addTx(ctx, tx, row)
		return err
	})
	return entryID, err
}

// LiftTx ends the entry that keeps an account out, in the caller's transaction; the caller writes the audit entry and
// calls Changed after the commit. Errors: ErrNoEntry, ErrOwnLockout, ErrActorSuspended.
func (l *Lists) LiftTx(ctx context.Context, tx pgx.Tx, userID int64, by Subject) (entryID int64, err error) {
	err = l.changeTx(ctx, tx, by, func() error {
		living, err := l.denials(ctx, tx, []int64{userID})
		if err != nil {
			return err
		}
		denial, found := living[userID]
		if !found {
			return ErrNoEntry.Because("account %d is let in", userID)
		}
		entryID = denial.EntryID
		return l.endTx(ctx, tx, entryID, by)
	})
	return entryID, err
}

// Changed has this process look at the lists anew before it judges again; others do within one second.
func (l *Lists) Changed() {
	l.mu.Lock() // a look that began before the commit has ended by now
	l.looked.Store(0)
	l.mu.Unlock()
}

// lasting are the entries that an operator must not be locked out by: allowances that expire don't count for that.
func lasting(rows []dbsqlc.RiskEntry) []dbsqlc.RiskEntry {
	return slices.DeleteFunc(rows, func(r dbsqlc.RiskEntry) bool {
		return Effect(r.Effect) != Deny && r.ExpiresAt != nil
	})
}
