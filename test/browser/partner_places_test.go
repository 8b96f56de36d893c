package browser_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"testing"
	"time"

	"videomall/mall/account"
	"videomall/mall/order"
	"videomall/mall/partner"
	"videomall/mall/partner/signature"
	"videomall/mall/webhook"
)

// shop is a partner of the mall with two keys, one of which has been replaced, an address and an order.
type shop struct {
	owner account.User
	id    int64
	token string // of a link that leads to a checkout
	ended int64  // another partner of the same owner, which has been ended
	over  string // the token of its link
}

// referring registers a partner whose owner is somebody else than its operator.
func (h *house) referring(t *testing.T, w *workshop) shop {
	t.Helper()
	ctx := t.Context()
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	s := shop{owner: h.account(t, "Pia", account.RoleShopper)}
	made, err := h.Partners.Create(ctx, w.operator.ID, partner.Draft{
		Name:    "Bay Shop " + rand.Text()[:6],
		Contact: "Pia, pia@shop.example",
		OwnerID: s.owner.ID,
	})
	ok(err)
	s.id = made.ID
	public, _, err := ed25519.GenerateKey(nil)
	ok(err)
	for _, d := range []partner.KeyDraft{
		{
			Label:  "shop server",
			Form:   signature.VM1,
			Scopes: []string{"catalog:read", "links:write", "orders:read"},
		},
		{
			Label:     "staging",
			Form:      signature.RFC9421,
			PublicKey: base64.StdEncoding.EncodeToString(public),
			Scopes:    []string{"catalog:read"},
			Lifetime:  partner.Lifetimes()[1],
		},
	} {
		_, _, err := h.Partners.AddKey(ctx, w.operator.ID, s.id, d)
		ok(err)
	}
	keys, err := h.Partners.Keys(ctx, s.id)
	ok(err)
	_, _, err = h.Partners.Rotate(ctx, w.operator.ID, partner.Rotation{
		PartnerID: s.id,
		KeyID:     keys[1].ID,
		Overlap:   partner.Overlaps()[1],
	})
	ok(err)
	h.exec(t, `update partner_key set last_used_at = $2 where id = $1`, keys[1].ID, time.Now().Add(-3*time.Minute))
	_, _, err = h.Partners.AddKey(ctx, w.operator.ID, s.id, partner.KeyDraft{
		Label:  "lost laptop",
		Form:   signature.VM1,
		Scopes: []string{"orders:read"},
	})
	ok(err)
	keys, err = h.Partners.Keys(ctx, s.id)
	ok(err)
	ok(h.Partners.EndKey(ctx, w.operator.ID, s.id, keys[0].ID))
	_, _, err = h.PartnerHooks.Add(ctx, s.id, webhook.Draft{
		URL:   "https://hooks.example.com/shop",
		Types: webhook.PartnerTypes(),
	})
	ok(err)

	sku := h.sku(t, "balloon-morning", "own", "4K")
	link, _, err := h.Partners.MakeLink(ctx, s.id, partner.LinkDraft{Reference: "sale-2026-0001", SKUID: sku})
	ok(err)
	s.token = link.Token
	other, err := h.Partners.Create(ctx, w.operator.ID, partner.Draft{
		Name:    "Cove Cinema " + rand.Text()[:6],
		Contact: "Pia, pia@shop.example",
		OwnerID: s.owner.ID,
	})
	ok(err)
	_, _, err = h.Partners.AddKey(ctx, w.operator.ID, other.ID, partner.KeyDraft{
		Label:  "shop server",
		Form:   signature.VM1,
		Scopes: []string{"orders:read"},
	})
	ok(err)
	late, _, err := h.Partners.MakeLink(ctx, other.ID, partner.LinkDraft{Reference: "sale-2026-0002", SKUID: sku})
	ok(err)
	ok(h.Partners.End(ctx, w.operator.ID, other.ID))
	s.ended, s.over = other.ID, late.Token
	_, _, err = h.Orders.Place(ctx, order.PlaceRequest{
		UserID:         h.account(t, "Kim", account.RoleShopper).ID,
		IdempotencyKey: rand.Text(),
		Items:          []order.Line{{SKUID: sku, Quantity: 1}},
		Referral: &order.Referral{
			PartnerID: s.id,
			LinkID:    link.ID,
			Reference: link.Reference,
		},
	})
	ok(err)
	return s
}

// partnerPlaces are the pages about partners, and the checkout to which a partner's link leads.
func (w *workshop) partnerPlaces() []stop {
	o, page := &w.operator, fmt.Sprintf("/admin/partners/%d", w.shop.id)
	const add = `form[action$="/keys"] `
	return []stop{
		{
			name: "desk-partners",
			who:  o,
			path: "/admin/partners",
		},
		{
			name:  "desk-partners-wrong",
			who:   o,
			path:  "/admin/partners",
			act:   func(p *person) { p.fill(`[name=name]`, "Cove"); p.click(`form[action="/admin/partners"] button`) },
			ready: `document.querySelector('#owner-error')`,
			wrong: `422`,
		},
		{
			name: "desk-partner",
			who:  o,
			path: page,
		},
		{
			name:  "desk-partner-key-wrong",
			who:   o,
			path:  page,
			act:   func(p *person) { p.click(add + `button`) },
			ready: `document.querySelector('#scopes-error')`,
			wrong: `422`,
		},
		{
			name: "desk-partner-replace",
			who:  o,
			path: page,
			act:  func(p *person) { p.click(`[aria-label*="staging"]`) },
			part: "dialog[open]",
		},
		{
			name: "desk-partner-secret",
			who:  o,
			path: page,
			act: func(p *person) {
				p.fill(add+`[name=label]`, "second server")
				p.click(add + `[value="orders:read"]`)
				p.click(add + `button`)
			},
			ready: `document.querySelector('[data-secret]')`,
		},
		{
			name: "desk-partner-end",
			who:  o,
			path: page,
			act:  func(p *person) { p.click(`section[aria-labelledby="end"] button`) },
			part: "dialog[open]",
		},
		{
			name: "desk-partner-ended",
			who:  o,
			path: fmt.Sprintf("/admin/partners/%d", w.shop.ended),
		},
		{
			name: "account-partners",
			who:  &w.shop.owner,
			path: "/account/partners",
		},
		{
			name: "checkout-link",
			who:  &w.buyer,
			path: "/checkout?link=" + w.shop.token,
		},
		{
			name:  "link-over",
			path:  "/buy/" + w.shop.over,
			wrong: `410`,
		},
		{
			name:  "link-unknown",
			path:  "/buy/none",
			wrong: `404`,
		},
	}
}
