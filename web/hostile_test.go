package web_test

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/labstack/echo/v4"
	"golang.org/x/net/html"

	"videomall/mall/account"
)

// The kinds of values that are not text. They are refused before a handler reads them.
const (
	nul      = "NUL"
	badBytes = "bytes that are not UTF-8"
)

// target is an address with a request that it accepts.
type target struct {
	who, method, route, address string
	form                        url.Values // the query of a GET, otherwise the body
	json                        string     // a body that replaces the form
	headers                     []string
}

// TestRoutes_hostile_parameters sends hostile values to every address, as somebody with access, for each of its
// parameters: of the path, the query, the form and the JSON. The rest of each request is valid. Each parameter of a
// form is also sent three times. The answer is never a 5xx, and never a success if the value is not text.
//
//   - Every parameter of every address gets one value of every kind, which varies by address. Every value of a JSON
//     body is also replaced by each of asJSON.
//   - Every name of a parameter gets every value, at the first address that has it.
//   - The parameters are those of the routes, those of the forms and links on the pages that these people see, and
//     those of unlinked and bodies. The test fails for a name that a handler reads and no request contains.
//   - Endless streams, OPTIONS, signing out, headers, and bodies of other types (multipart forms, chunks of uploads)
//     are left out. Addresses with such bodies get hostile paths, with a body of that type.
//
// Two malls share the addresses, which halves the time on a machine with two processors.
func TestRoutes_hostile_parameters(t *testing.T) {
	t.Parallel()
	const malls = 2
	var mu sync.Mutex
	asked, walked := 0, map[string]bool{}
	t.Run("walk", func(t *testing.T) {
		for part := range malls {
			t.Run(strconv.Itoa(part), func(t *testing.T) {
				names, n := newMatrix(t).walk(part, malls)
				mu.Lock()
				defer mu.Unlock()
				asked += n
				maps.Copy(walked, names)
			})
		}
	})
	for _, name := range read(t) {
		if !walked[name] {
			t.Errorf("handlers read parameter %q, but no request of this test contains it", name)
		}
	}
	if asked < 500*len(hostile) {
		t.Errorf("requests: got %d, want at least %d", asked, 500*len(hostile))
	}
	t.Logf("%d requests with %d parameters", asked, len(walked))
}

// walk sends one part of all requests. It returns the names of the parameters that had a hostile value, and the number
// of requests.
func (m *matrix) walk(part, parts int) (walked map[string]bool, asked int) {
	visitors := m.visitors()
	targets := m.targets(visitors)
	// GET comes before methods that change something, and the operator, who can suspend the others, comes last.
	slices.SortStableFunc(targets, func(a, b target) int {
		last := func(x target) int { return len(x.method)*2 + map[bool]int{true: 100}[x.who == "operator"] }
		return last(a) - last(b)
	})
	known := map[string]bool{} // names that had every value
	walked = map[string]bool{}
	for n, x := range targets {
		requests := x.requests(known)
		if n%parts != part {
			continue
		}
		c := visitors[x.who]
		c.address = fmt.Sprintf("198.51.100.%d", n%250+1) // attempts are limited by address
		if x.who != "guest" && c.get("/account").status != http.StatusOK {
			m.signInAgain(c, x.who, n)
		}
		for _, r := range requests {
			asked++
			walked[r.name] = true
			a := c.ask(x.method, r.address, r.body, r.headers...)
			if x.who != "guest" && endedSession(a) {
				m.signInAgain(c, x.who, asked)
			}
			if a.status >= 500 {
				m.T.Errorf("%s: %s %s with %s %.60q: got %d, want no 5xx: %.300s", x.who, x.method, x.route, r.name,
					r.value, a.status, a.body)
			}
			callback := strings.HasPrefix(x.route, "/api/v1/mall/payments/callback") && r.body != ""
			if (r.kind == nul || r.kind == badBytes) && (a.status < 400 || a.status == 429) && !callback {
				m.T.Errorf("%s: %s %s with %s %.60q: got %d, want a refusal", x.who, x.method, x.route, r.name, r.value,
					a.status)
			}
		}
	}
	return walked, asked
}

// endedSession reports whether an answer means that the session has ended, so that the visitor has to sign in again
// before the next value.
func endedSession(a reply) bool {
	return a.status == http.StatusUnauthorized || strings.HasPrefix(a.header.Get("Location"), "/sign-in")
}

// signInAgain signs the visitor in again. An operator is a new account each time, because the last one may be suspended
// or have lost the role.
func (m *matrix) signInAgain(c *client, who string, n int) {
	person := account.User{Email: map[string]string{"creator": "ann", "shopper": "sam"}[who] + "@example.test"}
	if who == "operator" {
		person = m.person(fmt.Sprintf("operator-%d-%s", n, c.address), account.RoleOperator)
	}
	c.signIn(person)
}

// targets returns one valid request for each route, with the parameters of all forms and links that the visitors see.
func (m *matrix) targets(visitors map[string]*client) []target {
	found := map[string]*target{}
	add := func(who, method, address string, form url.Values) {
		u, err := url.Parse(address)
		if err != nil || u.Host != "" || !strings.HasPrefix(u.Path, "/") {
			return
		}
		c := m.echo.NewContext(nil, nil)
		m.echo.Router().Find(method, u.EscapedPath(), c)
		name := method + " " + c.Path()
		x, known := found[name]
		if !known {
			x = &target{
				who:     who,
				method:  method,
				route:   c.Path(),
				address: u.EscapedPath(),
				form:    url.Values{},
			}
			found[name] = x
		}
		for field, values := range form {
			if x.who == who && !x.form.Has(field) {
				x.form[field] = values
			}
		}
		if method == http.MethodGet {
			for field, values := range u.Query() {
				if !x.form.Has(field) {
					x.form[field] = values
				}
			}
		}
	}
	for _, r := range m.routes {
		if r.Method == http.MethodOptions || slices.Contains(endless, r.Path) || r.Path == "/sign-out" {
			continue
		}
		who := "shopper"
		switch {
		case below(r.Path, "/admin"):
			who = "operator"
		case below(r.Path, "/studio"):
			who = "creator"
		case r.Path == "/sign-in", r.Path == "/sign-up":
			who = "guest"
		}
		add(who, r.Method, m.address(r), unlinked[r.Method+" "+r.Path])
		if r.Method != http.MethodGet {
			continue
		}
		a := visitors[who].get(m.address(r))
		if !strings.HasPrefix(a.header.Get("Content-Type"), "text/html") {
			continue
		}
		for _, f := range forms(m, m.address(r), a.body) {
			add(who, f.method, f.address, f.form)
		}
	}
	var list []target
	for name, x := range found {
		x.json = bodies[name]
		x.headers = []string{
			"Content-Type", kind(echo.Route{Method: x.method, Path: x.route}),
			"Tus-Resumable", "1.0.0",
			"Accept-Encoding", "identity", // compression would take a fifth of the time
		}
		if x.json != "" {
			x.headers[1] = echo.MIMEApplicationJSON
		}
		list = append(list, *x)
	}
	slices.SortFunc(list, func(a, b target) int { return strings.Compare(a.route+a.method, b.route+b.method) })
	return list
}

// forms returns the forms of a page, with what a browser would send, and the links that have a query.
func forms(m *matrix, page, body string) []target {
	root, err := html.Parse(strings.NewReader(body))
	m.OK(err)
	attr := func(n *html.Node, name string) string {
		for _, a := range n.Attr {
			if a.Key == name {
				return a.Val
			}
		}
		return ""
	}
	var list []target
	for n := range root.Descendants() {
		if href := attr(n, "href"); n.Data == "a" && strings.HasPrefix(href, "/") && strings.Contains(href, "?") {
			list = append(list, target{method: http.MethodGet, address: href})
		}
		if n.Data != "form" {
			continue
		}
		x := target{
			method:  strings.ToUpper(attr(n, "method")),
			address: attr(n, "action"),
			form:    url.Values{},
		}
		if x.method == "" {
			x.method = http.MethodGet
		}
		if x.address == "" {
			x.address = page
		}
		for field := range n.Descendants() {
			name := attr(field, "name")
			if name == "" || field.Type != html.ElementNode || x.form.Has(name) {
				continue
			}
			value := attr(field, "value")
			if field.Data == "select" {
				for o := range field.Descendants() {
					if o.Data == "option" && value == "" {
						value = attr(o, "value")
					}
				}
			}
			x.form.Set(name, value)
		}
		list = append(list, x)
	}
	return list
}

var reads = regexp.MustCompile(`(?:QueryParam|FormValue|PostFormValue|words|number)\("(\w+)"`)

// read returns the names of the parameters that handlers read.
func read(t *testing.T) []string {
	t.Helper()
	names := map[string]bool{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") ||
			strings.HasPrefix(path, "webtest") {
			return err
		}
		source, err := os.ReadFile(path)
		for _, found := range reads.FindAllSubmatch(source, -1) {
			names[string(found[1])] = true
		}
		return err
	})
	if err != nil || len(names) < 50 {
		t.Fatal(errors.Join(err, fmt.Errorf("names of parameters: got %d, want at least 50", len(names))))
	}
	return slices.Sorted(maps.Keys(names))
}
