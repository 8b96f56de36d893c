package review_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"videomall/mall/money"
	"videomall/mall/review"
)

// rules writes what a case was scored by: "rule points", the heaviest first.
func rules(c review.Case) string {
	var out []string
	for _, r := range c.Reasons {
		out = append(out, fmt.Sprint(r.Rule, " ", r.Points))
	}
	return strings.Join(out, ", ")
}

func TestReviews_OpenTx_score(t *testing.T) {
	d := open(t)
	proven := d.creator
	day := 24 * time.Hour
	priced := func(amounts ...int64) func(*review.Submission) {
		return func(s *review.Submission) {
			s.Content.Prices = nil
			for _, a := range amounts {
				s.Content.Prices = append(s.Content.Prices, review.Price{
					Kind:    "own",
					Quality: "HD",
					Amount:  money.Of(a, "CNY"),
				})
			}
		}
	}
	category := review.Band{
		Offers: 5,
		Low:    500,
		High:   1000,
	}
	for n, c := range []struct {
		name       string
		creator    review.Creator
		band       review.Band
		duplicates []int64
		change     func(*review.Submission)
		want       string
	}{
		{"nothing", proven, category, nil, priced(990), ""},
		{"a young account", review.Creator{
			Since:        d.now.Add(-30*day + time.Minute),
			FirstListing: proven.FirstListing,
		}, category, nil, nil, "new_creator 25"},
		{"an account of thirty days", review.Creator{
			Since:        d.now.Add(-30 * day),
			FirstListing: d.now.Add(-30 * day),
		}, category, nil, nil, ""},
		{"a young first listing", review.Creator{
			Since:        proven.Since,
			FirstListing: d.now.Add(-29 * day),
		}, category, nil, nil, "new_creator 25"},
		{"no listing ever", review.Creator{Since: proven.Since}, category, nil, nil, "new_creator 25"},
		{"three times the dearest", proven, category, nil, priced(3000), ""},
		{"more", proven, category, nil, priced(3001), "price_outlier 30"},
		{"a third of the cheapest", proven, category, nil, priced(167), ""},
		{"less", proven, category, nil, priced(166), "price_outlier 30"},
		{"for nothing", proven, category, nil, priced(0), ""},
		{"a category with too few offers", proven, review.Band{
			Offers: 4,
			Low:    500,
			High:   1000,
		}, nil, priced(9000), ""},
		{"an empty category", proven, review.Band{}, nil, priced(9000), ""},
		{"one reason for several prices", proven, category, nil, priced(9000, 1, 700), "price_outlier 30"},
		{"pictures of somebody else", proven, category, []int64{rival}, nil, "duplicate_other 60"},
		{"pictures of one's own", proven, category, []int64{creator, creator}, nil, "duplicate_own 10"},
		{"pictures of both", proven, category, []int64{creator, rival}, nil, "duplicate_other 60"},
		{"no video yet", proven, category, []int64{rival}, func(s *review.Submission) { s.Content.VideoID = 0 }, ""},
		{
			"several",
			review.Creator{},
			category,
			[]int64{creator},
			priced(9000),
			"price_outlier 30, new_creator 25, duplicate_own 10",
		},
	} {
		d.creator = c.creator
		d.band = c.band
		d.duplicates = c.duplicates
		change := []func(*review.Submission){}
		if c.change != nil {
			change = append(change, c.change)
		}
		got := d.opens(int64(n+1), change...)
		sum := 0
		for _, r := range got.Reasons {
			sum += r.Points
		}
		if rules(got) != c.want || got.Score != sum {
			t.Errorf("%s: %s, score %d; want %s", c.name, rules(got), got.Score, c.want)
		}
	}
}

func TestReviews_OpenTx_worst_price(t *testing.T) {
	d := open(t)
	d.band = review.Band{
		Offers: 9,
		Low:    500,
		High:   1000,
	}
	c := d.opens(1, func(s *review.Submission) {
		s.Content.Prices = []review.Price{{
			Kind:   "own",
			Amount: money.Of(4000, "CNY"),
		}, {Kind: "own", Amount: money.Of(20, "CNY")}}
	})
	if r := c.Reasons[0]; r.Price.Amount != 20 || r.Low.Amount != 500 || r.High.Amount != 1000 {
		t.Errorf("%+v", r)
	}
}

func TestReviews_OpenTx_earlier_decisions(t *testing.T) {
	d := open(t)
	d.creator.FirstListing = time.Time{}
	c := d.opens(1)
	if rules(c) != "new_creator 25" {
		t.Fatalf("at first %s", rules(c))
	}
	_, err := d.Approve(t.Context(), olga, c.ID, c.Version)
	d.ok(err)
	d.now = d.now.Add(29 * 24 * time.Hour)
	if got := rules(d.opens(2)); got != "new_creator 25" {
		t.Errorf("29 days after the first approval: %s", got)
	}
	d.now = d.now.Add(2 * 24 * time.Hour)
	if got := rules(d.opens(3)); got != "" {
		t.Errorf("31 days after the first approval: %s", got)
	}
	var downs []review.Takedown
	for n := range 4 {
		tk := target(true)
		tk.SPUID = int64(80 + n)
		down, err := d.TakeDown(t.Context(), olga, tk)
		d.ok(err)
		downs = append(downs, down)
		want := fmt.Sprint("takedowns ", 20*min(n+1, 3))
		if got := rules(d.opens(int64(10 + n))); got != want {
			t.Errorf("after %d: %s, want %s", n+1, got, want)
		}
	}
	for _, down := range downs[:3] {
		d.ok(d.Undo(t.Context(), olga, down.ID))
	}
	if got := rules(d.opens(20)); got != "takedowns 20" {
		t.Errorf("after three takedowns were undone: %s", got)
	}
}

func TestReviews_AddWord_spellings(t *testing.T) {
	d := open(t)
	for word, weight := range map[string]int{
		"Casino": 20, "赌博": 30, "free money": 25, "ＶＩＰ": 15, "ß-test": 5,
		"1xbet": 40,
	} {
		d.ok(d.AddWord(t.Context(), olga, word, weight))
	}
	for n, c := range []struct {
		text, found string
	}{
		{"A night at the casino", "Casino"},
		{"CASINO!", "Casino"},
		{"ＣＡＳＩＮＯ", "Casino"},                   // full width
		{"c\u200ba\u00ads\u2060ino", "Casino"}, // nothing that is seen between the letters
		{"ⓒⓐⓢⓘⓝⓞ", "Casino"},                   // circled
		{"看casino视频", "Casino"},                // a word by itself, beside Chinese
		{"casinos", ""},                        // another word
		{"occasino", ""},                       //
		{"这里可以赌博", "赌博"},                       //
		{"赌 博", "赌博"},                          // spaces hide nothing in Chinese
		{"赌·博、赌*博", "赌博"},                      //
		{"赌\u200d博", "赌博"},                     //
		{"赌，不博", ""},                           //
		{"free   money", "free money"},         // several spaces
		{"ﬁne free\u00a0money", "free money"},  // a ligature and a hard space
		{"free the money", ""},                 //
		{"vip lounge", "ＶＩＰ"},                  // the list in full width, the text not
		{"ⅵp", "ＶＩＰ"},                          // a Roman six is spelt vi
		{"SS-TEST", "ß-test"},                  // case folding knows ß
		{"join 1XBET now", "1xbet"},            //
		{"", ""},                               //
	} {
		for field, put := range map[string]func(*review.Content){
			"title":       func(k *review.Content) { k.Title.En = c.text },
			"description": func(k *review.Content) { k.Description.Zh = c.text },
			"tag":         func(k *review.Content) { k.Tags = []string{"walks", c.text} },
		} {
			got := d.opens(int64(n*10+len(field)+1000), func(s *review.Submission) { put(&s.Content) })
			var words []string
			for _, r := range got.Reasons {
				words = append(words, r.Words...)
			}
			if strings.Join(words, ",") != c.found {
				t.Errorf("%q as a %s: %v, want %q", c.text, field, words, c.found)
			}
		}
	}
}

func TestReviews_AddWord_several(t *testing.T) {
	d := open(t)
	d.ok(d.AddWord(t.Context(), olga, "alpha", 70))
	d.ok(d.AddWord(t.Context(), olga, "beta", 20))
	c := d.opens(1, func(s *review.Submission) { s.Content.Description.En = "alpha beta alpha" })
	if rules(c) != "listed_words 90" || !slices.Equal(c.Reasons[0].Words, []string{"alpha", "beta"}) {
		t.Errorf("%+v", c.Reasons)
	}
	d.ok(d.AddWord(t.Context(), olga, "gamma", 50))
	if got := rules(d.opens(2, func(s *review.Submission) {
		s.Content.Description.En = "alpha beta gamma"
	})); got != "listed_words 100" {
		t.Errorf("%s", got)
	}
}

func TestReviews_AddWord_refused(t *testing.T) {
	d := open(t)
	d.ok(d.AddWord(t.Context(), olga, "casino", 20))
	for _, c := range []struct {
		word   string
		weight int
	}{
		{"", 5},
		{" -- ", 5},
		{strings.Repeat("x", review.MaxWord+1), 5},
		{"ok", 0},
		{"ok", 101},
		{"ＣＡＳＩＮＯ", 5},
		{"a\x00b", 5},
	} {
		d.fails(d.AddWord(t.Context(), olga, c.word, c.weight), review.ErrInvalid)
	}
	words, err := d.Words(t.Context())
	if err != nil || len(words) != 1 {
		t.Fatalf("%v %v", words, err)
	}
	d.ok(d.RemoveWord(t.Context(), olga, words[0].ID))
	d.fails(d.RemoveWord(t.Context(), olga, words[0].ID), review.ErrNotFound)
}
