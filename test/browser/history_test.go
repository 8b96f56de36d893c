package browser_test

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// listed is an expression for the addresses in a list, as one string to compare.
const listed = `[...document.querySelectorAll('#cards a.card-link')].map(a => a.getAttribute('href')).join(' ')`

// TestList_back_restores_position sorts and filters a list, opens a video, and goes back step by step.
func TestList_back_restores_position(t *testing.T) {
	t.Parallel()
	p := newPerson(t, look{lang: "en", width: 1280})
	p.visit("/videos")
	eval[bool](p, `window.stayed = true`)
	seen := map[string]string{"/videos": eval[string](p, listed)}

	p.click(`nav a[href*="sort=newest"]`)
	p.until(`location.search === '?sort=newest' && ` + listed + ` !== ` + quoted(seen["/videos"]))
	seen["/videos?sort=newest"] = eval[string](p, listed)
	p.click(`label:has(> #filter-quality-4K)`)
	p.until(`location.search.includes('quality=4K') && ` + listed + `.split(' ').length === 2`)
	filtered := eval[string](p, `location.pathname + location.search`)
	seen[filtered] = eval[string](p, listed)
	if !eval[bool](p, `window.stayed === true`) {
		t.Error("sorting or filtering reloads the page instead of swapping the list")
	}
	p.click(`#cards a.card-link`)
	p.at("/v/")
	for _, path := range []string{filtered, "/videos?sort=newest"} {
		eval[bool](p, `history.back(); true`)
		p.until(
			`location.pathname + location.search === ` + quoted(path) + ` && ` + listed + ` === ` + quoted(seen[path]))
	}
	// Other tests buy meanwhile and change the best sellers, so the first list is recognised by its length and by
	// differing from the next one.
	eval[bool](p, `history.back(); true`)
	p.until(
		`location.pathname + location.search === '/videos' && ` + listed + `.split(' ').length === ` +
			itoa(strings.Count(seen["/videos"], " ")+1) +
			` && ` + listed + ` !== ` + quoted(seen["/videos?sort=newest"]))
	p.until(`!document.querySelector('#filter-quality-4K').checked`)
	eval[bool](p, `history.forward(); true`)
	p.until(`location.search === '?sort=newest' && ` + listed + ` === ` + quoted(seen["/videos?sort=newest"]))

	before := eval[int](p, `document.querySelectorAll('#cards article').length`)
	p.click(`#more a[rel=next]`)
	p.until(`document.querySelectorAll('#cards article').length > ` + itoa(before))
}

// TestCheckout_double_click_places_one_order double-clicks each button that costs money, and goes back to click again.
func TestCheckout_double_click_places_one_order(t *testing.T) {
	t.Parallel()
	p := newPerson(t, look{lang: "en", width: 1280})
	mei := p.mall.account(t, "Mei", "shopper")
	p.enter(mei)
	p.inCart("pour-over-coffee")
	orders := func() int { return p.mall.count(t, `select count(*) from video_order where user_id = $1`, mei.ID) }

	p.visit("/checkout")
	p.doubleClick(`#checkout button[data-once]`)
	p.at("/sandbox/pay/")
	if n := orders(); n != 1 {
		t.Errorf("orders after a double click: got %d, want 1", n)
	}
	eval[bool](p, `history.back(); true`)
	// The browser shows the page from its cache or, without it, the unpaid order, to which /checkout redirects now.
	p.until(`/^.(checkout$|orders.)/.test(location.pathname) && document.readyState === 'complete'`)
	if eval[bool](p, `!!document.querySelector('#checkout button[data-once]')`) {
		eval[bool](p, `document.querySelector('#checkout button[data-once]').click(); true`)
		p.until(`!location.pathname.startsWith('/checkout') && document.readyState === 'complete'`)
	}
	if n := orders(); n != 1 {
		t.Errorf("orders after going back and paying again: got %d, want 1", n)
	}
	orderNo := p.mall.text(t, `select order_no from video_order where user_id = $1`, mei.ID)
	p.visit("/orders/" + orderNo)
	p.click(`form[action$="/pay"] button[data-once]`)
	p.at("/sandbox/pay/")
	p.doubleClick(`form[action^="/sandbox/pay/"] button.btn-secondary`)
	p.at("/orders/" + orderNo)
	p.has(`[data-status="DELIVERED"]`)
	if n := p.mall.count(t, `select count(*) from payment_capture where reference = $1`, orderNo); n != 1 {
		t.Errorf("captures after a double click: got %d, want 1", n)
	}
}

// TestSignIn_ended_session_leads_back signs in again after the session ended, and continues on the same page.
func TestSignIn_ended_session_leads_back(t *testing.T) {
	t.Parallel()
	p := newPerson(t, look{lang: "en", width: 390})
	mei := p.mall.account(t, "Mei", "shopper")
	o := p.mall.place(t, mei.ID, p.mall.sku(t, "thousand-cranes", "rent", "HD"))
	p.enter(mei)
	p.expect(`401 \(Unauthorized\)`)

	p.visit("/orders/" + o.OrderNo) // polls once a second, and finds the session gone
	p.forget()
	p.at("/sign-in?next=%2Forders%2F" + o.OrderNo)
	p.fill(`#email`, mei.Email)
	p.fill(`#password`, password)
	p.click(`form[action="/sign-in"] button[type=submit]`)
	p.at("/orders/" + o.OrderNo)
	p.has(`form[action$="/pay"]`)

	p.inCart("six-string-colours")
	p.visit("/checkout") // a form that is sent without a session orders nothing
	p.forget()
	p.click(`#checkout button[data-once]`)
	p.at("/sign-in?next=%2Fcheckout")
	if n := p.mall.count(t, `select count(*) from video_order where user_id = $1`, mei.ID); n != 1 {
		t.Errorf("orders: got %d, want the one from before", n)
	}
}

// forget ends the session as its expiry does: it deletes the cookie.
func (p *person) forget() {
	p.t.Helper()
	_, err := chromedp.Call(p.ctx, network.ClearBrowserCookies, cdp.Empty{})
	p.ok(err)
	p.cookie("lang", p.look.lang)
}

func (p *person) doubleClick(css string) {
	p.t.Helper()
	p.do(chromedp.DoubleClick(chromedp.CSS(css), chromedp.NodeVisible))
}
