package webtest

import (
	"net/http"
	"strings"
)

// Send asks as a script of the page does: with its own headers and body, and the browser's cookies.
func (b *Browser) Send(method, path string, header http.Header, body string) Answer {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.mall.URL+path, strings.NewReader(body))
	b.mall.must(err)
	r.Header.Set("Accept-Language", b.Lang)
	for name, values := range header {
		r.Header[http.CanonicalHeaderKey(name)] = values
	}
	return Answer{
		Response: Do(b.t, b.client, r),
		t:        b.t,
	}
}
