package risk

import (
	"context"
	"fmt"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/fault"
	"videomall/mall/network"
	"videomall/mall/risk/internal/dbsqlc"
)

// Faults of changing the lists.
var (
	ErrEntryInvalid   = fault.New(fault.Invalid, "list_entry_invalid", "Check what was entered.")
	ErrOwnLockout     = fault.New(fault.Invalid, "own_lockout", "This would lock you out yourself.")
	ErrActorSuspended = fault.New(fault.Forbidden, "actor_suspended", "You are suspended yourself.")
	ErrNoEntry        = fault.New(fault.NotFound, "list_entry_not_found", "There is no such entry, or it has ended.")
)

// MaxReason is the longest reason in characters.
const MaxReason = 200

// Entry is the decision of an operator to deny or allow an address, an account or a device.
type Entry struct {
	ID        int64
	Effect    Effect
	Kind      Kind
	Subject   string // "192.0.2.0/24", an account's number, a device's 32 hex digits
	Reason    string
	AuthorID  int64
	CreatedAt time.Time
	ExpiresAt *time.Time // nil if it holds until it is ended
	EndedAt   *time.Time
	EndedBy   int64 // 0 if nobody has ended it
}

// NewEntry is an entry that an operator makes. By is the operator as the mall sees them now.
type NewEntry struct {
	Effect  Effect
	Kind    Kind
	Subject string
	Reason  string
	For     time.Duration // 0 if it holds until it is ended
	By      Subject
}

var deviceForm = regexp.MustCompile(`^[0-9a-f]{32}$`)

// read checks the input and returns it as a row. Errors: ErrEntryInvalid with every invalid field.
func (n NewEntry) read(now time.Time) (dbsqlc.AddEntryParams, error) {
	row := dbsqlc.AddEntryParams{
		Effect:   string(n.Effect),
		Reason:   strings.TrimSpace(n.Reason),
		AuthorID: n.By.UserID,
		At:       now,
	}
	wrong := map[string]string{}
	if n.Effect != Deny && n.Effect != Allow {
		wrong["effect"] = "list_effect_unknown"
	}
	subject := strings.TrimSpace(n.Subject)
	switch n.Kind {
	case Address:
		block, err := parseBlock(subject)
		if err != nil {
			wrong["subject"] = "list_address_invalid"
		}
		row.Address = &block
	case User:
		id, err := strconv.ParseInt(subject, 10, 64)
		if err != nil || id <= 0 {
			wrong["subject"] = "list_account_unknown"
		}
		row.UserID = &id
	case Device:
		if !deviceForm.MatchString(subject) {
			wrong["subject"] = "list_device_invalid"
		}
		row.Device = &subject
	default:
		wrong["kind"] = "list_kind_unknown"
	}
	if !db.Storable(row.Reason) || row.Reason == "" || utf8.RuneCountInString(row.Reason) > MaxReason {
		wrong["reason"] = "list_reason_missing"
	}
	if n.For < 0 {
		wrong["for"] = "list_expiry_invalid"
	} else if n.For > 0 {
		row.ExpiresAt = new(now.Add(n.For))
	}
	if len(wrong) == 0 {
		return row, nil
	}
	err := ErrEntryInvalid
	for field, slug := range wrong {
		err = err.With(field, slug)
	}
	return row, err
}

// parseBlock reads an address or a block in CIDR form. It clears bits beyond the length of the block.
func parseBlock(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		a = network.Normal(a)
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	block, err := netip.ParsePrefix(s)
	if err != nil {
		return netip.Prefix{}, err
	}
	if a := block.Addr(); a.Is4In6() {
		if block.Bits() < 96 {
			return netip.Prefix{}, fmt.Errorf("%s is wider than the IPv4 addresses in it", s)
		}
		block = netip.PrefixFrom(a.Unmap(), block.Bits()-96)
	}
	return block.Masked(), nil
}

// Add makes an entry and ends the active one for the same subject. It takes effect in this process at once, and in the
// others within one second. Errors: ErrEntryInvalid, ErrOwnLockout, ErrActorSuspended.
func (l *Lists) Add(ctx context.Context, n NewEntry) error {
	now := l.now()
	row, err := n.read(now)
	if err != nil {
		return err
	}
	action := &auditAction{
		name: "list.add",
		detail: map[string]any{
			"effect":  n.Effect,
			"kind":    n.Kind,
			"subject": strings.TrimSpace(n.Subject),
			"reason":  row.Reason,
			"expires": row.ExpiresAt,
		},
	}
	return l.change(ctx, n.By, action, func(tx pgx.Tx) error {
		id, err := l.addTx(ctx, tx, row)
		action.subject = fmt.Sprintf("list_entry:%d", id)
		return err
	})
}

// addTx makes an entry and ends the active one for the same subject.
func (l *Lists) addTx(ctx context.Context, tx pgx.Tx, row dbsqlc.AddEntryParams) (int64, error) {
	err := l.q.EndEntryOf(ctx, tx, dbsqlc.EndEntryOfParams{
		At:      row.At,
		ActorID: row.AuthorID,
		Address: row.Address,
		UserID:  row.UserID,
		Device:  row.Device,
	})
	if err != nil {
		return 0, fmt.Errorf("end the entry before: %w", err)
	}
	id, err := l.q.AddEntry(ctx, tx, row)
	if err != nil {
		return 0, fmt.Errorf("add entry: %w", err)
	}
	return id, nil
}

// End ends an entry. Errors: ErrNoEntry, ErrActorSuspended, and ErrOwnLockout if without the entry the operator would
// be denied.
func (l *Lists) End(ctx context.Context, id int64, by Subject) error {
	return l.change(ctx, by, &auditAction{
		name:    "list.end",
		subject: fmt.Sprintf("list_entry:%d", id),
	}, func(tx pgx.Tx) error {
		return l.endTx(ctx, tx, id, by)
	})
}

func (l *Lists) endTx(ctx context.Context, tx pgx.Tx, id int64, by Subject) error {
	n, err := l.q.EndEntry(ctx, tx, dbsqlc.EndEntryParams{
		At:      l.now(),
		ActorID: by.UserID,
		ID:      id,
	})
	if err != nil {
		return fmt.Errorf("end entry %d: %w", id, err)
	}
	if n == 0 {
		return ErrNoEntry.Because("entry %d", id)
	}
	return nil
}

// auditAction is what the audit log records about a change.
type auditAction struct {
	name, subject string
	detail        any
}

// change makes a change in a transaction of its own, and records it in the audit log.
func (l *Lists) change(ctx context.Context, by Subject, action *auditAction, do func(pgx.Tx) error) error {
	err := db.InTx(ctx, l.pool, func(tx pgx.Tx) error {
		if err := l.changeTx(ctx, tx, by, func() error { return do(tx) }); err != nil || l.audit == nil {
			return err
		}
		return l.audit(ctx, tx, by.UserID, action.name, action.subject, action.detail)
	})
	if err != nil {
		return err
	}
	l.Changed()
	return nil
}

// changeTx raises the version of the lists, which blocks other changes until this transaction ends, and makes a change.
// It refuses an operator whom the lists deny at that moment, even if a process still remembers otherwise, since they
// could let themselves in again. It also refuses a change after which the lists would deny the operator; an allowance
// that expires does not count against that.
func (l *Lists) changeTx(ctx context.Context, tx pgx.Tx, by Subject, do func() error) error {
	version, err := l.q.RaiseListVersion(ctx, tx)
	if err != nil {
		return fmt.Errorf("raise the lists' version: %w", err)
	}
	if l.may != nil {
		if err := l.may(ctx, tx, by.UserID); err != nil {
			return err
		}
	}
	rows, err := l.livingTx(ctx, tx)
	if err != nil {
		return err
	}
	if verdict, kind := newIndex(version, rows).judge(by, l.now()); verdict == Deny {
		return ErrActorSuspended.Because("operator %d by %s", by.UserID, kind)
	}
	if err := do(); err != nil {
		return err
	}
	if rows, err = l.livingTx(ctx, tx); err != nil {
		return err
	}
	if verdict, kind := newIndex(version, lasting(rows)).judge(by, l.now()); verdict == Deny {
		return ErrOwnLockout.Because("operator %d by %s", by.UserID, kind).With("subject", ErrOwnLockout.Slug)
	}
	return nil
}

func (l *Lists) livingTx(ctx context.Context, tx pgx.Tx) ([]dbsqlc.RiskEntry, error) {
	rows, err := l.q.LivingEntries(ctx, tx, l.now())
	if err != nil {
		return nil, fmt.Errorf("entries of the lists: %w", err)
	}
	return rows, nil
}

// Living lists the active entries, the latest first.
func (l *Lists) Living(ctx context.Context) ([]Entry, error) {
	rows, err := l.q.LivingEntries(ctx, l.pool, l.now())
	if err != nil {
		return nil, fmt.Errorf("living entries: %w", err)
	}
	return entries(rows), nil
}

// Past lists at most n entries that have ended or expired, the latest first.
func (l *Lists) Past(ctx context.Context, n int) ([]Entry, error) {
	rows, err := l.q.PastEntries(ctx, l.pool, dbsqlc.PastEntriesParams{At: l.now(), MaxRows: int32(n)})
	if err != nil {
		return nil, fmt.Errorf("past entries: %w", err)
	}
	return entries(rows), nil
}

func entries(rows []dbsqlc.RiskEntry) []Entry {
	out := make([]Entry, len(rows))
	for i, r := range rows {
		e := Entry{
			ID:        r.ID,
			Effect:    Effect(r.Effect),
			Reason:    r.Reason,
			AuthorID:  r.AuthorID,
			CreatedAt: r.CreatedAt,
			ExpiresAt: r.ExpiresAt,
			EndedAt:   r.EndedAt,
		}
		switch {
		case r.Address != nil:
			e.Kind, e.Subject = Address, r.Address.String()
		case r.UserID != nil:
			e.Kind, e.Subject = User, strconv.FormatInt(*r.UserID, 10)
		case r.Device != nil:
			e.Kind, e.Subject = Device, *r.Device
		}
		if r.EndedBy != nil {
			e.EndedBy = *r.EndedBy
		}
		out[i] = e
	}
	return out
}
