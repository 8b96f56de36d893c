package api_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"videomall/mall/catalog"
	"videomall/mall/locale"
)

func (a answer) titles() []string {
	a.t.Helper()
	var titles []string
	for i := range a.rows() {
		titles = append(titles, a.text("items", i, "title"))
	}
	return titles
}

func TestVideos_filter_sort_page(t *testing.T) {
	t.Parallel()
	m := open(t)
	m.harbour() // 490 in the category "sea"
	for _, price := range []int64{100, 300, 500, 900} {
		m.Sells(price, -1) // Film 1 to 4 in another category
	}
	m.OK(m.Search.RebuildAll(m.Ctx))
	c := m.guest()
	for query, want := range map[string][]string{
		"sort=price_asc":          {"Film 1", "Film 2", "Harbour at dawn", "Film 3", "Film 4"},
		"sort=price_desc&limit=2": {"Film 4", "Film 3"},
		"category=sea":            {"Harbour at dawn"},
		"priceMin=300&priceMax=490&sort=price_asc&q=": {"Film 2", "Harbour at dawn"},
		"priceMin=901":               nil,
		"q=harbour":                  {"Harbour at dawn"},
		"q=" + url.QueryEscape("海港"): {"Harbour at dawn"},
		"q=film&sort=price_desc":     {"Film 4", "Film 3", "Film 2", "Film 1"},
		"q=film&priceMax=100":        {"Film 1"},
		"q=harbor":                   {"Harbour at dawn"},
		"q=zzzz":                     nil,
		"q=%22":                      nil,
	} {
		a := c.call("GET", "/videos?"+query, "").wants(200)
		if diff := cmp.Diff(want, a.titles(), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: titles (-want +got):\n%s", query, diff)
		}
	}
	if a := c.call("GET", "/videos?q=harbor", ""); a.at("correctedQuery") != "harbour" {
		t.Errorf("correctedQuery of a misspelt query: want harbour, got %s", a.body)
	}
	for _, base := range []string{"sort=newest", "sort=price_asc", "sort=popular", "q=film", "q=film&sort=newest"} {
		var seen []string
		cursor := ""
		for range 9 {
			a := c.call("GET", "/videos?limit=2&"+base+"&cursor="+cursor, "").wants(200)
			seen = append(seen, a.titles()...)
			if cursor = a.text("nextCursor"); cursor == "" {
				break
			}
		}
		slices.Sort(seen)
		if len(slices.Compact(slices.Clone(seen))) != len(seen) || len(seen) < 4 {
			t.Errorf("%s: titles on all pages: got %v, want at least 4 without duplicates", base, seen)
		}
	}
}

func TestVideos_wrong_parameter(t *testing.T) {
	t.Parallel()
	m := open(t)
	m.Sells(990, -1)
	m.Sells(990, -1)
	c := m.guest()
	other := c.call("GET", "/videos?limit=1&sort=newest", "").text("nextCursor")
	for query, want := range map[string][2]string{
		"limit=0":                       {"limit", "out_of_range"},
		"limit=101":                     {"limit", "out_of_range"},
		"limit=1.5":                     {"limit", "invalid"},
		"limit=99999999999999999999":    {"limit", "out_of_range"},
		"priceMin=-1":                   {"priceMin", "out_of_range"},
		"priceMax=9.90":                 {"priceMax", "invalid"},
		"priceMin=5&priceMax=4":         {"priceMin", "above_price_max"},
		"sort=given":                    {"sort", "unknown"},
		"sort=relevance":                {"sort", "unknown"},
		"category=nowhere":              {"category", "unknown"},
		"q=a&q=b":                       {"q", "repeated"},
		"pricemin=1":                    {"pricemin", "unknown_parameter"},
		"q=" + strings.Repeat("x", 101): {"q", "too_long"},
		"cursor=nonsense":               {"cursor", "malformed"},
		"cursor=" + other:               {"cursor", "other_list"},
		"q=film&cursor=" + other:        {"cursor", "other_list"},
		"sort=newest&priceMin=700&cursor=" + other: {"cursor", "other_list"},
		strings.Repeat("y", 300):                   {strings.Repeat("y", 120) + "…", "unknown_parameter"},
	} {
		a := c.call("GET", "/videos?"+query, "").wants(422)
		if a.at("errors", want[0]) != want[1] {
			t.Errorf("%.60s: got %s, want error %v", query, a.body, want)
		}
	}
	c.call("GET", "/videos?q=%zz", "").refuses(400, "bad_request")
	for _, query := range []string{"category=%00", "q=%00", "q=a%ff", "%00=1"} {
		c.call("GET", "/videos?"+query, "").refuses(400, "unreadable_text")
	}
	for _, id := range []string{"0", "-1", "x", "99999999999999999999", "1e3"} {
		c.call("GET", "/videos/"+id, "").refuses(404, "sku_not_found")
	}
	for _, address := range []string{"/nothing", "/videos/1/2", "/orders"} {
		c.call("GET", address, "")
	}
	if a := c.call("DELETE", "/videos", "").
		refuses(405, "method_not_allowed"); !strings.Contains(a.header.Get("Allow"), "GET") {
		t.Errorf("Allow of DELETE: got %q, want GET in it", a.header.Get("Allow"))
	}
	c.call("GET", "/api/v2/mall/videos", "").refuses(404, "not_found")
}

func TestVideos_accept_language(t *testing.T) {
	t.Parallel()
	m := open(t)
	_, own, _ := m.harbour()
	ann := m.person("ann")
	m.OK(m.Accounts.SetLocale(m.Ctx, ann.ID, "en"))
	guest, person := m.guest(), m.browser(ann)
	for lang, want := range map[string]string{
		"zh-CN,zh;q=0.9": "晨光海港", "zh-Hant": "晨光海港", "en-GB": "Harbour at dawn",
		"fr": "Harbour at dawn", "": "Harbour at dawn",
	} {
		for _, c := range []*client{guest, person} {
			c.lang = lang
			a := c.call("GET", "/videos?category=sea", "").wants(200)
			if got := a.text("items", 0, "title"); got != want ||
				!slices.Contains(a.header.Values("Vary"), "Accept-Language") {
				t.Errorf("%q: title in the list: got %s with Vary %v, want %s with Accept-Language", lang, got,
					a.header.Values("Vary"), want)
			}
			if got := c.call("GET", fmt.Sprint("/videos/", own), "").wants(200).text("title"); got != want {
				t.Errorf("%q: title of the SKU: got %s, want %s", lang, got, want)
			}
		}
	}
	person.lang = "zh"
	if a := person.call("GET", "/videos?limit=0", "").wants(422); a.text("detail") == catalog.ErrFilterInvalid.Message {
		t.Errorf("problem in the wrong language: got %s, want Chinese", a.body)
	}
}

// TestVideos_creator_named_in_one_language checks that a creator with a name in one language has that name in both.
func TestVideos_creator_named_in_one_language(t *testing.T) {
	t.Parallel()
	m := open(t)
	_, own, _ := m.harbour()
	c := m.guest()
	for _, names := range [][2]string{{"晨光影业", ""}, {"", "Dawn Films"}} {
		m.OK(m.Listings.OpenCreator(m.Ctx, catalog.NewCreator{
			UserID: 1,
			Name:   locale.Text{Zh: names[0], En: names[1]},
		}))
		for _, c.lang = range []string{"zh-CN", "en"} {
			for what, got := range map[string]string{
				"list": c.call("GET", "/videos?category=sea", "").wants(200).text("items", 0, "creator"),
				"one":  c.call("GET", fmt.Sprint("/videos/", own), "").wants(200).text("creator"),
			} {
				if got != names[0]+names[1] {
					t.Errorf("%s in %s: creator: got %q, want %q", what, c.lang, got, names[0]+names[1])
				}
			}
		}
	}
}

func TestVideos_not_on_sale(t *testing.T) {
	t.Parallel()
	m := open(t)
	sku := m.Sells(990, -1)
	p, err := m.Catalog.ProductOfSKU(m.Ctx, sku)
	m.OK(err)
	c := m.guest()
	c.call("GET", fmt.Sprint("/videos/", sku), "").wants(200)
	m.OK(m.Catalog.TakeDown(m.Ctx, p.SPUID))
	c.call("GET", fmt.Sprint("/videos/", sku), "").refuses(404, "product_not_found")
	if a := c.call("GET", "/videos", "").wants(200); len(a.rows()) != 0 {
		t.Errorf("list after a takedown: got %s, want no rows", a.body)
	}
}
