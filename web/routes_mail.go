package web

import (
	"github.com/labstack/echo/v4"

	adminmails "videomall/web/admin/mails"
	"videomall/web/follow"
	"videomall/web/mailhook"
	"videomall/web/mailing"
	"videomall/web/page"
	"videomall/web/studio/followers"
	"videomall/web/unsubscribe"
)

// mailRoutes registers the pages about mails and about following creators, and returns what other pages show of it.
func mailRoutes(all *echo.Group, d Deps, site *page.Site) follow.Deps {
	m := d.Mall
	followed := follow.Deps{
		Site:     site,
		Follows:  m.Follows,
		Catalog:  m.Catalog,
		Accounts: m.Accounts,
		Mails:    m.Mails,
	}
	follow.Routes(all, followed)
	unsubscribe.Routes(all, unsubscribe.Deps{
		Site:    site,
		Mails:   m.Mails,
		Follows: m.Follows,
		Catalog: m.Catalog,
	})
	samples := mailing.New(mailing.Deps{PublicURL: d.Config.PublicURL, Now: d.Now})
	adminmails.Routes(all, adminmails.Deps{
		Site:     site,
		Mails:    m.Mails,
		Follows:  m.Follows,
		Accounts: m.Accounts,
		Kinds:    mailing.Kinds,
		Sample:   samples.Sample,
	})
	followers.Routes(all, followers.Deps{
		Site:    site,
		Follows: m.Follows,
		Mail:    m.Mails != nil,
		Compose: samples.Compose,
	})
	hook := mailhook.Deps{Secret: string(d.Config.MailHookSecret)}
	if m.Mails != nil {
		hook.Receive = m.Mails.Receive
	}
	mailhook.Routes(all, hook)
	return followed
}
