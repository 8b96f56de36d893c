package browser_test

import (
	"testing"

	"videomall/mall/order"
)

// TestShop_without_scripts buys a video in a browser that runs no JavaScript at all.
func TestShop_without_scripts(t *testing.T) {
	t.Parallel()
	p := newPerson(t, look{lang: "en", width: 1280})
	mei := p.mall.account(t, "Mei", "shopper")
	p.scripts(false)

	p.visit("/")
	p.fill(`header input[name=q]`, "tea\r")
	p.at("/search?q=tea")
	p.has(`a.card-link[href="/v/a-bowl-of-tea"] mark`)

	p.visit("/videos")
	p.click(`label:has(> #filter-quality-4K)`)
	p.click(`#filters button[type=submit]`)
	p.at("/videos?")
	p.until(`location.search.includes('quality=4K') && document.querySelectorAll('#cards article').length === 2`)
	p.click(`nav a[href*="sort=newest"]`)
	p.until(`location.search.includes('quality=4K') && location.search.includes('sort=newest')`)

	p.visit("/v/a-bowl-of-tea")
	p.click(`button[name=next][value="/v/a-bowl-of-tea"]`)
	p.until(`document.readyState === 'complete' && document.querySelector('#cart-link span')?.textContent === '1'`)
	p.click(`#cart-link`)
	p.at("/cart")
	p.click(`a[href="/checkout"]`)
	p.at("/sign-in")
	p.fill(`#email`, mei.Email)
	p.fill(`#password`, password)
	p.click(`form[action="/sign-in"] button[type=submit]`)
	p.at("/checkout")
	p.click(`#checkout button[data-once]`)
	p.at("/sandbox/pay/")
	p.click(`form[action^="/sandbox/pay/"] button.btn-secondary`)
	p.at("/orders/")
	orderNo := eval[string](p, `location.pathname.split('/')[2]`)
	p.mall.reaches(t, orderNo, order.Delivered)
	p.visit("/orders/" + orderNo)
	p.has(`[data-status="DELIVERED"] a[href="/watch/a-bowl-of-tea"]`)
	if n := p.mall.count(t, `select count(*) from video_order where user_id = $1`, mei.ID); n != 1 {
		t.Errorf("orders: got %d, want 1", n)
	}
	if eval[bool](p, `typeof htmx !== 'undefined'`) {
		t.Error("htmx ran although scripts are off")
	}
}
