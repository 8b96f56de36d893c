package admin_test

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"videomall/mall/outbox"
	"videomall/web/webtest"
)

func TestDeadLetters_retry_and_discard(t *testing.T) {
	d := open(t)
	ctx := t.Context()
	d.Outbox.Subscribe("stubborn", []string{"order.paid", "order.placed"},
		func(context.Context, pgx.Tx, outbox.Event) error {
			return errors.New("will not <b>take</b> it")
		})
	// The subscriber receives the events after its first relay.
	if _, err := d.Outbox.Relay(ctx); err != nil {
		t.Fatal(err)
	}
	d.Bought(d.mia.ID, d.Video(990, -1))
	// The outbox reads an event once no older transaction runs, those of other tests on the same server included.
	for deadline := time.Now().Add(time.Minute); ; {
		if _, err := d.Outbox.Relay(ctx); err != nil {
			t.Fatal(err)
		}
		n, err := d.Outbox.CountDead(ctx)
		if err != nil || time.Now().After(deadline) {
			t.Fatalf("dead letters: got %d, %v, want 2", n, err)
		}
		if n == 2 {
			break
		}
		d.Advance(time.Hour)
		time.Sleep(20 * time.Millisecond)
	}
	jobs := webtest.Query[int64](d.Mall, "select id from river_job where kind like 'order_%' order by id limit 2")
	discard(t, d.Pool, jobs)
	d.b = d.Browser(d.olga.ID) // the operator's session has expired, because hours have passed
	d.b.Get("/admin").Shows("Dead letters 4")
	list := d.b.Get("/admin/dead-letters").Wants(200).
		Shows("order.paid", "stubborn", "will not <b>take</b> it", "no such table")

	for _, path := range []string{lettersIn(t, list, "/events/stubborn/")[0], lettersIn(t, list, "/jobs/")[0]} {
		shown := d.b.Get("/admin/dead-letters" + path).Wants(200).Shows("orderNo")
		d.b.Post("/admin/dead-letters"+path+"/retry", shown.Form("/admin/dead-letters"+path+"/retry")).Wants(303)
		d.b.Post("/admin/dead-letters"+path+"/retry", nil).Wants(303) // a second click
		d.b.Get("/admin/dead-letters").Shows("Somebody settled it already")
		d.b.Get("/admin/dead-letters" + path).Wants(404)
		d.b.Post("/admin/dead-letters"+path+"/discard", nil).Wants(303) // it is being retried, so this does nothing
	}
	list = d.b.Get("/admin/dead-letters")
	for _, path := range []string{lettersIn(t, list, "/events/stubborn/")[0], lettersIn(t, list, "/jobs/")[0]} {
		d.b.Post("/admin/dead-letters"+path+"/discard", nil).Wants(303)
	}
	d.b.Get("/admin/dead-letters").Shows("No dead letters")
	states := webtest.Query[string](d.Mall, "select state::text from river_job where id = any($1)", jobs)
	if len(states) != 1 || states[0] != "available" {
		t.Errorf("jobs: got states %v, want one available and the other deleted", states)
	}
	pending := webtest.Query[int64](d.Mall,
		"select count(*) from outbox_delivery where subscriber = 'stubborn' and state = 'pending'")
	if pending[0] != 1 {
		t.Errorf("pending deliveries: got %d, want 1", pending[0])
	}
}

func TestDeadLetters_cancel_job(t *testing.T) {
	d := open(t)
	d.Bought(d.mia.ID, d.Video(990, -1))
	job := webtest.Query[int64](d.Mall, `update river_job
		set state = 'retryable', attempt = 2, scheduled_at = now() + interval '1 hour',
		errors = array[jsonb_build_object('at', now(), 'attempt', 1, 'error', 'no answer', 'trace', '')]
		where id = (select min(id) from river_job where kind like 'order_%') returning id`)[0]
	at := "/admin/dead-letters/jobs/" + strconv.FormatInt(job, 10)
	d.b.Get("/admin/dead-letters").Wants(200).Shows("No dead letters", "Jobs that are tried again", "no answer")
	shown := d.b.Get(at).Wants(200).Shows("Next try", "no answer")
	if shown.Has(at + "/discard") {
		t.Error("the page of a job that is still retried offers to discard it")
	}
	d.b.Post(at+"/discard", nil).Wants(303)
	d.b.Post(at+"/cancel", shown.Form(at+"/cancel")).Wants(303)
	d.b.Get("/admin/dead-letters").Shows("It is cancelled")
	if state := webtest.Query[string](d.Mall, "select state::text from river_job where id = $1",
		job)[0]; state != "cancelled" {
		t.Errorf("job: got state %s, want cancelled", state)
	}
	d.b.Post(at+"/cancel", nil).Wants(303)
	d.b.Get("/admin/dead-letters").Shows("Somebody settled it already").Hides("no answer")
	d.b.Get(at).Wants(404)
}

// discard leaves jobs as River leaves those that have no attempts left.
func discard(t *testing.T, pool *pgxpool.Pool, jobs []int64) {
	t.Helper()
	_, err := pool.Exec(t.Context(), `update river_job
		set state = 'discarded', finalized_at = now(), attempt = max_attempts,
		errors = array[jsonb_build_object('at', now(), 'attempt', 1, 'error', 'no such table', 'trace', '')]
		where id = any($1)`, jobs)
	if err != nil || len(jobs) != 2 {
		t.Fatalf("discard jobs %v: want two, error %v", jobs, err)
	}
}

func lettersIn(t *testing.T, a webtest.Answer, below string) (paths []string) {
	t.Helper()
	for _, part := range strings.Split(a.Body, `href="/admin/dead-letters`)[1:] {
		if path, _, _ := strings.Cut(part, `"`); strings.HasPrefix(path, below) {
			paths = append(paths, path)
		}
	}
	if len(paths) == 0 {
		t.Fatalf("list has no dead letter below %s: %s", below, a.Text())
	}
	return paths
}
