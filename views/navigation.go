package views

import (
	"net/url"
	"strings"

	"videomall/views/text"
	"videomall/views/ui"
)

func (p Page) description() string {
	if p.Description == "" {
		return p.text().T("site.tagline")
	}
	return p.Description
}

// inConsole says that the page is one of the operators'.
func (p Page) inConsole() bool {
	path, _, _ := strings.Cut(p.Path, "?")
	return path == "/admin" || strings.HasPrefix(path, "/admin/")
}

// signIn comes back to the page that was left.
func signIn(p Page) string {
	if p.Path == "" || p.Path == "/" {
		return "/sign-in"
	}
	return "/sign-in?next=" + url.QueryEscape(p.Path)
}

// sellsNothing says that the viewer is told how to sell videos: everybody but those who sell, and those who judge what
// is sold.
func (p Page) sellsNothing() bool { return !p.Viewer.Creator && !p.Viewer.Operator }

func accountLinks(p Page) []ui.Link {
	t := p.text()
	links := []ui.Link{
		{
			Label: t.T("nav.library"),
			Href:  "/library",
			Icon:  "library",
		},
		{
			Label: t.T("nav.orders"),
			Href:  "/orders",
			Icon:  "receipt",
		},
		{
			Label: t.T("nav.settings"),
			Href:  "/account",
			Icon:  "settings",
		},
	}
	if p.Viewer.Creator {
		links = append(links, ui.Link{
			Label: t.T("nav.studio"),
			Href:  "/studio",
			Icon:  "studio",
		})
	}
	if p.sellsNothing() {
		links = append(links, ui.Link{
			Label: t.T("sell.title"),
			Href:  "/sell",
			Icon:  "studio",
		})
	}
	if p.Viewer.Operator {
		links = append(links, ui.Link{
			Label: t.T("nav.admin"),
			Href:  "/admin",
			Icon:  "gauge",
		})
	}
	for i := range links {
		path, _, _ := strings.Cut(p.Path, "?")
		links[i].Current = path == links[i].Href || strings.HasPrefix(path, links[i].Href+"/")
	}
	return links
}

func shopLinks(t *text.Printer) []ui.Link {
	return []ui.Link{
		{Label: t.T("nav.home"), Href: "/"},
		{Label: t.T("nav.browse"), Href: "/videos"},
		{Label: t.T("sale.sales"), Href: "/sales"},
		{Label: t.T("nav.cart"), Href: "/cart"},
	}
}

func footerAccountLinks(p Page) []ui.Link {
	if p.Viewer.SignedIn() {
		return accountLinks(p)
	}
	t := p.text()
	return []ui.Link{
		{Label: t.T("nav.sign_in"), Href: signIn(p)},
		{Label: t.T("nav.register"), Href: "/sign-up"},
		{Label: t.T("sell.title"), Href: "/sell"},
	}
}
