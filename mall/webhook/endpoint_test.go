package webhook_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"videomall/mall/fault"
	"videomall/mall/webhook"
)

func TestWebhooks_Rotate_old_secret_signs_for_one_more_day(t *testing.T) {
	p := open(t)
	r := p.receiver()
	e, old := p.add(r)
	secret, err := p.Rotate(p.ctx, owner, e.ID, e.Version)
	p.ok(err)
	_, err = p.Rotate(p.ctx, owner, e.ID, e.Version) // the same form is sent again
	p.wants(err, webhook.ErrMoved)
	verified := func(secret string) bool {
		v, err := standard.NewWebhook(secret)
		p.ok(err)
		last := len(r.got) - 1
		return v.VerifyIgnoringTimestamp([]byte(r.bodies[last]), r.got[last].Header) == nil
	}
	p.tell("order:1", "one")
	p.turn(e)
	if !verified(old) || !verified(secret) {
		t.Errorf("after the rotation the old secret verifies: %v, the new one: %v", verified(old), verified(secret))
	}
	p.ahead.Add(int64(webhook.Overlap + time.Second))
	p.tell("order:1", "two")
	p.turn(e)
	if verified(old) || !verified(secret) {
		t.Errorf("a day later the old secret verifies: %v, the new one: %v", verified(old), verified(secret))
	}
}

func TestWebhooks_Test_sends_one_message_at_once(t *testing.T) {
	p := open(t)
	r := p.receiver()
	e, _ := p.add(r)
	p.ok(p.Switch(p.ctx, owner, e.ID, e.Version, false))
	r.says(410)
	id, err := p.Test(p.ctx, owner, e.ID)
	p.ok(err)
	d, err := p.Delivery(p.ctx, owner, e.ID, id)
	if err != nil || !d.Test || d.Type != "webhook.test" || d.State != webhook.Dead || d.Status != 410 ||
		d.Tries[0].Answer != "because 410" {
		t.Errorf("%+v, %v", d, err)
	}
	if got := p.endpoint(e).State; got != webhook.Off {
		t.Errorf("a test changed the state to %s", got)
	}
	_, err = p.Test(p.ctx, owner, e.ID)
	p.wants(err, webhook.ErrTested)
	p.ahead.Add(int64(time.Minute))
	_, err = p.Test(p.ctx, owner, e.ID)
	p.ok(err)
	p.wants(p.Resend(p.ctx, owner, e.ID, id), webhook.ErrOff)
	p.ok(p.Switch(p.ctx, owner, e.ID, p.endpoint(e).Version, true))
	p.wants(p.Resend(p.ctx, owner, e.ID, id), webhook.ErrNotFound)
}

func TestWebhooks_Get_finds_endpoints_of_their_owner_only(t *testing.T) {
	p := open(t)
	r := p.receiver()
	e, _ := p.add(r)
	p.tell("order:1", "one")
	p.turn(e)
	d := p.log(e)[0]
	const other = 8
	_, err := p.Get(p.ctx, other, e.ID)
	p.wants(err, webhook.ErrNotFound)
	p.wants(p.Edit(p.ctx, other, e.ID, e.Version, webhook.Draft{
		URL:   r.URL,
		Types: webhook.Types(),
	}), webhook.ErrNotFound)
	_, err = p.Rotate(p.ctx, other, e.ID, e.Version)
	p.wants(err, webhook.ErrNotFound)
	p.wants(p.Switch(p.ctx, other, e.ID, e.Version, false), webhook.ErrNotFound)
	p.wants(p.Remove(p.ctx, other, e.ID, e.Version), webhook.ErrNotFound)
	_, err = p.Test(p.ctx, other, e.ID)
	p.wants(err, webhook.ErrNotFound)
	_, err = p.Deliveries(p.ctx, other, e.ID, "", 0, 10)
	p.wants(err, webhook.ErrNotFound)
	_, err = p.Delivery(p.ctx, other, e.ID, d.ID)
	p.wants(err, webhook.ErrNotFound)
	p.wants(p.Resend(p.ctx, other, e.ID, d.ID), webhook.ErrNotFound)
	theirs, _, err := p.Add(p.ctx, other, webhook.Draft{URL: r.URL, Types: webhook.Types()})
	p.ok(err)
	_, err = p.Delivery(p.ctx, other, theirs.ID, d.ID) // through an endpoint of their own
	p.wants(err, webhook.ErrNotFound)
	p.wants(p.Resend(p.ctx, other, theirs.ID, d.ID), webhook.ErrNotFound)
	if list, _ := p.List(p.ctx, other); len(list) != 1 || list[0].ID != theirs.ID {
		t.Errorf("another owner sees %+v", list)
	}
}

func TestWebhooks_Add_limits_endpoints_and_refuses_duplicates(t *testing.T) {
	p := open(t)
	r := p.receiver()
	e, _ := p.add(r)
	_, _, err := p.Add(p.ctx, owner, webhook.Draft{URL: r.URL, Types: webhook.Types()})
	if fault.From(err).Fields["url"] != "url_known" {
		t.Errorf("the same address again: %v", err)
	}
	var wg sync.WaitGroup
	var made atomic.Int64
	for n := range 8 {
		wg.Go(func() {
			switch _, _, err := p.Add(p.ctx, owner, webhook.Draft{
				URL:   fmt.Sprint(r.URL, "/", n),
				Types: webhook.Types(),
			}); {
			case err == nil:
				made.Add(1)
			case !errors.Is(err, webhook.ErrTooMany):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if made.Load() != webhook.MaxEndpoints-1 {
		t.Errorf("%d were added beside the first", made.Load())
	}
	list, _ := p.List(p.ctx, owner)
	err = p.Edit(p.ctx, owner, list[1].ID, list[1].Version, webhook.Draft{URL: r.URL, Types: webhook.Types()})
	if fault.From(err).Fields["url"] != "url_known" {
		t.Errorf("moved to a known address: %v", err)
	}
	p.wants(p.Edit(p.ctx, owner, e.ID, e.Version+1, webhook.Draft{
		URL:   r.URL,
		Types: webhook.Types(),
	}), webhook.ErrMoved)
	_, _, err = p.Add(p.ctx, owner, webhook.Draft{URL: "ftp://x", Types: []string{"webhook.test"}})
	if f := fault.From(err).Fields; f["url"] != "url_scheme" || f["types"] != "types_missing" {
		t.Errorf("refused with %v", f)
	}
	p.ok(p.Remove(p.ctx, owner, e.ID, e.Version))
	_, err = p.Get(p.ctx, owner, e.ID)
	p.wants(err, webhook.ErrNotFound)
}

func TestWebhooks_Purge_removes_finished_deliveries(t *testing.T) {
	p := open(t)
	r := p.receiver()
	e, _ := p.add(r)
	p.tell("order:1", "one")
	p.turn(e)
	r.says(500)
	p.tell("order:2", "two")
	p.turn(e)
	p.ahead.Add(int64(48 * time.Hour))
	if n, err := p.Purge(p.ctx, 24*time.Hour); n != 1 || err != nil {
		t.Errorf("%d messages were deleted, %v", n, err)
	}
	if log := p.log(e); len(log) != 1 || log[0].State != webhook.Pending {
		t.Errorf("left %+v", log)
	}
}
