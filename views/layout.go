// Package views owns the pages and the fragments that handlers answer with: templ components over typed props. A page
// and its htmx fragment are the same component. It reads value types of the business and never calls its verbs, and it
// refuses to know requests, sessions and databases.
package views

import (
	"context"

	"videomall/views/text"
	"videomall/views/ui"
)

// Page is what every whole page needs besides its body.
type Page struct {
	Title       string // without the site's name; empty on the home page
	Description string // for search engines and shared links, one or two sentences
	Canonical   string // absolute address without tracking or paging; empty for what no search engine is to find
	// absolute address of a picture for shared links, at least 600 pixels wide; empty is the mall's own
	Image       string
	ImageWidth  int // of Image, in pixels; 0 where it is not known
	ImageHeight int
	Kind        string    // what a shared link leads to, in Open Graph's words; empty is "website"
	Spoken      text.Lang // the language that the page's address names; empty where it names none
	PublicURL   string    // of the mall, without a trailing slash
	NoIndex     bool      // private or endless pages
	// path and query of this page, to which the switches return; also marks the current navigation
	Path       string
	Text       *text.Printer
	Theme      ui.Theme
	Currencies ui.Currencies
	Viewer     Viewer
	Nonce      string // CSP nonce of this answer
	CSRF       string // token for forms; empty where the session needs none
	CartCount  int
	Awaiting   Awaiting
	Query      string // what the search box holds
	Unswapped  bool   // nothing on the page is swapped in place: it does without htmx
	OwnSearch  bool   // of the console: the page has a search of its own, and the header leaves its out
	Categories []ui.Link
	Bare       bool // no header and footer: the hosted payment page, the embed
	Flash      *Flash
	Notice     *Notice // stands above every page until its reason is gone
	Unpaid     bool    // orders can be paid without money although this is no demo: the console says so
}

// Viewer is who looks. The zero value is a guest.
type Viewer struct {
	ID       string
	Name     string
	Email    string
	Creator  bool
	Operator bool
	Roles    []string // what they may do, of which Creator and Operator are a summary
}

// SignedIn reports whether the viewer has an account.
func (v Viewer) SignedIn() bool { return v.ID != "" }

// Initial is the letter on the account's button.
func (v Viewer) Initial() string {
	for _, r := range v.Name + v.Email {
		return string(r)
	}
	return "·"
}

// Awaiting are the orders that the viewer may still pay.
type Awaiting struct {
	Orders int
	Href   string // the only one, or the list of them
}

// Flash is a notice that survived a redirect.
type Flash struct {
	Tone    ui.Tone
	Message string
}

// Notice is a warning with a way to act on it.
type Notice struct {
	Title, Body string
	Href, Label string
}

// Context prepares ctx for drawing: the reader's words, nonce and token for every component below. A handler that draws
// a fragment calls it; Layout does the same for a whole page.
func (p Page) Context(ctx context.Context) context.Context {
	return ui.With(text.With(ctx, p.text()), ui.Request{
		Nonce:  p.Nonce,
		CSRF:   p.CSRF,
		Path:   p.Path,
		Unpaid: p.Unpaid,
		Roles:  p.Viewer.Roles,
	})
}

func (p Page) text() *text.Printer {
	if p.Text == nil {
		return text.For(text.En)
	}
	return p.Text
}

func (p Page) title() string {
	site := p.text().T("site.name")
	if p.Title == "" {
		return site
	}
	return p.Title + " · " + site
}

func (p Page) csrfHeader() string { return `{"X-CSRF-Token":"` + p.CSRF + `"}` }

// htmxConfig suits a strict CSP and makes answers that carry a form's errors (422) and other refusals take effect: the
// body is swapped wherever it is HTML, app.js stopping those that are not.
const htmxConfig = `{"includeIndicatorStyles":false,"allowEval":false,"allowScriptTags":false,"selfRequestsOnly":true,"historyCacheSize":0,"refreshOnHistoryMiss":true,"scrollBehavior":"auto","globalViewTransitions":false,"timeout":20000,` +
	`"responseHandling":[{"code":"204","swap":false},{"code":"[23]..","swap":true},{"code":"4(00|04|09|10|22)","swap":true,"error":false},{"code":"[45]..","swap":false,"error":true}]}`
