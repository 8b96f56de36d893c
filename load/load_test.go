package load_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"videomall/load"
)

// plan is a flash scenario with time-outs long enough for a slow machine.
func plan(target string, rate float64, most int) load.Plan {
	return load.Plan{
		Scenario: "flash",
		Target:   target,
		Rate:     rate,
		Constant: true,
		Duration: time.Minute,
		Most:     most,
		InFlight: 64,
		Patience: time.Minute,
		Timeout:  time.Minute,
		Persist:  time.Minute,
		Linger:   time.Minute,
		Seed:     1,
	}
}

// people are buyers that a fake mall accepts.
func people(n int) load.Stage {
	s := load.Stage{SKU: 1, Units: 1000}
	for i := range n {
		s.People = append(s.People, load.Person{UserID: int64(i), Token: fmt.Sprint("token-", i)})
	}
	return s
}

func run(t *testing.T, p load.Plan) load.Result {
	t.Helper()
	c, err := load.New(t.Context(), p, "test")
	if err != nil {
		t.Fatal(err)
	}
	r, err := c.Run(t.Context(), people(c.People()), nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// seller answers every order after doing what slow says with its number, counted from 1.
func seller(t *testing.T, slow func(n int64, w http.ResponseWriter, r *http.Request) (answered bool)) *httptest.Server {
	t.Helper()
	var n atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if slow(n.Add(1), w, r) {
			return
		}
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, `{"orderNo": "01J00000000000000000000000", "status": "PENDING_PAY"}`)
	}))
	t.Cleanup(server.Close)
	return server
}

// late is the share of requests, in percent, that took at least d.
func late(s load.Step, d time.Duration) float64 {
	for _, p := range s.Curve {
		if p.Latency >= d {
			return 100 - p.Percent
		}
	}
	return 0
}

// A single request stalls for a second, and the others wait behind it: at 100 a second that is a hundred people who
// waited, though the server saw one slow request.
func TestCrowd_Run_stall_delays_everyone_due(t *testing.T) {
	t.Parallel()
	server := seller(t, func(n int64, _ http.ResponseWriter, _ *http.Request) bool {
		if n == 50 {
			time.Sleep(time.Second)
		}
		return false
	})
	p := plan(server.URL, 100, 200)
	p.InFlight = 1
	r := run(t, p)
	if r.All.Times.Count != 200 || r.NotSent != 0 {
		t.Fatalf("%d requests and %d not sent, want 200 and 0", r.All.Times.Count, r.NotSent)
	}
	// Those due in the first 950 ms of the stall waited 50 ms or more: 95 of 200, and a slow machine adds to them only.
	if got := late(r.All, 50*time.Millisecond); got < 45 {
		t.Errorf("%.0f %% of the requests were late, want about half", got)
	}
	if r.All.Times.Max < 950*time.Millisecond {
		t.Errorf("the slowest took %s, want a second", r.All.Times.Max)
	}
}

// A visit that can't begin in time is counted, not dropped.
func TestCrowd_Run_counts_unsent_arrivals(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	server := seller(t, func(int64, http.ResponseWriter, *http.Request) bool { <-release; return false })
	p := plan(server.URL, 1000, 50)
	p.InFlight, p.Patience = 2, 10*time.Millisecond
	timer := time.AfterFunc(500*time.Millisecond, func() { close(release) })
	defer timer.Stop()
	r := run(t, p)
	if r.Arrived+r.NotSent != 50 || r.NotSent < 40 {
		t.Errorf("%d visits began and %d did not, want 50 altogether and few that began", r.Arrived, r.NotSent)
	}
	unsent := 0
	for _, s := range r.Seconds {
		unsent += s.NotSent
	}
	if unsent != r.NotSent {
		t.Errorf("the seconds know of %d not sent, the total of %d", unsent, r.NotSent)
	}
}

// A buyer who is told to wait obeys, and asks again under the same key.
func TestCrowd_Run_obeys_retry_after(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var asked []time.Time
	keys := map[string]bool{}
	server := seller(t, func(n int64, w http.ResponseWriter, r *http.Request) bool {
		mu.Lock()
		defer mu.Unlock()
		asked, keys[r.Header.Get("Idempotency-Key")] = append(asked, time.Now()), true
		if n > 2 {
			return false
		}
		w.Header().Set("Retry-After", "1")
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader([]int{http.StatusTooManyRequests, http.StatusServiceUnavailable}[n-1])
		_, _ = io.WriteString(w, `{"code": "busy"}`)
		return true
	})
	r := run(t, plan(server.URL, 100, 1))
	if len(asked) != 3 || len(keys) != 1 {
		t.Fatalf("%d requests under %d keys, want 3 under one", len(asked), len(keys))
	}
	for n := 1; n < len(asked); n++ {
		if gap := asked[n].Sub(asked[n-1]); gap < time.Second {
			t.Errorf("request %d came %s after the one before, want a second", n+1, gap)
		}
	}
	want := []load.Outcome{{Name: "order placed", Count: 1}}
	if diff := cmp.Diff(want, r.Visits.Outcomes); diff != "" {
		t.Errorf("visits ended as (-want +got):\n%s", diff)
	}
	if len(r.All.Outcomes) != 3 || r.All.Failed() != 0 {
		t.Errorf("outcomes %v, want 429 busy, 503 busy and 201, none of them failed", r.All.Outcomes)
	}
}

func TestCrowd_Run_ended_early_reports(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	server := seller(t, func(n int64, _ http.ResponseWriter, _ *http.Request) bool {
		if n == 20 {
			stop()
		}
		return false
	})
	c, err := load.New(ctx, plan(server.URL, 100, 100_000), "test")
	if err != nil {
		t.Fatal(err)
	}
	r, err := c.Run(ctx, people(c.People()), nil)
	if err != nil {
		t.Fatal(err)
	}
	if !r.Early || r.Arrived < 20 || r.Arrived > r.Planned/2 || r.All.Times.Count < 20 {
		t.Errorf("early %t, %d of %d arrived, %d answers", r.Early, r.Arrived, r.Planned, r.All.Times.Count)
	}
}

func TestPlan_Arrivals(t *testing.T) {
	t.Parallel()
	p := plan("", 100, 1_000_000)
	p.Duration, p.Ramp = 20*time.Second, 10*time.Second
	constant := p.Arrivals()
	// 500 while the rate climbs to 100 a second, 1,000 after that.
	if n := len(constant); n != 1500 {
		t.Errorf("%d arrivals, want 1500", n)
	}
	p.Constant = false
	poisson := p.Arrivals()
	if n := float64(len(poisson)); math.Abs(n-1500) > 5*math.Sqrt(1500) {
		t.Errorf("%g arrivals, want about 1500", n)
	}
	if !slices.IsSorted(poisson) || !slices.Equal(poisson, p.Arrivals()) {
		t.Error("the same seed sends another crowd, or not in its order")
	}
	// Independent people: the gaps spread as widely as they are long on average.
	var sum, squares float64
	steady := poisson[600:1400]
	for n := 1; n < len(steady); n++ {
		gap := (steady[n] - steady[n-1]).Seconds()
		sum, squares = sum+gap, squares+gap*gap
	}
	n := float64(len(steady) - 1)
	if mean := sum / n; math.Abs(math.Sqrt(squares/n-mean*mean)/mean-1) > 0.2 {
		t.Errorf("gaps of mean %.4f s spread by %.4f s", mean, math.Sqrt(squares/n-mean*mean))
	}
}

func TestResolve_loopback_only(t *testing.T) {
	t.Parallel()
	for _, target := range []string{
		"http://192.0.2.1", "http://[2001:db8::1]:8080", "https://10.0.0.1",
		"http://0.0.0.0:80",
	} {
		if _, err := load.Resolve(t.Context(), target, false); err == nil ||
			!strings.Contains(err.Error(), "--allow-remote") {
			t.Errorf("%s: %v, want a refusal that names --allow-remote", target, err)
		}
		if _, err := load.Resolve(t.Context(), target, true); err != nil {
			t.Errorf("%s with permission: %v", target, err)
		}
	}
	for _, target := range []string{
		"", "127.0.0.1:80", "ftp://127.0.0.1", "http://127.0.0.1/shop",
		"http://a:b@127.0.0.1", "http://127.0.0.1:99999",
	} {
		if _, err := load.Resolve(t.Context(), target, true); err == nil {
			t.Errorf("%q passes as an address", target)
		}
	}
}

// Only the checked address is dialled, whatever a request or a redirect names.
func TestAddress_Client_dials_checked_address_only(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host != "mall.invalid" {
			http.Redirect(w, r, "http://192.0.2.1/", http.StatusSeeOther)
			return
		}
		_, _ = io.WriteString(w, "mine")
	}))
	defer server.Close()
	a, err := load.Resolve(t.Context(), server.URL, false)
	if err != nil {
		t.Fatal(err)
	}
	res, err := a.Client().Get("http://mall.invalid/")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, _ := io.ReadAll(res.Body); string(body) != "mine" {
		t.Errorf("a name led elsewhere: %q", body)
	}
	res, err = a.Client().Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusSeeOther {
		t.Errorf("a redirect was followed to %d", res.StatusCode)
	}
}

func TestNew_plan_bounds(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*load.Plan){
		"no rate": func(p *load.Plan) { p.Rate = 0 }, "a mad rate": func(p *load.Plan) { p.Rate = 1e9 },
		"a day": func(p *load.Plan) {
			p.Duration = 24 * time.Hour
		}, "a ramp too long": func(p *load.Plan) { p.Ramp = 2 * p.Duration },
		"nobody": func(p *load.Plan) { p.Most = 0 }, "no place": func(p *load.Plan) { p.InFlight = 0 },
		"an unknown scenario": func(p *load.Plan) { p.Scenario = "riot" },
	} {
		p := plan("http://127.0.0.1", 1, 1)
		spoil(&p)
		if _, err := load.New(t.Context(), p, "test"); err == nil {
			t.Errorf("%s is a plan", name)
		}
	}
}

// The report loads nothing, names what happened, and escapes everything that a mall said.
func TestReport_Write(t *testing.T) {
	t.Parallel()
	server := seller(t, func(n int64, w http.ResponseWriter, _ *http.Request) bool {
		switch n % 3 {
		case 0:
			return false
		case 1:
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusConflict)
			_, _ = io.WriteString(w, `{"code": "<script>alert(1)</script>"}`)
		default:
			w.WriteHeader(http.StatusInternalServerError)
		}
		return true
	})
	r := run(t, plan(server.URL, 500, 60))
	r.Checks = []load.Check{{
		Name: "fine",
		Want: 1,
		Got:  1,
	}, {
		Name:   "oversold",
		Want:   50,
		Got:    51,
		AtMost: true,
	}}
	var b bytes.Buffer
	if err := r.Report(&b); err != nil {
		t.Fatal(err)
	}
	page := b.String()
	for _, want := range []string{
		"<svg", "does not add up", "oversold: 51, and at most 50 are right", "place order",
		"&lt;script&gt;", "prefers-color-scheme: dark",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the report lacks %q", want)
		}
	}
	for _, never := range []string{"<script", "<link", "src=", "@import", "url(", "NaN", "Inf", "%!"} {
		if strings.Contains(page, never) {
			t.Errorf("the report has %q", never)
		}
	}
	if len(load.Broken(r.Checks)) != 1 {
		t.Error("one check does not add up")
	}
}

// Without a terminal the screen writes plain lines.
func TestScreen_without_terminal(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	ctx, stop := context.WithTimeout(t.Context(), 1500*time.Millisecond)
	defer stop()
	load.Screen{W: &b, Width: func() int { return 0 }}.Show(ctx, func() load.Glance { return load.Glance{InFlight: 7} })
	if !strings.Contains(b.String(), "in flight 7") || strings.Contains(b.String(), "\x1b") {
		t.Errorf("wrote %q", b.String())
	}
}

// With one it redraws in place, and no line is wider than the terminal.
func TestScreen_on_terminal(t *testing.T) {
	t.Parallel()
	g := load.Glance{
		Scenario: "flash",
		Target:   "http://127.0.0.1",
		Elapsed:  3 * time.Second,
		Length:   9 * time.Second,
		Seconds:  slices.Repeat([]load.Second{{P99: time.Millisecond}, {P99: time.Second}}, 300),
		Outcomes: map[string]int{"409 " + strings.Repeat("x", 300): 2, "500": 1},
	}
	for _, width := range []int{60, 80, 200} {
		for _, line := range load.Panel(g, width) {
			plain := line
			for _, code := range []string{"\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[31m"} {
				plain = strings.ReplaceAll(plain, code, "")
			}
			if n := len([]rune(plain)); n >= width {
				t.Errorf("a line of %d columns on a terminal of %d: %q", n, width, plain)
			}
		}
	}
	var b bytes.Buffer
	ctx, stop := context.WithTimeout(t.Context(), 600*time.Millisecond)
	defer stop()
	load.Screen{W: &b, Width: func() int { return 80 }}.Show(ctx, func() load.Glance { return g })
	if !strings.Contains(b.String(), "\x1b[J") || !strings.Contains(b.String(), "A\r") {
		t.Errorf("never redrawn: %q", b.String())
	}
}
