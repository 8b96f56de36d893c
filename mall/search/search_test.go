package search_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"videomall/mall/catalog"
	"videomall/mall/search"
)

func TestSearch_Query_both_languages(t *testing.T) {
	t.Parallel()
	s := open(t)
	for q, want := range map[string]string{
		"极光":                   "aurora",
		"京都":                   "kyoto",
		"四季":                   "kyoto",
		"北极光":                  "aurora",
		"光":                    "aurora north",
		"追逐极光":                 "aurora",
		"aurora":               "aurora",
		"AURORA":               "aurora",
		"ａｕｒｏｒａ":               "aurora",
		"aur":                  "aurora", // not typed completely
		"chased aurora":        "aurora", // chasing and chased share a stem
		"京都 travel":            "kyoto",
		"kyoto京都":              "kyoto",
		"極光":                   "aurora", // traditional characters find simplified ones
		"東京":                   "tokyo",
		"lin xi":               "aurora guitar north",
		"山田花子":                 "tokyo wok kyoto",
		"林溪 吉他":                "guitar",
		"cafe":                 "tokyo",
		"CAFÉ":                 "tokyo",
		"dont need":            "guitar",
		"don't need":           "guitar",
		"ﾄｰｷｮｰ":                "tokyo",
		"the wok":              "wok",
		`"northern lights"`:    "aurora",
		`"first chord"`:        "guitar",
		`"light of the north"`: "north",
		"“四季”":                 "kyoto",
		"travel -neon":         "kyoto",
		"travel -京都":           "tokyo",
		"纪录片 -travel -lin":     "wok",
		"sichuan's":            "wok",
		"documentary iceland":  "aurora",
	} {
		r := s.find(t, q)
		got := strings.Fields(slugs(r))
		wanted := strings.Fields(want)
		slices.Sort(got)
		slices.Sort(wanted)
		if !slices.Equal(got, wanted) || r.Corrected != "" || r.Relaxed || r.Total != len(wanted) {
			t.Errorf("%q finds %v (%d; corrected %q, relaxed %v), want %v", q, got, r.Total, r.Corrected, r.Relaxed,
				wanted)
		}
	}
}

func TestSearch_Query_best_match_first(t *testing.T) {
	t.Parallel()
	s := open(t)
	// "light" is in the title of one video and in the description of the other.
	if got := slugs(s.find(t, "light")); got != "north aurora" {
		t.Errorf("light: %s", got)
	}
	// Among equal matches the one that sells better comes first.
	if err := s.catalog.CountSaleTx(t.Context(), s.pool, s.ids["tokyo"], 500); err != nil {
		t.Fatal(err)
	}
	if err := s.Index(t.Context(), s.ids["tokyo"]); err != nil {
		t.Fatal(err)
	}
	if got := slugs(s.find(t, "travel")); got != "tokyo kyoto" {
		t.Errorf("travel: %s", got)
	}
}

func TestSearch_Query_misspelled(t *testing.T) {
	t.Parallel()
	s := open(t)
	for q, want := range map[string][2]string{
		"auroa":         {"aurora", "aurora"},
		"aruora":        {"aurora", "aurora"},
		"kyoot":         {"kyoto", "kyoto"},
		"fingerstile":   {"fingerstyle", "guitar"},
		"Guittar music": {"guitar music", "guitar"},
		"四季 kyotto":     {"四季 kyoto", "kyoto"},
	} {
		r := s.find(t, q)
		if slugs(r) != want[1] || r.Corrected != want[0] || r.Relaxed {
			t.Errorf("%q: %s, corrected %q, relaxed %v; want %v", q, slugs(r), r.Corrected, r.Relaxed, want)
		}
	}
	// If no video has all the words, those that have some are shown, and Relaxed is set.
	for q, want := range map[string]string{"aurora wok": "aurora wok", "京都火锅极光": "aurora kyoto"} {
		r := s.find(t, q)
		got := strings.Fields(slugs(r))
		slices.Sort(got)
		if strings.Join(got, " ") != want || !r.Relaxed {
			t.Errorf("%q: %v, relaxed %v", q, got, r.Relaxed)
		}
	}
	for _, q := range []string{"zzzzzzzz", "龘", "龘龘龘", "qq", "!!!", "", "   ", "-", "-aurora", "的"} {
		if r := s.find(t, q); len(r.Items) != 0 && q != "的" || r.Corrected != "" {
			t.Errorf("%q finds %s", q, slugs(r))
		}
	}
}

func TestSearch_Query_marks(t *testing.T) {
	t.Parallel()
	s := open(t)
	write := func(spans []search.Span) string {
		var b strings.Builder
		for _, p := range spans {
			if p.Hit {
				b.WriteString("[" + p.Text + "]")
			} else {
				b.WriteString(p.Text)
			}
		}
		return b.String()
	}
	for _, c := range []struct{ query, text, want string }{
		{"极光", "追逐极光，极光！", "追逐[极光]，[极光]！"},
		{"chased auror", "Chasing the Auroras", "[Chasing] the [Auroras]"},
		{"cafe", "Le Café <b>", "Le [Café] <b>"},
		{"kyoto 京都", "KYOTO京都Ｋｙｏｔｏ", "[KYOTO京都Ｋｙｏｔｏ]"},
		{"travel -neon", "travel neon", "[travel] neon"},
		{"kyoot", "Four Seasons of Kyoto", "Four Seasons of [Kyoto]"},
		{"aurora", "", ""},
		{"aurora", "a\xffurora \xff", "a\xffurora \xff"},
	} {
		m := s.find(t, c.query).Marks
		if got := write(m.Spans(c.text)); got != c.want {
			t.Errorf("%q in %q: %s, want %s", c.query, c.text, got, c.want)
		}
	}
	long := strings.Repeat("word ", 60) + "the aurora came " + strings.Repeat("after ", 60)
	got := write(s.find(t, "aurora").Marks.Excerpt(long, 60))
	if !strings.HasPrefix(got, "…word") || !strings.HasSuffix(got, "after…") ||
		!strings.Contains(got, "the [aurora] came") || utf8.RuneCountInString(got) > 66 {
		t.Errorf("excerpt %q", got)
	}
	if e := s.find(t, "aurora").Marks.Excerpt("nothing here", 60); e != nil {
		t.Errorf("excerpt of nothing %v", e)
	}
}

func TestSearch_Query_pages_and_filters(t *testing.T) {
	t.Parallel()
	s := open(t)
	for _, sort := range []catalog.Sort{
		"", catalog.SortPopular, catalog.SortNewest, catalog.SortPriceAsc,
		catalog.SortPriceDesc,
	} {
		for _, q := range []string{"documentary", "dokumentary", "aurora wok guitar zzz"} {
			f := catalog.Filter{Sort: sort, Limit: 2}
			var seen []string
			for range 10 {
				r, err := s.Query(t.Context(), q, f)
				if err != nil {
					t.Fatal(err)
				}
				if f.Cursor == "" && r.Total < 3 {
					t.Errorf("%q by %q: total %d", q, sort, r.Total)
				}
				for _, k := range r.Items {
					if slices.Contains(seen, k.Slug) {
						t.Errorf("%q by %q: %s twice", q, sort, k.Slug)
					}
					seen = append(seen, k.Slug)
				}
				if f.Cursor = r.NextCursor; f.Cursor == "" {
					break
				}
			}
			want := 6
			if strings.HasPrefix(q, "aurora") {
				want = 3
			}
			if len(seen) != want {
				t.Errorf("%q by %q: saw %v", q, sort, seen)
			}
		}
	}
	r, err := s.Query(t.Context(), "documentary", catalog.Filter{
		Sort:        catalog.SortPriceAsc,
		PriceMin:    new(int64(1300)),
		PriceMax:    new(int64(3000)),
		CreatorSlug: "creator-8",
	})
	if err != nil || slugs(r) != "tokyo kyoto" || r.Total != 2 {
		t.Errorf("filtered: %s (%d), %v", slugs(r), r.Total, err)
	}
	first, err := s.Query(t.Context(), "documentary", catalog.Filter{Limit: 2})
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]catalog.Filter{
		"another query's": {Cursor: first.NextCursor},
		"nonsense":        {Cursor: "x"},
	} {
		if _, err := s.Query(t.Context(), "travel", f); !errors.Is(err, catalog.ErrCursorInvalid) {
			t.Errorf("%s cursor: %v", name, err)
		}
	}
	for _, sort := range []catalog.Sort{"", catalog.SortNewest} {
		page, err := s.Query(t.Context(), "documentary", catalog.Filter{Sort: sort, Limit: 2})
		if err != nil || page.NextCursor == "" {
			t.Fatal(page.NextCursor, err)
		}
		for q, f := range map[string]catalog.Filter{
			"documentary":        {PriceMin: new(int64(700))},
			"documentary tokyo":  {},
			"nothing at all qqq": {},
		} {
			f.Sort, f.Cursor = sort, page.NextCursor
			if _, err := s.Query(t.Context(), q, f); !errors.Is(err, catalog.ErrCursorInvalid) {
				t.Errorf("%q by %q from %+v with the cursor of another list: %v", q, sort, f.PriceMin, err)
			}
		}
	}
	if _, err := s.Query(t.Context(), "travel",
		catalog.Filter{Sort: "random"}); !errors.Is(err, catalog.ErrFilterInvalid) {
		t.Errorf("unknown sort: %v", err)
	}
}

func TestSearch_index_follows_the_catalogue(t *testing.T) {
	t.Parallel()
	s := open(t)
	id := s.ids["aurora"]
	if err := s.catalog.TakeDown(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if r := s.find(t, "极光"); len(r.Items) != 0 {
		t.Error("a video is still found after it was taken down, before the index is updated")
	}
	if err := s.Index(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	var left int
	if err := s.pool.QueryRow(t.Context(), "select count(*) from search_document").Scan(&left); err != nil ||
		left != len(videos)-1 {
		t.Fatalf("%d documents, %v", left, err)
	}
	if err := s.catalog.Publish(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if err := s.Index(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if got := slugs(s.find(t, "极光")); got != "aurora" {
		t.Error(got)
	}
	if _, err := s.pool.Exec(t.Context(),
		"insert into search_document (spu_id, words, fuzzy, version, updated_at) values (987654, '''x''', 'x', 2, $1)",
		opening.Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	if err := s.RebuildAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.pool.QueryRow(t.Context(), "select count(*) from search_document").Scan(&left); err != nil ||
		left != len(videos) {
		t.Fatalf("%d documents after a rebuild, %v", left, err)
	}
}

func FuzzNothingTypedIsAnError(f *testing.F) {
	s := open(f)
	for _, q := range []string{
		"'; drop table search_document; --", `\`, `\\'`, `''`, `"`, `"""`, `"a`, `a"b"c`, `"极光 aurora" -"北 x`,
		"a & b | !c <-> d:*", ":*", "!", "<->", "(", ")))", "'a':*A & 'b'",
		"😀", "👩‍👩‍👧‍👦 aurora", "a\x00b", "\xff\xfe", "\u202eabc", "é", "é", "ｱﾞ", "ß ſ ﬁ ㎏ ½", "İstanbul", "हिन्दी",
		"กรุงเทพ", "العربية",
		strings.Repeat("极", 5000), strings.Repeat("a ", 5000), strings.Repeat("x", 100000), strings.Repeat("\"", 300),
		strings.Repeat("-", 300), "%_%", "$1", "「四季", "《》", "- aurora", "--aurora",
	} {
		f.Add(q)
	}
	f.Fuzz(func(t *testing.T, q string) {
		r, err := s.Query(context.Background(), q, catalog.Filter{})
		if err != nil {
			t.Fatalf("%q: %v", q, err)
		}
		for _, text := range []string{q, "追逐极光 Chasing the Aurora"} {
			var joined strings.Builder
			for _, p := range r.Marks.Spans(text) {
				joined.WriteString(p.Text)
			}
			if joined.String() != text {
				t.Fatalf("%q: the spans of %q make %q", q, text, joined.String())
			}
			r.Marks.Excerpt(text, 40)
		}
	})
}
