package browser_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"videomall/mall/account"
	"videomall/mall/catalog/listing"
	"videomall/mall/locale"
	"videomall/mall/promotion"
	bundleview "videomall/views/bundle"
)

// TestPhone_long_words walks through all pages that show what people have written, with words of sixty letters, and
// checks that none is wider than a phone.
func TestPhone_long_words(t *testing.T) {
	t.Parallel()
	h, _ := require(t)
	word := strings.Repeat("Rindfleischetikettierungsueberwachung", 2)[:60]
	w := h.workshopOf(t, names{
		account: word,
		creator: locale.Text{Zh: word, En: word},
		file:    word + ".mp4",
		title:   locale.Text{Zh: word, En: word},
		tag:     word[:30],
		buyer:   word,
		said:    word,
	})
	series, bundle := h.seriesAndBundle(t, w, word)
	stops := w.places()
	for _, s := range []stop{
		{who: &w.buyer, path: "/orders"},
		{who: &w.buyer, path: "/orders/" + w.orderNo},
		{who: &w.buyer, path: "/library"},
		{who: &w.buyer, path: "/watch/" + w.slug},
		{who: &w.buyer, path: "/v/" + w.slug},
		{who: &w.buyer, path: "/account"},
		{who: &w.buyer, path: "/account/security"},
		{who: &w.operator, path: "/admin"},
		{who: &w.operator, path: "/admin/orders"},
		{who: &w.operator, path: "/admin/orders/" + w.orderNo},
		{who: &w.operator, path: fmt.Sprintf("/admin/products/%d", w.live)},
		{who: &w.operator, path: fmt.Sprintf("/admin/people/%d", w.creator.ID)},
		{who: &w.operator, path: fmt.Sprintf("/admin/people/%d", w.buyer.ID)},
		{who: &w.operator, path: "/admin/search?q=" + word[:40]},
		{path: series},
		{path: bundle},
		{path: "/"},
		{path: "/videos?sort=newest"},
		{path: "/search?q=" + word},
		{path: "/v/" + w.slug},
		{path: "/creators/" + h.text(t, `select slug from catalog_creator where user_id = $1`, w.creator.ID)},
		{path: "/v/" + w.slug, act: func(p *person) { p.inCart(w.slug); p.visit("/cart") }},
	} {
		s.name = s.path
		stops = append(stops, s)
	}
	rich := h.account(t, word, account.RoleShopper)
	stops = append(stops, stop{
		name: "checkout",
		who:  &rich,
		path: "/v/" + w.slug,
		act:  func(p *person) { p.inCart(w.slug); p.visit("/checkout") },
	})
	walk(t, look{lang: "en", width: 390}, stops, func(p *person, s stop) { p.fitsPhone(s.name) })
}

// seriesAndBundle creates a series and a bundle of two videos of the workshop, both called name, and returns the paths
// of their pages. The second video belongs to the series.
func (h *house) seriesAndBundle(t *testing.T, w *workshop, name string) (series, bundle string) {
	t.Helper()
	ctx := t.Context()
	id, err := h.Listings.CreateSeries(ctx, w.creator.ID, listing.NewSeries{
		Slug:  w.slug + "-series",
		Title: locale.Text{Zh: name, En: name},
	})
	if err != nil {
		t.Fatal(err)
	}
	terms := promotion.BundleTerms{
		Name:       locale.Text{Zh: name, En: name},
		Currency:   "CNY",
		PercentOff: 30,
	}
	for _, spu := range []int64{w.live, h.onSale(t, w, w.slug[len("dawn-"):]+"-4", id)} {
		product, err := h.Catalog.FindByID(ctx, spu)
		if err != nil {
			t.Fatal(err)
		}
		terms.SKUIDs = append(terms.SKUIDs, product.SKUs[0].ID)
	}
	b, err := h.Promotions.CreateBundle(ctx, w.creator.ID, terms)
	if err != nil {
		t.Fatal(err)
	}
	return "/series/" + w.slug + "-series", bundleview.URL(b.ID)
}

// TestPhone_BuyBar follows the bar at the bottom of a product's page.
func TestPhone_BuyBar(t *testing.T) {
	t.Parallel()
	const bar = `document.querySelector('[data-buy-bar]')`
	p := newPerson(t, look{lang: "en", width: 390})
	p.visit("/v/aurora-nights")
	eval[bool](p, `scrollTo(0, document.body.scrollHeight / 2); true`)
	p.until(`!` + bar + `.inert && Math.round(` + bar + `.getBoundingClientRect().bottom) === innerHeight`)
	last := `[...document.querySelectorAll('#buy input[name=sku_id]:enabled')].at(-1)`
	eval[bool](p, last+`.click(); true`)
	p.until(
		bar + `.querySelector('[data-buy-price]').textContent.trim() === ` + last +
			`.closest('label').querySelector('[data-sku-price]').textContent.trim()`)
	eval[bool](p, `document.querySelector('[data-buy]').scrollIntoView({block: 'center'}); true`)
	p.until(bar + `.inert`)
	eval[bool](p, `scrollTo(0, document.body.scrollHeight / 2); true`)
	p.until(`!` + bar + `.inert`)
	sku := eval[string](p, last+`.value`)
	p.click(`[data-buy-bar] button`)
	p.at("/sign-in?next=%2Fcheckout")
	p.visit("/cart")
	p.has(`form[action="/cart/items/` + sku + `/remove"]`)

	p.do(chromedp.EmulateViewport(1280, 900))
	p.visit("/v/aurora-nights")
	if eval[bool](p, bar+`.checkVisibility()`) {
		t.Error("the buy bar is visible on a wide screen, beside the panel")
	}
}

// TestPhone_BuyBar_without_scripts buys with the bar when scripts are off.
func TestPhone_BuyBar_without_scripts(t *testing.T) {
	t.Parallel()
	p := newPerson(t, look{lang: "en", width: 390})
	p.scripts(false)
	p.visit("/v/aurora-nights")
	p.click(`[data-buy-bar] button`)
	p.at("/sign-in?next=%2Fcheckout")
}

// TestPhone_more_tabs checks that a row that scrolls sideways shows that there is more, and that figures are laid out
// side by side.
func TestPhone_more_tabs(t *testing.T) {
	t.Parallel()
	p := newPerson(t, look{lang: "en", width: 390})
	creator, err := p.mall.Accounts.ByEmail(t.Context(), "creator@example.test")
	p.ok(err)
	p.enter(creator)
	p.visit("/studio")
	if !eval[bool](p, `(r => r.scrollWidth > r.clientWidth)(document.querySelector('main .rail'))`) {
		t.Fatal("the studio's tabs do not scroll")
	}
	if shades := eval[string](p,
		`getComputedStyle(document.querySelector('main .rail')).backgroundAttachment`); shades != "local, local, scroll, scroll" {
		t.Errorf("background-attachment of a rail: got %q", shades)
	}
	if !eval[bool](p,
		`(tiles => tiles.length > 1 && tiles[0].getBoundingClientRect().top === tiles[1].getBoundingClientRect().top)(document.querySelector('.stat-tiles').children)`) {
		t.Error("figures are below each other, want them side by side")
	}
}

// TestStudioReviews_folded opens the form of an answer and saves an answer, without scripts.
func TestStudioReviews_folded(t *testing.T) {
	t.Parallel()
	h, _ := require(t)
	w := h.workshop(t)
	p := newPerson(t, look{lang: "en", width: 390})
	p.enter(w.creator)
	p.scripts(false) // it needs none
	p.visit("/studio/reviews")
	p.has(`main details textarea`)
	if eval[bool](p, `[...document.querySelectorAll('main textarea')].some(t => t.checkVisibility())`) {
		t.Error("the form of an answer is open before anybody opens it")
	}
	p.click(`main details > summary`)
	p.fill(`main details[open] textarea`, "Thank you")
	p.click(`main details[open] button`)
	p.at("/studio/reviews")
	p.scripts(true)
	p.until(
		`document.querySelector('main details:not([open])') && document.querySelector('main li').textContent.includes('Thank you')`)
}
