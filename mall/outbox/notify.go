package outbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	// channel is the PostgreSQL channel of the notifications, which are at most 8,000 bytes.
	channel = "videomall_told"
	// silence is how long no message may come before the connection is tested.
	silence = 10 * time.Second
	// answerWithin bounds that test, and the time to make a new connection.
	answerWithin = 5 * time.Second
)

// Execer executes a statement; it is a pool or a transaction.
type Execer interface {
	Exec(context.Context, string, ...any) (pgconn.CommandTag, error)
}

// NotifyTx notifies every process that listens, once the transaction of q has committed. It is meant for invalidating
// caches: a notification is sent at once and not stored, so a process that is not connected misses it. Transactions
// that notify commit one after the other on the whole server, so the transactions of orders must not notify: they
// write an event, whose handler notifies.
func (o *Outbox) NotifyTx(ctx context.Context, q Execer, message any) error {
	body, err := json.Marshal(message)
	if err == nil {
		_, err = q.Exec(ctx, "select pg_notify($1, $2)", channel, string(body))
	}
	if err != nil {
		return fmt.Errorf("notify of %v: %w", message, err)
	}
	return nil
}

// Listener holds the functions that Listen calls, one at a time.
type Listener struct {
	OnConnect    func(ctx context.Context) // every notification arrives from now on
	OnNotify     func(ctx context.Context, message json.RawMessage)
	OnDisconnect func() // notifications are missed until the next OnConnect
}

// Listen receives notifications until ctx ends, on its own connection. It replaces the connection if it breaks, or if
// it stops answering, which takes at most 15 s to notice.
func (o *Outbox) Listen(ctx context.Context, log *slog.Logger, l Listener) {
	for failures := 0; ; failures++ {
		connected, err := o.listenOnce(ctx, l)
		if connected {
			l.OnDisconnect()
			failures = 0
		}
		if ctx.Err() != nil {
			return
		}
		log.WarnContext(ctx, "the listener lost its connection and will reconnect", "error", err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(
			time.Duration(
				float64(min(100*time.Millisecond<<min(failures, 6), 5*time.Second)) * (0.5 + rand.Float64()/2))):
		}
	}
}

func (o *Outbox) listenOnce(ctx context.Context, l Listener) (connected bool, err error) {
	config := o.pool.Config().ConnConfig.Copy()
	config.Tracer = nil // it would trace one endless query
	dialing, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	conn, err := pgx.ConnectConfig(dialing, config)
	if err != nil {
		return false, err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = conn.Close(ctx)
	}()
	if _, err := conn.Exec(dialing, "listen "+channel); err != nil {
		return false, err
	}
	l.OnConnect(ctx)
	for {
		waiting, cancel := context.WithTimeout(ctx, silence)
		notification, err := conn.WaitForNotification(waiting)
		cancel()
		switch {
		case err == nil:
			l.OnNotify(ctx, json.RawMessage(notification.Payload))
		case ctx.Err() != nil:
			return true, ctx.Err()
		case errors.Is(err, context.DeadlineExceeded) && !conn.IsClosed():
			asking, cancel := context.WithTimeout(ctx, answerWithin)
			err := conn.Ping(asking)
			cancel()
			if err != nil {
				return true, err
			}
		default:
			return true, err
		}
	}
}
