package web_test

import (
	"fmt"
	"html"
	"regexp"
	"slices"
	"strings"
	"testing"

	"videomall/demo"
	"videomall/mall/account"
	"videomall/mall/malltest"
)

var hrefs = regexp.MustCompile(`href="(/admin[^"]*)"`)

// links returns the addresses of the console that a page links to.
func (a reply) links() []string {
	var list []string
	for _, m := range hrefs.FindAllStringSubmatch(a.body, -1) {
		list = append(list, html.UnescapeString(m[1]))
	}
	return list
}

// TestConsole_links checks that each kind of page links to what belongs to it, and then follows the links of the
// console, at most three addresses of each kind.
func TestConsole_links(t *testing.T) {
	h := openHouse(t, nil)
	h.OK(demo.Seed(h.Ctx, h.Pool, h.Mall.Mall, demo.OpenVideos("../demo/footage"), h.Log))
	c := h.at("192.0.2.1")
	c.signIn(h.person("oscar", account.RoleOperator))

	one := func(sql string) string { h.T.Helper(); return malltest.Query[string](h.Mall, sql)[0] }
	const refused = ` from order_case c join video_order o using (order_no) join video_order_item i using (order_no) where c.kind = 'refund_failed' limit 1`
	orderNo, caseID := one(`select o.order_no`+refused), one(`select c.id::text`+refused)
	buyer, product, creator := one(`select o.user_id::text`+refused), one(`select i.spu_id::text`+refused), one(
		`select i.creator_id::text`+refused)
	latest := one(
		`select o.order_no from video_order o join video_order_item i using (order_no) where i.spu_id = ` + product +
			` order by o.order_no desc limit 1`)
	latestBuyer := one(`select user_id::text from video_order where order_no = '` + latest + `'`)
	email := one(`select u.email from account_user u where u.id = ` + buyer)
	reviewer := one(`select user_id::text from catalog_review order by id limit 1`)
	reviewed := one(`select spu_id::text from catalog_review order by id limit 1`)
	deskCase := one(`select id::text from review_case where state = 'open' order by id limit 1`)
	deskProduct := one(`select spu_id::text from review_case where id = ` + deskCase)
	deskCreator := one(`select creator_id::text from review_case where id = ` + deskCase)
	payout := one(`select id::text from ledger_payout order by id limit 1`)
	payee := one(`select creator_id::text from ledger_payout order by id limit 1`)

	order := "/admin/orders/" + orderNo
	person := "/admin/people/" + buyer
	video := "/admin/products/" + product
	creatorPath := "/admin/people/" + creator
	theCase, log := "/admin/cases#case-"+caseID, "/admin/audit?subject="
	pages := map[string][]string{
		"/admin": {
			"/admin?days=7", "/admin?days=90", "/admin/orders", "/admin/people",
			"/admin/cases",
		},
		"/admin/orders?q=" + email: {order, person},
		order:                      {person, video, creatorPath, theCase, log + "order%3A" + orderNo},
		person:                     {order, theCase, log + "account%3A" + buyer, video},
		video: {
			"/admin/orders/" + latest, creatorPath, "/admin/people/" + latestBuyer,
			log + "spu%3A" + product, "/admin/orders?product=" + product,
		},
		"/admin/orders?product=" + product: {order, person, video},
		creatorPath:                        {"/admin/books/creators/" + creator, log + "account%3A" + creator},
		"/admin/cases":                     {order, person, video, creatorPath, log + "order%3A" + orderNo},
		"/admin/people/" + reviewer:        {"/admin/products/" + reviewed},
		"/admin/products/" + reviewed:      {"/admin/people/" + reviewer},
		"/admin/review/" + deskCase: {
			"/admin/products/" + deskProduct, "/admin/people/" + deskCreator,
			log + "case%3A" + deskCase,
		},
		"/admin/products/" + deskProduct: {"/admin/review/" + deskCase, "/admin/people/" + deskCreator},
		"/admin/payouts/" + payout:       {"/admin/people/" + payee, log + "payout%3A" + payout},
		log + "order%3A" + orderNo:       {order},
		log + "payout%3A" + payout:       {"/admin/payouts/" + payout},
		"/admin/audit?verb=review.return": {"/admin/review/" + one(`select id::text from review_case
			where state = 'returned' limit 1`)},
	}
	var waiting []string
	for path, wanted := range pages {
		found := c.shows(path, 200).links()
		waiting = append(waiting, found...)
		for _, w := range wanted {
			if !slices.Contains(found, w) {
				t.Errorf("%s does not link to %s", path, w)
			}
		}
	}
	kind := regexp.MustCompile(`[0-9A-Z]{26}|\d+|%3A.*|@.*`)
	seen, followed := map[string]int{}, 0
	for ; len(waiting) > 0; waiting = waiting[1:] {
		path, _, _ := strings.Cut(waiting[0], "#")
		if k := kind.ReplaceAllString(path, "N"); seen[k] >= 3 || seen[path] > 0 {
			continue
		} else {
			seen[k]++
		}
		seen[path]++
		a := c.get(path)
		if a.status != 200 {
			t.Errorf("%s: got %d, want 200", path, a.status)
		}
		followed++
		waiting = append(waiting, a.links()...)
	}
	if followed < 40 {
		t.Errorf("followed links: got %d, want at least 40", followed)
	}
	t.Log(fmt.Sprint(followed, " links"))
}
