package web_test

import (
	"bytes"
	"encoding/json"
	"hash/crc32"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"videomall/mall/malltest"
	"videomall/mall/payment/sandbox"
)

// attempt is one request with a hostile value for the parameter name.
type attempt struct {
	name, kind, value, address, body string
	headers                          []string
}

// requests returns all attempts at a target. A parameter whose name is not in known gets every value, and is added to
// known.
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
				return // this would be another address
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
		send(name, "three times", right, x.address, form)
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

// leaf is a value of a JSON text: its name and its position.
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

// quoteJSON quotes a string and keeps all its bytes, even those that JSON does not permit.
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
