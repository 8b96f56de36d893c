package risk_test

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"videomall/db/dbtest"
	"videomall/mall/fault"
	"videomall/mall/risk"
)

var (
	someDevice = strings.Repeat("0123456789abcdef", 2)
	operator   = risk.Subject{
		UserID:  900,
		Device:  strings.Repeat("f", 32),
		Address: netip.MustParseAddr("198.51.100.9"),
	}
)

func at(address string) risk.Subject { return risk.Subject{Address: netip.MustParseAddr(address)} }

// desk returns new lists with their pool and clock.
func desk(t *testing.T) (*risk.Lists, *pgxpool.Pool, *clock) {
	t.Helper()
	t.Parallel()
	pool, c := dbtest.New(t), newClock()
	return risk.NewLists(risk.ListsDeps{
		Pool: pool,
		Log:  silent,
		Now:  c.now,
	}), pool, c
}

func add(t *testing.T, l *risk.Lists, effect risk.Effect, kind risk.Kind, subject string, lasts time.Duration) {
	t.Helper()
	if err := l.Add(t.Context(), risk.NewEntry{
		Effect:  effect,
		Kind:    kind,
		Subject: subject,
		Reason:  "a test",
		For:     lasts,
		By:      operator,
	}); err != nil {
		t.Fatalf("%s %s: %v", effect, subject, err)
	}
}

func judged(t *testing.T, l *risk.Lists, s risk.Subject, want risk.Effect) {
	t.Helper()
	if got, _ := l.Judge(t.Context(), s); got != want {
		t.Errorf("%+v is judged %q, want %q", s, got, want)
	}
}

func TestLists_Judge_by_address_account_and_device(t *testing.T) {
	l, _, _ := desk(t)
	add(t, l, risk.Deny, risk.Address, "192.0.2.0/24", 0)
	add(t, l, risk.Allow, risk.Address, "192.0.2.7", 0)
	add(t, l, risk.Deny, risk.Address, "2001:db8::/32", 0)
	add(t, l, risk.Allow, risk.Address, "2001:db8:1::/48", 0)
	add(t, l, risk.Deny, risk.Address, "::ffff:203.0.113.0/120", 0)
	add(t, l, risk.Deny, risk.User, "7", 0)
	add(t, l, risk.Allow, risk.User, "8", 0)
	add(t, l, risk.Deny, risk.Device, someDevice, 0)
	for _, c := range []struct {
		who  risk.Subject
		want risk.Effect
	}{
		{at("192.0.2.1"), risk.Deny},
		{at("::ffff:192.0.2.1"), risk.Deny},
		{at("192.0.2.7"), risk.Allow},
		{at("192.0.3.1"), ""},
		{at("2001:db8:2::1"), risk.Deny},
		{at("2001:db8:1:5::1"), risk.Allow},
		{at("2001:db9::1"), ""},
		{at("203.0.113.200"), risk.Deny},
		{risk.Subject{UserID: 7}, risk.Deny},
		{risk.Subject{UserID: 8}, risk.Allow},
		{risk.Subject{UserID: 9}, ""},
		{risk.Subject{}, ""},
		{risk.Subject{Device: someDevice}, risk.Deny},
		{risk.Subject{Device: strings.Repeat("0", 32)}, ""},
		// A denial overrides an allowance of another kind.
		{risk.Subject{UserID: 8, Address: netip.MustParseAddr("192.0.2.1")}, risk.Deny},
		{risk.Subject{UserID: 7, Address: netip.MustParseAddr("192.0.2.7")}, risk.Deny},
		{risk.Subject{UserID: 8, Device: someDevice}, risk.Deny},
	} {
		judged(t, l, c.who, c.want)
	}
	if _, kind := l.Judge(t.Context(), risk.Subject{UserID: 8, Device: someDevice}); kind != risk.Device {
		t.Errorf("the deciding entry is of kind %s", kind)
	}
}

func TestLists_Judge_other_processes_follow_within_one_second(t *testing.T) {
	l, pool, c := desk(t)
	other := risk.NewLists(risk.ListsDeps{
		Pool: pool,
		Log:  silent,
		Now:  c.now,
	})
	judged(t, other, at("192.0.2.1"), "")
	add(t, l, risk.Deny, risk.Address, "192.0.2.1", 0)
	judged(t, l, at("192.0.2.1"), risk.Deny) // in this process at once
	judged(t, other, at("192.0.2.1"), "")    // checks at most twice a second
	c.advance(time.Second)
	judged(t, other, at("192.0.2.1"), risk.Deny)

	living, err := l.Living(t.Context())
	if err != nil || len(living) != 1 {
		t.Fatalf("%v %v", living, err)
	}
	if err := l.End(t.Context(), living[0].ID, operator); err != nil {
		t.Fatal(err)
	}
	// Of many requests after a pause, none is judged by the old lists.
	c.advance(time.Hour)
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if got, _ := other.Judge(context.WithoutCancel(t.Context()), at("192.0.2.1")); got != "" {
				t.Errorf("judged %q by an old list", got)
			}
		})
	}
	all.Wait()
}

func TestLists_Judge_ignores_an_expired_entry(t *testing.T) {
	l, pool, c := desk(t)
	other := risk.NewLists(risk.ListsDeps{
		Pool: pool,
		Log:  silent,
		Now:  c.now,
	})
	add(t, l, risk.Deny, risk.Address, "192.0.2.0/24", 0)
	add(t, l, risk.Allow, risk.Address, "192.0.2.1", time.Hour)
	for _, x := range []*risk.Lists{l, other} {
		judged(t, x, at("192.0.2.1"), risk.Allow)
	}
	c.advance(time.Hour)
	for _, x := range []*risk.Lists{l, other} {
		judged(t, x, at("192.0.2.1"), risk.Deny) // the wider entry applies again
	}
	living, err1 := l.Living(t.Context())
	past, err2 := l.Past(t.Context(), 10)
	if err1 != nil || err2 != nil || len(living) != 1 || len(past) != 1 || past[0].Subject != "192.0.2.1/32" ||
		past[0].EndedAt != nil {
		t.Errorf("living %+v %v, past %+v %v", living, err1, past, err2)
	}
	add(t, l, risk.Allow, risk.Address, "192.0.2.1", 0) // the expired one is not in the way
	judged(t, l, at("192.0.2.1"), risk.Allow)
}

func TestLists_Judge_survives_lost_connections(t *testing.T) {
	l, pool, c := desk(t)
	other := risk.NewLists(risk.ListsDeps{
		Pool: pool,
		Log:  silent,
		Now:  c.now,
	})
	add(t, l, risk.Deny, risk.Address, "192.0.2.1", 0)
	judged(t, other, at("192.0.2.1"), risk.Deny)
	_, err := pool.Exec(t.Context(), `select pg_terminate_backend(pid) from pg_stat_activity
		where datname = current_database() and pid <> pg_backend_pid()`)
	if err != nil {
		t.Fatal(err)
	}
	c.advance(2 * time.Second)
	judged(t, other, at("192.0.2.1"), risk.Deny) // whether or not this check used a dead connection
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		if err = l.Add(t.Context(), risk.NewEntry{
			Effect:  risk.Deny,
			Kind:    risk.Address,
			Subject: "192.0.2.2",
			Reason:  "r",
			By:      operator,
		}); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
	c.advance(2 * time.Second)
	judged(t, other, at("192.0.2.2"), risk.Deny)
	pool.Close() // for good; the known lists still apply
	c.advance(time.Hour)
	judged(t, other, at("192.0.2.2"), risk.Deny)
	judged(t, risk.NewLists(risk.ListsDeps{
		Pool: pool,
		Log:  silent,
		Now:  c.now,
	}), at("192.0.2.2"), "")
}

func TestLists_Add_validates_the_entry(t *testing.T) {
	l, _, _ := desk(t)
	good := risk.NewEntry{
		Effect:  risk.Deny,
		Kind:    risk.Address,
		Subject: "192.0.2.1",
		Reason:  "r",
		By:      operator,
	}
	for name, c := range map[string]struct {
		change func(*risk.NewEntry)
		field  string
	}{
		"no effect":       {func(e *risk.NewEntry) { e.Effect = "" }, "effect"},
		"other kind":      {func(e *risk.NewEntry) { e.Kind = "country" }, "kind"},
		"no address":      {func(e *risk.NewEntry) { e.Subject = "mall.example" }, "subject"},
		"long block":      {func(e *risk.NewEntry) { e.Subject = "192.0.2.0/33" }, "subject"},
		"mapped and wide": {func(e *risk.NewEntry) { e.Subject = "::ffff:0.0.0.0/90" }, "subject"},
		"no account":      {func(e *risk.NewEntry) { e.Kind, e.Subject = risk.User, "" }, "subject"},
		"account 0":       {func(e *risk.NewEntry) { e.Kind, e.Subject = risk.User, "0" }, "subject"},
		"short device":    {func(e *risk.NewEntry) { e.Kind, e.Subject = risk.Device, "abc" }, "subject"},
		"no reason":       {func(e *risk.NewEntry) { e.Reason = "  " }, "reason"},
		"long reason":     {func(e *risk.NewEntry) { e.Reason = strings.Repeat("长", 201) }, "reason"},
		"no text":         {func(e *risk.NewEntry) { e.Reason = "a\x00b" }, "reason"},
		"over already":    {func(e *risk.NewEntry) { e.For = -time.Second }, "for"},
	} {
		e := good
		c.change(&e)
		err := l.Add(t.Context(), e)
		if f := fault.From(err); !errors.Is(err, risk.ErrEntryInvalid) || len(f.Fields) != 1 ||
			f.Fields[c.field] == "" {
			t.Errorf("%s: %v %v", name, err, f.Fields)
		}
	}
	add(t, l, risk.Deny, risk.Address, " 192.0.2.77/24 ", 0) // bits beyond the block are cleared
	living, err := l.Living(t.Context())
	if err != nil || len(living) != 1 || living[0].Subject != "192.0.2.0/24" {
		t.Errorf("%+v %v", living, err)
	}
}
