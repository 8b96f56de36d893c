package web_test

import (
	"strings"
	"testing"

	"videomall/config"
	"videomall/mall/account"
)

func TestConsole_SandboxInProduction(t *testing.T) {
	const warning = "Orders can be paid without money"
	pages := []string{
		"/admin", "/admin/orders", "/admin/sales", "/admin/cases", "/admin/dead-letters", "/admin/lists",
		"/admin/review", "/admin/offers",
		"/admin/payouts", "/admin/books", "/admin/audit", "/admin/people", "/admin/search?q=a",
	}
	for name, cfg := range map[string]config.Config{
		"in production": {Sandbox: "a secret of the sandbox", SandboxOn: true},
		"in the demo":   {Sandbox: "a secret of the sandbox", Demo: true},
		"not at all":    {},
	} {
		t.Run(name, func(t *testing.T) {
			h := openHouseWith(t, nil, cfg)
			olga := h.person("olga", account.RoleOperator)
			desk := h.at("192.0.2.1")
			desk.signIn(olga)
			for _, page := range pages {
				if a := desk.shows(page, 200); strings.Contains(a.body, warning) != cfg.SandboxInProduction() {
					t.Errorf("%s: warning shown: got %v, want %v", page, strings.Contains(a.body, warning),
						cfg.SandboxInProduction())
				}
			}
		})
	}
}
