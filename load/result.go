package load

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Result is what a run showed.
type Result struct {
	Plan     Plan
	Run      string
	Began    time.Time
	Took     time.Duration
	Early    bool // somebody ended it
	Planned  int  // visits
	Arrived  int
	NotSent  int // visits that could not begin in time: the mall, or this machine, was too slow for the rate
	All      Step
	Steps    []Step
	Visits   Step
	Lag      Times // how late visits began; it is part of their latency
	Seconds  []Second
	Checks   []Check // of the exact count; empty where nothing was counted
	Notes    []string
	Requests Rate
}

// Rate is of answers, a second.
type Rate struct{ Mean, Peak float64 }

// Step sums up one kind of request, or the visits.
type Step struct {
	Name     string
	Times    Times
	Curve    []Point
	Outcomes []Outcome
}

// Failed counts what should not have been.
func (s Step) Failed() (n int) {
	for _, o := range s.Outcomes {
		if KindOf(o.Name) == Failed {
			n += o.Count
		}
	}
	return n
}

// Outcome is how often something came of it.
type Outcome struct {
	Name  string
	Count int
}

// Point of a distribution: so many percent were no slower.
type Point struct {
	Percent float64
	Latency time.Duration
}

func (c *Crowd) result(early bool) Result {
	r := c.record
	r.mu.Lock()
	defer r.mu.Unlock()
	res := Result{
		Plan:    c.plan,
		Run:     c.run,
		Began:   r.began,
		Took:    r.ended.Sub(r.began),
		Early:   early,
		Planned: len(c.arrivals),
		Arrived: r.arrived,
		NotSent: r.notSent,
		All:     r.all.step("all requests"),
		Visits:  r.visits.step("visits"),
		Lag:     timesOf(r.lag),
		Seconds: r.seconds,
	}
	for _, name := range r.names {
		res.Steps = append(res.Steps, r.steps[name].step(name))
	}
	res.Requests.Mean = float64(res.All.Times.Count) / max(res.Took.Seconds(), 0.001)
	for _, s := range r.seconds {
		res.Requests.Peak = max(res.Requests.Peak, float64(s.Answers()))
	}
	if note := c.fairness(); note != "" && c.scenario.NeedsStock {
		res.Notes = append(res.Notes, note)
	}
	return res
}

func (t *tally) step(name string) Step {
	s := Step{
		Name:  name,
		Times: timesOf(t.latency),
		Curve: curve(t.latency),
	}
	for _, o := range slices.Sorted(maps.Keys(t.outcomes)) {
		s.Outcomes = append(s.Outcomes, Outcome{o, t.outcomes[o]})
	}
	slices.SortStableFunc(s.Outcomes, func(a, b Outcome) int { return cmp.Compare(b.Count, a.Count) })
	return s
}

// curve goes towards 100 %, each point a twelfth of a decade nearer, as far as there are samples to tell the points
// apart.
func curve(h *hdrhistogram.Histogram) (points []Point) {
	if h.TotalCount() == 0 {
		return nil
	}
	const perTen = 12
	points = []Point{{0, quantile(h, 0.0001)}}
	for left, n := 1.0, 0; left*float64(h.TotalCount()) >= 1; n++ {
		left = math.Pow(10, -float64(n+1)/perTen)
		points = append(points, Point{100 * (1 - left), quantile(h, 100*(1-left))})
	}
	return points
}
