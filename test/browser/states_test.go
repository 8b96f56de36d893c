package browser_test

import (
	"testing"

	"videomall/mall/account"
	"videomall/mall/order"
	"videomall/mall/payment/sandbox"
)

// people are the accounts that visit the pages, with an order in each state.
type people struct {
	shopper, newcomer, operator, creator account.User
	pending, delivered, refunded, closed string // order numbers
	paying                               string // the path of an open payment page
	sales                                flashSales
}

func (h *house) populate(t *testing.T) people {
	t.Helper()
	e := people{
		shopper:  h.account(t, "Mei 梅", account.RoleShopper),
		newcomer: h.account(t, "New Here", account.RoleShopper),
		operator: h.account(t, "Operator", account.RoleOperator),
	}
	id := e.shopper.ID
	var err error
	if e.sales, err = theSales(); err != nil {
		t.Fatal(err)
	}
	if e.creator, err = h.Accounts.ByEmail(t.Context(), "creator@example.test"); err != nil {
		t.Fatal(err)
	}
	e.delivered = h.bought(t, id, h.sku(t, "ink-mountains", "own", "HD")).OrderNo
	h.bought(t, id, h.sku(t, "night-train-window", "rent", "HD"), h.sku(t, "koi-pond", "own", "HD"))
	e.refunded = h.bought(t, id, h.sku(t, "rain-piano", "own", "HD")).OrderNo
	h.refund(t, e.refunded)
	closed := h.place(t, id, h.sku(t, "neon-rain", "own", "HD"))
	if _, err := h.Orders.Cancel(t.Context(), id, closed.OrderNo); err != nil {
		t.Fatal(err)
	}
	h.reaches(t, closed.OrderNo, order.Closed)
	e.closed = closed.OrderNo

	// A payment of a wrong amount opens a case for the operators, and jobs and events that are tried no more are dead
	// letters.
	odd := h.place(t, h.account(t, "Paid Too Little", account.RoleShopper).ID, h.sku(t, "pulled-noodles", "own", "HD"))
	h.pay(t, odd, sandbox.PayOptions{Amount: 1})
	eventually(t, "the wrong amount opens a case", func() bool {
		return h.count(t, `select count(*) from order_case where order_no = $1`, odd.OrderNo) > 0
	})
	h.exec(t, `insert into outbox_delivery (subscriber, event_id, aggregate, state, attempts, last_error, settled_at)
		select 'newsletter', id, aggregate, 'dead', 8, 'the other side does not answer', now() from outbox_event
		order by id limit 1 on conflict do nothing`)
	h.exec(t, `update river_job set state = 'discarded', finalized_at = now(), attempt = max_attempts,
		errors = array[jsonb_build_object('at', now(), 'attempt', 1, 'error', 'no such table', 'trace', '')]
		where id = (select id from river_job where kind = 'order_close' and args->>'orderNo' = $1)`, closed.OrderNo)

	pending := h.place(t, id, h.sku(t, "balloon-morning", "own", "4K"))
	attempt, err := h.Orders.Prepay(t.Context(), order.PrepayRequest{
		UserID:    id,
		OrderNo:   pending.OrderNo,
		Provider:  sandbox.Name,
		ReturnURL: h.url + "/orders/" + pending.OrderNo,
	})
	if err != nil {
		t.Fatal(err)
	}
	e.pending, e.paying = pending.OrderNo, attempt.Action.URL[len(h.url):]
	return e
}

// stop is a page of a tour and how to reach it.
type stop struct {
	name  string
	who   *account.User // nil is a guest
	path  string
	ready string // an expression that is true once the page is in the state to look at
	act   func(*person)
	wrong string // the status that the browser may log, because the page is about a failure
	part  string // selects what axe checks; empty is the whole page
}

// places are all pages, in the states in which people see them.
func places(e people) []stop {
	s, n, o, c := &e.shopper, &e.newcomer, &e.operator, &e.creator
	return []stop{
		{name: "home", path: "/"},
		{name: "list", path: "/videos"},
		{name: "list-filtered", path: "/videos?kind=own&quality=4K&filters=1"},
		{name: "category", path: "/c/ocean"},
		{name: "creator", path: "/creators/lin-xi"},
		{name: "search", path: "/search?q=%E6%B5%B7"},
		{name: "search-empty", path: "/search?q=zzqqxxyy"},
		{
			name:  "product",
			path:  "/v/first-light-ridge",
			ready: `document.querySelector('[data-trailer] [data-start]:not([hidden])')`,
		},
		{
			name:  "product-held",
			who:   s,
			path:  "/v/ink-mountains",
			ready: `document.querySelector('[data-trailer] [data-start]:not([hidden])')`,
		},
		{
			name:  "product-in-sale",
			path:  "/v/waves-and-lighthouse",
			ready: `document.querySelector('[data-trailer] [data-start]:not([hidden])')`,
		},
		{name: "sales", path: "/sales"},
		{
			name:  "sale-before",
			path:  e.sales.coming,
			ready: `+document.querySelector('[data-unit=hours]').textContent > 0`,
		},
		{name: "sale-running", path: e.sales.running},
		{
			name:  "sale-over",
			path:  e.sales.ended,
			ready: `document.querySelector('[data-sale]').dataset.phase === 'ended'`,
		},
		{name: "cart-empty", path: "/cart"},
		{name: "sell", path: "/sell"},
		{name: "sign-in", path: "/sign-in"},
		{name: "sign-up", path: "/sign-up"},
		{
			name:  "sign-up-wrong",
			path:  "/sign-up",
			act:   signUpWrongly,
			ready: `document.querySelector('#password-error')`,
			wrong: `422`,
		},
		{
			name:  "not-found",
			path:  "/v/no-such-film",
			wrong: `404`,
		},
		{
			name:  "error",
			path:  "/videos?cursor=%21",
			wrong: `4\d\d`,
		},
		{
			name: "cart",
			who:  s,
			path: "/videos",
			act:  func(p *person) { p.inCart("snow-in-the-pines", "jellyfish-drift"); p.visit("/cart") },
		},
		{
			name: "checkout",
			who:  s,
			path: "/checkout",
		},
		{
			name: "sandbox",
			who:  s,
			path: e.paying,
			act:  func(p *person) { p.click("details > summary") },
		},
		{
			name: "order-pending",
			who:  s,
			path: "/orders/" + e.pending,
		},
		{
			name: "order-delivered",
			who:  s,
			path: "/orders/" + e.delivered,
		},
		{
			name: "order-refunded",
			who:  s,
			path: "/orders/" + e.refunded,
		},
		{
			name: "order-closed",
			who:  s,
			path: "/orders/" + e.closed,
		},
		{
			name: "orders",
			who:  s,
			path: "/orders",
		},
		{
			name: "library",
			who:  s,
			path: "/library",
		},
		{
			name:  "watch",
			who:   s,
			path:  "/watch/ink-mountains",
			ready: `document.querySelector('[data-start]:not([hidden], [aria-busy])')`,
		},
		{
			name: "watch-pressed",
			who:  s,
			path: "/watch/ink-mountains",
			act:  (*person).press,
		},
		{
			name: "watch-rental",
			who:  s,
			path: "/watch/night-train-window",
		},
		{
			name:  "watch-refused",
			who:   s,
			path:  "/watch/rain-piano",
			wrong: `403`,
		},
		{
			name: "devices",
			who:  s,
			path: "/library/devices",
		},
		{
			name: "account",
			who:  s,
			path: "/account",
		},
		{
			name: "security",
			who:  s,
			path: "/account/security",
		},
		{
			name: "security-app",
			who:  s,
			path: "/account/security",
			act: func(p *person) {
				p.click(`form[action="/account/security/app/new"] button[type=submit]`)
				p.at("/account/security/app/new")
			},
		},
		{
			name: "menu",
			who:  s,
			path: "/videos",
			part: "header",
			act:  func(p *person) { p.click("details[data-menu] > summary") },
		},
		{
			name: "sale-buyer",
			who:  s,
			path: e.sales.running,
		},
		{
			name:  "sale-held",
			who:   s,
			path:  e.sales.scarce,
			ready: `document.querySelector('[data-sale]').dataset.phase === 'held'`,
		},
		{
			name: "library-empty",
			who:  n,
			path: "/library",
		},
		{
			name: "orders-empty",
			who:  n,
			path: "/orders",
		},
		{
			name: "sell-shopper",
			who:  n,
			path: "/sell",
		},
		{
			name: "admin",
			who:  o,
			path: "/admin",
		},
		{
			name: "admin-orders",
			who:  o,
			path: "/admin/orders",
		},
		{
			name: "admin-order",
			who:  o,
			path: "/admin/orders/" + e.delivered,
		},
		{
			name: "admin-refund",
			who:  o,
			path: "/admin/orders/" + e.delivered,
			act:  reviewRefund,
		},
		{
			name:  "admin-refund-wrong",
			who:   o,
			path:  "/admin/orders/" + e.delivered,
			act:   refundTooMuch,
			ready: `document.querySelector('#amount-new-error')`,
			wrong: `422`,
		},
		{
			name: "admin-timeline",
			who:  o,
			path: "/admin/orders/" + e.delivered + "/timeline",
			act:  func(p *person) { p.click(`#step-0 details > summary`) },
		},
		{
			name: "admin-whatif",
			who:  o,
			path: "/admin/orders/" + e.delivered + "/timeline",
			act: func(p *person) {
				p.click(`form[action$="/what-if"] button[value="1"]`)
				p.at("/admin/orders/" + e.delivered + "/notices/")
			},
		},
		{
			name: "admin-refunds",
			who:  o,
			path: "/admin/refunds",
		},
		{
			name: "admin-sales",
			who:  o,
			path: "/admin/sales",
		},
		{
			name: "admin-sale",
			who:  o,
			path: "/admin" + e.sales.running,
		},
		{
			name: "admin-cases",
			who:  o,
			path: "/admin/cases",
		},
		{
			name: "admin-letters",
			who:  o,
			path: "/admin/dead-letters",
		},
		{
			name: "admin-letter",
			who:  o,
			path: "/admin/dead-letters",
			act:  func(p *person) { p.click(`main a[href^="/admin/dead-letters/"]`); p.at("/admin/dead-letters/") },
		},
		{
			name: "admin-people",
			who:  o,
			path: "/admin/people",
		},
		{
			name: "admin-person",
			who:  o,
			path: "/admin/people/" + itoa(int(c.ID)),
		},
		{
			name: "admin-action",
			who:  o,
			path: "/admin/people/" + itoa(int(c.ID)) + "/suspend",
		},
		{
			name: "admin-find",
			who:  o,
			path: "/admin/search?q=a",
		},
		{
			name: "studio-sales",
			who:  c,
			path: "/studio/sales",
		},
		{
			name: "studio-sale-new",
			who:  c,
			path: "/studio/sales/new",
		},
		{
			name:  "studio-sale-wrong",
			who:   c,
			path:  "/studio/sales/new",
			act:   func(p *person) { p.click(`main button[value=save]:not([aria-hidden])`) },
			ready: `document.querySelector('#name_en-error')`,
			wrong: `422`,
		},
		{
			name: "admin-lists",
			who:  o,
			path: "/admin/lists",
		},
	}
}
