package web

import (
	"github.com/labstack/echo/v4"

	"videomall/mall"
	"videomall/web/account"
	"videomall/web/admin/partners"
	"videomall/web/page"
)

// partnerPages registers the pages about partners: those of operators, and those of the people who own one. What
// partners themselves ask is in web/api.
func partnerPages(all *echo.Group, m *mall.Mall, site *page.Site) {
	partners.Routes(all, partners.Deps{
		Site:     site,
		Accounts: m.Accounts,
		Partners: m.Partners,
		Hooks:    m.PartnerHooks,
		Orders:   m.Orders,
	})
	account.PartnerRoutes(all, site, m.Partners)
}
