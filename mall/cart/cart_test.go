package cart_test

import (
	"context"
	"crypto/rand"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"videomall/db/dbtest"
	"videomall/mall/cart"
)

// clock is a clock that a test sets.
type clock struct{ at atomic.Int64 }

func (c *clock) now() time.Time          { return time.Unix(0, c.at.Load()).UTC() }
func (c *clock) advance(d time.Duration) { c.at.Add(int64(d)) }

func newCarts(t *testing.T) (*cart.Carts, *clock) {
	t.Helper()
	c := &clock{}
	c.at.Store(time.Date(2025, 6, 1, 12, 0, 0, 0, time.UTC).UnixNano())
	return cart.New(cart.Deps{
		Pool: dbtest.New(t),
		Now:  c.now,
	}), c
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// lines reads the quantities in a cart, by SKU.
func lines(t *testing.T, c *cart.Carts, o cart.Owner) map[int64]int {
	t.Helper()
	items, err := c.Items(t.Context(), o)
	must(t, err)
	got := map[int64]int{}
	for _, i := range items {
		got[i.SKUID] = i.Quantity
	}
	if n, err := c.Count(t.Context(), o); err != nil || n != len(items) {
		t.Fatalf("Count = %d, %v for %d lines", n, err, len(items))
	}
	return got
}

func want(t *testing.T, what string, got, want map[int64]int) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestCarts_Add_up_to_the_limit_of_the_offer(t *testing.T) {
	t.Parallel()
	c, at := newCarts(t)
	ctx, me := t.Context(), cart.Owner{UserID: 7}
	must(t, c.Add(ctx, me, 1, 2, 5))
	at.advance(time.Second)
	must(t, c.Add(ctx, me, 2, 9, 1))
	at.advance(time.Second)
	must(t, c.Add(ctx, me, 1, 4, 5))
	want(t, "added", lines(t, c, me), map[int64]int{1: 5, 2: 1})
	items, err := c.Items(ctx, me)
	must(t, err)
	if items[0].SKUID != 1 {
		t.Errorf("the line added last is not first: %+v", items)
	}
	for _, n := range []int{0, -1, 101} {
		if err := c.Add(ctx, me, 3, n, 200); !errors.Is(err, cart.ErrQuantity) {
			t.Errorf("add %d: %v", n, err)
		}
	}
	if err := c.Add(ctx, cart.Owner{GuestToken: "too short"}, 3, 1, 1); !errors.Is(err, cart.ErrNoOwner) {
		t.Errorf("a malformed token owns a cart: %v", err)
	}
	must(t, c.SetQuantity(ctx, me, 1, 3))
	must(t, c.SetQuantity(ctx, me, 2, 0))
	want(t, "set", lines(t, c, me), map[int64]int{1: 3})
	if err := c.SetQuantity(ctx, me, 2, 1); !errors.Is(err, cart.ErrNoLine) {
		t.Errorf("a removed line came back: %v", err)
	}
	if err := c.SetQuantity(ctx, me, 1, 101); !errors.Is(err, cart.ErrQuantity) {
		t.Errorf("set 101: %v", err)
	}
}

func TestCarts_Items_of_the_owner_only(t *testing.T) {
	t.Parallel()
	c, at := newCarts(t)
	ctx := t.Context()
	me, other := cart.Owner{UserID: 7}, cart.Owner{UserID: 8}
	guest, stranger := cart.Owner{GuestToken: rand.Text()}, cart.Owner{GuestToken: rand.Text()}
	must(t, c.Add(ctx, me, 1, 1, 1))
	must(t, c.Add(ctx, guest, 1, 1, 1))
	for _, o := range []cart.Owner{other, stranger, {}, {GuestToken: "x"}} {
		want(t, "a stranger's", lines(t, c, o), map[int64]int{})
		must(t, c.Remove(ctx, o, 1))
		must(t, c.Clear(ctx, o, []int64{1}, at.now()))
		if err := c.SetQuantity(ctx, o, 1, 5); !errors.Is(err, cart.ErrNoLine) {
			t.Errorf("%+v changed a cart: %v", o, err)
		}
	}
	want(t, "mine", lines(t, c, me), map[int64]int{1: 1})
	want(t, "the guest's", lines(t, c, guest), map[int64]int{1: 1})
}

func TestCarts_Add_full_many_at_once(t *testing.T) {
	t.Parallel()
	c, _ := newCarts(t)
	ctx, me := t.Context(), cart.Owner{UserID: 7}
	var full atomic.Int32
	var wg sync.WaitGroup
	for sku := range int64(cart.MaxLines + 10) {
		wg.Go(func() {
			switch err := c.Add(ctx, me, sku+1, 1, 1); {
			case errors.Is(err, cart.ErrFull):
				full.Add(1)
			case err != nil:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := len(lines(t, c, me)); n != cart.MaxLines || full.Load() != 10 {
		t.Fatalf("%d lines, %d refused", n, full.Load())
	}
	items, err := c.Items(ctx, me)
	must(t, err)
	must(t, c.Add(ctx, me, items[0].SKUID, 1, 9)) // a SKU that is in the cart needs no new line
}

func TestCarts_Clear_keeps_later_additions(t *testing.T) {
	t.Parallel()
	c, at := newCarts(t)
	ctx, me := t.Context(), cart.Owner{UserID: 7}
	for sku := range int64(4) {
		must(t, c.Add(ctx, me, sku+1, 1, 1))
	}
	at.advance(time.Second)
	placed := at.now()
	must(t, c.Clear(ctx, me, []int64{1, 2, 3}, placed))
	at.advance(time.Second)
	must(t, c.Add(ctx, me, 2, 1, 1))
	must(t, c.Clear(ctx, me, []int64{1, 2, 3}, placed))
	want(t, "cleared twice", lines(t, c, me), map[int64]int{2: 1, 4: 1})
}

func TestCarts_Merge_many_at_once(t *testing.T) {
	t.Parallel()
	c, _ := newCarts(t)
	ctx, me := t.Context(), cart.Owner{UserID: 7}
	guest := cart.Owner{GuestToken: rand.Text()}
	must(t, c.Add(ctx, me, 1, 5, 9))
	must(t, c.Add(ctx, me, 2, 1, 9))
	must(t, c.Add(ctx, guest, 1, 2, 9))
	must(t, c.Add(ctx, guest, 2, 4, 9))
	must(t, c.Add(ctx, guest, 3, 1, 9))

	// Several windows sign in at the same moment.
	var merged atomic.Int32
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			n, err := c.Merge(ctx, guest.GuestToken, me.UserID)
			if err != nil {
				t.Error(err)
			}
			merged.Add(int32(n))
		})
	}
	wg.Wait()
	want(t, "merged", lines(t, c, me), map[int64]int{1: 5, 2: 4, 3: 1})
	want(t, "what the guest keeps", lines(t, c, guest), map[int64]int{})
	if merged.Load() != 3 {
		t.Errorf("%d lines merged, want 3", merged.Load())
	}
	if n, err := c.Merge(ctx, "", me.UserID); n != 0 || err != nil {
		t.Errorf("merging nothing: %d, %v", n, err)
	}
}

func TestCarts_Merge_several_people_one_guest(t *testing.T) {
	t.Parallel()
	pool := dbtest.New(t)
	c, guest, ctx := cart.New(cart.Deps{
		Pool: pool,
		Now:  time.Now,
	}), rand.Text(), t.Context()
	must(t, c.Add(ctx, cart.Owner{GuestToken: guest}, 1, 1, 1))

	// Lock the guest's row until all merges wait for it, so that they race.
	gate, err := pool.Begin(ctx)
	must(t, err)
	defer func() { _ = gate.Rollback(context.WithoutCancel(ctx)) }()
	_, err = gate.Exec(ctx, "select from cart for update")
	must(t, err)
	const people = 5
	var wg sync.WaitGroup
	for user := range int64(people) {
		wg.Go(func() {
			if _, err := c.Merge(ctx, guest, user+1); err != nil {
				t.Error(err)
			}
		})
	}
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		var waiting int
		must(t, pool.QueryRow(ctx,
			"select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'").
			Scan(&waiting))
		if waiting == people {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d merges wait for the guest's cart", waiting, people)
		}
	}
	must(t, gate.Commit(ctx))
	wg.Wait()
	holders := 0
	for user := range int64(people) {
		holders += len(lines(t, c, cart.Owner{UserID: user + 1}))
	}
	if holders != 1 {
		t.Fatalf("%d people got the guest's line", holders)
	}
}

func TestCarts_Merge_keeps_the_newest_lines(t *testing.T) {
	t.Parallel()
	c, at := newCarts(t)
	ctx, me := t.Context(), cart.Owner{UserID: 7}
	guest := cart.Owner{GuestToken: rand.Text()}
	for sku := range int64(cart.MaxLines - 2) {
		must(t, c.Add(ctx, me, sku+1, 1, 1))
	}
	for sku := range int64(5) {
		at.advance(time.Second)
		must(t, c.Add(ctx, guest, 1001+sku, 1, 1))
	}
	must(t, c.Add(ctx, guest, 1, 3, 9)) // the person's cart has this SKU, so it needs no new line
	_, err := c.Merge(ctx, guest.GuestToken, me.UserID)
	must(t, err)
	got := lines(t, c, me)
	if len(got) != cart.MaxLines || got[1] != 3 || got[1004] != 1 || got[1005] != 1 {
		t.Fatalf("%d lines: %v", len(got), got)
	}
}

func TestCarts_PurgeStale_guests_only(t *testing.T) {
	t.Parallel()
	c, at := newCarts(t)
	ctx, me := t.Context(), cart.Owner{UserID: 7}
	old, young := cart.Owner{GuestToken: rand.Text()}, cart.Owner{GuestToken: rand.Text()}
	must(t, c.Add(ctx, me, 1, 1, 1))
	must(t, c.Add(ctx, old, 1, 1, 1))
	at.advance(time.Hour)
	must(t, c.Add(ctx, young, 1, 1, 1))
	at.advance(time.Minute)
	n, err := c.PurgeStale(ctx, 30*time.Minute)
	must(t, err)
	if n != 1 {
		t.Errorf("%d carts purged", n)
	}
	want(t, "mine", lines(t, c, me), map[int64]int{1: 1})
	want(t, "the young guest's", lines(t, c, young), map[int64]int{1: 1})
	want(t, "the old guest's", lines(t, c, old), map[int64]int{})
}

func TestCarts_Add_stores_a_hash_of_the_token(t *testing.T) {
	t.Parallel()
	pool := dbtest.New(t)
	c := cart.New(cart.Deps{
		Pool: pool,
		Now:  time.Now,
	})
	token := rand.Text()
	must(t, c.Add(t.Context(), cart.Owner{GuestToken: token}, 1, 1, 1))
	var hash []byte
	must(t, pool.QueryRow(t.Context(), "select guest_hash from cart").Scan(&hash))
	if len(hash) != 32 || string(hash) == token {
		t.Fatalf("kept %x", hash)
	}
}
