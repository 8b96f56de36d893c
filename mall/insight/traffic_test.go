package insight_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"videomall/mall/calendar"
	"videomall/mall/insight"
	"videomall/mall/malltest"
)

const shopper = int64(7)

// video lists a video and returns its SPU and its SKU.
func video(m *malltest.Mall) (spuID, skuID int64) {
	m.T.Helper()
	sku := m.Sells(990, -1)
	return malltest.Query[int64](m, `select spu_id from video_product_sku where id = $1`, sku)[0], sku
}

// traffic flushes, and reads today's traffic of a video, or of all videos of the creator.
func traffic(m *malltest.Mall, spuID int64) insight.Traffic {
	m.T.Helper()
	m.OK(m.Insight.Flush(m.Ctx))
	r, err := m.Insight.Report(m.Ctx, 1, spuID, insight.Last(1, calendar.UTC.DayOf(m.Now())))
	m.OK(err)
	return r.Traffic
}

// noon moves the clock to a noon, so that no midnight comes during a test.
func noon(m *malltest.Mall) { m.Advance(calendar.UTC.DayOf(m.Now()).Add(36 * time.Hour).Sub(m.Now())) }

func TestInsight_See_views_and_visitors(t *testing.T) {
	m := open(t)
	noon(m)
	one, _ := video(m)
	two, _ := video(m)
	see := func(spu int64, visitor string, user int64) {
		m.Insight.See(insight.Visit{
			SPUID:   spu,
			Visitor: visitor,
			UserID:  user,
			Source:  insight.SourceSearch,
		})
	}
	see(one, "ann", 0)
	see(one, "ann", 0) // again in the same flush
	see(two, "ann", 0)
	see(one, "bob", shopper)
	see(one, "the creator", 1)
	see(999_999, "ann", 0) // a video that does not exist
	if got, want := traffic(m, one), (insight.Traffic{Views: 2, Visitors: 2}); got != want {
		t.Errorf("the video has %+v", got)
	}
	if got, want := traffic(m, insight.Whole), (insight.Traffic{Views: 3, Visitors: 2}); got != want {
		t.Errorf("the creator has %+v", got)
	}
	m.Advance(29 * time.Minute)
	see(one, "ann", 0) // again in a later flush
	if got := traffic(m, one); got.Views != 2 {
		t.Errorf("after 29 minutes %+v", got)
	}
	m.Advance(2 * time.Minute)
	see(one, "ann", 0)
	if got, want := traffic(m, one), (insight.Traffic{Views: 3, Visitors: 2}); got != want {
		t.Errorf("after half an hour %+v", got)
	}
	m.Advance(24 * time.Hour)
	see(one, "ann", 0)
	if got, want := traffic(m, one), (insight.Traffic{Views: 1, Visitors: 1}); got != want {
		t.Errorf("the next day has %+v", got)
	}
	people := malltest.Query[int64](m, `select distinct person from insight_seen where spu_id = $1`, one)
	if len(people) != 3 { // Ann has two numbers, one for each day
		t.Errorf("people are %v", people)
	}
	m.Advance(48 * time.Hour)
	m.OK(m.Insight.Purge(m.Ctx))
	if n := malltest.Query[int64](m, `select count(*) from insight_seen`)[0]; n != 0 {
		t.Errorf("%d people are still remembered", n)
	}
}

func TestInsight_See_two_processes(t *testing.T) {
	m := open(t)
	noon(m)
	one, _ := video(m)
	processes := []*insight.Insight{m.Another().Insight, m.Another().Insight}
	var crowd sync.WaitGroup
	for _, p := range processes {
		crowd.Go(func() {
			for n := range 50 {
				p.See(insight.Visit{
					SPUID:   one,
					Visitor: fmt.Sprint("visitor ", n),
					Source:  insight.SourceDirect,
				})
				if n%10 == 0 {
					if err := p.Flush(m.Ctx); err != nil {
						t.Error(err)
					}
				}
			}
			if err := p.Flush(m.Ctx); err != nil {
				t.Error(err)
			}
		})
	}
	crowd.Wait()
	if got, want := traffic(m, one), (insight.Traffic{Views: 50, Visitors: 50}); got != want {
		t.Errorf("%+v", got)
	}
}

func TestInsight_Played_counts_watch_time(t *testing.T) {
	m := open(t)
	noon(m)
	one, _ := video(m)
	other := m.Another().Insight // another process, which gets some of the signs
	sign := func(p *insight.Insight, session string, user int64, position float64) {
		p.Played(insight.Sign{
			Session:  session,
			UserID:   user,
			SPUID:    one,
			Position: position,
			Duration: 1000,
		})
		m.OK(p.Flush(m.Ctx))
		m.Advance(15 * time.Second)
	}
	sign(m.Insight, "a", shopper, 15)
	sign(other, "a", shopper, 30)
	sign(m.Insight, "a", shopper, 45)
	sign(m.Insight, "a", shopper, 900) // skipped forward
	sign(other, "a", shopper, 915)
	sign(m.Insight, "b", shopper, 10)
	sign(m.Insight, "b", shopper, 10) // paused
	sign(m.Insight, "c", 1, 500)      // the creator
	sign(m.Insight, "d", shopper, 0)  // not begun
	if got, want := traffic(m, one), (insight.Traffic{Viewers: 1, WatchSeconds: 45}); got != want {
		t.Errorf("%+v", got)
	}
	c, err := m.Insight.Retention(m.Ctx, 1, one, insight.Last(1, calendar.UTC.DayOf(m.Now())))
	m.OK(err)
	want := insight.Curve{Plays: 2}
	for _, n := range []int{0, 1, 2, 3, 4, 90, 91} {
		want.Reached[n] = 1
	}
	want.Reached[0], want.Reached[1] = 2, 2
	if c != want {
		t.Errorf("%+v", c)
	}
}

func TestInsight_Run_flushes_at_the_end(t *testing.T) {
	m := open(t)
	one, _ := video(m)
	p := m.Another().Insight
	ctx, stop := contextOf(m)
	ended := make(chan struct{})
	go func() { p.Run(ctx); close(ended) }()
	p.See(insight.Visit{
		SPUID:   one,
		Visitor: "ann",
		Source:  insight.SourceDirect,
	})
	stop()
	<-ended
	if n := malltest.Query[int64](m, `select views from insight_traffic where spu_id = $1`, one); len(n) != 1 ||
		n[0] != 1 {
		t.Errorf("%v", n)
	}
}

func TestInsight_Flush_failure_loses_nothing(t *testing.T) {
	m := open(t)
	one, _ := video(m)
	m.Insight.See(insight.Visit{
		SPUID:   one,
		Visitor: "ann",
		Source:  insight.SourceDirect,
	})
	ctx, stop := contextOf(m)
	stop()
	if m.Insight.Flush(ctx) == nil {
		t.Fatal("a flush succeeded without a database")
	}
	if got := traffic(m, one); got.Views != 1 {
		t.Errorf("%+v", got)
	}
}

func TestInsight_Sources_orders_by_last_source(t *testing.T) {
	m := open(t)
	noon(m)
	one, sku := video(m)
	m.Insight.See(insight.Visit{
		SPUID:   one,
		Visitor: "ann",
		UserID:  shopper,
		Source:  "friend.example",
	})
	m.Insight.See(insight.Visit{
		SPUID:   one,
		Visitor: "bob",
		Source:  insight.SourceSearch,
	})
	m.OK(m.Insight.Flush(m.Ctx))
	paid(m, shopper, sku)
	paid(m, 8, sku) // a buyer without a known source
	m.Relayed()
	for _, spu := range []int64{one, insight.Whole} {
		got, err := m.Insight.Sources(m.Ctx, 1, spu, insight.Last(1, calendar.UTC.DayOf(m.Now())), 2)
		m.OK(err)
		want := []insight.Source{{
			Name:   "friend.example",
			Views:  1,
			Orders: 1,
		}, {Name: insight.SourceSearch, Views: 1}, {Name: insight.SourceUnknown, Orders: 1}}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%v, want %v", got, want)
		}
	}
	m.Advance(8 * 24 * time.Hour) // the source counts for a week only
	again, more := video(m)
	paid(m, shopper, more)
	m.Relayed()
	if got, err := m.Insight.Sources(m.Ctx, 1, again, insight.Last(1, calendar.UTC.DayOf(m.Now())), 1); err != nil ||
		len(got) != 1 || got[0].Name != insight.SourceUnknown {
		t.Errorf("%v, %v", got, err)
	}
}

func TestInsight_Flush_limits_the_names_of_sources(t *testing.T) {
	m := open(t)
	noon(m)
	one, _ := video(m)
	for n := range 100 {
		m.Insight.See(insight.Visit{
			SPUID:   one,
			Visitor: fmt.Sprint(n),
			Source:  fmt.Sprint("made-up-", n),
		})
		if n == 50 {
			m.OK(m.Insight.Flush(m.Ctx))
		}
	}
	m.OK(m.Insight.Flush(m.Ctx))
	if n := malltest.Query[int64](m, `select count(*) from insight_arrival where spu_id = 0`)[0]; n > 41 {
		t.Errorf("%d names", n)
	}
	if n := malltest.Query[int64](m, `select sum(views)::bigint from insight_arrival where spu_id = 0`)[0]; n != 100 {
		t.Errorf("%d views", n)
	}
}

func TestSourceOf(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ tag, referrer, want string }{
		{"", "", "direct"},
		{"", "https://mall.example/videos", ""},
		{"", "https://www.google.com/", "search"},
		{"", "https://www.baidu.com/s?wd=x", "search"},
		{"", "https://t.co/x", "social"},
		{"", "https://www.friend.example/blog", "friend.example"},
		{"WeChat", "https://mall.example/", "social"},
		{"Spring News", "", "spring-news"},
		{"=cmd()", "", "cmd"},
		{"", "not a url%zz", "direct"},
		{"unknown", "", "other"},
		{"0123456789012345678901234567890123456789012345", "", "0123456789012345678901234567890123456789"},
	} {
		if got := insight.SourceOf(c.tag, c.referrer, "mall.example:8080"); got != c.want {
			t.Errorf("%q from %q is %q, want %q", c.tag, c.referrer, got, c.want)
		}
	}
}
