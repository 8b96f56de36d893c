package page_test

import (
	"net/url"
	"strings"
	"testing"

	"videomall/web/page"
)

func TestSafeNext_paths_of_this_site_only(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"/":                             "/",
		"/videos?q=a%20b&sort=newest":   "/videos?q=a%20b&sort=newest",
		"/v/海边#reviews":                 "/v/%E6%B5%B7%E8%BE%B9#reviews",
		"/account#devices":              "/account#devices",
		"":                              "!",
		"videos":                        "!",
		"//evil.example":                "!",
		"///evil.example":               "!",
		`/\evil.example`:                "!",
		`\/evil.example`:                "!",
		`\\evil.example`:                "!",
		"/\t/evil.example":              "!",
		"/\n/evil.example":              "!",
		" //evil.example":               "!",
		"/ /evil.example":               "!",
		"https://evil.example/":         "!",
		"https:evil.example":            "!",
		"javascript:alert(1)":           "!",
		"data:text/html,x":              "!",
		"/%2Fevil.example":              "!",
		"/%2f%2fevil.example":           "!",
		"/%5Cevil.example":              "!",
		"/%09/evil.example":             "!",
		"/.//evil.example":              "!",
		"/a/..//evil.example":           "!",
		"/%2e%2e//evil.example":         "!",
		"/sign-in?next=/cart":           "/sign-in?next=/cart",
		"/preferences":                  "!",
		"/sign-out":                     "!",
		"/%zz":                          "!",
		"/" + strings.Repeat("a", 2000): "!",
	} {
		if got := page.SafeNext(raw, "!"); got != want {
			t.Errorf("%q leads to %q, not %q", raw, got, want)
		}
	}
}

// FuzzSafeNext holds the answer against what a browser makes of a Location: the WHATWG rules drop tabs and line ends,
// take a backslash for a slash, and read a leading double slash as a host.
func FuzzSafeNext(f *testing.F) {
	for _, seed := range []string{
		"/videos?q=1", "//evil.example", `/\evil`, "/%2f%2fevil", "/.//evil",
		"/a/%2e%2e//evil", "https://evil", "/\t/evil", "/a?b=//c#//d",
	} {
		f.Add(seed)
	}
	base, err := url.Parse("https://mall.example/sign-in")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		got := page.SafeNext(raw, "!")
		if got == "!" {
			return
		}
		browser := strings.NewReplacer("\t", "", "\n", "", "\r", "").Replace(got)
		browser = strings.TrimFunc(browser, func(r rune) bool { return r <= ' ' })
		path, _, _ := strings.Cut(browser, "?")
		path, _, _ = strings.Cut(path, "#")
		path = strings.ReplaceAll(path, `\`, "/")
		if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") {
			t.Fatalf("%q leads to %q", raw, got)
		}
		for _, reading := range []string{got, browser, path} {
			u, err := base.Parse(reading)
			if err != nil || u.Host != "mall.example" || u.Scheme != "https" || u.User != nil ||
				strings.HasPrefix(u.Path, "//") {
				t.Fatalf("%q leads to %q, read as %v (%v)", raw, got, u, err)
			}
		}
		if again := page.SafeNext(got, "!"); again != got {
			t.Fatalf("%q leads to %q and then to %q", raw, got, again)
		}
		for _, r := range got {
			if r <= ' ' || r == 0x7f {
				t.Fatalf("%q leads to %q, which would break a header", raw, got)
			}
		}
	})
}
