package web

import (
	"net"
	"net/netip"

	"github.com/labstack/echo/v4"

	"videomall/config"
	"videomall/mall/risk"
	"videomall/mall/tax"
	mallwaitingroom "videomall/mall/waitingroom"
	"videomall/static"
	"videomall/web/account"
	"videomall/web/admin"
	admincampaigns "videomall/web/admin/campaigns"
	"videomall/web/admin/coupons"
	"videomall/web/admin/finance"
	admininvoices "videomall/web/admin/invoices"
	"videomall/web/admin/moderation"
	"videomall/web/admin/people"
	"videomall/web/admin/sitepages"
	"videomall/web/api"
	"videomall/web/bundle"
	"videomall/web/checkout"
	"videomall/web/follow"
	"videomall/web/freepreview"
	"videomall/web/invoices"
	"videomall/web/library"
	"videomall/web/mailbox"
	"videomall/web/page"
	"videomall/web/pageview"
	"videomall/web/play"
	"videomall/web/sale"
	"videomall/web/sandbox"
	"videomall/web/shop"
	"videomall/web/sitemap"
	"videomall/web/sitepage"
	"videomall/web/studio/appeals"
	"videomall/web/studio/campaigns"
	"videomall/web/studio/earnings"
	"videomall/web/studio/listings"
	"videomall/web/studio/offers"
	"videomall/web/studio/overview"
	"videomall/web/studio/sales"
	"videomall/web/studio/uploads"
	"videomall/web/studio/videos"
	"videomall/web/studio/webhooks"
	"videomall/web/waitingroom"
	"videomall/web/wellknown"
)

// routes registers every address of the mall with the server, area by area.
func routes(e *echo.Echo, d Deps, site *page.Site, asks func(echo.Context) risk.Subject) {
	m, all := d.Mall, e.Group("")
	guess := couponGuesses(m, asks)
	device := func(c echo.Context) string { return asks(c).Device }
	e.GET(static.Prefix+"*", echo.WrapHandler(static.Handler()))
	site.Routes(all)

	followed := mailRoutes(all, d, site)
	shop.Routes(all, shop.Deps{
		Site:         site,
		Catalog:      m.Catalog,
		Search:       m.Search,
		Inventory:    m.Inventory,
		Orders:       m.Orders,
		PlusTax:      m.Taxes.Shop().Mode == tax.Exclusive,
		Entitlements: m.Entitlements,
		Trailer:      trailer(m),
		Chapters:     chapters(m),
		Sales:        sale.NewShowcase(m.Promotions, m.Catalog, d.Now).Running,
		Bundles:      bundle.Hints(m.Promotions, m.Orders),
		Follow:       follow.State(followed),
	})
	sitemap.Routes(all, sitemap.Deps{
		PublicURL: d.Config.PublicURL,
		Catalog:   m.Catalog,
		SitePages: m.SitePages,
		Changes:   m.Changes,
		Log:       d.Log,
		Metrics:   d.Metrics,
	})
	wellknown.Routes(all, wellknown.Deps{
		Site:            site,
		PublicURL:       d.Config.PublicURL,
		SecurityContact: d.Config.SecurityContact,
		SecurityExpires: d.Config.SecurityUntil,
		Now:             d.Now,
	})
	sitepage.Routes(all, sitepage.Deps{Site: site, Pages: m.SitePages})
	freepreview.Routes(all, freepreview.Deps{
		Site:         site,
		Catalog:      m.Catalog,
		Inventory:    m.Inventory,
		Entitlements: m.Entitlements,
		Orders:       m.Orders,
		Media:        m.Media,
		Playback:     m.Playback,
		PlusTax:      m.Taxes.Shop().Mode == tax.Exclusive,
	})
	sale.Routes(all, sale.Deps{
		Site:       site,
		Promotions: m.Promotions,
		Catalog:    m.Catalog,
		Inventory:  m.Inventory,
		Policy:     m.Orders.Policy(),
		PlusTax:    m.Taxes.Shop().Mode == tax.Exclusive,
		WaitingRoom: sale.WaitingRoom{
			Queue:     m.WaitingRoom,
			Room:      mallwaitingroom.SaleRoom,
			Admission: m.Admissions.Admission,
			Device:    device,
			Secure:    d.Config.SecureCookies(),
		},
		Place:    m.Orders.Place,
		Now:      d.Now,
		Stopping: d.Stopping,
	})
	listings.Routes(all, listings.Deps{
		Site:      site,
		Catalog:   m.Catalog,
		Listings:  m.Listings,
		Inventory: m.Inventory,
		Videos:    listable(m),
		Trailer:   trailer(m),
	})
	bundle.Routes(all, bundle.Deps{
		Site:       site,
		Promotions: m.Promotions,
		Orders:     m.Orders,
	})
	deals := offers.Deps{
		Site:       site,
		Promotions: m.Promotions,
		Catalog:    m.Catalog,
		Payments:   m.Payments,
		Exchange:   m.Exchange,
		Now:        d.Now,
		Guess:      guess,
	}
	offers.Routes(all, deals)
	coupons.Routes(all, deals)
	documents := invoices.Deps{
		Site:     site,
		Invoices: m.Invoices,
		Orders:   m.Orders,
	}
	invoices.Routes(all, documents)
	admininvoices.Routes(all, admininvoices.Deps{
		Site:     site,
		Invoices: m.Invoices,
		Orders:   m.Orders,
		Accounts: m.Accounts,
	})
	shopping := checkout.Deps{
		Site:      site,
		Catalog:   m.Catalog,
		Carts:     m.Cart,
		Orders:    m.Orders,
		Payments:  m.Payments,
		Documents: documents.OfOrder,
		Guess:     guess,
		PayerKey:  d.Config.Key(config.KeyPayer),
		Secure:    d.Config.SecureCookies(),
	}
	account.Routes(all, account.Deps{
		Site:     site,
		Accounts: m.Accounts,
		Sessions: m.Sessions,
		Catalog:  m.Catalog,
		Listings: m.Listings,
		Terms:    m.Ledger.Terms(),
		Taxes:    m.Taxes,
		OpenZone: m.Insight.SetZone,
		OnSignIn: shopping.OnSignIn,
		SetUp:    m.People.SetUp,
		Demo:     d.Config.Demo,
		Mail:     m.Mails != nil,
		Mails:    m.Mails,
		Mailbox:  m.Mailbox != nil,
	})
	if m.Mailbox != nil {
		mailbox.Routes(all, mailbox.Deps{Site: site, Mailbox: m.Mailbox})
	}
	checkout.Routes(all, shopping)
	library.Routes(all, library.Deps{
		Site:         site,
		Sessions:     m.Sessions,
		Catalog:      m.Catalog,
		Entitlements: m.Entitlements,
		Playback:     m.Playback,
		Media:        m.Media,
		PlusTax:      m.Taxes.Shop().Mode == tax.Exclusive,
		Secure:       d.Config.SecureCookies(),
	})
	play.Routes(all, play.Deps{
		Site:     site,
		Catalog:  m.Catalog,
		Media:    m.Media,
		Playback: m.Playback,
		Covers:   d.Covers,
		Avatars:  d.Avatars,
		Secure:   d.Config.SecureCookies(),
	})
	admin.Routes(all, admin.Deps{
		Site:       site,
		Accounts:   m.Accounts,
		Orders:     m.Orders,
		Payments:   m.Payments,
		Outbox:     m.Outbox,
		Audit:      m.Audit,
		Jobs:       m.River,
		FailedJobs: m.FailedJobs,
		Waiting:    waiting(m),
		Catalog:    m.Catalog,
		Insight:    m.Insight,
		Reviews:    m.Reviews,
		Reconciler: m.Reconciler,
		Exchange:   m.Exchange,
		Finders:    admin.Finders(m),
		Documents:  admininvoices.OfOrder(m.Invoices),
		Plays:      m.Playback.Plays,
		PlayDays:   m.Playback.PlayDays,
		Watched:    m.Playback.Watched,
		Lists:      m.Lists,
	})
	people.Routes(all, people.Deps{
		Site:         site,
		Accounts:     m.Accounts,
		Lists:        m.Lists,
		Asks:         asks,
		People:       m.People,
		Sessions:     m.Sessions,
		Orders:       m.Orders,
		Catalog:      m.Catalog,
		Listings:     m.Listings,
		Media:        m.Media,
		Entitlements: m.Entitlements,
		Playback:     m.Playback,
		Ledger:       m.Ledger,
		Webhooks:     m.Webhooks,
		Insight:      m.Insight,
		Audit:        m.Audit,
	})
	sitepages.Routes(all, sitepages.Deps{
		Site:     site,
		Pages:    m.SitePages,
		Accounts: m.Accounts,
	})
	desk := campaigns.Deps{
		Site:       site,
		Promotions: m.Promotions,
		Catalog:    m.Catalog,
		Payments:   m.Payments,
		Exchange:   m.Exchange,
		Inventory:  m.Inventory,
	}
	campaigns.Routes(all, desk)
	admincampaigns.Routes(all, desk)
	sales.Routes(all, sales.Deps{
		Site:     site,
		Accounts: m.Accounts,
		Orders:   m.Orders,
		Catalog:  m.Catalog,
	})
	finance.Routes(all, finance.Deps{
		Site:       site,
		Ledger:     m.Ledger,
		Payments:   m.Payments,
		Accounts:   m.Accounts,
		Reconciler: m.Reconciler,
		Orders:     m.Orders,
		Settings:   m.Providers,
		Taxes:      m.Taxes,
		Exchange:   m.Exchange,
		Catalog:    m.Catalog,
	})
	earnings.Routes(all, earnings.Deps{
		Site:   site,
		Ledger: m.Ledger,
		Zone:   m.Insight.Zone,
	})
	moderation.Routes(all, moderation.Deps{
		Site:       site,
		Reviews:    m.Reviews,
		Accounts:   m.Accounts,
		Catalog:    m.Catalog,
		Find:       findLive(m),
		PreviewURL: videos.InspectURL,
	})
	appeals.Routes(all, appeals.Deps{
		Site:    site,
		Reviews: m.Reviews,
		Catalog: m.Catalog,
	})
	pageview.Routes(all, pageview.Deps{
		Site:    site,
		Insight: m.Insight,
		Secure:  d.Config.SecureCookies(),
		Now:     d.Now,
	})
	overview.Routes(all, overview.Deps{
		Site:    site,
		Insight: m.Insight,
		Catalog: m.Catalog,
		Lines:   m.Orders.SoldLines,
	})
	webhooks.Routes(all, webhooks.Deps{Site: site, Webhooks: m.Webhooks})
	waitingroom.Routes(all, waitingroom.Deps{
		Site:      site,
		Queue:     m.WaitingRoom,
		Admission: m.Admissions.Admission,
		Device:    device,
		Secure:    d.Config.SecureCookies(),
	})
	videos.Routes(all, videos.Deps{
		Site:     site,
		Media:    m.Media,
		Playback: m.Playback,
	})
	api.Routes(all, api.Deps{
		Site:         site,
		PublicURL:    d.Config.PublicURL,
		Accounts:     m.Accounts,
		Catalog:      m.Catalog,
		Search:       m.Search,
		Promotions:   m.Promotions,
		Inventory:    m.Inventory,
		Orders:       m.Orders,
		Entitlements: m.Entitlements,
		Guess:        guess,
	})
	uploads.Routes(all, uploads.Deps{
		Site:     site,
		Media:    m.Media,
		Stopping: d.Stopping,
		MinRate:  int64(d.Config.UploadMinRate),
	})
	if m.Sandbox != nil {
		sandbox.Routes(all, sandbox.Deps{Site: site, Sandbox: m.Sandbox})
	}
}

func ipNet(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}
