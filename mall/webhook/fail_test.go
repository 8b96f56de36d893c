package webhook_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"videomall/mall/webhook"
)

func TestWebhooks_Resend_after_a_day_of_refusals(t *testing.T) {
	p := open(t)
	r := p.receiver()
	e, _ := p.add(r)
	r.says(503)
	p.tell("order:1", "one")
	p.tell("order:1", "two")
	began := p.now()
	for n := 1; n <= webhook.MaxAttempts; n++ {
		if n > 1 {
			p.ahead.Add(int64(webhook.Backoff(n-1, 1) + time.Minute))
		}
		if calls := p.turn(e); calls != 1 {
			t.Fatalf("%d calls at try %d", calls, n)
		}
		if d := p.log(e)[1]; n < webhook.MaxAttempts &&
			(d.State != webhook.Pending || d.Attempts != n || !d.NextAt.After(p.now())) {
			t.Fatalf("after %d tries %+v", n, d)
		}
	}
	dead := p.log(e)[1]
	if took := p.now().Sub(began); dead.State != webhook.Dead || dead.Failure != "status" || took < 20*time.Hour ||
		took > 30*time.Hour {
		t.Fatalf("after %s %+v", took, dead)
	}
	r.says(200)
	p.ahead.Add(int64(2 * time.Minute))
	p.turn(e)
	p.ok(p.Resend(p.ctx, owner, e.ID, dead.ID))
	p.wants(p.Resend(p.ctx, owner, e.ID, dead.ID), webhook.ErrWaiting)
	p.turn(e)
	heard := r.heard()
	if diff := cmp.Diff([]string{"two", "one"}, heard[len(heard)-2:]); diff != "" {
		t.Errorf("heard (-want +got):\n%s", diff)
	}
	if ids := []string{
		r.got[0].Header.Get("webhook-id"),
		r.got[len(r.got)-1].Header.Get("webhook-id"),
	}; ids[0] != ids[1] {
		t.Errorf("resent under another id: %v", ids)
	}
	d, err := p.Delivery(p.ctx, owner, e.ID, dead.ID)
	if err != nil || d.State != webhook.Delivered || d.Attempts != 1 || len(d.Tries) != webhook.MaxAttempts+1 ||
		d.Tries[0].Answer != "because 503" {
		t.Errorf("resent %+v, %v", d, err)
	}
}

func TestBackoff_grows_and_scatters(t *testing.T) {
	t.Parallel()
	var all time.Duration
	for n := 1; n < webhook.MaxAttempts; n++ {
		low, high := webhook.Backoff(n, 0), webhook.Backoff(n, 1)
		if low >= high || n > 1 && low < webhook.Backoff(n-1, 0) {
			t.Errorf("pause %d is %s to %s", n, low, high)
		}
		all += webhook.Backoff(n, 0.5)
	}
	if all < 23*time.Hour || all > 25*time.Hour {
		t.Errorf("all pauses take %s", all)
	}
}

func TestWebhooks_Turn_stops_at_a_receiver_that_is_gone(t *testing.T) {
	p := open(t)
	r := p.receiver()
	e, _ := p.add(r)
	r.says(410)
	p.tell("order:1", "one")
	p.tell("order:2", "two")
	p.turn(e)
	p.tell("order:3", "three")
	p.ahead.Add(int64(time.Hour))
	p.turn(e)
	if got := r.heard(); len(got) != 1 {
		t.Errorf("heard %v", got)
	}
	if e := p.endpoint(e); e.State != webhook.Gone {
		t.Errorf("the endpoint is %s", e.State)
	}
	log := p.log(e)
	if len(log) != 2 || log[0].State != webhook.Dead || log[1].State != webhook.Dead {
		t.Errorf("the log says %+v", log)
	}
	p.wants(p.Resend(p.ctx, owner, e.ID, log[0].ID), webhook.ErrOff)
	p.ok(p.Switch(p.ctx, owner, e.ID, p.endpoint(e).Version, true))
	r.says(204)
	p.ok(p.Resend(p.ctx, owner, e.ID, log[0].ID))
	if n := p.turn(e); n != 1 || p.log(e)[0].State != webhook.Delivered {
		t.Errorf("%d calls after the receiver came back, %+v", n, p.log(e)[0])
	}
}

func TestWebhooks_Turn_switches_off_an_endpoint_that_fails_for_days(t *testing.T) {
	p := open(t)
	r := p.receiver()
	e, _ := p.add(r)
	r.says(500)
	p.tell("order:1", "one")
	p.turn(e)
	p.ahead.Add(int64(webhook.GiveUpAfter - time.Minute))
	p.turn(e)
	if e := p.endpoint(e); e.State != webhook.On || e.FailingSince == nil {
		t.Fatalf("the endpoint is %+v", e)
	}
	p.ahead.Add(int64(2 * time.Minute))
	p.turn(e)
	if e := p.endpoint(e); e.State != webhook.Failed {
		t.Errorf("the endpoint is %+v", e)
	}
	if log := p.log(e); log[0].State != webhook.Dead {
		t.Errorf("the log says %+v", log)
	}
}

func TestWebhooks_Turn_success_clears_FailingSince(t *testing.T) {
	p := open(t)
	r := p.receiver()
	e, _ := p.add(r)
	r.says(500)
	p.tell("order:1", "one")
	p.turn(e)
	r.says(200)
	p.ahead.Add(int64(time.Minute))
	p.turn(e)
	if e := p.endpoint(e); e.FailingSince != nil {
		t.Errorf("failing since %s", e.FailingSince)
	}
}

func TestWebhooks_Turn_does_not_follow_a_redirect(t *testing.T) {
	p := open(t)
	r, elsewhere := p.receiver(), p.receiver()
	e, _ := p.add(r)
	r.answers(func(w http.ResponseWriter, q *http.Request) {
		http.Redirect(w, q, elsewhere.URL, http.StatusPermanentRedirect)
	})
	p.tell("order:1", "one")
	p.turn(e)
	if d := p.log(e)[0]; d.Failure != "redirect" || d.Status != 308 || len(elsewhere.heard()) != 0 {
		t.Errorf("%+v, and %v elsewhere", d, elsewhere.heard())
	}
}

func TestWebhooks_Turn_cuts_off_a_long_or_slow_answer(t *testing.T) {
	p := open(t)
	r := p.receiver()
	e, _ := p.add(r)
	r.answers(func(w http.ResponseWriter, q *http.Request) { fmt.Fprint(w, strings.Repeat("a\x00\xff", 10_000)) })
	p.tell("order:1", "one")
	p.turn(e)
	d, err := p.Delivery(p.ctx, owner, e.ID, p.log(e)[0].ID)
	p.ok(err)
	if n := len([]rune(d.Tries[0].Answer)); n > 2048 || n < 1000 || d.State != webhook.Delivered {
		t.Errorf("%d characters of the answer were kept, %s", n, d.State)
	}
	r.answers(func(w http.ResponseWriter, q *http.Request) {
		w.WriteHeader(200)
		for range 100 {
			fmt.Fprint(w, ".")
			_ = http.NewResponseController(w).Flush()
			select {
			case <-q.Context().Done():
				return
			case <-time.After(100 * time.Millisecond):
			}
		}
	})
	p.tell("order:2", "two")
	began := time.Now()
	p.turn(e)
	if d := p.log(e)[0]; time.Since(began) > 8*time.Second || d.State != webhook.Delivered {
		t.Errorf("took %s, %+v", time.Since(began), d)
	}
}
