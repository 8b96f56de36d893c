package risk_test

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/fault"
	"videomall/mall/risk"
)

func TestLists_Add_refuses_to_lock_out_its_author(t *testing.T) {
	l, _, c := desk(t)
	entry := func(effect risk.Effect, kind risk.Kind, subject string, lasts time.Duration) error {
		return l.Add(t.Context(), risk.NewEntry{
			Effect:  effect,
			Kind:    kind,
			Subject: subject,
			Reason:  "r",
			For:     lasts,
			By:      operator,
		})
	}
	for kind, subjects := range map[risk.Kind][]string{
		risk.Address: {"198.51.100.9", "198.51.100.0/24", "0.0.0.0/0", "::ffff:198.51.100.9"}, risk.User: {"900"},
		risk.Device: {operator.Device},
	} {
		for _, s := range subjects {
			err := entry(risk.Deny, kind, s, 0)
			if !errors.Is(err, risk.ErrOwnLockout) || fault.From(err).Fields["subject"] == "" {
				t.Errorf("%s %s: %v", kind, s, err)
			}
		}
	}
	if living, err := l.Living(t.Context()); err != nil || len(living) != 0 {
		t.Fatalf("a refused entry was kept: %+v %v", living, err)
	}
	// An allowance that expires does not count; a lasting one does, and then it cannot be ended.
	if err := entry(risk.Allow, risk.Address, "198.51.100.9", time.Hour); err != nil {
		t.Fatal(err)
	}
	if err := entry(risk.Deny, risk.Address, "198.51.100.0/24", 0); !errors.Is(err, risk.ErrOwnLockout) {
		t.Errorf("err = %v", err)
	}
	if err := errors.Join(entry(risk.Allow, risk.Address, "198.51.100.9", 0),
		entry(risk.Deny, risk.Address, "198.51.100.0/24", 0)); err != nil {
		t.Fatal(err)
	}
	judged(t, l, at("198.51.100.10"), risk.Deny)
	judged(t, l, operator, risk.Allow)
	living, err := l.Living(t.Context())
	if err != nil || len(living) != 2 {
		t.Fatalf("%+v %v", living, err)
	}
	for _, e := range living {
		if e.Effect == risk.Allow {
			if err := l.End(t.Context(), e.ID, operator); !errors.Is(err, risk.ErrOwnLockout) {
				t.Errorf("err = %v", err)
			}
		}
	}
	c.advance(3 * time.Second)
	judged(t, l, operator, risk.Allow)
}

// TestLists_Add_refuses_a_denied_author checks that a denied operator changes nothing. A process that checked the lists
// before the denial lets the operator reach them for one second more.
func TestLists_Add_refuses_a_denied_author(t *testing.T) {
	l, pool, _ := desk(t)
	fallen := risk.Subject{
		UserID:  901,
		Device:  someDevice,
		Address: netip.MustParseAddr("192.0.2.9"),
	}
	for kind, subject := range map[risk.Kind]string{
		risk.User: "901", risk.Device: someDevice,
		risk.Address: "192.0.2.0/24",
	} {
		add(t, l, risk.Deny, kind, subject, time.Hour)
		before, err := l.Living(t.Context())
		if err != nil || len(before) != 1 {
			t.Fatalf("%+v %v", before, err)
		}
		enter := func(effect risk.Effect, kind risk.Kind, subject string) error {
			return l.Add(t.Context(), risk.NewEntry{
				Effect:  effect,
				Kind:    kind,
				Subject: subject,
				Reason:  "r",
				By:      fallen,
			})
		}
		tries := map[string]error{
			"ends it":                 l.End(t.Context(), before[0].ID, fallen),
			"is allowed in its place": enter(risk.Allow, kind, subject),
			"allows the account":      enter(risk.Allow, risk.User, "901"),
			"denies another":          enter(risk.Deny, risk.User, "902"),
			"lifts it": db.InTx(t.Context(), pool, func(tx pgx.Tx) error {
				_, err := l.LiftTx(t.Context(), tx, 901, fallen)
				return err
			}),
			"suspends another": db.InTx(t.Context(), pool, func(tx pgx.Tx) error {
				_, err := l.SuspendTx(t.Context(), tx, risk.Suspension{
					UserID: 902,
					Reason: "r",
					By:     fallen,
				})
				return err
			}),
		}
		for what, err := range tries {
			if !errors.Is(err, risk.ErrActorSuspended) {
				t.Errorf("denied by %s, %s: %v", kind, what, err)
			}
		}
		if after, err := l.Living(t.Context()); err != nil || len(after) != 1 || after[0].ID != before[0].ID {
			t.Errorf("by %s: %+v %v", kind, after, err)
		}
		for _, e := range before {
			if err := l.End(t.Context(), e.ID, operator); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := l.Add(t.Context(), risk.NewEntry{
		Effect:  risk.Deny,
		Kind:    risk.User,
		Subject: "902",
		Reason:  "r",
		By:      fallen,
	}); err != nil {
		t.Errorf("after the denial has ended: %v", err)
	}
}

func TestLists_Past_keeps_every_change(t *testing.T) {
	l, pool, c := desk(t)
	add(t, l, risk.Deny, risk.User, "7", 0)
	c.advance(time.Minute)
	add(t, l, risk.Allow, risk.User, "7", time.Hour) // replaces the first
	judged(t, l, risk.Subject{UserID: 7}, risk.Allow)
	living, err := l.Living(t.Context())
	if err != nil || len(living) != 1 {
		t.Fatalf("%+v %v", living, err)
	}
	c.advance(time.Minute)
	colleague := risk.Subject{UserID: 901}
	if err := l.End(t.Context(), living[0].ID, colleague); err != nil {
		t.Fatal(err)
	}
	if err := l.End(t.Context(), living[0].ID, colleague); !errors.Is(err, risk.ErrNoEntry) {
		t.Errorf("ended twice: %v", err)
	}
	judged(t, l, risk.Subject{UserID: 7}, "")
	past, err := l.Past(t.Context(), 10)
	if err != nil || len(past) != 2 {
		t.Fatalf("%+v %v", past, err)
	}
	second, first := past[0], past[1]
	if first.Effect != risk.Deny || first.EndedBy != operator.UserID || second.Effect != risk.Allow ||
		second.EndedBy != 901 ||
		second.AuthorID != operator.UserID || !second.EndedAt.Equal(c.now()) || second.Reason != "a test" {
		t.Errorf("%+v", past)
	}
	var rows int
	if err := pool.QueryRow(t.Context(), `select count(*) from risk_entry`).Scan(&rows); err != nil || rows != 2 {
		t.Errorf("%d rows, %v", rows, err)
	}
}

// TestLists_Add_concurrent_entries_leave_one_living has operators deny the same address at the same moment. Each change
// sees what the one before it left.
func TestLists_Add_concurrent_entries_leave_one_living(t *testing.T) {
	l, _, _ := desk(t)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			e := risk.NewEntry{
				Effect:  risk.Deny,
				Kind:    risk.Address,
				Subject: "192.0.2.1",
				Reason:  "r",
				By:      operator,
			}
			if err := l.Add(context.WithoutCancel(t.Context()), e); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	living, err1 := l.Living(t.Context())
	past, err2 := l.Past(t.Context(), 100)
	if err1 != nil || err2 != nil || len(living) != 1 || len(past) != 19 {
		t.Errorf("%d living, %d past, %v %v", len(living), len(past), err1, err2)
	}
}
