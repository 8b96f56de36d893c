package browser_test

import (
	"crypto/rand"
	"strings"
	"testing"

	"videomall/demo"
	"videomall/mall/order"
)

// trip is the main journey through the mall, as one person makes it.
type trip struct {
	look   look
	query  string
	slug   string
	sku    string // selects the SKU's radio button; empty keeps the SKU that is chosen already
	rental bool
	delay  string // seconds by which the sandbox delays its notice; empty is at once
	reload bool   // reloads the page after the refund instead of waiting for the heartbeat
}

func TestJourney_Chinese_on_phone(t *testing.T) {
	t.Parallel()
	trip{
		look: look{
			lang:  "zh-CN",
			width: 390,
			theme: "dark",
		},
		query:  "极光",
		slug:   "aurora-nights",
		rental: true,
		delay:  "2",
		reload: true,
	}.run(t)
}

func TestJourney_English_on_desktop(t *testing.T) {
	t.Parallel()
	trip{
		look: look{
			lang:  "en",
			width: 1280,
			theme: "light",
		},
		query: "lanterns",
		slug:  "kyoto-lanterns",
		sku:   `label:nth-of-type(2) input[name=sku_id]`,
	}.run(t)
}

const (
	trailer      = `document.querySelector('[data-trailer] hls-video')`
	videoElement = `document.querySelector('[data-player] hls-video')`
)

func (j trip) run(t *testing.T) {
	p := newPerson(t, j.look)
	j.find(p)
	j.fillCart(p)
	j.register(p)
	orderNo := j.buy(p)
	j.watch(p)
	auth := eval[string](p, `document.querySelector('[data-player]').dataset.authUrl`)
	p.expect(`403 \(Forbidden\)`) // from here on, the test is about refusals
	p.expect(`410 \(Gone\)`)
	refundByHand(t, look{lang: j.look.lang, width: 1280}, orderNo)
	j.refused(p, auth)

	p.visit("/orders/" + orderNo)
	p.has(`[data-status="REFUNDED"]`)
}

// find searches for the video and opens its page.
func (j trip) find(p *person) {
	p.visit("/")
	p.until(`document.documentElement.lang === ` + quoted(j.look.lang))
	p.fill(`header input[name=q]`, j.query+"\r")
	p.at("/search?q=")
	p.until(`document.querySelector('mark')?.textContent.length > 1`)
	p.click(`a.card-link[href="/v/` + j.slug + `"]`)
	p.at("/v/" + j.slug)
	p.click(`[data-trailer] [data-start]`)
	p.until(trailer + `?.currentTime > 0.5`)
}

// fillCart puts the video into the cart of a guest.
func (j trip) fillCart(p *person) {
	if j.sku != "" {
		p.click(j.sku)
	}
	p.click(`button[name=next][value="/v/` + j.slug + `"]`)
	p.until(`document.querySelector('#cart-link span')?.textContent === '1'`)
	p.click(`#cart-link`)
	p.at("/cart")
	p.has(`#cart a[href="/v/` + j.slug + `"]`)
	p.click(`a[href="/checkout"]`)
	p.at("/sign-in?next=%2Fcheckout")
}

// register creates an account, and checks that the guest's cart is kept.
func (j trip) register(p *person) {
	p.click(`main a[href^="/sign-up"]`)
	p.at("/sign-up")
	p.fill(`#name`, "Robin 罗宾")
	p.fill(`#email`, "journey-"+strings.ToLower(rand.Text()[:10])+"@example.test")
	p.fill(`#password`, password)
	p.click(`form[action="/sign-up"] button[type=submit]`)
	p.at("/checkout")
	p.until(`document.querySelectorAll('#checkout input[name=line]').length === 1`)
	p.until(`document.querySelector('#cart-link span')?.textContent === '1'`)
}

// buy pays at the sandbox, and checks that the order page follows the order to its delivery by itself.
func (j trip) buy(p *person) (orderNo string) {
	p.click(`#checkout button[data-once]`)
	p.at("/sandbox/pay/")
	if j.delay != "" {
		p.click(`details > summary`)
		p.until(`document.querySelector('details').open`)
		p.do(setValue(`#delay`, j.delay))
	}
	p.click(`form[action^="/sandbox/pay/"] button.btn-secondary`)
	p.at("/orders/")
	orderNo = eval[string](p, `window.stayed = true; location.pathname.split('/')[2]`)
	p.until(`document.querySelector('[data-status="DELIVERED"]')`)
	if !eval[bool](p, `window.stayed === true`) {
		p.fail("the order page was reloaded instead of following its order")
	}
	return orderNo
}

// watch plays the video, and checks that it was authorised by a token and encrypted.
func (j trip) watch(p *person) {
	p.click(`#order-status a[href="/watch/` + j.slug + `"]`)
	p.at("/watch/" + j.slug)
	if j.rental {
		p.click(`main a[href$="?start=1"]`)
		p.at("/watch/" + j.slug + "?start=1")
	}
	p.has(`[data-player] media-play-button`)
	p.until(videoElement + `?.readyState >= 2`)
	p.until(videoElement + `?.currentTime > 1.5`)
	for _, part := range []string{"/p/", "/k/", "/s/", "/api/v1/mall/play/auth/"} {
		if !p.asked(p.mall.url + part) {
			p.fail("the video played without requesting " + part)
		}
	}
}

// refundByHand refunds the order on its page, as an operator does.
func refundByHand(t *testing.T, l look, orderNo string) {
	t.Helper()
	p := newPerson(t, l)
	p.visit("/sign-in?next=/admin/orders/" + orderNo)
	p.fill(`#email`, "operator@example.test")
	p.fill(`#password`, demo.Password)
	p.click(`form[action="/sign-in"] button[type=submit]`)
	p.at("/admin/orders/" + orderNo)
	p.fill(`#reason`, "changed their mind")
	p.click(`form[action$="/refund"] button[type=submit]`)
	p.at("/admin/orders/" + orderNo + "/refund")
	p.click(`button.btn-error`)
	p.until(`location.pathname === '/admin/orders/` + orderNo + `'`)
	p.mall.reaches(t, orderNo, order.Refunded)
}

// refused checks that the refund ends playback, in the player and at the API.
func (j trip) refused(p *person, auth string) {
	if j.reload {
		p.visit("/watch/" + j.slug)
		p.until(
			`!document.querySelector('[data-player]') && document.querySelector('main [role=status] a[href="/v/` +
				j.slug + `"]')`)
	} else {
		p.until(`document.querySelector('.player-notice a[href="/v/` + j.slug + `"]')`)
		p.until(videoElement + `.paused`)
	}
	status := eval[int](p,
		`(() => { const x = new XMLHttpRequest(); x.open('GET', `+quoted(auth)+
			`, false); x.send(); return x.status; })()`)
	if status != 403 {
		p.fail("authorisation after a refund was not refused with 403")
	}
}
