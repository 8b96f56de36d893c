package outbox_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/outbox"
)

// hears listens and sends what the listener is told to said, in order: "began", "lost", or the message.
func (b *box) hears() (said chan string, stop func()) {
	said = make(chan string, 100)
	ctx, cancel := context.WithCancel(b.ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		b.Listen(ctx, slog.New(slog.DiscardHandler), outbox.Listener{
			OnConnect:    func(context.Context) { said <- "began" },
			OnNotify:     func(_ context.Context, m json.RawMessage) { said <- string(m) },
			OnDisconnect: func() { said <- "lost" },
		})
	}()
	stop = func() { cancel(); <-ended }
	b.t.Cleanup(stop)
	return said, stop
}

func (b *box) next(said chan string, want string) {
	b.t.Helper()
	select {
	case got := <-said:
		if got != want {
			b.t.Fatalf("heard %s, want %s", got, want)
		}
	case <-time.After(time.Minute):
		b.t.Fatalf("never heard %s", want)
	}
}

func TestOutbox_Listen_every_process_after_commit(t *testing.T) {
	b := open(t)
	one, _ := b.hears()
	two, stop := b.hears()
	b.next(one, "began")
	b.next(two, "began")
	tell := func(message string, then error) {
		err := db.InTx(b.ctx, b.pool, func(tx pgx.Tx) error {
			if err := b.NotifyTx(b.ctx, tx, message); err != nil {
				return err
			}
			return then
		})
		if !errors.Is(err, then) {
			t.Fatal(err)
		}
	}
	tell("never true", errors.New("changed our mind"))
	tell("true", nil)
	b.next(one, `"true"`)
	b.next(two, `"true"`)
	stop()
	b.next(two, "lost")
}

func TestOutbox_Listen_reconnects(t *testing.T) {
	b := open(t)
	said, _ := b.hears()
	b.next(said, "began")
	if _, err := b.pool.Exec(b.ctx, `select pg_terminate_backend(pid) from pg_stat_activity
		where datname = current_database() and query like 'listen %'`); err != nil {
		t.Fatal(err)
	}
	b.next(said, "lost")
	b.next(said, "began")
	if err := b.NotifyTx(b.ctx, b.pool, 7); err != nil {
		t.Fatal(err)
	}
	b.next(said, "7")
}
