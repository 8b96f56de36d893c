package search_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"videomall/mall/catalog"
	"videomall/mall/locale"
)

// add publishes a video in the fixture's category and indexes it.
func (s *shop) add(t testing.TB, f video) {
	t.Helper()
	made, err := s.catalog.CreateProduct(t.Context(), catalog.NewProduct{
		Slug:        f.slug,
		CreatorID:   7,
		CategoryID:  1,
		Title:       f.title,
		Description: f.about,
		Tags:        f.tags,
		SKUs: []catalog.NewSKU{{
			Kind:    catalog.KindOwn,
			Quality: catalog.QualityHD,
			Price:   catalog.NewPrice{Amount: 900, Currency: "CNY"},
		}},
	})
	if err == nil {
		err = s.catalog.Publish(t.Context(), made.SPUID)
	}
	if err == nil {
		err = s.Index(t.Context(), made.SPUID)
	}
	if err != nil {
		t.Fatal(err)
	}
	s.ids[f.slug] = made.SPUID
}

// chinese are videos that people look for by their sound, and English ones whose words are also syllables.
var chinese = []video{
	{
		slug:  "whale",
		title: locale.Text{Zh: "鲸鱼的歌", En: "Songs of Whales"},
		about: locale.Text{Zh: "书法与编程。"},
	},
	{
		slug:  "jelly",
		title: locale.Text{Zh: "水母漂流记", En: "Adrift with Jellyfish"},
	},
	{
		slug:  "coffee",
		title: locale.Text{Zh: "咖啡馆的早晨", En: "Mornings"},
	},
	{
		slug:  "cook",
		title: locale.Text{Zh: "烹飪入門", En: "From the Kitchen"},
	},
	{
		slug:  "code",
		title: locale.Text{Zh: "編程與書法", En: "Strokes"},
	},
	{
		slug:  "chongqing",
		title: locale.Text{Zh: "重庆音乐", En: "A City Sings"},
	},
	{
		slug:  "green",
		title: locale.Text{Zh: "绿女", En: "Jade"},
	},
	{
		slug:  "slow",
		title: locale.Text{Zh: "慢生活 安静 满山 漫步", En: "Unhurried"},
	},
	{
		slug:  "man",
		title: locale.Text{Zh: "忙人", En: "A Man in a Hurry"},
	},
	{
		slug:  "dance",
		title: locale.Text{Zh: "单侧 脚步", En: "Steps"},
		tags:  []string{"footwork"},
	},
	{
		slug:  "dancing",
		title: locale.Text{Zh: "舞", En: "Last Dance"},
	},
}

func TestSearch_Query_chinese(t *testing.T) {
	t.Parallel()
	s := open(t)
	for _, f := range chinese {
		s.add(t, f)
	}
	for q, want := range map[string]string{
		// Traditional and simplified.
		"鯨魚":    "whale",
		"鲸鱼":    "whale",
		"鯨":     "whale",
		"烹飪":    "cook",
		"烹饪":    "cook",
		"編程":    "code whale",
		"编程":    "code whale",
		"書法":    "code whale",
		"水母漂流記": "jelly",
		// Pinyin, whole.
		"shuimu":             "jelly",
		"shui mu":            "jelly",
		"SHUIMU":             "jelly",
		"kafei":              "coffee",
		"kafeiguan":          "coffee",
		"pengren":            "cook",
		"biancheng":          "code", // a description is found only by its words
		"chongqing":          "chongqing",
		"zhongqing":          "chongqing",
		"yinyue":             "chongqing",
		"lvnv":               "green",
		"lunu":               "green",
		"shui母":              "jelly",
		"shuimu 漂流":          "jelly",
		"xian":               "",
		"piaoliuji":          "jelly",
		"jingyudege":         "whale",
		"kafeiguandezaochen": "coffee", // longer than a lexeme
		"kafei mornings":     "coffee",
		// One syllable, an unfinished last one, first letters.
		"jing":     "kyoto slow tokyo whale", // 京 of 京都 and 东京, too
		"shuim":    "jelly",
		"kafeig":   "coffee",
		"KF":       "coffee",
		"sm":       "jelly",
		"kfgdzc":   "coffee",
		"水mu":      "jelly",
		"-shuimu":  "",
		"漂流 -shui": "jelly",
		// Mixed.
		"smu":    "jelly",
		"kfei":   "coffee",
		"kfguan": "coffee",
		"jyudg":  "whale",
		// English words are found as words.
		"man":   "man",
		"an":    "",
		"a man": "man",
		"sm x":  "",
	} {
		r := s.find(t, q)
		if got := sorted(slugs(r)); got != sorted(want) || r.Corrected != "" || r.Relaxed {
			t.Errorf("%q finds %q (corrected %q, relaxed %v), want %q", q, got, r.Corrected, r.Relaxed, want)
		}
	}
	if got := slugs(s.find(t, "dance")); got != "dancing dance" { // 单侧 is read dance
		t.Errorf("dance: %s: a match by words must come before one by sound", got)
	}
	if r := s.find(t, "aurroa"); slugs(r) != "aurora" || r.Corrected != "aurora" {
		t.Errorf("a misspelt word: %s, corrected %q", slugs(r), r.Corrected)
	}
}

func TestSearch_Query_wordsFirst(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.add(t, video{
		slug:  "heard",
		title: locale.Text{Zh: "水母 水母 水母", En: "Jelly"},
	})
	s.add(t, video{
		slug:  "written",
		title: locale.Text{Zh: "别的", En: "Other"},
		about: locale.Text{En: "On shuimu, said once."},
	})
	if err := s.catalog.CountSaleTx(t.Context(), s.pool, s.ids["heard"], 100_000); err != nil { // very popular
		t.Fatal(err)
	}
	if err := s.Index(t.Context(), s.ids["heard"]); err != nil {
		t.Fatal(err)
	}
	var seen []string
	for f := (catalog.Filter{Limit: 1}); ; {
		r, err := s.Query(t.Context(), "shuimu", f)
		if err != nil {
			t.Fatal(err)
		}
		seen = append(seen, slugs(r))
		if f.Cursor = r.NextCursor; f.Cursor == "" {
			break
		}
	}
	if got := strings.Join(seen, " "); got != "written heard" {
		t.Errorf("found %s", got)
	}
}

func TestMarks_Spans_chinese(t *testing.T) {
	t.Parallel()
	s := open(t)
	for _, f := range chinese {
		s.add(t, f)
	}
	for _, c := range []struct{ query, text, want string }{
		{"鯨魚", "鲸鱼与鯨魚", "[鲸鱼]与[鯨魚]"},
		{"鲸鱼", "鲸鱼与鯨魚", "[鲸鱼]与[鯨魚]"},
		{"shuimu", "水母漂流記", "[水母]漂流記"},
		{"sm", "水母漂流記", "[水母]漂流記"},
		{"smu", "水母漂流記", "[水母]漂流記"},
		{"kafeig", "咖啡馆", "[咖啡馆]"},
		{"man", "忙人 Man", "忙人 [Man]"},
	} {
		got := ""
		for _, p := range s.find(t, c.query).Marks.Spans(c.text) {
			if p.Hit {
				got += "[" + p.Text + "]"
			} else {
				got += p.Text
			}
		}
		if got != c.want {
			t.Errorf("%q in %q: %s, want %s", c.query, c.text, got, c.want)
		}
	}
}

func TestSearch_Reindex(t *testing.T) {
	t.Parallel()
	s := open(t)
	for n := range 210 { // more than a batch
		s.add(t, video{
			slug:  fmt.Sprint("jelly-", n),
			title: locale.Text{Zh: "水母", En: fmt.Sprint("Jelly ", n)},
		})
	}
	if _, err := s.pool.Exec(t.Context(), `update search_document set version = 1, words = '''水母'':1A'`); err != nil {
		t.Fatal(err)
	}
	if r := s.find(t, "shuimu"); len(r.Items) != 0 {
		t.Fatalf("found by pinyin that was not indexed yet: %s", slugs(r))
	}
	done, left, err := s.Reindex(t.Context())
	if err != nil || done != 210+len(videos) || left != 0 {
		t.Fatalf("%d rewritten, %d left, %v", done, left, err)
	}
	if r := s.find(t, "shuimu"); r.Total != 210 {
		t.Errorf("%d found", r.Total)
	}
	if done, left, err = s.Reindex(t.Context()); err != nil || done != 0 || left != 0 {
		t.Errorf("again: %d rewritten, %d left, %v", done, left, err)
	}
}

// BenchmarkSearch_pinyin searches for queries with thousands of readings.
func BenchmarkSearch_pinyin(b *testing.B) {
	s := open(b)
	for _, q := range []string{"yiyiyiyiyiyiyiyiyiyiyiyi", "xianxianxianxianxianxian", "shishishishishishi"} {
		b.Run(q, func(b *testing.B) {
			for b.Loop() {
				if _, err := s.Query(context.Background(), q, catalog.Filter{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func sorted(words string) string {
	list := strings.Fields(words)
	slices.Sort(list)
	return strings.Join(list, " ")
}
