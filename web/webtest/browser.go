package webtest

import (
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// Browser is one visitor: it keeps cookies, follows no redirect by itself and runs no script.
type Browser struct {
	t      testing.TB
	mall   *Mall
	client *http.Client
	Lang   string // Accept-Language; "en" from the start
	Agent  string // User-Agent; that of Go's client if it is empty
}

// Browser opens a new one, signed in as userID unless that is 0.
func (m *Mall) Browser(userID int64) *Browser {
	m.t.Helper()
	b := &Browser{
		t:      m.t,
		mall:   m,
		Lang:   "en",
		client: NewClient(m.t),
	}
	if userID != 0 {
		b.SignIn(userID)
	}
	return b
}

// SignIn signs the browser in.
func (b *Browser) SignIn(userID int64, next ...string) {
	b.t.Helper()
	if a := b.Post(b.mall.signIn, url.Values{
		"user": {strconv.FormatInt(userID, 10)},
		"next": next,
	}); a.Status != http.StatusNoContent {
		b.t.Fatalf("sign in: %d %s", a.Status, a.Body)
	}
}

// Cookie keeps one as a script of the page does.
func (b *Browser) Cookie(name, value string) {
	b.t.Helper()
	at, err := url.Parse(b.mall.URL)
	b.mall.must(err)
	b.client.Jar.SetCookies(at, []*http.Cookie{{
		Name:  name,
		Value: value,
		Path:  "/",
	}})
}

// Kept returns a cookie that the browser keeps; nil without one of that name.
func (b *Browser) Kept(name string) *http.Cookie {
	b.t.Helper()
	at, err := url.Parse(b.mall.URL)
	b.mall.must(err)
	for _, c := range b.client.Jar.Cookies(at) {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// Answer is what the server said.
type Answer struct {
	Response
	Location string // where a redirect leads, path and query

	t testing.TB
}

// Get asks for a page.
func (b *Browser) Get(path string) Answer { b.t.Helper(); return b.do("GET", path, nil, nil) }

// Post sends a form as a browser without scripts does.
func (b *Browser) Post(path string, form url.Values) Answer {
	b.t.Helper()
	return b.do("POST", path, form, nil)
}

// HTMX asks as htmx does; form nil makes it a GET.
func (b *Browser) HTMX(path string, form url.Values) Answer {
	b.t.Helper()
	method := "GET"
	if form != nil {
		method = "POST"
	}
	return b.do(method, path, form, http.Header{"HX-Request": {"true"}})
}

func (b *Browser) do(method, path string, form url.Values, header http.Header) Answer {
	b.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.mall.URL+path, body)
	b.mall.must(err)
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.Header.Set("Accept", "text/html")
	r.Header.Set("Accept-Language", b.Lang)
	if b.Agent != "" {
		r.Header.Set("User-Agent", b.Agent)
	}
	for name, values := range header {
		r.Header[http.CanonicalHeaderKey(name)] = values
	}
	res := Do(b.t, b.client, r)
	return Answer{
		Response: res,
		Location: strings.TrimPrefix(res.Header.Get("Location"), b.mall.URL),
		t:        b.t,
	}
}

// Wants fails unless the answer has that status.
func (a Answer) Wants(status int) Answer {
	a.t.Helper()
	if a.Status != status {
		a.t.Fatalf("status %d, want %d: %s", a.Status, status, a.Text())
	}
	return a
}

// Shows fails unless the answer's text holds every one of the words, whitespace folded.
func (a Answer) Shows(words ...string) Answer {
	a.t.Helper()
	text := a.Text()
	for _, w := range words {
		if !strings.Contains(text, w) {
			a.t.Errorf("the page does not say %q: %s", w, text)
		}
	}
	return a
}

// Hides fails if the answer's text holds any of the words.
func (a Answer) Hides(words ...string) Answer {
	a.t.Helper()
	text := a.Text()
	for _, w := range words {
		if strings.Contains(text, w) {
			a.t.Errorf("the page says %q: %s", w, text)
		}
	}
	return a
}

// Text is what a reader sees of the answer: its text, whitespace folded, without scripts.
func (a Answer) Text() string {
	var out strings.Builder
	walk(a.parse(), func(n *html.Node) bool {
		if n.Type == html.ElementNode && (n.Data == "script" || n.Data == "style" || n.Data == "noscript") {
			return false
		}
		if n.Type == html.TextNode {
			out.WriteString(n.Data + " ")
		}
		return true
	})
	return strings.Join(strings.Fields(out.String()), " ")
}

// Form collects what a browser would send with the form that posts to action: hidden and typed fields, checked and
// selected values. It leaves out the values of submit buttons.
func (a Answer) Form(action string) url.Values {
	a.t.Helper()
	form := find(a.parse(), func(n *html.Node) bool { return n.Data == "form" && attr(n, "action") == action })
	if form == nil {
		a.t.Fatalf("the page has no form for %s: %s", action, a.Body)
	}
	values := url.Values{}
	walk(form, func(n *html.Node) bool {
		if n.Type != html.ElementNode || attr(n, "name") == "" {
			return true
		}
		switch n.Data {
		case "input":
			kind := attr(n, "type")
			if (kind == "radio" || kind == "checkbox") && !has(n, "checked") || kind == "submit" {
				return true
			}
			values.Add(attr(n, "name"), attr(n, "value"))
		case "select":
			if o := find(n, func(o *html.Node) bool { return o.Data == "option" && has(o, "selected") }); o != nil {
				values.Add(attr(n, "name"), attr(o, "value"))
			}
		case "textarea":
			values.Add(attr(n, "name"), "")
		}
		return true
	})
	return values
}

// Has reports whether the answer's source holds s.
func (a Answer) Has(s string) bool { return strings.Contains(a.Body, s) }

func (a Answer) parse() *html.Node {
	a.t.Helper()
	root, err := html.Parse(strings.NewReader(a.Body))
	if err != nil {
		a.t.Fatal(err)
	}
	return root
}

// walk visits n and, where visit says so, what is below it.
func walk(n *html.Node, visit func(*html.Node) bool) {
	if !visit(n) {
		return
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		walk(c, visit)
	}
}

func find(n *html.Node, is func(*html.Node) bool) (found *html.Node) {
	walk(n, func(n *html.Node) bool {
		if found == nil && n.Type == html.ElementNode && is(n) {
			found = n
		}
		return found == nil
	})
	return found
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	for _, a := range n.Attr {
		if a.Key == name {
			return true
		}
	}
	return false
}
