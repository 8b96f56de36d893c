package checkout_test

import (
	"bytes"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"videomall/mall/account"
	"videomall/mall/partner"
	"videomall/mall/partner/signature"
	"videomall/web/checkout"
	"videomall/web/webtest"
)

// street is a mall with a partner who sends buyers by links.
type street struct {
	*webtest.Mall
	t        *testing.T
	partners *partner.Partners
	shop     partner.Partner
	mia      account.User
}

func openStreet(t *testing.T) *street {
	t.Helper()
	s := &street{t: t}
	s.Mall = open(t, func(o *webtest.Options) {
		o.Routes = func(g *echo.Group, m *webtest.Mall) {
			made, err := partner.New(partner.Deps{
				Pool:      m.Pool,
				Key:       bytes.Repeat([]byte{3}, 32),
				PublicURL: m.URL,
				Now:       m.Now,
			})
			if err != nil {
				t.Fatal(err)
			}
			s.partners = made
			d := deps(m)
			d.Links = made.Follow
			checkout.Routes(g, d)
		}
	})
	s.mia = s.Person("mia", "shopper")
	pia := s.Person("pia", "shopper")
	var err error
	s.shop, err = s.partners.Create(t.Context(), pia.ID, partner.Draft{
		Name:    "Bay <Shop>",
		Contact: "Pia",
		OwnerID: pia.ID,
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// link makes a link to a SKU, and returns its path and its token.
func (s *street) link(reference string, sku int64) (path, token string) {
	s.t.Helper()
	l, _, err := s.partners.MakeLink(s.t.Context(), s.shop.ID, partner.LinkDraft{Reference: reference, SKUID: sku})
	if err != nil {
		s.t.Fatal(err)
	}
	return strings.TrimPrefix(s.partners.URL(l), s.URL), l.Token
}

// referred lists the orders that came by links, as buyer, reference and SKU.
func (s *street) referred() []string {
	return webtest.Query[string](s.Mall, `select concat_ws(' ', u.name, r.reference, i.sku_id) from order_referral r
		join video_order o using (order_no) join video_order_item i using (order_no) join account_user u on u.id = o.user_id
		order by r.order_no`)
}

func TestLink_leads_a_guest_to_the_checkout_of_one_SKU(t *testing.T) {
	s := openStreet(t)
	video, other := s.Video(990, -1, several), s.Video(500, -1)
	path, token := s.link("sale-1", video)
	b := s.Browser(0)
	b.Post("/cart/items", item(other))
	at := b.Get(path).Wants(303)
	if at.Location != "/checkout?link="+token || at.Header.Get("Cache-Control") != "private, no-store" {
		t.Fatalf("the link leads to %q, %v", at.Location, at.Header)
	}
	if to := b.Get(at.Location).Wants(303).Location; to != "/sign-in?next=%2Fcheckout%3Flink%3D"+token {
		t.Fatalf("a guest is led to %q", to)
	}
	b.SignIn(s.mia.ID)
	page := b.Get(at.Location).Wants(200).Shows("Film 1", "You came from Bay <Shop>.", "Pay CN¥9.90").Hides("Film 2")
	form := page.Form("/checkout")
	if form.Get("link") != token {
		t.Fatalf("the form holds %v", form)
	}
	twice, another, free := clone(form), clone(form), clone(form)
	twice.Set("line", strings.Replace(form.Get("line"), "*1@", "*2@", 1))
	twice.Set("key", "twice")
	another.Set("line", b.Get("/checkout").Form("/checkout").Get("line"))
	another.Set("key", "another")
	free.Set("total", "0")
	free.Set("key", "free")
	for name, forged := range map[string]url.Values{"two units": twice, "another video": another, "no money": free} {
		if a := b.Post("/checkout", forged); a.Status/100 != 4 {
			t.Errorf("%s: got %d to %q, want a refusal", name, a.Status, a.Location)
		}
	}
	if n := orders(s.Mall); n != 0 {
		t.Fatalf("forged forms placed %d orders", n)
	}
	for range 2 { // clicked twice
		if to := b.Post("/checkout", form).Wants(303).Location; !strings.HasPrefix(to, "/sandbox/pay/") {
			t.Fatalf("paying leads to %q", to)
		}
	}
	if got := s.referred(); len(got) != 1 || !strings.HasPrefix(got[0], "mia sale-1 ") {
		t.Errorf("orders by the link: got %v, want one of Mia's", got)
	}
	b.Get("/cart").Shows("Film 2") // what was in the cart stays
}

func clone(form url.Values) (c url.Values) {
	c = url.Values{}
	for name, values := range form {
		c[name] = append([]string(nil), values...)
	}
	return c
}

// TestLink_wrong_tokens: what was cut, changed or made up leads nowhere, before and after the sign-in.
func TestLink_wrong_tokens(t *testing.T) {
	s := openStreet(t)
	video := s.Video(990, -1)
	path, token := s.link("sale-1", video)
	_, second := s.link("sale-2", video)
	b, guest := s.Browser(s.mia.ID), s.Browser(0)
	form := b.Get("/checkout?link=" + token).Wants(200).Form("/checkout")
	wrong := []string{
		token[1:], token[:len(token)-1], token + "A", "x", strings.Repeat("A", 32), strings.ToUpper(token),
		second[:11] + token[11:], // the signature of another link
	}
	for n := range token {
		changed := byte('A')
		if token[n] == changed {
			changed = 'B'
		}
		wrong = append(wrong, token[:n]+string(changed)+token[n+1:])
	}
	for _, forged := range wrong {
		guest.Get("/buy/" + forged).Wants(404).Shows("Go back to the shop that you came from.")
		b.Get("/checkout?link=" + forged).Wants(404)
		form.Set("link", forged)
		b.Post("/checkout", form).Wants(404)
	}
	if n := orders(s.Mall); n != 0 {
		t.Fatalf("forged links placed %d orders", n)
	}
	guest.Get(path).Wants(303)
	guest.Lang = "zh-CN"
	guest.Get("/buy/x").Wants(404).Shows("请返回您来的店铺")
}

// TestLink_expired also lets it expire while the checkout is open.
func TestLink_expired(t *testing.T) {
	s := openStreet(t)
	path, token := s.link("sale-1", s.Video(990, -1))
	b := s.Browser(s.mia.ID)
	form := b.Get("/checkout?link=" + token).Wants(200).Form("/checkout")
	s.Advance(partner.UsualLinkLife - time.Minute)
	b.Get("/checkout?link=" + token).Wants(200)
	s.Advance(time.Minute)
	s.Browser(0).Get(path).Wants(410).Shows("This link has expired")
	b.Get(path).Wants(410).Shows("This link has expired", "Bay <Shop>", "See the video")
	b.Get("/checkout?link=" + token).Wants(410).Shows("This link has expired")
	b.Post("/checkout", form).Wants(410).Shows("This link has expired")
	if n := orders(s.Mall); n != 0 {
		t.Errorf("an expired link placed %d orders", n)
	}
}

// TestLink_expired_after_the_order leads to the order by every way, also for a form that is sent again.
func TestLink_expired_after_the_order(t *testing.T) {
	s := openStreet(t)
	path, token := s.link("sale-1", s.Video(990, -1))
	b := s.Browser(s.mia.ID)
	form := b.Get("/checkout?link=" + token).Wants(200).Form("/checkout")
	b.Post("/checkout", form).Wants(303)
	at := "/orders/" + webtest.Query[string](s.Mall, "select order_no from video_order")[0]
	s.Advance(partner.UsualLinkLife)
	for name, to := range map[string]string{
		"link":     b.Get(path).Wants(303).Location,
		"checkout": b.Get("/checkout?link=" + token).Wants(303).Location,
		"form":     b.Post("/checkout", form).Wants(303).Location,
	} {
		if to != at {
			t.Errorf("%s: leads to %q, want %q", name, to, at)
		}
	}
	s.Browser(s.Person("leo", "shopper").ID).Get(path).Wants(410)
	if n := orders(s.Mall); n != 1 {
		t.Errorf("orders: got %d, want 1", n)
	}
}

// TestLink_back_after_the_order: the browser's history, and a second window, make no second order. After an order that
// was cancelled the link leads to the checkout again.
func TestLink_back_after_the_order(t *testing.T) {
	s := openStreet(t)
	_, token := s.link("sale-1", s.Video(990, -1))
	b := s.Browser(s.mia.ID)
	form := b.Get("/checkout?link=" + token).Wants(200).Form("/checkout")
	second := b.Get("/checkout?link=" + token).Wants(200).Form("/checkout")
	b.Post("/checkout", form).Wants(303)
	orderNo := webtest.Query[string](s.Mall, "select order_no from video_order")[0]
	if to := b.Get("/checkout?link=" + token).Wants(303).Location; to != "/orders/"+orderNo {
		t.Errorf("back leads to %q, want the order", to)
	}
	b.Post("/checkout", second).Wants(303)
	other := clone(second)
	other.Set("coupon_code", "OTHER")
	if to := b.Post("/checkout", other).Wants(303).Location; to != "/orders/"+orderNo {
		t.Errorf("a form of other values leads to %q, want the order", to)
	}
	if n := orders(s.Mall); n != 1 {
		t.Fatalf("orders: got %d, want 1", n)
	}
	b.Post("/orders/"+orderNo+"/cancel", url.Values{}).Wants(303)
	b.Post("/checkout", form).Wants(303)
	if n := orders(s.Mall); n != 1 {
		t.Fatalf("orders after the old form was sent again: got %d, want 1", n)
	}
	b.Post("/checkout", b.Get("/checkout?link="+token).Wants(200).Form("/checkout")).Wants(303)
	if got := s.referred(); len(got) != 2 {
		t.Errorf("orders by the link: got %v, want the cancelled one and another", got)
	}
}

// TestLink_used_by_two_buyers gives both an order with the same reference; one of them follows it again.
func TestLink_used_by_two_buyers(t *testing.T) {
	s := openStreet(t)
	video := s.Video(990, -1)
	_, token := s.link("sale-1", video)
	leo := s.Person("leo", "shopper")
	for _, who := range []int64{s.mia.ID, leo.ID} {
		b := s.Browser(who)
		b.Post("/checkout", b.Get("/checkout?link="+token).Wants(200).Form("/checkout")).Wants(303)
	}
	if got := s.referred(); len(got) != 2 || !strings.HasPrefix(got[0], "mia sale-1 ") ||
		!strings.HasPrefix(got[1], "leo sale-1 ") {
		t.Errorf("orders by the link: got %v, want one of each buyer", got)
	}
}

// TestLink_of_an_ended_key: links are the partner's, so that replacing a key breaks no page that was sent out.
func TestLink_of_an_ended_key(t *testing.T) {
	s := openStreet(t)
	k, _, err := s.partners.AddKey(t.Context(), s.shop.OwnerID, s.shop.ID, partner.KeyDraft{
		Label:  "one",
		Form:   signature.VM1,
		Scopes: []string{string(partner.LinksWrite)},
	})
	if err != nil {
		t.Fatal(err)
	}
	path, token := s.link("sale-1", s.Video(990, -1))
	if err := s.partners.EndKey(t.Context(), s.shop.OwnerID, s.shop.ID, k.ID); err != nil {
		t.Fatal(err)
	}
	b := s.Browser(s.mia.ID)
	b.Get(path).Wants(303)
	b.Post("/checkout", b.Get("/checkout?link="+token).Wants(200).Form("/checkout")).Wants(303)
	if got := s.referred(); len(got) != 1 {
		t.Errorf("orders by the link: got %v, want one", got)
	}
}

// TestLink_to_what_cannot_be_bought: taken down, sold out, or the buyer's already.
func TestLink_to_what_cannot_be_bought(t *testing.T) {
	s := openStreet(t)
	gone, soldOut, owned := s.Video(990, -1), s.Video(500, 1), s.Video(700, -1)
	b := s.Browser(s.mia.ID)
	type link struct {
		sku  int64
		says string
		path string
		form url.Values
	}
	links := []*link{{sku: gone, says: "No longer sold"}, {sku: soldOut, says: "Sold out"}, {sku: owned, says: "You own this already"}}
	for n, l := range links {
		_, token := s.link("sale-"+string(rune('a'+n)), l.sku)
		l.path = "/checkout?link=" + token
		l.form = b.Get(l.path).Wants(200).Form("/checkout")
	}
	s.Bought(s.Person("leo", "shopper").ID, soldOut)
	s.Bought(s.mia.ID, owned)
	if err := s.Catalog.TakeDown(t.Context(),
		webtest.Query[int64](s.Mall, "select spu_id from video_product_sku where id = $1", gone)[0]); err != nil {
		t.Fatal(err)
	}
	placed := orders(s.Mall)
	for _, l := range links {
		if page := b.Get(l.path).Wants(200).Shows(l.says, "You came from Bay <Shop>."); page.Has(`name="line"`) {
			t.Errorf("%s: the page offers to pay", l.says)
		}
		b.Post("/checkout", l.form).Wants(409).Shows(l.says)
	}
	if n := orders(s.Mall); n != placed || len(s.referred()) != 0 {
		t.Errorf("orders: got %d, want %d and none by a link: %v", n, placed, s.referred())
	}
}

// TestLink_price_of_the_mall: a partner names no price, and a change of it is agreed to again.
func TestLink_price_of_the_mall(t *testing.T) {
	s := openStreet(t)
	video := s.Video(990, -1)
	_, token := s.link("sale-1", video)
	b := s.Browser(s.mia.ID)
	old := b.Get("/checkout?link=" + token).Wants(200).Form("/checkout")
	setPrice(t, s.Mall, video, 1290)
	again := b.Post("/checkout", old).Wants(409).Shows("The price has changed", "You came from Bay <Shop>.").Form("/checkout")
	if again.Get("link") != token {
		t.Fatalf("the page that asks again has lost the link: %v", again)
	}
	b.Post("/checkout", again).Wants(303)
	if got := s.referred(); len(got) != 1 {
		t.Errorf("orders by the link: got %v, want one", got)
	}
}
