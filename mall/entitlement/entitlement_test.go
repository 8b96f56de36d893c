package entitlement_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"videomall/db"
	"videomall/db/dbtest"
	"videomall/mall/entitlement"
)

// clock is a clock that a test sets.
type clock struct{ at atomic.Pointer[time.Time] }

func newClock() *clock {
	c := &clock{}
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	c.at.Store(&start)
	return c
}

func (c *clock) now() time.Time { return *c.at.Load() }

func (c *clock) advance(d time.Duration) {
	next := c.now().Add(d)
	c.at.Store(&next)
}

type fixture struct {
	*entitlement.Entitlements
	pool  *pgxpool.Pool
	clock *clock
}

func open(t *testing.T) fixture {
	t.Helper()
	pool, clk := dbtest.New(t), newClock()
	return fixture{entitlement.New(entitlement.Deps{
		Pools: db.Pools{Primary: pool, Replica: pool},
		Now:   clk.now,
	}), pool, clk}
}

func own(user, spu int64, source, quality string) entitlement.Grant {
	return entitlement.Grant{
		UserID:    user,
		SPUID:     spu,
		SKUID:     spu * 10,
		Reference: "order",
		Source:    source,
		Kind:      entitlement.KindOwn,
		Quality:   quality,
	}
}

func rent(user, spu int64, source, quality string) entitlement.Grant {
	g := own(user, spu, source, quality)
	g.Kind, g.RentHours = entitlement.KindRent, 48
	return g
}

func (f fixture) grant(t *testing.T, g entitlement.Grant) bool {
	t.Helper()
	var granted bool
	err := db.InTx(t.Context(), f.pool, func(tx pgx.Tx) (err error) {
		granted, err = f.GrantTx(t.Context(), tx, g)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return granted
}

func (f fixture) revoke(t *testing.T, source string) bool {
	t.Helper()
	var revoked bool
	err := db.InTx(t.Context(), f.pool, func(tx pgx.Tx) (err error) {
		revoked, err = f.RevokeTx(t.Context(), tx, source, "refund")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return revoked
}

func TestEntitlements_GrantTx_once_and_not_after_revocation(t *testing.T) {
	t.Parallel()
	f := open(t)
	g := own(1, 7, "A/1", entitlement.QualityHD)
	if !f.grant(t, g) || f.grant(t, g) {
		t.Fatal("the first grant should count and the second not")
	}
	if !f.revoke(t, "A/1") || f.revoke(t, "A/1") || f.revoke(t, "never granted") {
		t.Fatal("a source is revoked once")
	}
	if f.grant(t, g) {
		t.Fatal("a late grant undid a revocation")
	}
	if _, err := f.Find(t.Context(), 1, 7); !errors.Is(err, entitlement.ErrRevoked) {
		t.Fatalf("got %v, want ErrRevoked", err)
	}
}

func TestEntitlements_Start_rental(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.grant(t, rent(1, 7, "A/1", entitlement.QualityHD))
	f.clock.advance(1000 * time.Hour)
	ent, err := f.Find(t.Context(), 1, 7)
	if err != nil || ent.ExpiresAt != nil {
		t.Fatalf("a rental that was never started: %+v, %v", ent, err)
	}
	if ent, err = f.Start(t.Context(), ent.ID); err != nil || !ent.ExpiresAt.Equal(f.clock.now().Add(48*time.Hour)) {
		t.Fatalf("started: %+v, %v", ent, err)
	}
	first := *ent.ExpiresAt
	f.clock.advance(48*time.Hour - time.Second)
	if ent, err = f.Start(t.Context(), ent.ID); err != nil || !ent.ExpiresAt.Equal(first) {
		t.Fatalf("a later play moved the end from %v to %v, %v", first, ent.ExpiresAt, err)
	}
	if _, err := f.Find(t.Context(), 1, 7); err != nil {
		t.Fatalf("a second before the end: %v", err)
	}
	f.clock.advance(time.Second)
	if _, err := f.Find(t.Context(), 1, 7); !errors.Is(err, entitlement.ErrExpired) {
		t.Fatalf("at the end: got %v, want ErrExpired", err)
	}
	if _, err := f.Start(t.Context(), ent.ID); !errors.Is(err, entitlement.ErrExpired) {
		t.Fatalf("start after the end: got %v, want ErrExpired", err)
	}
}

func TestEntitlements_Start_owned(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.grant(t, own(1, 7, "A/1", entitlement.QualityHD))
	ent, err := f.Find(t.Context(), 1, 7)
	if err != nil {
		t.Fatal(err)
	}
	if ent, err = f.Start(t.Context(), ent.ID); err != nil || ent.ExpiresAt != nil || ent.FirstPlayedAt == nil {
		t.Fatalf("%+v, %v", ent, err)
	}
	f.clock.advance(100_000 * time.Hour)
	if _, err := f.Find(t.Context(), 1, 7); err != nil {
		t.Fatal(err)
	}
}

// Simultaneous first plays, each with its own idea of the time, must agree on one window.
func TestEntitlements_Start_many_at_once(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.grant(t, rent(1, 7, "A/1", entitlement.QualityHD))
	ent, err := f.Find(t.Context(), 1, 7)
	if err != nil {
		t.Fatal(err)
	}
	const players = 4
	// A lock on the row makes all of them wait after their first read of it.
	gate, err := f.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer gate.Rollback(context.WithoutCancel(t.Context()))
	if _, err := gate.Exec(t.Context(), "select from video_entitlement where id = $1 for update", ent.ID); err != nil {
		t.Fatal(err)
	}
	ends := make([]time.Time, players)
	errs := make([]error, players)
	var wg sync.WaitGroup
	for i := range players {
		at := f.clock.now().Add(time.Duration(i) * time.Minute)
		e := entitlement.New(entitlement.Deps{
			Pools: db.Pools{Primary: f.pool, Replica: f.pool},
			Now:   func() time.Time { return at },
		})
		wg.Go(func() {
			got, err := e.Start(context.WithoutCancel(t.Context()), ent.ID)
			if errs[i] = err; err == nil {
				ends[i] = *got.ExpiresAt
			}
		})
	}
	for deadline := time.Now().Add(30 * time.Second); ; {
		var waiting int
		err := f.pool.QueryRow(t.Context(), `select count(*) from pg_stat_activity
			where datname = current_database() and wait_event_type = 'Lock'`).Scan(&waiting)
		if err != nil || time.Now().After(deadline) {
			t.Fatalf("%d of %d players wait: %v", waiting, players, err)
		}
		if waiting == players {
			break
		}
	}
	if err := gate.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	for i := range players {
		if errs[i] != nil || !ends[i].Equal(ends[0]) {
			t.Errorf("player %d: ends %v, %v; player 0 has %v", i, ends[i], errs[i], ends[0])
		}
	}
}

func TestEntitlements_Find_best(t *testing.T) {
	t.Parallel()
	f := open(t)
	want := func(source string) {
		t.Helper()
		ent, err := f.Find(t.Context(), 1, 7)
		if err != nil || ent.Source != source {
			t.Fatalf("got %q, %v; want %q", ent.Source, err, source)
		}
	}
	f.grant(t, rent(1, 7, "rent-1", entitlement.QualityHD))
	f.grant(t, rent(1, 7, "rent-2", entitlement.QualityHD))
	want("rent-1")
	owned, err := f.Owned(t.Context(), 1, []int64{7, 8})
	if err != nil || len(owned[7]) != 2 || owned[7][0].Source != "rent-1" || len(owned[8]) != 0 {
		t.Fatalf("owned %+v, %v", owned, err)
	}
	// An open window is preferred to one that is not open, whichever was granted first.
	if _, err := f.Start(t.Context(), owned[7][1].ID); err != nil {
		t.Fatal(err)
	}
	want("rent-2")
	f.grant(t, own(1, 7, "own-hd", entitlement.QualityHD))
	want("own-hd")
	f.grant(t, rent(1, 7, "rent-4k", entitlement.Quality4K))
	want("rent-4k")
	f.grant(t, own(1, 7, "own-4k", entitlement.Quality4K))
	want("own-4k")
	f.revoke(t, "own-4k")
	f.revoke(t, "rent-4k")
	want("own-hd")
}

func TestEntitlements_Find_not_entitled(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.grant(t, own(1, 7, "A/1", entitlement.Quality4K))
	for _, other := range []struct{ user, spu int64 }{{2, 7}, {1, 8}} {
		if _, err := f.Find(t.Context(), other.user, other.spu); !errors.Is(err, entitlement.ErrNotEntitled) {
			t.Errorf("user %d, SPU %d: got %v, want ErrNotEntitled", other.user, other.spu, err)
		}
	}
	if _, err := f.ByID(t.Context(), 404); !errors.Is(err, entitlement.ErrNotEntitled) {
		t.Errorf("unknown id: got %v", err)
	}
}

func TestEntitlements_OwnersTx(t *testing.T) {
	t.Parallel()
	f := open(t)
	owns := func(quality string) bool {
		t.Helper()
		var owns bool
		if err := db.InTx(t.Context(), f.pool, func(tx pgx.Tx) (err error) {
			owners, err := f.OwnersTx(t.Context(), tx, []entitlement.Viewing{{
				UserID: 2,
				SPUID:  7,
			}, {UserID: 1, SPUID: 7}, {UserID: 1, SPUID: 8}})
			if owners.Own(entitlement.Viewing{
				UserID: 2,
				SPUID:  7,
			}, quality) || owners.Own(entitlement.Viewing{UserID: 1, SPUID: 8}, quality) {
				t.Error("an entitlement counts for another person or another video")
			}
			owns = owners.Own(entitlement.Viewing{UserID: 1, SPUID: 7}, quality)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return owns
	}
	f.grant(t, rent(1, 7, "rent", entitlement.Quality4K))
	if owns(entitlement.QualityHD) {
		t.Fatal("a rental counts as owned")
	}
	f.grant(t, own(1, 7, "hd", entitlement.QualityHD))
	if !owns(entitlement.QualityHD) || owns(entitlement.Quality4K) {
		t.Fatal("an owner of HD should own HD and not 4K")
	}
	f.grant(t, own(1, 7, "4k", entitlement.Quality4K))
	f.revoke(t, "hd")
	if !owns(entitlement.QualityHD) || !owns(entitlement.Quality4K) {
		t.Fatal("an owner of 4K should own HD too")
	}
	f.revoke(t, "4k")
	if owns(entitlement.QualityHD) {
		t.Fatal("a refunded video counts as owned")
	}
}

func TestEntitlements_List_newest_first(t *testing.T) {
	t.Parallel()
	f := open(t)
	for i := range 5 {
		f.grant(t, own(1, int64(i), fmt.Sprintf("A/%d", i), entitlement.QualityHD))
		if i%2 == 0 { // pairs share a moment, so that the id must break the tie
			f.clock.advance(time.Second)
		}
	}
	f.revoke(t, "A/3")
	var got []int64
	cursor := ""
	for {
		items, next, err := f.List(t.Context(), 1, cursor, 2)
		if err != nil {
			t.Fatal(err)
		}
		for _, it := range items {
			got = append(got, it.SPUID)
		}
		if cursor = next; cursor == "" {
			break
		}
	}
	if fmt.Sprint(got) != "[4 3 2 1 0]" {
		t.Fatalf("got %v", got)
	}
	for _, bad := range []string{"x", "!!", "MS4x=", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTkuMQ"} {
		if _, _, err := f.List(t.Context(), 1, bad, 2); !errors.Is(err, entitlement.ErrBadCursor) {
			t.Errorf("cursor %q: got %v, want ErrBadCursor", bad, err)
		}
	}
}
