package webhook_test

import (
	"testing"

	"videomall/mall/webhook"
)

// TestWebhooks_ForPartners_are_apart gives a creator and a partner of the same number the same address.
func TestWebhooks_ForPartners_are_apart(t *testing.T) {
	p := open(t)
	r := p.receiver()
	his, _ := p.add(r)
	partners := p.ForPartners()
	theirs, _, err := partners.Add(p.ctx, owner, webhook.Draft{URL: r.URL, Types: webhook.PartnerTypes()})
	p.ok(err)
	if theirs.OwnerID != owner {
		t.Errorf("owner of the partner's address: got %d, want %d", theirs.OwnerID, owner)
	}
	for name, c := range map[string]struct {
		of            *webhook.Webhooks
		own, stranger webhook.Endpoint
	}{"creator": {p.Webhooks, his, theirs}, "partner": {partners, theirs, his}} {
		list, err := c.of.List(p.ctx, owner)
		p.ok(err)
		if len(list) != 1 || list[0].ID != c.own.ID || list[0].OwnerID != owner {
			t.Errorf("%s sees %+v", name, list)
		}
		found, err := c.of.Lookup(p.ctx, r.URL, 10)
		p.ok(err)
		if len(found) != 1 || found[0].ID != c.own.ID {
			t.Errorf("a search for the %s's address finds %+v", name, found)
		}
		_, err = c.of.Get(p.ctx, owner, c.stranger.ID)
		p.wants(err, webhook.ErrNotFound)
		p.wants(c.of.Remove(p.ctx, owner, c.stranger.ID, c.stranger.Version), webhook.ErrNotFound)
	}
	_, _, err = partners.Add(p.ctx, owner, webhook.Draft{URL: r.URL, Types: webhook.PartnerTypes()})
	p.wants(err, webhook.ErrInvalid)
	p.tell("order:1", "of the creator's")
	if n := p.turn(theirs); n != 0 {
		t.Errorf("a creator's message went to a partner: %d calls", n)
	}
	if n := p.turn(his); n != 1 {
		t.Errorf("calls to the creator: got %d, want 1", n)
	}
	// The query by which processes of the version before partners find a creator's addresses.
	var seen []int64
	p.ok(p.pool.QueryRow(p.ctx, `select array_agg(id) from webhook_endpoint where owner_id = $1`, owner).Scan(&seen))
	if len(seen) != 1 || seen[0] != his.ID {
		t.Errorf("an older version sees %v, want the creator's alone", seen)
	}
}
