package webhook_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"videomall/db"
	"videomall/db/dbtest"
	"videomall/mall/webhook"
)

// post is a set of webhooks with a clock that the test advances. Its receivers are on this machine.
type post struct {
	*webhook.Webhooks
	t      *testing.T
	ctx    context.Context
	pool   *pgxpool.Pool
	ahead  atomic.Int64
	events atomic.Int64
}

func open(t *testing.T) *post {
	t.Helper()
	t.Parallel()
	return openHere(t)
}

// openHere is open for a test that changes the environment and therefore does not run in parallel.
func openHere(t *testing.T) *post {
	t.Helper()
	p := &post{
		t:    t,
		ctx:  context.Background(),
		pool: dbtest.New(t),
	}
	jobs, err := river.NewClient(riverpgxv5.New(p.pool), &river.Config{})
	p.ok(err)
	p.Webhooks, err = webhook.New(webhook.Deps{
		Pool:     p.pool,
		River:    jobs,
		Key:      make([]byte, 32),
		Loopback: true,
		Now:      p.now,
	})
	p.ok(err)
	return p
}

func (p *post) now() time.Time {
	return time.Now().Add(time.Duration(p.ahead.Load())).Truncate(time.Microsecond)
}

func (p *post) ok(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *post) wants(err, want error) {
	p.t.Helper()
	if !errors.Is(err, want) {
		p.t.Errorf("%v, want %v", err, want)
	}
}

// receiver is the server of a receiver. It records the requests and answers as the test tells it.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	got    []*http.Request
	bodies []string
	answer atomic.Pointer[http.HandlerFunc]
}

func (p *post) receiver() *receiver {
	p.t.Helper()
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		r.mu.Lock()
		r.got, r.bodies = append(r.got, q), append(r.bodies, string(body))
		r.mu.Unlock()
		if answer := r.answer.Load(); answer != nil {
			(*answer)(w, q)
		}
	}))
	p.t.Cleanup(r.Close)
	return r
}

func (r *receiver) answers(do http.HandlerFunc) { r.answer.Store(&do) }

func (r *receiver) says(status int) {
	r.answers(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status); fmt.Fprint(w, "because ", status) })
}

// heard returns the data of the messages in the order in which they arrived.
func (r *receiver) heard() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := []string{}
	for _, b := range r.bodies {
		var m struct{ Data string }
		_ = json.Unmarshal([]byte(b), &m)
		list = append(list, m.Data)
	}
	return list
}

const owner = 7

func (p *post) add(r *receiver) (webhook.Endpoint, string) {
	p.t.Helper()
	e, secret, err := p.Add(p.ctx, owner, webhook.Draft{URL: r.URL, Types: webhook.Types()})
	p.ok(err)
	return e, secret
}

func (p *post) tell(aggregate, data string) {
	p.t.Helper()
	p.ok(db.InTx(p.ctx, p.pool, func(tx pgx.Tx) error {
		return p.NotifyTx(p.ctx, tx, webhook.Message{
			EventID:   p.events.Add(1),
			OwnerID:   owner,
			Type:      "order.paid",
			Aggregate: aggregate,
			At:        p.now(),
			Data:      data,
		})
	}))
}

func (p *post) turn(e webhook.Endpoint) int {
	p.t.Helper()
	n, err := p.Turn(p.ctx, e.ID)
	p.ok(err)
	return n
}

func (p *post) log(e webhook.Endpoint) []webhook.Delivery {
	p.t.Helper()
	list, err := p.Deliveries(p.ctx, owner, e.ID, "", 0, 100)
	p.ok(err)
	return list
}

func (p *post) endpoint(e webhook.Endpoint) webhook.Endpoint {
	p.t.Helper()
	e, err := p.Get(p.ctx, owner, e.ID)
	p.ok(err)
	return e
}
