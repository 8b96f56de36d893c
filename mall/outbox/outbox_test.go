package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"videomall/db"
	"videomall/db/dbtest"
	"videomall/mall/outbox"
)

// box is an outbox with a clock that the test sets.
type box struct {
	*outbox.Outbox
	t     *testing.T
	ctx   context.Context
	pool  *pgxpool.Pool
	ahead atomic.Int64
}

func open(t *testing.T) *box {
	t.Helper()
	t.Parallel()
	b := &box{
		t:    t,
		ctx:  context.Background(),
		pool: dbtest.New(t),
	}
	b.Outbox = outbox.New(outbox.Deps{
		Pool: b.pool,
		Now:  func() time.Time { return time.Now().Add(time.Duration(b.ahead.Load())) },
	})
	// Only subscribers of the test read here; a migration has placed the cursor of one that the mall has.
	if _, err := b.pool.Exec(b.ctx, `delete from outbox_cursor;
		create table heard (subscriber text, event_id bigint, what text)`); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *box) write(kind, aggregate string, payload any) {
	b.t.Helper()
	if err := db.InTx(b.ctx, b.pool, func(tx pgx.Tx) error {
		return b.WriteTx(b.ctx, tx, kind, aggregate, payload)
	}); err != nil {
		b.t.Fatal(err)
	}
}

func (b *box) relay() int {
	b.t.Helper()
	n, err := b.Relay(b.ctx)
	if err != nil {
		b.t.Fatal(err)
	}
	return n
}

// settle relays until every committed event was read. The relay reads only events older than any open transaction on
// the server, so the transactions of other tests can delay it for a moment.
func (b *box) settle() (delivered int) {
	b.t.Helper()
	for deadline := time.Now().Add(time.Minute); ; {
		delivered += b.relay()
		var unread bool
		if err := b.pool.QueryRow(b.ctx, `select exists (select from outbox_event e, outbox_cursor c
			where (e.xid, e.id) > (c.xid, c.event_id))`).Scan(&unread); err != nil {
			b.t.Fatal(err)
		}
		if !unread {
			return delivered + b.relay()
		}
		if time.Now().After(deadline) {
			b.t.Fatal("events were never read")
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// heard lists the events that a subscriber has recorded, in the order of their delivery.
func (b *box) heard(subscriber string) []string {
	b.t.Helper()
	rows, _ := b.pool.Query(b.ctx, `select what from heard where subscriber = $1 order by ctid`, subscriber)
	what, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		b.t.Fatal(err)
	}
	return what
}

// listen returns a handler that records each event; refuse may refuse one after it was recorded.
func listen(name string, refuse func(outbox.Event) error) outbox.Handler {
	return func(ctx context.Context, tx pgx.Tx, e outbox.Event) error {
		if _, err := tx.Exec(ctx, `insert into heard values ($1, $2, $3)`, name, e.ID,
			e.Aggregate+string(e.Payload)); err != nil {
			return err
		}
		return refuse(e)
	}
}

func welcome(outbox.Event) error { return nil }

func TestOutbox_Relay_subscribed_types_in_order_and_once(t *testing.T) {
	b := open(t)
	b.Subscribe("all", []string{"paid", "closed"}, listen("all", welcome))
	b.Subscribe("closed", []string{"closed"}, listen("closed", welcome))
	b.write("paid", "a", 1)
	b.write("closed", "a", 2)
	b.write("placed", "a", 3)
	b.write("paid", "b", 4)
	if n := b.settle(); n != 4 {
		t.Errorf("%d delivered", n)
	}
	if n := b.relay(); n != 0 {
		t.Errorf("%d delivered again", n)
	}
	all := b.heard("all")
	slices.Sort(all) // events of different aggregates may come in any order
	if got := fmt.Sprint(all, b.heard("closed")); got != "[a1 a2 b4] [a2]" {
		t.Errorf("heard %s", got)
	}
}

func TestOutbox_WriteTx_rolled_back(t *testing.T) {
	b := open(t)
	b.Subscribe("s", []string{"paid"}, listen("s", welcome))
	_ = db.InTx(b.ctx, b.pool, func(tx pgx.Tx) error {
		if err := b.WriteTx(b.ctx, tx, "paid", "a", 1); err != nil {
			t.Error(err)
		}
		return errors.New("changed our mind")
	})
	if n := b.settle(); n != 0 {
		t.Errorf("%d delivered", n)
	}
}

func TestOutbox_Relay_late_commit(t *testing.T) {
	b := open(t)
	b.Subscribe("s", []string{"paid"}, listen("s", welcome))
	slow, err := b.pool.Begin(b.ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.WriteTx(b.ctx, slow, "paid", "a", 1); err != nil {
		t.Fatal(err)
	}
	b.write("paid", "b", 2) // a higher id and a higher xid, committed first
	b.relay()
	if err := slow.Commit(b.ctx); err != nil {
		t.Fatal(err)
	}
	b.settle()
	if diff := cmp.Diff([]string{"a1", "b2"}, b.heard("s")); diff != "" {
		t.Errorf("heard (-want +got):\n%s", diff)
	}
}

func TestOutbox_Relay_refused_event_holds_its_aggregate(t *testing.T) {
	b := open(t)
	down := atomic.Bool{}
	down.Store(true)
	b.Subscribe("s", []string{"paid"}, listen("s", func(e outbox.Event) error {
		if down.Load() && e.Aggregate == "a" {
			return errors.New("not now")
		}
		return nil
	}))
	b.write("paid", "a", 1)
	b.write("paid", "a", 2)
	b.write("paid", "b", 3)
	b.settle()
	if diff := cmp.Diff([]string{"b3"}, b.heard("s")); diff != "" {
		t.Fatalf("the refused event should leave no row, and delay only the events of its aggregate (-want +got):\n%s", diff)
	}
	down.Store(false)
	b.relay() // the delay is not over
	if got := b.heard("s"); len(got) != 1 {
		t.Fatalf("heard %v", got)
	}
	b.ahead.Add(int64(outbox.Backoff(1)))
	b.relay()
	if diff := cmp.Diff([]string{"b3", "a1", "a2"}, b.heard("s")); diff != "" {
		t.Errorf("heard (-want +got):\n%s", diff)
	}
}

func TestOutbox_Retry_dead_letter(t *testing.T) {
	b := open(t)
	healed := atomic.Bool{}
	b.Subscribe("s", []string{"paid"}, listen("s", func(e outbox.Event) error {
		if !healed.Load() && e.Aggregate == "a" && string(e.Payload) == "1" {
			panic("poison")
		}
		return nil
	}))
	b.write("paid", "a", 1)
	b.write("paid", "a", 2)
	b.settle()
	b.ahead.Add(int64(outbox.Backoff(1)))
	for n := 1; n < outbox.MaxAttempts; n++ {
		if dead, err := b.CountDead(b.ctx); err != nil || dead != 0 {
			t.Fatalf("dead after %d tries (%v)", n, err)
		}
		b.relay()
		b.ahead.Add(int64(outbox.Backoff(n + 1)))
	}
	b.relay()
	letters, err := b.Dead(b.ctx, 10)
	if err != nil || len(letters) != 1 || !strings.Contains(letters[0].LastError, "poison") ||
		letters[0].Attempts != outbox.MaxAttempts {
		t.Fatalf("dead letters %+v, %v", letters, err)
	}
	if diff := cmp.Diff([]string{"a2"}, b.heard("s")); diff != "" {
		t.Errorf("the event behind the dead letter should be delivered (-want +got):\n%s", diff)
	}
	healed.Store(true)
	if err := b.Retry(b.ctx, 2, "s", letters[0].Event.ID); err != nil {
		t.Fatal(err)
	}
	b.relay()
	if diff := cmp.Diff([]string{"a2", "a1"}, b.heard("s")); diff != "" {
		t.Errorf("heard (-want +got):\n%s", diff)
	}
	if err := b.Discard(b.ctx, 2, "s", letters[0].Event.ID); !errors.Is(err, outbox.ErrNotDead) {
		t.Errorf("discarding an event that is not dead: %v", err)
	}
}

func TestOutbox_Cancel_refused_event(t *testing.T) {
	b := open(t)
	b.Subscribe("s", []string{"paid"}, listen("s", func(e outbox.Event) error {
		if string(e.Payload) == "1" {
			return errors.New("never")
		}
		return nil
	}))
	b.write("paid", "a", 1)
	b.write("paid", "a", 2)
	b.settle()
	trying, err := b.Refused(b.ctx, 10)
	if err != nil || len(trying) != 1 || !trying[0].Trying() || trying[0].Attempts != 1 ||
		trying[0].LastError != "never" {
		t.Fatalf("%+v, %v", trying, err)
	}
	event := trying[0].Event.ID
	if known, err := b.Lookup(b.ctx, event); err != nil || len(known) != 1 || !known[0].Trying() {
		t.Errorf("%+v, %v", known, err)
	}
	if err := b.Cancel(b.ctx, 2, "s", event+1); !errors.Is(err, outbox.ErrNotDead) {
		t.Errorf("an event that was never refused: %v", err)
	}
	if err := b.Cancel(b.ctx, 2, "s", event); err != nil {
		t.Fatal(err)
	}
	b.settle()
	if diff := cmp.Diff([]string{"a2"}, b.heard("s")); diff != "" {
		t.Errorf("the event behind the cancelled one should be delivered (-want +got):\n%s", diff)
	}
	for range 2 {
		if err := b.Cancel(b.ctx, 2, "s", event+1); !errors.Is(err, outbox.ErrNotDead) {
			t.Errorf("an event that was delivered: %v", err)
		}
		if err := b.Cancel(b.ctx, 2, "s", event); !errors.Is(err, outbox.ErrNotDead) {
			t.Errorf("twice: %v", err)
		}
	}
}

func TestOutbox_Relay_many_at_once(t *testing.T) {
	b := open(t)
	b.Subscribe("s", []string{"paid"}, listen("s", welcome))
	for n := range 120 {
		b.write("paid", fmt.Sprint("a", n%7, "-"), 100+n)
	}
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			for range 4 {
				if _, err := b.Relay(b.ctx); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	b.settle()
	rows, _ := b.pool.Query(b.ctx, `select what from heard order by event_id`)
	what, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(what) != 120 {
		t.Fatalf("%d delivered, %v", len(what), err)
	}
	if twice, err := b.pool.Exec(b.ctx,
		`select event_id from heard group by event_id having count(*) > 1`); err != nil || twice.RowsAffected() != 0 {
		t.Errorf("%d events were delivered twice, %v", twice.RowsAffected(), err)
	}
}

func TestOutbox_Purge_keeps_undelivered_events(t *testing.T) {
	b := open(t)
	b.Subscribe("s", []string{"paid"}, listen("s", func(e outbox.Event) error {
		if e.Aggregate == "stuck" {
			return errors.New("no")
		}
		return nil
	}))
	b.write("paid", "done", 1)
	b.write("paid", "stuck", 2)
	b.settle()
	b.write("paid", "unread", 3)
	b.ahead.Add(int64(48 * time.Hour))
	if n, err := b.Purge(b.ctx, 24*time.Hour); err != nil || n != 1 {
		t.Errorf("%d events were purged, %v", n, err)
	}
}

func TestOutbox_Relay_waits_for_an_earlier_unreadable_event(t *testing.T) {
	b := open(t)
	b.Subscribe("all", []string{"paid", "refunded"}, listen("all", welcome))
	begin := func() (tx pgx.Tx, xid string) {
		tx, err := b.pool.Begin(b.ctx)
		if err == nil {
			err = tx.QueryRow(b.ctx, `select pg_current_xact_id()::text`).Scan(&xid)
		}
		if err != nil {
			t.Fatal(err)
		}
		return tx, xid
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	// The early transaction has its number before the other event is written, as a notice does that is recorded before
	// it waits for the lock of its order. A third transaction, with a number between the two, is still open.
	early, number := begin()
	between, _ := begin()
	b.write("paid", "a", 1)
	must(b.WriteTx(b.ctx, early, "refunded", "a", 2))
	must(early.Commit(b.ctx))
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		var readable bool
		must(b.pool.QueryRow(b.ctx, `select pg_snapshot_xmin(pg_current_snapshot()) > $1::text::xid8`, number).
			Scan(&readable))
		if readable {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("another test's transaction never ended")
		}
	}
	b.relay()
	must(between.Rollback(b.ctx))
	b.settle()
	if diff := cmp.Diff([]string{"a1", "a2"}, b.heard("all")); diff != "" {
		t.Errorf("heard (-want +got):\n%s", diff)
	}
}
