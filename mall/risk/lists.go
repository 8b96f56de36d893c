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

// The effects. A denial of any kind goes before every allowance of another; of two entries for addresses the narrower
// block counts.
const (
	Deny  Effect = "deny"
	Allow Effect = "allow" // passes without being counted
)

// How old a process's memory of the lists may be.
const (
	// then one request looks whether they have changed, and the others go on with what is known
	refreshAfter = 500 * time.Millisecond
	staleAfter   = time.Second // then nobody goes on before somebody has looked
	listPatience = time.Second // that a look may take before the process goes on with what it knew
)

// Lists are the entries that operators make. Their truth is in PostgreSQL; each process keeps the living ones in memory
// and looks at their version at most a second after the last look, whenever somebody asks. Nothing runs in between and
// no connection is held, so there is none to lose: while PostgreSQL is away the lists stay as they were.
type Lists struct {
	pool *pgxpool.Pool
	q    *dbsqlc.Queries
	log  *slog.Logger
	now  func() time.Time

	audit func(ctx context.Context, tx pgx.Tx, actorID int64, verb, subject string, detail any) error
	may   func(ctx context.Context, tx pgx.Tx, actorID int64) error

	mu     sync.Mutex // held by whoever looks
	known  atomic.Pointer[index]
	looked atomic.Int64 // when, ms; by the clock that is passed in
}

// ListsDeps are what the lists stand on.
type ListsDeps struct {
	Pool *pgxpool.Pool // migrated by the first question
	Log  *slog.Logger
	Now  func() time.Time
	// Audit writes down who changed the lists, in the transaction of the change; nil writes nothing.
	Audit func(ctx context.Context, tx pgx.Tx, actorID int64, verb, subject string, detail any) error
	// May refuses who is to change the lists and is no operator any more, in the transaction of the change; nil refuses
	// nobody.
	May func(ctx context.Context, tx pgx.Tx, actorID int64) error
}

// NewLists opens the lists.
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

// Judge says what the lists say of a subject: "" for nothing. kind is what the entry that decides is about.
func (l *Lists) Judge(ctx context.Context, s Subject) (Effect, Kind) {
	l.refresh(ctx)
	known := l.known.Load()
	if known == nil { // PostgreSQL has never answered, and nothing else in the mall will either
		return "", ""
	}
	return known.judge(s, l.now())
}

// refresh looks whether the lists have changed, when it is time.
func (l *Lists) refresh(ctx context.Context) {
	age := time.Duration(l.now().UnixMilli()-l.looked.Load()) * time.Millisecond
	switch {
	case age >= 0 && age < refreshAfter: // a clock that was set back is no reason to trust it
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
		return // somebody looked while this request waited
	}
	// The look is everybody's: a visitor who leaves must not spoil it.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), listPatience)
	defer cancel()
	if err := l.load(ctx); err != nil {
		l.log.WarnContext(ctx, "lists not refreshed, the known ones go on", "error", err)
	}
	l.looked.Store(now.UnixMilli()) // after a failure too: its cost is not to be paid by every request
}

// load reads the entries when their version has moved. The version is read first: a change between the two reads is
// seen too early, and read once more at the next look.
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

// index finds the entry of a subject without looking at all of them. It is never changed once it is made.
type index struct {
	version   int64
	addresses map[netip.Prefix]listed
	lengths   []int // of the prefixes there are, the longest first, both families
	users     map[int64]listed
	devices   map[string]listed
}

type listed struct {
	effect  Effect
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
		e := listed{Effect(r.Effect), r.ExpiresAt}
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

func (x *index) judge(s Subject, now time.Time) (verdict Effect, of Kind) {
	say := func(e listed, found bool, kind Kind) {
		if found && e.living(now) && verdict != Deny {
			verdict, of = e.effect, kind
		}
	}
	e, found := x.users[s.UserID]
	say(e, found && s.UserID != 0, User)
	e, found = x.devices[s.Device]
	say(e, found && s.Device != "", Device)
	e, found = x.narrowest(network.Normal(s.Address), now)
	say(e, found, Address)
	return verdict, of
}

// narrowest finds the living entry with the longest prefix that holds the address.
func (x *index) narrowest(a netip.Addr, now time.Time) (listed, bool) {
	for _, n := range x.lengths {
		if block, err := a.Prefix(n); err == nil { // an error: too long for this family, or no address at all
			if e, found := x.addresses[block]; found && e.living(now) {
				return e, true
			}
		}
	}
	return listed{}, false
}
