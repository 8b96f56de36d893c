package web_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
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
	"time"

	"github.com/labstack/echo/v4"
	"golang.org/x/net/html"

	"videomall/mall/account"
	"videomall/mall/malltest"
	"videomall/mall/payment/sandbox"
)

// The kinds of values that no text is. They are refused before a handler sees them.
const (
	nul      = "NUL"
	badBytes = "bytes that are no UTF-8"
)

// kindOfValue are values that break a server for the same reason.
type kindOfValue struct {
	name   string
	values []string
}

// hostile are values that have broken other servers.
var hostile = []kindOfValue{
	{nul, []string{"a\x00b", "\x00"}},
	{badBytes, []string{"\xff\xfe", "a\xc0\xafb", "\xed\xa0\x80"}},
	{"nothing", []string{"", " "}},
	{"not above zero", []string{"-1", "0"}},
	{"no whole number", []string{"1.5", "1e400", "NaN", "0x10", "２", "١"}},
	{"beyond 32 bits", []string{"2147483648"}},
	{"the limit of 64 bits", []string{"9223372036854775807", "-9223372036854775808"}},
	{"beyond 64 bits", []string{"9223372036854775808", strings.Repeat("9", 400)}},
	{"long", []string{strings.Repeat("é", 5000)}},
	{"marks of another language", []string{"' or 1=1; --", `\`, "%", "_%", "%00", "<script>", "\r\nX: y"}},
	{"unseen or astral", []string{"\u202e\u200b\ufeff", "💥"}},
	{"time", []string{"0000-00-00T00:00", "9999-12-31T23:59", "294277-01-01T00:00"}},
	{"structure", []string{"null", "[]", "a,b,,", "AAAA"}},
	{"address", []string{"../../etc/passwd", "javascript:alert(1)", "//evil.example/"}},
}

// target is an address with a request that it understands.
type target struct {
	who, method, route, address string
	form                        url.Values // of the query for GET, else of the body
	json                        string     // the body instead of a form
	headers                     []string
}

// unlinked are parameters that no page of the matrix links to or has a form for, by "method route".
var unlinked = map[string]url.Values{
	"GET /videos":          {"cursor": {"x"}, "sort": {"newest"}, "filters": {"1"}},
	"GET /search":          {"q": {"film"}, "cursor": {"x"}, "sort": {"price_asc"}},
	"GET /v/:slug/reviews": {"cursor": {"x"}},
	"GET /orders":          {"cursor": {"x"}},
	"GET /library":         {"cursor": {"x"}, "expired": {"1"}, "device": {"1"}},
	"GET /admin/orders": {
		"beforeNo": {"x"},
		"before":   {"2026-01-02T03:04"},
		"product":  {"1"},
		"status":   {"PAID"},
		"q":        {"x"},
	},
	"GET /admin/audit": {
		"actor":   {"1"},
		"verb":    {"x"},
		"subject": {"x"},
		"since":   {"2026-01-02"},
		"until":   {"2026-01-03"},
		"before":  {"1"},
	},
	"GET /admin/people": {
		"q":         {"x"},
		"role":      {"shopper"},
		"suspended": {"1"},
		"after":     {"1"},
		"before":    {"1"},
	},
	"GET /admin/cases": {
		"before": {"1"},
		"after":  {"1"},
		"state":  {"open"},
		"kind":   {"x"},
		"last":   {"1"},
	},
	"GET /admin/review": {"state": {"open"}, "before": {"1"}, "after": {"1"}, "high": {"1"}},
	"GET /admin/books": {
		"before":   {"1"},
		"account":  {"x"},
		"currency": {"CNY"},
		"from":     {"2026-01-01"},
		"to":       {"2026-01-02"},
	},
	"GET /admin/lists": {"list": {"deny"}, "before": {"1"}, "subject": {"x"}},
	"GET /admin":       {"days": {"30"}},
	"GET /studio":      {"days": {"30"}, "from": {"2026-01-01"}, "to": {"2026-01-02"}},
	"GET /studio/orders": {
		"before": {"x"},
		"q":      {"x"},
		"video":  {"1"},
		"from":   {"2026-01-01"},
		"to":     {"2026-01-02"},
		"state":  {"x"},
	},
	"GET /studio/listings":     {"before": {"1"}, "state": {"draft"}},
	"GET /studio/listings/new": {"video": {"1"}, "cover": {"x"}},
	"GET /studio/offers":       {"coupons": {"1"}, "bundles": {"1"}},
	"GET /studio/earnings":     {"before": {"1"}, "currency": {"CNY"}},
	"GET /studio/webhooks/:id": {"before": {"1"}},
	"GET /studio/sales/new":    {"spu": {"1"}, "q": {"x"}},
	"GET /admin/sales/new":     {"spu": {"1"}, "q": {"x"}},
	"GET /sign-in":             {"next": {"/"}},
	"GET /api/v1/mall/videos": {
		"q":        {"film"},
		"category": {"films"},
		"sort":     {"newest"},
		"priceMin": {"1"},
		"priceMax": {"2"},
		"limit":    {"1"},
		"cursor":   {"x"},
	},
	"GET /api/v1/mall/me/orders":       {"limit": {"1"}, "cursor": {"x"}},
	"GET /api/v1/mall/me/entitlements": {"limit": {"1"}, "cursor": {"x"}},
	"GET /api/v1/mall/campaigns":       {"limit": {"1"}, "cursor": {"x"}},
	"GET /checkout":                    {"coupon": {"SUMMER"}},
	"GET /studio/insight.csv":          {"what": {"days"}},
	"GET /watch/:slug":                 {"start": {"1"}},
	"POST /cart/items":                 {"sku_id": {"1"}, "next": {"/checkout"}},
	"POST /studio/time-zone":           {"zone": {"Asia/Shanghai"}},
	"POST /seen":                       {"tag": {"x"}},
	"POST /v/:slug/reviews":            {"rating": {"5"}, "body": {"Good."}},
	"POST /sandbox/pay/:token/pay": {
		"copies":       {"1"},
		"delay":        {"1"},
		"amount":       {"1"},
		"currency":     {"CNY"},
		"first_notice": {"x"},
		"processing":   {"1"},
		"hold_notice":  {"1"},
		"twice":        {"1"},
		"refunds_fail": {"1"},
	},
	"POST /studio/videos/:id/captions": {"language": {"en"}},
	"POST /studio/videos/:id/chapters": {"language": {"en"}, "chapters": {"0:00 Start"}},
	"POST /studio/videos/:id/cover":    {"poster": {"1"}},
	"POST /studio/videos/:id/retry":    {"stage": {"probe"}},
	"POST /studio/listings/:id/appeal": {"words": {"Please look again."}},
	"POST /admin/payouts/:id/pay":      {"bank_reference": {"x"}},
	"POST /admin/takedowns":            {"access": {"keep"}},
	"POST /admin/appeals/:id":          {"answer": {"yes"}},
	"POST /admin/cases/:id/close":      {"note": {"Done."}},
	"POST /admin/review/:id/return":    {"note": {"Too dark."}},
	"POST /sign-in":                    {"email": {"nobody@example.test"}, "password": {"x"}, "next": {"/"}},
	"POST /sign-up": {
		"email":    {"new@example.test"},
		"name":     {"New"},
		"password": {password},
		"next":     {"/"},
	},
}

// bodies are what the addresses that read JSON understand.
var bodies = map[string]string{
	"POST /api/v1/mall/orders":                      `{"items": [{"skuId": 1, "quantity": 1}], "couponCode": "SUMMER", "campaignId": 1}`,
	"POST /api/v1/mall/payments/:orderNo/prepay":    `{"provider": "sandbox"}`,
	"POST /api/v1/mall/auth/token":                  `{"email": "nobody@example.test", "password": "x"}`,
	"POST /api/v1/mall/play/heartbeat":              `{"position": 1}`,
	"POST /api/v1/mall/play/auth/:videoId":          `{"takeover": true}`,
	"POST /preview/:assetId/auth":                   `{"takeover": true}`,
	"POST /try/:slug/auth":                          `{"takeover": true}`,
	"POST /studio/uploads/parts":                    `{"name": "film.mp4", "type": "video/mp4", "size": 100}`,
	"POST /studio/uploads/parts/:id/addresses":      `{"numbers": [1]}`,
	"POST /api/v1/mall/payments/callback":           notice,
	"POST /api/v1/mall/payments/callback/:provider": notice,
}

const notice = `{"eventId": "e", "type": "payment.succeeded", "merchant": "x", "outTradeNo": "1", "channelTxnNo": "t", "refundNo": "r",
	"refundTxnNo": "r", "amount": 1, "currency": "CNY", "occurredAt": "2026-01-02T03:04:05Z"}`

// endless are addresses whose answer has no end.
var endless = []string{"/sales/:id/events"}

// TestNoParameterBreaksTheServer sends hostile values to every address, as somebody who may ask there, in the place of
// each of its parameters: of the path, the query, the form and the JSON. Each is alone in a request that is right
// otherwise, and comes thrice beside the right value. The answer is never a 5xx, and never a success where the value is
// no text.
//
//   - Every parameter of every address gets one value of every kind, another one at another address, and every form of JSON.
//   - Every name of a parameter gets every value, at the first address that has it.
//   - Parameters are those of the routes, those of the forms and links on the pages that these people see, and those of unlinked and
//     bodies. The test fails for a name that a handler reads and no request had.
//   - Left out are endless streams, OPTIONS, signing out, headers, and bodies of other types (multipart forms, chunks of uploads): of their
//     addresses the path is walked, with a body of that type.
//
// Two malls share the addresses, so that a machine with two processors takes half the time.
func TestNoParameterBreaksTheServer(t *testing.T) {
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
			t.Errorf("handlers read %q, and no request of this walk has it", name)
		}
	}
	if asked < 500*len(hostile) {
		t.Errorf("only %d requests", asked)
	}
	t.Logf("%d requests with %d parameters", asked, len(walked))
}

// walk sends a part of all requests. It returns the names of parameters that had a hostile value, and how many requests
// it sent.
func (m *matrix) walk(part, parts int) (walked map[string]bool, asked int) {
	visitors := m.visitors()
	targets := m.targets(visitors)
	// GET before what changes, and an operator, who can suspend the others, last
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
		c.address = fmt.Sprintf("198.51.100.%d", n%250+1) // tries are counted by address
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
				m.T.Errorf("%s: %s %s with %s %.60q: %d %.300s", x.who, x.method, x.route, r.name, r.value, a.status,
					a.body)
			}
			callback := strings.HasPrefix(x.route, "/api/v1/mall/payments/callback") && r.body != ""
			if (r.kind == nul || r.kind == badBytes) && (a.status < 400 || a.status == 429) && !callback {
				m.T.Errorf("%s: %s %s with %s %.60q: %d", x.who, x.method, x.route, r.name, r.value, a.status)
			}
		}
	}
	return walked, asked
}

// endedSession says that the answer is that of somebody who is not signed in, or signs them out: the next value is to
// be read by somebody who may ask.
func endedSession(a reply) bool {
	return a.status == http.StatusUnauthorized || strings.HasPrefix(a.header.Get("Location"), "/sign-in")
}

// signInAgain brings the visitor back. An operator may have suspended the others, or have lost the role: each time it
// is a new one.
func (m *matrix) signInAgain(c *client, who string, n int) {
	person := account.User{Email: map[string]string{"creator": "ann", "shopper": "sam"}[who] + "@example.test"}
	if who == "operator" {
		person = m.person(fmt.Sprintf("operator-%d-%s", n, c.address), account.RoleOperator)
	}
	c.signIn(person)
}

// targets are one request for each route, or the routes that some pages of the visitors have several forms for.
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
			"Accept-Encoding", "identity", // compression takes a fifth of the time
		}
		if x.json != "" {
			x.headers[1] = echo.MIMEApplicationJSON
		}
		list = append(list, *x)
	}
	slices.SortFunc(list, func(a, b target) int { return strings.Compare(a.route+a.method, b.route+b.method) })
	return list
}

// forms are those of a page, with what a browser would send, and the links that have a query.
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

// attempt is one request with a hostile value in the place of name.
type attempt struct {
	name, kind, value, address, body string
	headers                          []string
}

// asJSON are values that a text can't stand for, with the name of their own parameter for %s.
var asJSON = []string{"null", "[]", "{}", "true", "-1", "1e999", "9223372036854775808", "0.1", `{"a": {"a": []}}`,
	`1, "%s": 1`}

// requests are all attempts at a target. A name that is not known gets every value, and is known then.
func (x target) requests(known map[string]bool) []attempt {
	var list []attempt
	send := func(name, kind, value, address string, form url.Values) {
		a := attempt{name, kind, value, address, x.json, x.headers}
		switch {
		case x.method == http.MethodGet || x.method == http.MethodHead || x.method == http.MethodDelete:
			if len(form) > 0 {
				a.address += "?" + form.Encode()
			}
		case x.json == "" && x.headers[1] == echo.MIMEApplicationForm:
			a.body = form.Encode()
		}
		if strings.HasPrefix(x.route, "/api/v1/mall/payments/callback") {
			a.headers = append(slices.Clone(x.headers), sandbox.SignatureHeader,
				sandbox.Sign(malltest.Secret, time.Now(), []byte(a.body)))
		}
		list = append(list, a)
	}
	each := func(name string, send func(kind, value string)) {
		for _, k := range hostile {
			values := k.values
			if known[name] {
				n := crc32.ChecksumIEEE([]byte(x.method+x.route+name)) % uint32(len(values))
				values = values[n : n+1]
			}
			for _, v := range values {
				send(k.name, v)
			}
		}
		known[name] = true
	}
	steps := strings.Split(x.address, "/")
	for n, step := range strings.Split(x.route, "/") {
		if !strings.HasPrefix(step, ":") {
			continue
		}
		each(step, func(kind, value string) {
			if value == "" {
				return // another address
			}
			other := slices.Clone(steps)
			other[n] = url.PathEscape(value)
			send(step, kind, value, strings.Join(other, "/"), x.form)
		})
	}
	for _, name := range slices.Sorted(maps.Keys(x.form)) {
		each(name, func(kind, value string) {
			form := maps.Clone(x.form)
			form[name] = []string{value}
			send(name, kind, value, x.address, form)
		})
		form := maps.Clone(x.form)
		right := x.form.Get(name)
		form[name] = []string{right, right, "x"}
		send(name, "thrice", right, x.address, form)
	}
	body := x.json
	for _, leaf := range leaves(body) {
		each(leaf.name, func(kind, value string) {
			x.json = replaceLeaf(body, leaf, quoteJSON(value))
			send(leaf.name, kind, value, x.address, nil)
		})
		for _, raw := range asJSON {
			x.json = replaceLeaf(body, leaf, strings.ReplaceAll(raw, "%s", leaf.name))
			send(leaf.name, "JSON", raw, x.address, nil)
		}
	}
	return list
}

// leaf is a value of a JSON text: its name and where it stands.
type leaf struct {
	name       string
	start, end int
}

var jsonLeaf = regexp.MustCompile(`"(\w+)": ("[^"]*"|\d+|true|\[\d+\])`)

func leaves(body string) []leaf {
	var list []leaf
	for _, at := range jsonLeaf.FindAllStringSubmatchIndex(body, -1) {
		list = append(list, leaf{body[at[2]:at[3]], at[4], at[5]})
	}
	return list
}

func replaceLeaf(body string, l leaf, value string) string {
	return body[:l.start] + value + body[l.end:]
}

// quoteJSON writes a string with the bytes that it has, also those that no JSON text may have.
func quoteJSON(s string) string {
	if strings.ToValidUTF8(s, "") != s {
		return `"` + s + `"`
	}
	var b bytes.Buffer
	if err := json.NewEncoder(&b).Encode(s); err != nil {
		return `""`
	}
	return strings.TrimSpace(b.String())
}

var reads = regexp.MustCompile(`(?:QueryParam|FormValue|PostFormValue|words|number)\("(\w+)"`)

// read are the names of parameters that handlers ask for.
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
		t.Fatal(errors.Join(err, fmt.Errorf("only %d names are read", len(names))))
	}
	return slices.Sorted(maps.Keys(names))
}
