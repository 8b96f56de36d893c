package browser_test

import (
	"fmt"
	"time"
)

// places returns the pages of the studio, and those of the console that operators use for it.
func (w *workshop) places() []stop {
	m, o := &w.creator, &w.operator
	month := time.Now().UTC().Format("2006-01")
	return append([]stop{
		{
			name: "studio-overview",
			who:  m,
			path: "/studio",
		},
		{
			name: "studio-time-zone",
			who:  m,
			path: "/studio/time-zone",
		},
		{
			name: "studio-insight",
			who:  m,
			path: fmt.Sprintf("/studio/insight/%d?period=month", w.live),
		},
		{
			name: "studio-videos",
			who:  m,
			path: "/studio/videos",
		},
		{
			name:  "studio-upload",
			who:   m,
			path:  "/studio/videos/new",
			ready: `document.querySelector('[data-upload]:not([hidden])')`,
		},
		{
			name: "studio-video",
			who:  m,
			path: fmt.Sprintf("/studio/videos/%d", w.video),
		},
		{
			name: "studio-listings",
			who:  m,
			path: "/studio/listings",
		},
		{
			name: "studio-listing-new",
			who:  m,
			path: "/studio/listings/new",
		},
		{
			name: "studio-listing",
			who:  m,
			path: listingPath(w.live, ""),
		},
		{
			name: "studio-listing-wrong",
			who:  m,
			path: listingPath(w.live, ""),
			act: func(p *person) {
				eval[string](p,
					`document.querySelector("[name=title_zh]").value = document.querySelector("[name=title_en]").value = ""`)
				p.click(`button[name=do][value=submit]:not(.sr-only)`)
			},
			ready: `document.querySelector('main [id$="-error"]')`,
			wrong: `422`,
		},
		{
			name: "studio-listing-waiting",
			who:  m,
			path: listingPath(w.waiting, ""),
		},
		{
			name: "studio-listing-down",
			who:  m,
			path: listingPath(w.down, ""),
		},
		{
			name: "studio-appeal",
			who:  m,
			path: listingPath(w.down, "/appeal"),
		},
		{
			name: "studio-preview",
			who:  m,
			path: listingPath(w.live, "/preview"),
		},
		{
			name: "studio-prices",
			who:  m,
			path: listingPath(w.live, "/prices"),
		},
		{
			name: "studio-series",
			who:  m,
			path: "/studio/listings/series",
		},
		{
			name: "studio-orders",
			who:  m,
			path: "/studio/orders",
		},
		{
			name: "studio-order",
			who:  m,
			path: "/studio/orders/" + w.orderNo,
		},
		{
			name: "studio-customers",
			who:  m,
			path: "/studio/customers",
		},
		{
			name: "studio-reviews",
			who:  m,
			path: "/studio/reviews",
		},
		{
			name: "studio-offers",
			who:  m,
			path: "/studio/offers",
		},
		{
			name: "studio-coupon",
			who:  m,
			path: fmt.Sprintf("/studio/offers/coupons/%d", w.coupon),
		},
		{
			name: "studio-bundle",
			who:  m,
			path: "/studio/offers/bundles/new",
		},
		{
			name: "studio-earnings",
			who:  m,
			path: "/studio/earnings",
		},
		{
			name: "studio-statement",
			who:  m,
			path: "/studio/earnings/statements/" + month,
		},
		{
			name: "studio-webhooks",
			who:  m,
			path: "/studio/webhooks",
		},
		{
			name: "studio-webhook",
			who:  m,
			path: fmt.Sprintf("/studio/webhooks/%d", w.endpoint),
		},
		{
			name: "desk-queue",
			who:  o,
			path: "/admin/review",
		},
		{
			name: "desk-case",
			who:  o,
			path: fmt.Sprintf("/admin/review/%d", w.reviewed),
		},
		{
			name: "desk-words",
			who:  o,
			path: "/admin/review/words",
		},
		{
			name: "desk-video",
			who:  o,
			path: fmt.Sprintf("/admin/films/%d", w.video),
		},
		{
			name: "desk-live",
			who:  o,
			path: "/admin/review/live",
		},
		{
			name: "desk-take-down",
			who:  o,
			path: fmt.Sprintf("/admin/takedowns/new?spu=%d", w.live),
		},
		{
			name: "desk-takedowns",
			who:  o,
			path: "/admin/takedowns",
		},
		{
			name: "desk-payouts",
			who:  o,
			path: "/admin/payouts",
		},
		{
			name: "desk-payout",
			who:  o,
			path: fmt.Sprintf("/admin/payouts/%d", w.payout),
		},
		{
			name: "desk-books",
			who:  o,
			path: "/admin/books",
		},
		{
			name: "desk-exchange",
			who:  o,
			path: "/admin/books/exchange",
		},
		{
			name: "desk-account",
			who:  o,
			path: fmt.Sprintf("/admin/books/creators/%d", w.creator.ID),
		},
		{
			name: "desk-refunds",
			who:  o,
			path: "/admin/refunds",
		},
		{
			name: "desk-reconciliation",
			who:  o,
			path: "/admin/reconciliation",
		},
		{
			name: "desk-providers",
			who:  o,
			path: "/admin/providers",
		},
		{
			name: "desk-provider",
			who:  o,
			path: "/admin/providers/stripe",
		},
		{
			name: "desk-offers",
			who:  o,
			path: "/admin/offers",
		},
		{
			name: "desk-audit",
			who:  o,
			path: "/admin/audit",
		},
	}, w.partnerPlaces()...)
}

func listingPath(spu int64, page string) string {
	return fmt.Sprintf("/studio/listings/%d%s", spu, page)
}
