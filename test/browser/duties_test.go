package browser_test

import (
	"testing"

	"videomall/mall/account"
)

// TestDuties_console_of_one_duty looks at what a reviewer sees of the console, and at the page where roles are given.
func TestDuties_console_of_one_duty(t *testing.T) {
	t.Parallel()
	h, _ := require(t)
	reviewer, operator := h.account(t, "Rita Reviewer", account.DutyReview), h.account(t, "Olga", account.RoleOperator)
	helper := h.account(t, "Hedda Helper", account.DutyOrders)
	places := []stop{
		{
			name:  "duty-overview",
			who:   &reviewer,
			path:  "/admin",
			ready: `!document.querySelector('nav a[href="/admin/payouts"]')`,
		},
		{
			name: "duty-review",
			who:  &reviewer,
			path: "/admin/review",
		},
		{
			name:  "duty-missing",
			who:   &reviewer,
			path:  "/admin/payouts",
			wrong: "403",
		},
		{
			name: "duty-roles",
			who:  &operator,
			path: "/admin/people/" + itoa(int(helper.ID)) + "/roles",
		},
	}
	for _, l := range []look{
		{
			lang:  "zh-CN",
			width: 390,
			theme: "dark",
		},
		{
			lang:  "en",
			width: 1280,
			theme: "light",
		},
	} {
		walk(t, l, places, func(p *person, s stop) {
			judge(p, s)
			p.shot(s.name + "-" + itoa(int(l.width)))
		})
	}
}
