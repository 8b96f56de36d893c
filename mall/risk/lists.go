package risk

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"videomall/mall/network"
	"videomall/mall/risk/internal/dbsqlc"
)

// Effect is what an entry does.
type Effect string

// The effects. A denial of one kind overrides an allowance of another kind. Of two entries for addresses the one with
// the narrower block applies.
const (
	Deny  Effect = "deny"
	Allow Effect = "allow" // requests pass without being counted
)

// How old the lists in the memory of a process may be.
const (
	// refreshAfter is when one request checks whether the lists have changed, while others use the known ones.
	refreshAfter = 500 * time.Millisecond
	staleAfter   = time.Second // when all requests wait for such a check
	listPatience = time.Second // how long a check may take before the process goes on with the known lists
)

// Lists are the entries that operators make. PostgreSQL holds them; each process keeps the active ones in memory, and a
// request checks their version if the last check is too old. Nothing runs in the background and no connection is held,
// so none can be lost: while PostgreSQL is away the lists stay as they were.
type Lists struct {
	pool *pgxpool.Pool
	q    *dbsqlc.Queries
	log  *slog.Logger
	now  func() time.Time

	audit func(ctx context.Context, tx pgx.Tx, actorID int64, verb, subject string, detail any) error
	may   func(ctx context.Context, tx pgx.Tx, actorID int64) error

	mu     sync.Mutex // held during a check
	known  atomic.Pointer[index]
	looked atomic.Int64 // time of the last check, ms, by the given clock
}

// ListsDeps are the dependencies of the lists.
type ListsDeps struct {
	Pool *pgxpool.Pool // must be migrated before the first call
	Log  *slog.Logger
	Now  func() time.Time
	// Audit records who changed the lists, in the transaction of the change; nil records nothing.
	Audit func(ctx context.Context, tx pgx.Tx, actorID int64, verb, subject string, detail any) error
	// May refuses an actor who is no longer an operator, in the transaction of the change; nil refuses nobody.
	May func(ctx context.Context, tx pgx.Tx, actorID int64) error
}

// NewLists returns Lists with the given dependencies.
func NewLists(d ListsDeps) *Lists {
	return &Lists{
		pool:  d.Pool,
		q:     dbsqlc.New(),
		log:   d.Log,
		now:   d.Now,
		audit: d.Audit,
		may:   d.May,
	}
}

// Judge returns the effect of the lists on a subject, or "" if no entry applies, and the kind of the deciding entry.
func (l *Lists) Judge(ctx context.Context, s Subject) (Effect, Kind) {
	l.refresh(ctx)
	known := l.known.Load()
	if known == nil { // PostgreSQL has never answered, so nothing else in the mall works either
		return "", ""
	}
	return known.judge(s, l.now())
}

// refresh checks whether the lists have changed, if the last check is too old.
func (l *Lists) refresh(ctx context.Context) {
	age := time.Duration(l.now().UnixMilli()-l.looked.Load()) * time.Millisecond
	switch {
	case age >= 0 && age < refreshAfter: // the age is negative if the clock was set back
		return
	case age >= 0 && age < staleAfter:
		if !l.mu.TryLock() {
			return
		}
	default:
		l.mu.Lock()
	}
	defer l.mu.Unlock()
	now := l.now()
	if at := now.UnixMilli() - l.looked.Load(); at >= 0 && at < refreshAfter.Milliseconds() {
		return // another request has checked meanwhile
	}
	// The check serves all requests, so a canceled request must not end it.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), listPatience)
	defer cancel()
	if err := l.load(ctx); err != nil {
		l.log.WarnContext(ctx, "lists not refreshed, the known ones go on", "error", err)
	}
	l.looked.Store(now.UnixMilli()) // after a failure too, so that not every request pays for one
}

// load reads the entries if their version has changed. It reads the version first: a change between the two reads is
// then seen early, and read again at the next check.
func (l *Lists) load(ctx context.Context) error {
	version, err := l.q.ListVersion(ctx, l.pool)
	if err != nil {
		return fmt.Errorf("version of the lists: %w", err)
	}
	if known := l.known.Load(); known != nil && known.version == version {
		return nil
	}
	rows, err := l.q.LivingEntries(ctx, l.pool, l.now())
	if err != nil {
		return fmt.Errorf("entries of the lists: %w", err)
	}
	l.known.Store(newIndex(version, rows))
	return nil
}

// index finds the entry of a subject without a scan of all entries. It is immutable.
type index struct {
	version   int64
	addresses map[netip.Prefix]listed
	lengths   []int // of all prefixes of both families, the longest first
	users     map[int64]listed
	devices   map[string]listed
}

type listed struct {
	id      int64
	effect  Effect // "" if there is none
	reason  string
	expires *time.Time
}

func (e listed) living(now time.Time) bool { return e.expires == nil || e.expires.After(now) }

func newIndex(version int64, rows []dbsqlc.RiskEntry) *index {
	x := &index{
		version:   version,
		addresses: map[netip.Prefix]listed{},
		users:     map[int64]listed{},
		devices:   map[string]listed{},
	}
	for _, r := range rows {
		e := listed{
			id:      r.ID,
			effect:  Effect(r.Effect),
			reason:  r.Reason,
			expires: r.ExpiresAt,
		}
		switch {
		case r.Address != nil:
			x.addresses[*r.Address] = e
			x.lengths = append(x.lengths, r.Address.Bits())
		case r.UserID != nil:
			x.users[*r.UserID] = e
		case r.Device != nil:
			x.devices[*r.Device] = e
		}
	}
	slices.Sort(x.lengths)
	x.lengths = slices.Compact(x.lengths)
	slices.Reverse(x.lengths)
	return x
}

func (x *index) judge(s Subject, now time.Time) (Effect, Kind) {
	e, kind := x.entryOf(s, now)
	return e.effect, kind
}

// entryOf returns the deciding entry and its kind, the narrowest kind of those with the same effect; the zero values if
// no entry applies.
func (x *index) entryOf(s Subject, now time.Time) (by listed, of Kind) {
	say := func(e listed, found bool, kind Kind) {
		if found && e.living(now) && (by.effect == "" || by.effect != Deny && e.effect == Deny) {
			by, of = e, kind
		}
	}
	e, found := x.users[s.UserID]
	say(e, found && s.UserID != 0, User)
	e, found = x.devices[s.Device]
	say(e, found && s.Device != "", Device)
	e, found = x.narrowest(network.Normal(s.Address), now)
	say(e, found, Address)
	return by, of
}

// narrowest finds the active entry with the longest prefix that contains the address.
func (x *index) narrowest(a netip.Addr, now time.Time) (listed, bool) {
	for _, n := range x.lengths {
		if block, err := a.Prefix(n); err == nil { // fails if n is too long for this family or a is the zero Addr
			if e, found := x.addresses[block]; found && e.living(now) {
				return e, true
			}
		}
	}
	return listed{}, false
}
