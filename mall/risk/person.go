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

// Denial is the active entry that denies an account.
type Denial struct {
	EntryID int64
	UserID  int64
	Reason  string
	Until   *time.Time // nil if it holds until it is ended
}

// Denied lists up to most accounts that an entry of their own denies, those of the latest entries first.
func (l *Lists) Denied(ctx context.Context, most int) ([]int64, error) {
	ids, err := l.q.DeniedUsers(ctx, l.pool, dbsqlc.DeniedUsersParams{At: l.now(), MaxRows: int32(most)})
	if err != nil {
		return nil, fmt.Errorf("denied accounts: %w", err)
	}
	return ids, nil
}

// DenialsOf returns the denials of these accounts. Accounts without one are absent.
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

// About lists up to most entries about an account or one of the devices, including ended ones, the latest first.
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

// HoldTx prevents changes of the lists until the caller's transaction ends, and returns the denials of these accounts.
func (l *Lists) HoldTx(ctx context.Context, tx pgx.Tx, userIDs ...int64) (out map[int64]Denial, err error) {
	if _, err := l.q.HoldLists(ctx, tx); err != nil {
		return nil, fmt.Errorf("hold the lists: %w", err)
	}
	return l.denials(ctx, tx, userIDs)
}

// Suspension is the decision of an operator to deny an account.
type Suspension struct {
	UserID int64
	Reason string
	For    time.Duration // 0 if it holds until it is ended
	By     Subject
}

// SuspendTx denies an account, in the caller's transaction, and ends the active entry for it. The caller writes the
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

// LiftTx ends the entry that denies an account, in the caller's transaction. The caller writes the audit entry and
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

// Changed makes this process check the lists before it judges again. Other processes do so within one second.
func (l *Lists) Changed() {
	l.mu.Lock() // waits for a check that began before the commit
	l.looked.Store(0)
	l.mu.Unlock()
}

// lasting returns the entries by which an operator must not be locked out, which are all but allowances that expire.
func lasting(rows []dbsqlc.RiskEntry) []dbsqlc.RiskEntry {
	return slices.DeleteFunc(rows, func(r dbsqlc.RiskEntry) bool {
		return Effect(r.Effect) != Deny && r.ExpiresAt != nil
	})
}
