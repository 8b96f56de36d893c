package api_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	mallclient "videomall/examples/go"
	"videomall/mall/account"
	"videomall/mall/malltest"
	"videomall/mall/order"
	"videomall/mall/partner"
	"videomall/mall/partner/signature"
	"videomall/web/api"
)

// shop is a partner with a client that signs requests.
type shop struct {
	*mall
	owner account.User
	id    int64
	*mallclient.Client
}

// shop registers a partner and gives it a key of all scopes, or of the given ones.
func (m *mall) shop(name string, scopes ...partner.Scope) *shop {
	m.t.Helper()
	s := &shop{mall: m, owner: m.person(name)}
	made, err := m.Partners.Create(m.Ctx, s.owner.ID, partner.Draft{
		Name:    name,
		Contact: name + "@example.test",
		OwnerID: s.owner.ID,
	})
	m.OK(err)
	s.id = made.ID
	_, s.Client = s.key(scopes...)
	return s
}

// key adds a key of VM1, and returns a client that signs with it by the mall's clock.
func (s *shop) key(scopes ...partner.Scope) (partner.Key, *mallclient.Client) {
	s.t.Helper()
	k, secret, err := s.Partners.AddKey(s.Ctx, s.owner.ID, s.id, partner.KeyDraft{
		Label:  "test",
		Form:   signature.VM1,
		Scopes: texts(scopes),
	})
	s.OK(err)
	return k, &mallclient.Client{
		BaseURL: s.url,
		KeyID:   k.PublicID,
		Secret:  secret,
		Now:     s.mall.Now,
	}
}

func texts(scopes []partner.Scope) (list []string) {
	if len(scopes) == 0 {
		scopes = partner.Scopes()
	}
	for _, scope := range scopes {
		list = append(list, string(scope))
	}
	return list
}

// signed returns the headers of a signature, for call.
func (m *mall) signed(by *mallclient.Client, method, address, body string) (headers []string) {
	m.t.Helper()
	r, err := http.NewRequest(method, m.url+v1+address, strings.NewReader(body))
	m.OK(err)
	m.OK(by.Sign(r, []byte(body)))
	for name := range r.Header {
		headers = append(headers, name, r.Header.Get(name))
	}
	return headers
}

// ask sends a request that the client has signed.
func (s *shop) ask(by *mallclient.Client, method, address, body string) answer {
	s.t.Helper()
	return s.guest().call(method, address, body, s.signed(by, method, address, body)...)
}

// operation is one of the partners' operations, with the scope that the document says it needs.
type operation struct{ method, address, body, scope string }

func partnerOperations(m *mall, sku int64) (list []operation) {
	for at, item := range spec(m.t).Paths.Map() {
		if !strings.HasPrefix(at, api.PartnerPrefix+"/") {
			continue
		}
		for method, o := range item.Operations() {
			op := operation{method: method, address: strings.Replace(strings.TrimPrefix(at, v1), "{skuId}", fmt.Sprint(sku), 1)}
			if method == "POST" {
				op.body = fmt.Sprintf(`{"reference": "r", "skuId": %d}`, sku)
			}
			op.scope, _ = o.Extensions["x-scope"].(string)
			list = append(list, op)
		}
	}
	return list
}

// TestPartner_every_operation_needs_its_scope requests every operation with no key, with a key of every other scope,
// with a key of its scope alone, with one that has ended, with another partner's, and as a signed-in person.
func TestPartner_every_operation_needs_its_scope(t *testing.T) {
	t.Parallel()
	m := open(t)
	_, sku, _ := m.harbour()
	s, other := m.shop("one"), m.shop("two")
	browser, program := m.browser(s.owner), m.program(s.owner)
	operations := partnerOperations(m, sku)
	if len(operations) != 5 {
		t.Fatalf("operations: got %d, want 5", len(operations))
	}
	for _, op := range operations {
		for _, c := range []*client{m.guest(), browser} {
			c.call(op.method, op.address, op.body).refuses(401, "signature_missing")
		}
		program.call(op.method, op.address, op.body).refuses(401, "signature_missing")
		if op.scope != "" {
			var rest []partner.Scope
			for _, scope := range partner.Scopes() {
				if string(scope) != op.scope {
					rest = append(rest, scope)
				}
			}
			_, lacking := s.key(rest...)
			a := s.ask(lacking, op.method, op.address, op.body).refuses(403, "scope_missing")
			if a.text("errors", "scope") != op.scope {
				t.Errorf("%s: names scope %v", op.address, a.at("errors", "scope"))
			}
			_, only := s.key(partner.Scope(op.scope))
			if a := s.ask(only, op.method, op.address, op.body); a.status/100 != 2 {
				t.Errorf("%s with its scope: got %d %s", op.address, a.status, a.body)
			}
		}
		ended, signer := s.key()
		m.OK(m.Partners.EndKey(m.Ctx, s.owner.ID, s.id, ended.ID))
		s.ask(signer, op.method, op.address, op.body).refuses(401, "key_ended")
		if a := other.ask(other.Client, op.method, op.address, op.body); a.status/100 != 2 {
			t.Errorf("%s of another partner: got %d %s", op.address, a.status, a.body)
		}
		// The keys of this operation end, so that the partner has places for those of the next.
		malltest.Query[int64](m.Mall, `update partner_key set ends_at = created_at where partner_id = $1
			and id <> (select min(id) from partner_key where partner_id = $1) returning id`, s.id)
	}
}

// TestPartner_refusals checks the code of each way in which a signature fails, and that none of them uses the nonce up.
func TestPartner_refusals(t *testing.T) {
	t.Parallel()
	m := open(t)
	_, sku, _ := m.harbour()
	s := m.shop("one")
	const at = "/partner/links"
	body := fmt.Sprintf(`{"reference": "r", "skuId": %d}`, sku)
	fixed := *s.Client
	fixed.Nonce = func() string { return "always-the-same-nonce" }
	sign := func(by mallclient.Client, body string) []string { return m.signed(&by, "POST", at, body) }
	with := func(name, old, replacement string, headers []string) []string {
		out := slices.Clone(headers)
		for n := 0; n+1 < len(out); n += 2 {
			if strings.EqualFold(out[n], name) {
				out[n+1] = strings.Replace(out[n+1], old, replacement, 1)
			}
		}
		return out
	}
	late, early, stranger, elsewhere := fixed, fixed, fixed, fixed
	now := m.Now()
	late.Now = func() time.Time { return now.Add(-301 * time.Second) }
	early.Now = func() time.Time { return now.Add(302 * time.Second) } // a second passes until it arrives
	stranger.KeyID = "pk_" + strings.Repeat("z", 26)
	elsewhere.Secret = "vmsec_" + base64.RawURLEncoding.EncodeToString(make([]byte, 32))
	for _, c := range []struct {
		name, code string
		headers    []string
		body       string
	}{
		{"none", "signature_missing", nil, body},
		{"other scheme", "signature_missing", []string{"Authorization", "Basic eA=="}, body},
		{"part missing", "signature_malformed", with("Authorization", "nonce=", "once=", sign(fixed, body)), body},
		{"part twice", "signature_malformed", with("Authorization", "VM1 ", "VM1 nonce=x, ", sign(fixed, body)), body},
		{"short nonce", "signature_malformed", with("Authorization", "always-the-same-nonce", "short", sign(fixed, body)), body},
		{"two signatures", "signature_malformed", append(sign(fixed, body), "Signature-Input", `a=()`), body},
		{"late", "timestamp_skew", sign(late, body), body},
		{"early", "timestamp_skew", sign(early, body), body},
		{"unknown key", "key_unknown", sign(stranger, body), body},
		{"other secret", "signature_wrong", sign(elsewhere, body), body},
		{"other body", "body_changed", sign(fixed, body), strings.Replace(body, "r", "R", 1)},
	} {
		a := m.guest().call("POST", at, c.body, c.headers...).refuses(401, c.code)
		if c.code == "timestamp_skew" && a.text("serverTime") == "" {
			t.Errorf("%s: the time of the server is missing", c.name)
		}
		if strings.Contains(a.body, s.Secret) {
			t.Errorf("%s: shows the secret", c.name)
		}
	}
	m.guest().call("POST", at, body, sign(fixed, body)...).wants(201)
	m.guest().call("POST", at, body, sign(fixed, body)...).refuses(401, "nonce_replayed")
}

// TestPartner_host_wrong tells only the holder of the key for which host to sign.
func TestPartner_host_wrong(t *testing.T) {
	t.Parallel()
	m := open(t)
	s := m.shop("one")
	for host, code := range map[string]string{"other.example": "host_wrong", "third.example": "signature_wrong"} {
		r, err := http.NewRequest("GET", "http://other.example"+v1+"/partner/key", nil)
		m.OK(err)
		m.OK(s.Sign(r, nil))
		asked := httptest.NewRequest("GET", v1+"/partner/key", nil)
		asked.Header, asked.Host = r.Header, host
		e := httptest.NewRecorder()
		m.e.ServeHTTP(e, asked)
		if e.Code != 401 || !strings.Contains(e.Body.String(), `"code":"`+code+`"`) {
			t.Errorf("signed for other.example, sent to %s: got %d %s, want %s", host, e.Code, e.Body, code)
		}
	}
}

// TestPartner_a_nonce_is_accepted_once sends one signed request fifty times at once, and again while Redis has forgotten
// everything and while it is away.
func TestPartner_a_nonce_is_accepted_once(t *testing.T) {
	t.Parallel()
	m := open(t)
	s := m.shop("one")
	headers := m.signed(s.Client, "GET", "/partner/key", "")
	send := func() int {
		r, err := http.NewRequest("GET", m.url+v1+"/partner/key", nil)
		if err != nil {
			t.Error(err)
			return 0
		}
		for n := 0; n+1 < len(headers); n += 2 {
			r.Header.Set(headers[n], headers[n+1])
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Error(err)
			return 0
		}
		res.Body.Close()
		return res.StatusCode
	}
	var wg sync.WaitGroup
	got := make([]int, 50)
	for n := range got {
		wg.Go(func() { got[n] = send() })
	}
	wg.Wait()
	slices.Sort(got)
	if got[0] != 200 || got[1] != 401 || got[49] != 401 {
		t.Fatalf("fifty at once: got %v, want one 200 and 401 for the others", got)
	}
	m.OK(m.Redis.FlushAll(m.Ctx).Err())
	if status := send(); status != 401 {
		t.Errorf("after Redis forgot everything: got %d, want 401", status)
	}
	m.OK(m.Redis.Close())
	if status := send(); status != 401 {
		t.Errorf("without Redis: got %d, want 401", status)
	}
	headers = m.signed(s.Client, "GET", "/partner/key", "") // accepted while Redis is away
	if first, second := send(), send(); first != 200 || second != 401 {
		t.Errorf("a new nonce without Redis: got %d and %d, want 200 and 401", first, second)
	}
	m.Advance(11 * time.Minute)
	if n, err := m.Partners.DropNonces(m.Ctx); err != nil || n != 2 {
		t.Errorf("dropped: got %d, %v, want 2", n, err)
	}
	if status := send(); status != 401 {
		t.Errorf("after its nonce was dropped: got %d, want 401", status)
	}
}

// TestPartner_clocks_may_differ_by_300_seconds checks both bounds.
func TestPartner_clocks_may_differ_by_300_seconds(t *testing.T) {
	t.Parallel()
	m := open(t)
	s := m.shop("one")
	r, err := http.NewRequest("GET", m.url+v1+"/partner/key", nil)
	m.OK(err)
	now := time.Unix(1764547200, 0)
	judge, err := partner.New(partner.Deps{
		Pool:      m.Pool,
		Key:       make([]byte, 32),
		PublicURL: m.url,
		Now:       func() time.Time { return now },
	})
	m.OK(err)
	for off, fine := range map[time.Duration]bool{-300: true, 300: true, -301: false, 301: false} {
		s.Now = func() time.Time { return now.Add(off * time.Second) }
		m.OK(s.Sign(r, nil))
		_, err := judge.Authenticate(m.Ctx, partner.Asked{
			Method: "GET",
			Target: r.URL.RequestURI(),
			Host:   r.URL.Host,
			Header: r.Header,
		})
		if (err == nil) != fine {
			t.Errorf("off by %d s: got %v, want accepted: %v", off, err, fine)
		}
	}
}

// TestPartner_rotation_overlaps checks that the old key works until its time is up, and that the last use is shown to
// the minute.
func TestPartner_rotation_overlaps(t *testing.T) {
	t.Parallel()
	m := open(t)
	s := m.shop("one")
	old, first := s.key(partner.OrdersRead)
	made, secret, err := m.Partners.Rotate(m.Ctx, s.owner.ID, partner.Rotation{
		PartnerID: s.id,
		KeyID:     old.ID,
		Overlap:   24 * time.Hour,
	})
	m.OK(err)
	second := &mallclient.Client{
		KeyID:  made.PublicID,
		Secret: secret,
		Now:    m.Now,
	}
	for _, by := range []*mallclient.Client{first, second} {
		s.ask(by, "GET", "/partner/orders", "").wants(200)
	}
	used := func() time.Time {
		return malltest.Query[time.Time](m.Mall, `select last_used_at from partner_key where id = $1`, made.ID)[0]
	}
	before := used()
	s.ask(second, "GET", "/partner/orders", "").wants(200)
	if !used().Equal(before) {
		t.Error("the last use was written again within a minute")
	}
	m.Advance(2 * time.Minute)
	s.ask(second, "GET", "/partner/orders", "").wants(200)
	if !used().After(before) {
		t.Error("the last use was not written after a minute")
	}
	m.Advance(24 * time.Hour)
	s.ask(first, "GET", "/partner/orders", "").refuses(401, "key_ended")
	s.ask(second, "GET", "/partner/orders", "").wants(200)
}

// TestPartner_Ed25519 signs by RFC 9421 with the partner's own key pair.
func TestPartner_Ed25519(t *testing.T) {
	t.Parallel()
	m := open(t)
	_, sku, _ := m.harbour()
	s := m.shop("one")
	public, private, err := ed25519.GenerateKey(nil)
	m.OK(err)
	k, secret, err := m.Partners.AddKey(m.Ctx, s.owner.ID, s.id, partner.KeyDraft{
		Label:     "pair",
		Form:      signature.RFC9421,
		PublicKey: base64.StdEncoding.EncodeToString(public),
		Scopes:    texts(nil),
	})
	m.OK(err)
	if secret != "" {
		t.Error("a pair of keys has a secret")
	}
	by := &mallclient.Client{
		KeyID:      k.PublicID,
		PrivateKey: private,
		Now:        m.Now,
	}
	const at = "/partner/links"
	body := fmt.Sprintf(`{"reference": "r", "skuId": %d}`, sku)
	headers := m.signed(by, "POST", at, body)
	m.guest().call("POST", at, strings.Replace(body, "r", "R", 1), headers...).refuses(401, "body_changed")
	m.guest().call("POST", at, body, headers...).wants(201)
	m.guest().call("POST", at, body, headers...).refuses(401, "nonce_replayed")
	uncovered := slices.Clone(m.signed(by, "POST", at, ""))
	m.guest().call("POST", at, body, uncovered...).refuses(401, "signature_malformed")
	s.ask(by, "GET", "/partner/videos?limit=5&sort=newest", "").wants(200)
	by.KeyID = s.KeyID // a key of the other form
	s.ask(by, "GET", "/partner/key", "").refuses(401, "key_unknown")
}

// TestPartner_links_and_orders checks that a reference has one link, and that a partner reads its own orders without
// their buyers.
func TestPartner_links_and_orders(t *testing.T) {
	t.Parallel()
	m := open(t)
	_, own, rent := m.harbour()
	s, other := m.shop("one"), m.shop("two")
	ask := func(by *shop, body string) answer { return by.ask(by.Client, "POST", "/partner/links", body) }
	first := ask(s, fmt.Sprintf(`{"reference": "sale-1", "skuId": %d}`, own)).wants(201)
	again := ask(s, fmt.Sprintf(`{"reference": "sale-1", "skuId": %d}`, own)).wants(201)
	if first.text("url") != again.text("url") || again.header.Get("Idempotency-Replayed") != "true" {
		t.Error("the same reference got another link")
	}
	if first.number("price", "amount") != 1990 {
		t.Errorf("price: got %v", first.at("price"))
	}
	ask(s, fmt.Sprintf(`{"reference": "sale-1", "skuId": %d}`, rent)).refuses(409, "reference_reused")
	ask(s, `{"reference": "sale-2", "skuId": 999999}`).refuses(404, "sku_not_found")
	ask(s, fmt.Sprintf(`{"reference": "no spaces", "skuId": %d}`, own)).refuses(422, "link_invalid")
	ask(s, fmt.Sprintf(`{"reference": "x", "skuId": %d, "expiresInSeconds": 59}`, own)).refuses(422, "link_invalid")
	ask(s, `{"reference": "x"}`).refuses(422, "field_missing")
	ask(s, `{"price": 1}`).refuses(400, "unknown_field")
	if url := ask(other, fmt.Sprintf(`{"reference": "sale-1", "skuId": %d}`, own)).wants(201).text("url"); url ==
		first.text("url") {
		t.Error("two partners share a link")
	}

	_, token, _ := strings.Cut(first.text("url"), "/buy/")
	link, err := m.Partners.Follow(m.Ctx, token)
	m.OK(err)
	ann := m.person("ann")
	placed, _, err := m.Orders.Place(m.Ctx, order.PlaceRequest{
		UserID:         ann.ID,
		IdempotencyKey: "k",
		Items:          []order.Line{{SKUID: own, Quantity: 1}},
		Referral: &order.Referral{
			PartnerID: link.PartnerID,
			LinkID:    link.ID,
			Reference: link.Reference,
		},
	})
	m.OK(err)
	m.Place(ann.ID, rent) // came by itself
	a := s.ask(s.Client, "GET", "/partner/orders?reference=sale-1", "").wants(200)
	if len(a.rows()) != 1 || a.text("items", 0, "orderNo") != placed.OrderNo {
		t.Errorf("orders: got %s", a.body)
	}
	for _, secret := range []string{"ann", "user", "email"} {
		if strings.Contains(a.body, secret) {
			t.Errorf("an order tells a partner of its buyer: %s", a.body)
		}
	}
	if a := other.ask(other.Client, "GET", "/partner/orders?limit=1", "").wants(200); len(a.rows()) != 0 {
		t.Errorf("another partner reads %s", a.body)
	}
	s.ask(s.Client, "GET", "/partner/orders?cursor=x", "").refuses(422, "cursor_invalid")
	s.ask(s.Client, "GET", "/partner/orders?who=1", "").refuses(422, "filter_invalid")
	if _, err := m.Partners.Follow(m.Ctx, token[:len(token)-1]+"A"); err == nil && !strings.HasSuffix(token, "A") {
		t.Error("a forged token leads somewhere")
	}
	m.Advance(2 * time.Hour)
	if _, err := m.Partners.Follow(m.Ctx, token); err == nil {
		t.Error("a link works after its time")
	}
}

// TestPartner_HEAD_and_encodings has the server parse requests that are written in unusual ways.
func TestPartner_HEAD_and_encodings(t *testing.T) {
	t.Parallel()
	m := open(t)
	m.harbour()
	s := m.shop("one")
	for _, address := range []string{
		"/partner/videos?q=a+b", "/partner/videos?q=a%20b", "/partner/videos?q=&limit=5", "/partner/videos?q=%E6%B5%B7",
		"/partner/videos?",
	} {
		s.ask(s.Client, "GET", address, "").wants(200)
	}
	s.ask(s.Client, "GET", "/partner/videos?q=a&q=b", "").refuses(422, "filter_invalid")
	r, err := http.NewRequest("HEAD", m.url+v1+"/partner/videos", nil)
	m.OK(err)
	m.OK(s.Sign(r, nil))
	res, err := http.DefaultClient.Do(r)
	m.OK(err)
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("HEAD: got %d, want 200", res.StatusCode)
	}
}
