package partner_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	mallclient "videomall/examples/go"
	"videomall/mall/account"
	"videomall/mall/malltest"
	"videomall/mall/partner"
	"videomall/mall/partner/signature"
	"videomall/mall/webhook"
)

// bay is a mall with one partner.
type bay struct {
	*malltest.Mall
	t     *testing.T
	owner account.User
	shop  partner.Partner
}

func open(t *testing.T) *bay {
	t.Helper()
	b := &bay{Mall: malltest.Open(t, ""), t: t}
	var err error
	b.owner, err = b.Accounts.Provision(b.Ctx, account.User{Email: "pia@example.test", Name: "Pia"}, "a password of pia")
	b.OK(err)
	b.shop = b.register("Bay Shop")
	return b
}

func (b *bay) register(name string) partner.Partner {
	b.t.Helper()
	made, err := b.Partners.Create(b.Ctx, b.owner.ID, partner.Draft{
		Name:    name,
		Contact: "Pia",
		OwnerID: b.owner.ID,
	})
	b.OK(err)
	return made
}

func (b *bay) key(lifetime time.Duration) (partner.Key, *mallclient.Client) {
	b.t.Helper()
	k, secret, err := b.Partners.AddKey(b.Ctx, b.owner.ID, b.shop.ID, partner.KeyDraft{
		Label:    "test",
		Form:     signature.VM1,
		Scopes:   []string{string(partner.OrdersRead)},
		Lifetime: lifetime,
	})
	b.OK(err)
	return k, &mallclient.Client{
		KeyID:  k.PublicID,
		Secret: secret,
		Now:    b.Now,
	}
}

// request is a signed request, as it arrives.
func (b *bay) request(by *mallclient.Client) partner.Asked {
	b.t.Helper()
	r, err := http.NewRequest("GET", "http://mall.example/api/v1/mall/partner/key", nil)
	b.OK(err)
	b.OK(by.Sign(r, nil))
	return partner.Asked{
		Method: "GET",
		Target: r.URL.RequestURI(),
		Host:   r.URL.Host,
		Header: r.Header,
	}
}

func (b *bay) wants(a partner.Asked, want error) {
	b.t.Helper()
	if _, err := b.Partners.Authenticate(b.Ctx, a); !errors.Is(err, want) {
		b.t.Errorf("got %v, want %v", err, want)
	}
}

func (b *bay) count(sql string, args ...any) int64 {
	b.t.Helper()
	return malltest.Query[int64](b.Mall, sql, args...)[0]
}

// TestPartners_Authenticate_counts_first: a request that its key's limit refuses costs no row, and can be sent again.
func TestPartners_Authenticate_counts_first(t *testing.T) {
	b := open(t)
	_, by := b.key(0)
	a, full := b.request(by), errors.New("too many")
	var counted string
	a.Count = func(key string) error {
		counted = key
		return full
	}
	b.wants(a, full)
	if n := b.count("select count(*) from partner_nonce"); n != 0 || counted != by.KeyID {
		t.Errorf("nonces: got %d, want 0; counted %q", n, counted)
	}
	a.Count = nil
	b.wants(a, nil)
	b.wants(a, partner.ErrReplayed)
	forged := b.request(by)
	forged.Target += "?x"
	forged.Count = func(string) error {
		t.Error("a forged request counts against the limit of the key")
		return nil
	}
	b.wants(forged, partner.ErrWrong)
}

// TestPartners_Authenticate_use_not_noted: a request whose nonce is taken is not lost.
func TestPartners_Authenticate_use_not_noted(t *testing.T) {
	b := open(t)
	_, by := b.key(0)
	_, err := b.Pool.Exec(b.Ctx, `create function refuse() returns trigger language plpgsql as $$begin raise 'no'; end$$;
		create trigger refuse before update of last_used_at on partner_key for each row execute function refuse()`)
	b.OK(err)
	b.wants(b.request(by), nil)
}

// TestPartners_Authenticate_while_a_key_is_locked: who replaces a key keeps none of its requests waiting.
func TestPartners_Authenticate_while_a_key_is_locked(t *testing.T) {
	b := open(t)
	k, by := b.key(0)
	b.wants(b.request(by), nil) // notes the use, which is not noted again for a minute
	tx, err := b.Pool.Begin(b.Ctx)
	b.OK(err)
	defer func() { _ = tx.Rollback(b.Ctx) }()
	_, err = tx.Exec(b.Ctx, `select from partner_key where id = $1 for no key update`, k.ID)
	b.OK(err)
	done := make(chan error, 1)
	a := b.request(by)
	go func() {
		_, err := b.Partners.Authenticate(b.Ctx, a)
		done <- err
	}()
	select {
	case err := <-done:
		b.OK(err)
	case <-time.After(5 * time.Second):
		t.Error("the request waits for the lock")
	}
}

// TestPartners_Authenticate_expired tells a signature that has ended by its own words from a clock that is wrong.
func TestPartners_Authenticate_expired(t *testing.T) {
	b := open(t)
	public, private, err := ed25519.GenerateKey(nil)
	b.OK(err)
	k, _, err := b.Partners.AddKey(b.Ctx, b.owner.ID, b.shop.ID, partner.KeyDraft{
		Label:     "pair",
		Form:      signature.RFC9421,
		PublicKey: base64.StdEncoding.EncodeToString(public),
		Scopes:    []string{string(partner.OrdersRead)},
	})
	b.OK(err)
	now := b.Now()
	for off, want := range map[time.Duration]error{
		-2 * time.Second: partner.ErrExpired, 30 * time.Second: nil,
	} {
		params := fmt.Sprintf(`("@method" "@target-uri");created=%d;expires=%d;nonce="0123456789abcdef%d";keyid="%s";alg="ed25519"`,
			now.Unix(), now.Add(off).Unix(), off+time.Hour, k.PublicID)
		base := "\"@method\": GET\n\"@target-uri\": http://mall.example/x\n\"@signature-params\": " + params
		signed := base64.StdEncoding.EncodeToString(ed25519.Sign(private, []byte(base)))
		b.wants(partner.Asked{
			Method: "GET",
			Target: "/x",
			Host:   "mall.example",
			Header: http.Header{"Signature-Input": {"m=" + params}, "Signature": {"m=:" + signed + ":"}},
		}, want)
	}
}

// TestPartners_Rotate_keeps_the_lifetime: also when a key is replaced whose end the first replacement has moved.
func TestPartners_Rotate_keeps_the_lifetime(t *testing.T) {
	b := open(t)
	const month = 30 * 24 * time.Hour
	old, _ := b.key(month)
	b.Advance(10 * 24 * time.Hour)
	for range 2 {
		made, _, err := b.Partners.Rotate(b.Ctx, b.owner.ID, partner.Rotation{
			PartnerID: b.shop.ID,
			KeyID:     old.ID,
			Overlap:   time.Hour,
		})
		b.OK(err)
		if made.EndsAt == nil || made.EndsAt.Sub(made.CreatedAt).Round(time.Second) != month || made.Lifetime != month {
			t.Errorf("the successor of a key of 30 days ends at %v", made.EndsAt)
		}
	}
	open, _ := b.key(0)
	made, _, err := b.Partners.Rotate(b.Ctx, b.owner.ID, partner.Rotation{
		PartnerID: b.shop.ID,
		KeyID:     open.ID,
		Overlap:   time.Hour,
	})
	b.OK(err)
	if made.EndsAt != nil {
		t.Errorf("the successor of a key without an end ends at %v", made.EndsAt)
	}
}

// TestPartners_End stops the keys, links and webhooks of one partner, and of no other.
func TestPartners_End(t *testing.T) {
	b := open(t)
	k, by := b.key(0)
	link, _, err := b.Partners.MakeLink(b.Ctx, b.shop.ID, partner.LinkDraft{Reference: "r", SKUID: 1})
	b.OK(err)
	draft := webhook.Draft{URL: "http://127.0.0.1:1/", Types: webhook.PartnerTypes()}
	hook, _, err := b.PartnerHooks.Add(b.Ctx, b.shop.ID, draft)
	b.OK(err)
	_, _, err = b.Webhooks.Add(b.Ctx, b.shop.ID, webhook.Draft{URL: draft.URL, Types: webhook.Types()}) // a creator of that number
	b.OK(err)
	ended := b.shop
	b.shop = b.register("Rock Shop")
	_, others := b.key(0)
	_, _, err = b.PartnerHooks.Add(b.Ctx, b.shop.ID, draft)
	b.OK(err)
	tell := func(event int64) {
		tx, err := b.Pool.Begin(b.Ctx)
		b.OK(err)
		b.OK(b.PartnerHooks.NotifyTx(b.Ctx, tx, webhook.Message{
			EventID:   event,
			OwnerID:   ended.ID,
			Type:      "order.paid",
			Aggregate: "order:1",
			At:        b.Now(),
		}))
		b.OK(tx.Commit(b.Ctx))
	}
	tell(1)
	b.OK(b.Partners.End(b.Ctx, b.owner.ID, ended.ID))
	tell(2)
	if n := b.count("select count(*) from webhook_delivery where endpoint_id = $1 and state = 'pending'", hook.ID); n != 0 {
		t.Errorf("messages to the ended partner that wait: %d", n)
	}
	if n := b.count("select count(*) from webhook_endpoint where state = 'on'"); n != 2 {
		t.Errorf("webhooks that are on: got %d, want those of the others", n)
	}
	b.wants(b.request(by), partner.ErrPartnerEnded)
	b.wants(b.request(others), nil)
	if n := b.count("select count(*) from partner_key where partner_id = $1 and ends_at is null", ended.ID); n != 0 {
		t.Errorf("keys of the ended partner without an end: %d", n)
	}
	followed, err := b.Partners.Follow(b.Ctx, link.Token)
	if !errors.Is(err, partner.ErrLinkOver) || followed.ID != link.ID {
		t.Errorf("its link: got %+v, %v, want ErrLinkOver with the link", followed, err)
	}
	for name, err := range map[string]error{
		"again": b.Partners.End(b.Ctx, b.owner.ID, ended.ID),
		"key": func() error {
			_, _, err := b.Partners.AddKey(b.Ctx, b.owner.ID, ended.ID, partner.KeyDraft{
				Label:  "new",
				Form:   signature.VM1,
				Scopes: []string{string(partner.OrdersRead)},
			})
			return err
		}(),
		"rotation": func() error {
			_, _, err := b.Partners.Rotate(b.Ctx, b.owner.ID, partner.Rotation{
				PartnerID: ended.ID,
				KeyID:     k.ID,
				Overlap:   time.Hour,
			})
			return err
		}(),
	} {
		if !errors.Is(err, partner.ErrOver) {
			t.Errorf("%s: got %v, want ErrOver", name, err)
		}
	}
	if n := b.count("select count(*) from audit_entry where verb = 'partner.end' and subject = $1",
		fmt.Sprintf("partner:%d", ended.ID)); n != 1 {
		t.Errorf("entries of the audit log: got %d, want 1", n)
	}
}

// TestPartners_EndOwnKey_is_audited in the owner's name.
func TestPartners_EndOwnKey_is_audited(t *testing.T) {
	b := open(t)
	k, _ := b.key(0)
	b.OK(b.Partners.EndOwnKey(b.Ctx, b.owner.ID, b.shop.ID, k.ID))
	got := malltest.Query[string](b.Mall, `select detail::text from audit_entry where verb = 'partner.key_end' and actor_id = $1`,
		b.owner.ID)
	if len(got) != 1 || !strings.Contains(got[0], k.PublicID) {
		t.Errorf("audit log: %v", got)
	}
}

// TestPartners_PurgeLinks keeps links that are not long over.
func TestPartners_PurgeLinks(t *testing.T) {
	b := open(t)
	make := func(reference string, life time.Duration) {
		_, _, err := b.Partners.MakeLink(b.Ctx, b.shop.ID, partner.LinkDraft{
			Reference: reference,
			SKUID:     1,
			Life:      life,
		})
		b.OK(err)
	}
	make("short", time.Hour)
	make("long", 30*24*time.Hour)
	b.Advance(91 * 24 * time.Hour)
	if n, err := b.Partners.PurgeLinks(b.Ctx); err != nil || n != 1 {
		t.Errorf("removed: got %d, %v, want 1", n, err)
	}
	if got := malltest.Query[string](b.Mall, "select reference from partner_link"); len(got) != 1 || got[0] != "long" {
		t.Errorf("kept: %v", got)
	}
}

// TestPartners_are_strangers_to_accounts_of_their_number: the account with a partner's number neither sees nor ends its
// keys, and a creator of that number hears nothing of its orders.
func TestPartners_are_strangers_to_accounts_of_their_number(t *testing.T) {
	b := open(t)
	var rob account.User
	for b.shop.ID != rob.ID || rob.ID == b.owner.ID { // until both have the same number
		var err error
		if b.shop.ID > rob.ID || rob.ID == b.owner.ID {
			email := fmt.Sprintf("rob%d@example.test", rob.ID)
			rob, err = b.Accounts.Provision(b.Ctx, account.User{Email: email, Name: "Rob"}, "a password of rob")
			b.OK(err)
			continue
		}
		b.shop = b.register(fmt.Sprintf("Shop %d", rob.ID+b.shop.ID))
	}
	k, by := b.key(0)
	owned, err := b.Partners.Of(b.Ctx, rob.ID)
	b.OK(err)
	if len(owned) != 0 {
		t.Errorf("the account owns %+v", owned)
	}
	if err := b.Partners.EndOwnKey(b.Ctx, rob.ID, b.shop.ID, k.ID); !errors.Is(err, partner.ErrNotFound) {
		t.Errorf("the account ends the partner's key: %v", err)
	}
	b.wants(b.request(by), nil)
	hook, _, err := b.PartnerHooks.Add(b.Ctx, b.shop.ID, webhook.Draft{
		URL:   "http://127.0.0.1:1/",
		Types: webhook.PartnerTypes(),
	})
	b.OK(err)
	if _, err := b.Webhooks.Get(b.Ctx, rob.ID, hook.ID); !errors.Is(err, webhook.ErrNotFound) {
		t.Errorf("the account reads the partner's address: %v", err)
	}
	// The queries by which processes of the version before partners find a creator's addresses, and those to be told.
	for _, sql := range []string{
		"select count(*) from webhook_endpoint where owner_id = $1",
		"select count(*) from webhook_endpoint where owner_id = $1 and state = 'on' and 'order.paid' = any(types)",
	} {
		if n := b.count(sql, rob.ID); n != 0 {
			t.Errorf("%s: got %d, want 0", sql, n)
		}
	}
}
