package api_test

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/google/go-cmp/cmp"

	"videomall/web/api"
)

var document = sync.OnceValues(func() (*openapi3.T, error) {
	return openapi3.NewLoader().LoadFromData(api.Document)
})

func spec(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := document()
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestDocument_is_OpenAPI_31(t *testing.T) {
	t.Parallel()
	doc := spec(t)
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if doc.OpenAPI != "3.1.0" {
		t.Fatalf("version of OpenAPI: got %q, want 3.1.0", doc.OpenAPI)
	}
	for at, item := range doc.Paths.Map() {
		for method, o := range item.Operations() {
			if o.OperationID == "" || o.Summary == "" || len(o.Tags) != 1 {
				t.Errorf("%s %s lacks an id, a summary or a single tag", method, at)
			}
		}
	}
}

func TestDocument_matches_routes(t *testing.T) {
	t.Parallel()
	m := open(t)
	var routes, described []string
	for _, r := range m.e.Routes() {
		if !strings.HasPrefix(r.Path, "/api/") || r.Method == http.MethodHead {
			continue
		}
		parts := strings.Split(r.Path, "/")
		for i, p := range parts {
			if name, ok := strings.CutPrefix(p, ":"); ok {
				parts[i] = "{" + name + "}"
			}
		}
		routes = append(routes, r.Method+" "+strings.Join(parts, "/"))
	}
	for at, item := range spec(t).Paths.Map() {
		for method := range item.Operations() {
			described = append(described, method+" "+at)
		}
	}
	slices.Sort(routes)
	slices.Sort(described)
	if diff := cmp.Diff(routes, described); diff != "" {
		t.Errorf("routes (-server +document):\n%s", diff)
	}
	a := m.guest().call("GET", "/api/openapi.json", "").wants(200)
	if a.body != string(api.Document) {
		t.Error("served document differs from the embedded one")
	}
}

// route returns the operation of a request, or nil if the document describes none. Literal steps go before parameters.
func route(doc *openapi3.T, r *http.Request) (*routers.Route, map[string]string) {
	steps := strings.Split(r.URL.EscapedPath(), "/")
	var best *routers.Route
	var params map[string]string
	for at, item := range doc.Paths.Map() {
		o := item.GetOperation(r.Method)
		pattern := strings.Split(at, "/")
		if o == nil || len(pattern) != len(steps) {
			continue
		}
		found, fits := map[string]string{}, true
		for i, p := range pattern {
			if strings.HasPrefix(p, "{") {
				found[strings.Trim(p, "{}")], _ = url.PathUnescape(steps[i])
				fits = fits && steps[i] != ""
			} else {
				fits = fits && p == steps[i]
			}
		}
		if fits && (best == nil || len(found) < len(params)) {
			best, params = &routers.Route{
				Spec:      doc,
				Path:      at,
				PathItem:  item,
				Method:    r.Method,
				Operation: o,
			}, found
		}
	}
	return best, params
}

// ofTheWay are headers that every answer of the mall may have, which no operation describes separately.
var ofTheWay = []string{
	"Content-Length", "Content-Type", "Content-Security-Policy", "Cross-Origin-Opener-Policy",
	"Cross-Origin-Resource-Policy", "Date", "Permissions-Policy", "Referrer-Policy", "Vary", "X-Content-Type-Options",
	"Connection",
}

// describes fails the test unless the document allows the status, headers, type and body of the answer, and of a
// successful answer the request, too.
func describes(t *testing.T, r *http.Request, body string, a answer) {
	t.Helper()
	doc := spec(t)
	found, params := route(doc, r)
	if found == nil {
		describesProblem(t, doc, a)
		return
	}
	asked := r.Clone(t.Context())
	asked.Body = io.NopCloser(strings.NewReader(body))
	options := &openapi3filter.Options{
		IncludeResponseStatus: true,
		AuthenticationFunc:    openapi3filter.NoopAuthenticationFunc,
	}
	input := &openapi3filter.RequestValidationInput{
		Request:    asked,
		PathParams: params,
		Route:      found,
		Options:    options,
	}
	if a.status < 300 {
		if err := openapi3filter.ValidateRequest(t.Context(), input); err != nil {
			t.Errorf("%s: the document does not describe a request that succeeds: %v", a.asked, err)
		}
	}
	header := a.header.Clone()
	header.Set("Vary", strings.Join(a.header.Values("Vary"), ", ")) // the validator reads only the first line of a list
	output := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input,
		Status:                 a.status,
		Header:                 header,
		Options:                options,
	}
	output.SetBodyBytes([]byte(a.body))
	if err := openapi3filter.ValidateResponse(t.Context(), output); err != nil {
		t.Errorf("%s: the document does not describe the answer %d: %v\n%s", a.asked, a.status, err, a.body)
		return
	}
	response := found.Operation.Responses.Status(a.status).Value
	if len(response.Content) == 0 && a.body != "" {
		t.Errorf("%s: the document does not describe the body %s", a.asked, a.body)
	}
	for name := range a.header {
		described := slices.ContainsFunc(slices.Collect(maps.Keys(response.Headers)), func(known string) bool {
			return strings.EqualFold(known, name)
		})
		if !described && !slices.Contains(ofTheWay, name) {
			t.Errorf("%s: the document does not describe, for %d, the header %s", a.asked, a.status, name)
		}
	}
}

// describesProblem checks that an answer from an address outside the document has the general form of a problem.
func describesProblem(t *testing.T, doc *openapi3.T, a answer) {
	t.Helper()
	if a.status != http.StatusNotFound && a.status != http.StatusMethodNotAllowed {
		t.Errorf("%s: got %d from an address that the document does not describe, want 404 or 405", a.asked, a.status)
	}
	if ct := a.header.Get("Content-Type"); ct != "application/problem+json" {
		t.Errorf("%s: type: got %q, want application/problem+json", a.asked, ct)
	}
	problem := doc.Components.Schemas["Problem"].Value
	if err := problem.VisitJSON(a.json, openapi3.EnableJSONSchema2020()); err != nil {
		t.Errorf("%s: not a problem: %v: %s", a.asked, err, a.body)
	}
}

// TestDocument_refuses_undescribed_answers checks that the validator detects a wrong answer. Otherwise the tests above
// would prove nothing.
func TestDocument_refuses_undescribed_answers(t *testing.T) {
	t.Parallel()
	doc := spec(t)
	r, err := http.NewRequest("GET", "http://mall.example"+v1+"/orders/01ARZ3NDEKTSV4RRFFQ69G5FAV", nil)
	if err != nil {
		t.Fatal(err)
	}
	found, params := route(doc, r)
	problem := `{"type": "urn:videomall:problem:%[1]s", "title": "T", "status": %[2]d, "detail": "D", "code": "%[1]s", "requestId": "r"%[3]s}`
	for name, c := range map[string]struct {
		status  int
		body    string
		headers []string
		fine    bool
	}{
		"fine":         {404, fmt.Sprintf(problem, "order_not_found", 404, ""), nil, true},
		"other code":   {404, fmt.Sprintf(problem, "sold_out", 404, ""), nil, false},
		"other status": {409, fmt.Sprintf(problem, "order_not_found", 409, ""), nil, false},
		"two statuses": {404, fmt.Sprintf(problem, "order_not_found", 400, ""), nil, false},
		"extra field":  {404, fmt.Sprintf(problem, "order_not_found", 404, `, "stack": "main.go:1"`), nil, false},
		"text errors":  {404, fmt.Sprintf(problem, "order_not_found", 404, `, "errors": {"a": 1}`), nil, false},
		"cacheable": {
			404, fmt.Sprintf(problem, "order_not_found", 404, ""),
			[]string{"Cache-Control", "public"},
			false,
		},
		"no request id": {404, fmt.Sprintf(problem, "order_not_found", 404, ""), []string{"X-Request-Id", ""}, false},
	} {
		h := http.Header{
			"Content-Type":  {"application/problem+json"},
			"Cache-Control": {"private, no-store"},
			"X-Request-Id":  {"r"},
		}
		for i := 0; i+1 < len(c.headers); i += 2 {
			if h.Set(c.headers[i], c.headers[i+1]); c.headers[i+1] == "" {
				h.Del(c.headers[i])
			}
		}
		options := &openapi3filter.Options{IncludeResponseStatus: true}
		out := &openapi3filter.ResponseValidationInput{
			Status:  c.status,
			Header:  h,
			Options: options,
			Body:    io.NopCloser(bytes.NewReader([]byte(c.body))),
			RequestValidationInput: &openapi3filter.RequestValidationInput{
				Request:    r,
				PathParams: params,
				Route:      found,
				Options:    options,
			},
		}
		if err := openapi3filter.ValidateResponse(t.Context(), out); (err == nil) != c.fine {
			t.Errorf("%s: got error %v, want valid: %v", name, err, c.fine)
		}
	}
}
