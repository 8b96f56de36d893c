package page_test

import (
	"net/http"
	"strings"
	"testing"

	"videomall/web/page"
)

func TestFromElsewhere_headers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		headers []string
		want    bool
	}{
		"a link of this site":    {[]string{"Sec-Fetch-Site", "same-origin"}, false},
		"typed or bookmarked":    {[]string{"Sec-Fetch-Site", "none"}, false},
		"a link of another site": {[]string{"Sec-Fetch-Site", "cross-site"}, true},
		"a link of a sister host": {
			[]string{"Sec-Fetch-Site", "same-site", "Referer", "https://mall.example/"},
			true,
		},
		"what no browser says":          {[]string{"Sec-Fetch-Site", "Same-Origin"}, true},
		"an old browser, this site":     {[]string{"Referer", "https://mall.example/v/film"}, false},
		"an old browser, another site":  {[]string{"Referer", "https://evil.example/mall.example"}, true},
		"an old browser, a sister host": {[]string{"Referer", "https://blog.mall.example/"}, true},
		"an old browser, other origin": {
			[]string{"Origin", "https://evil.example", "Referer", "https://mall.example/"}, true,
		},
		"an old browser, in a sandbox": {[]string{"Origin", "null"}, true},
		"no address":                   {[]string{"Referer", "https://%"}, true},
		"a program":                    {nil, false},
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://mall.example/queue/x", nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(c.headers); i += 2 {
			r.Header.Set(c.headers[i], c.headers[i+1])
		}
		if got := page.FromElsewhere(r); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestSite_cross_origin_post_is_refused(t *testing.T) {
	t.Parallel()
	m := open(t, "http://mall.example")
	v := m.visitor(t)
	v.enter(m.register(t, "ann@example.test"))
	host := strings.TrimPrefix(m.url, "http://")
	for name, c := range map[string]struct {
		path    string
		headers []string
		refused bool
	}{
		"form of this site": {
			"/buy",
			[]string{"Sec-Fetch-Site", "same-origin", "Origin", "http://" + host},
			false,
		},
		"typed or bookmarked": {"/buy", []string{"Sec-Fetch-Site", "none"}, false},
		"form of another site": {
			"/buy",
			[]string{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"},
			true,
		},
		"form of a sister host": {
			"/buy",
			[]string{"Sec-Fetch-Site", "same-site", "Origin", "http://blog.mall.example"},
			true,
		},
		"an old browser, other site": {"/buy", []string{"Origin", "https://evil.example"}, true},
		"a sandboxed frame":          {"/buy", []string{"Origin", "null"}, true},
		"an old browser, this site":  {"/buy", []string{"Origin", "http://" + host}, false},
		"a program without cookies":  {"/buy", nil, false},
		"API by cookie":              {"/api/v1/mall/write", []string{"Sec-Fetch-Site", "cross-site"}, true},
		"API by token": {
			"/api/v1/mall/write",
			[]string{"Sec-Fetch-Site", "cross-site", "Authorization", "Bearer x"},
			false,
		},
		"API by basic": {
			"/api/v1/mall/write",
			[]string{"Sec-Fetch-Site", "cross-site", "Authorization", "Basic x"},
			true,
		},
		"page by token": {
			"/buy",
			[]string{"Sec-Fetch-Site", "cross-site", "Authorization", "Bearer x"},
			true,
		},
		"a payment notice": {
			"/api/v1/mall/payments/callback/sandbox",
			[]string{"Origin", "https://pay.example"},
			false,
		},
		"beside the notices": {
			"/api/v1/mall/payments/callbacks",
			[]string{"Origin", "https://pay.example"},
			true,
		},
		"preferences": {"/preferences", []string{"Sec-Fetch-Site", "cross-site"}, true},
	} {
		a := v.ask("POST", c.path, "a=b", c.headers...)
		if (a.Status == http.StatusForbidden) != c.refused {
			t.Errorf("%s: %d", name, a.Status)
		}
		if c.refused && (strings.HasPrefix(c.path, "/api/") != strings.Contains(a.Body, `"code":"cross_origin"`)) {
			t.Errorf("%s says %s", name, a.Body)
		}
	}
	if a := v.get("/own", "Sec-Fetch-Site", "cross-site"); a.Status != http.StatusOK {
		t.Errorf("a link from elsewhere: %d", a.Status)
	}
}
