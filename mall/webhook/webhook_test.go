package webhook_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"videomall/db"
	"videomall/mall/webhook"
)

func TestSign_matches_standard_webhooks(t *testing.T) {
	t.Parallel()
	// The example is from the specification's reference implementations.
	const id, body = "msg_p5jXN8AQM9LWM0D4loKWxJek", `{"test": 2432232314}`
	secret, _ := base64.StdEncoding.DecodeString("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	h := webhook.Signed([][]byte{secret}, id, time.Unix(1614265330, 0), body)
	if got := h.Get("webhook-signature"); got != "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" {
		t.Errorf("signature %s", got)
	}
	if h.Get("webhook-id") != id || h.Get("webhook-timestamp") != "1614265330" {
		t.Errorf("headers %v", h)
	}
}

func TestWebhooks_Turn_sends_a_signed_message_once(t *testing.T) {
	p := open(t)
	r := p.receiver()
	e, secret := p.add(r)
	p.tell("order:1", "one")
	if n, err := p.Enqueue(p.ctx); n != 1 || err != nil {
		t.Fatalf("%d turns, %v", n, err)
	}
	if n := p.turn(e); n != 1 {
		t.Errorf("%d calls", n)
	}
	if n := p.turn(e); n != 0 {
		t.Errorf("%d calls again", n)
	}
	if n, _ := p.Enqueue(p.ctx); n != 0 {
		t.Errorf("%d turns for nothing", n)
	}
	verifier, err := standard.NewWebhook(secret)
	p.ok(err)
	if err := verifier.Verify([]byte(r.bodies[0]), r.got[0].Header); err != nil {
		t.Error(err)
	}
	if !strings.HasPrefix(secret, "whsec_") || r.got[0].Method != "POST" ||
		r.got[0].Header.Get("Content-Type") != "application/json" {
		t.Errorf("secret %s, %s %v", secret, r.got[0].Method, r.got[0].Header)
	}
	log := p.log(e)
	if len(log) != 1 || log[0].State != webhook.Delivered || log[0].Status != 200 || log[0].Attempts != 1 {
		t.Errorf("the log says %+v", log)
	}
	d, err := p.Delivery(p.ctx, owner, e.ID, log[0].ID)
	p.ok(err)
	if d.Body != r.bodies[0] || d.Tries[0].Headers["webhook-id"] != d.MessageID ||
		d.Tries[0].Headers["webhook-signature"] == "" {
		t.Errorf("kept %+v", d)
	}
	var kept []byte
	p.ok(p.pool.QueryRow(p.ctx, `select secret from webhook_endpoint`).Scan(&kept))
	raw, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if strings.Contains(string(kept), string(raw)) {
		t.Error("the secret is not encrypted in the database")
	}
}

func TestWebhooks_NotifyTx_tells_each_subscribed_endpoint_once(t *testing.T) {
	p := open(t)
	r, other := p.receiver(), p.receiver()
	e, _ := p.add(r)
	_, _, err := p.Add(p.ctx, owner, webhook.Draft{URL: other.URL, Types: []string{"order.refunded"}})
	p.ok(err)
	m := webhook.Message{
		EventID:   5,
		OwnerID:   owner,
		Type:      "order.paid",
		Aggregate: "order:1",
		At:        p.now(),
		Data:      "one",
	}
	before, elsewhere := m, m
	before.EventID, before.At = 6, e.CreatedAt.Add(-time.Second)
	elsewhere.EventID, elsewhere.OwnerID = 7, 8
	for _, m := range []webhook.Message{m, m, before, elsewhere} {
		p.ok(db.InTx(p.ctx, p.pool, func(tx pgx.Tx) error { return p.NotifyTx(p.ctx, tx, m) }))
	}
	var n int
	p.ok(p.pool.QueryRow(p.ctx, `select count(*) from webhook_delivery where endpoint_id = $1`, e.ID).Scan(&n))
	if all := 0; p.pool.QueryRow(p.ctx, `select count(*) from webhook_delivery`).Scan(&all) != nil || all != 1 ||
		n != 1 {
		t.Errorf("%d messages, %d of them for the endpoint that subscribes", all, n)
	}
}

func TestWebhooks_Turn_keeps_the_order_of_one_aggregate(t *testing.T) {
	p := open(t)
	r := p.receiver()
	e, _ := p.add(r)
	r.answers(func(w http.ResponseWriter, q *http.Request) {
		if slices.Contains(r.heard()[len(r.heard())-1:], "a1") {
			w.WriteHeader(500)
		}
	})
	for _, m := range []string{"a1", "a2", "b1"} {
		p.tell("order:"+m[:1], m)
	}
	p.turn(e)
	if diff := cmp.Diff([]string{"a1"}, r.heard()); diff != "" {
		t.Fatalf("heard, with the endpoint pausing after a failure (-want +got):\n%s", diff)
	}
	p.ahead.Add(int64(2 * time.Second)) // the pause of the endpoint has ended, that of a1 has not
	p.turn(e)
	if diff := cmp.Diff([]string{"a1", "b1"}, r.heard()); diff != "" {
		t.Fatalf("heard, with a2 waiting for a1 and b1 for nothing (-want +got):\n%s", diff)
	}
	if n, err := p.Enqueue(p.ctx); n != 0 || err != nil {
		t.Errorf("%d turns although only messages behind another wait, %v", n, err)
	}
	r.says(200)
	p.ahead.Add(int64(10 * time.Second))
	p.turn(e)
	if diff := cmp.Diff([]string{"a1", "b1", "a1", "a2"}, r.heard()); diff != "" {
		t.Errorf("heard (-want +got):\n%s", diff)
	}
}

func TestWebhooks_Turn_concurrent_workers_send_once_in_order(t *testing.T) {
	p := open(t)
	r := p.receiver()
	e, _ := p.add(r)
	var busy sync.Map
	r.answers(func(_ http.ResponseWriter, q *http.Request) {
		if _, twice := busy.LoadOrStore(q.Header.Get("webhook-id"), true); twice {
			t.Error("a message was sent twice")
		}
	})
	for n := range 60 {
		p.tell(fmt.Sprint("order:", n%3), fmt.Sprintf("%d %02d", n%3, n))
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 20 {
				if _, err := p.Turn(p.ctx, e.ID); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	got := r.heard()
	if len(got) != 60 {
		t.Fatalf("%d messages arrived", len(got))
	}
	for n := range 3 {
		mine := slices.DeleteFunc(slices.Clone(got), func(s string) bool {
			return !strings.HasPrefix(s, fmt.Sprint(n, " "))
		})
		if !slices.IsSorted(mine) {
			t.Errorf("arrived as %v", mine)
		}
	}
}

func TestWebhooks_Turn_sends_one_message_of_an_aggregate_at_a_time(t *testing.T) {
	p := open(t)
	r := p.receiver()
	e, _ := p.add(r)
	p.tell("order:1", "one")
	p.turn(e)
	began, goOn := make(chan bool), make(chan bool)
	r.answers(func(http.ResponseWriter, *http.Request) { began <- true; <-goOn })
	p.tell("order:1", "two")
	var wg sync.WaitGroup
	wg.Go(func() { p.turn(e) })
	<-began
	first := p.log(e)[1]
	p.ok(p.Resend(p.ctx, owner, e.ID, first.ID)) // comes before the one that is being sent
	if n := p.turn(e); n != 0 {
		t.Errorf("%d calls while a message of the aggregate is being sent", n)
	}
	close(goOn)
	go func() { <-began }()
	wg.Wait()
	p.turn(e)
	if diff := cmp.Diff([]string{"one", "two", "one"}, r.heard()); diff != "" {
		t.Errorf("heard (-want +got):\n%s", diff)
	}
}

func TestWebhooks_Turn_slow_receiver_delays_nobody_else(t *testing.T) {
	p := open(t)
	slow, healthy := p.receiver(), p.receiver()
	a, _ := p.add(slow)
	b, _ := p.add(healthy)
	slow.answers(func(_ http.ResponseWriter, q *http.Request) { <-q.Context().Done() })
	for n := range 5 {
		p.tell(fmt.Sprint("order:", n), fmt.Sprint(n))
	}
	began := time.Now()
	var wg sync.WaitGroup
	wg.Go(func() { p.turn(a) })
	p.turn(b)
	if took := time.Since(began); len(healthy.heard()) != 5 || took > 10*time.Second {
		t.Errorf("heard %v after %s", healthy.heard(), took)
	}
	wg.Wait()
	if took := time.Since(began); took > webhook.TurnTime {
		t.Errorf("the turn of a slow receiver took %s", took)
	}
	if d := p.log(a); d[4].Failure != "timeout" || d[4].State != webhook.Pending || len(slow.heard()) != 1 {
		t.Errorf("%+v after %v", d[4], slow.heard())
	}
}

func TestWebhooks_Turn_new_holder_of_a_lease_settles_the_message(t *testing.T) {
	p := open(t)
	r := p.receiver()
	e, _ := p.add(r)
	began, goOn := make(chan bool, 2), make(chan bool)
	var calls atomic.Int64
	r.answers(func(w http.ResponseWriter, _ *http.Request) {
		if calls.Add(1) == 1 {
			began <- true
			<-goOn
			w.WriteHeader(500)
		}
	})
	p.tell("order:1", "one")
	var wg sync.WaitGroup
	wg.Go(func() { p.turn(e) })
	<-began
	p.ahead.Add(int64(time.Minute)) // the lease has ended, as after the death of a process
	if n := p.turn(e); n != 1 {
		t.Errorf("%d calls by the process that takes over", n)
	}
	close(goOn)
	wg.Wait()
	d, err := p.Delivery(p.ctx, owner, e.ID, p.log(e)[0].ID)
	if err != nil || d.State != webhook.Delivered || len(d.Tries) != 2 {
		t.Errorf("%+v, %v", d, err)
	}
}
