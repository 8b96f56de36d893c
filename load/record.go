package load

import (
	"maps"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// longest is the greatest latency that is told apart, in microseconds; nothing waits that long.
const longest = int64(10 * time.Minute / time.Microsecond)

// histogram of latencies in microseconds; digits are the decimal ones kept of each.
func histogram(digits int) *hdrhistogram.Histogram { return hdrhistogram.New(1, longest, digits) }

func add(h *hdrhistogram.Histogram, d time.Duration) {
	_ = h.RecordValue(min(max(1, d.Microseconds()), longest)) // within its bounds it has no error
}

// tally counts what became of one kind of thing.
type tally struct {
	latency  *hdrhistogram.Histogram
	outcomes map[string]int
}

func newTally() *tally { return &tally{histogram(3), map[string]int{}} }

func (t *tally) add(outcome string, took time.Duration) {
	t.outcomes[outcome]++
	add(t.latency, took)
}

// Second is what one second of a run brought. Latencies are of the answers that came in it.
type Second struct {
	Good, Declined, Waiting, Failed, NotSent int
	InFlight                                 int
	P50, P99, Max                            time.Duration
}

// Answers of the second, whatever they said.
func (s Second) Answers() int { return s.Good + s.Declined + s.Waiting + s.Failed }

// Recorder writes down what happens. It is safe for concurrent use.
type Recorder struct {
	began time.Time

	mu       sync.Mutex
	ended    time.Time
	all      *tally            // requests
	steps    map[string]*tally // requests, by what was asked
	names    []string          // of the steps, as they first came
	visits   *tally
	lag      *hdrhistogram.Histogram // how late visits began
	arrived  int
	notSent  int
	seconds  []Second // those that are over
	now      Second
	nowTimes *hdrhistogram.Histogram
}

func newRecorder() *Recorder {
	return &Recorder{
		all:      newTally(),
		steps:    map[string]*tally{},
		visits:   newTally(),
		lag:      histogram(3),
		nowTimes: histogram(2),
	}
}

// start is when the first second begins; it is called before anything is recorded.
func (r *Recorder) start() { r.began = time.Now() }

func (r *Recorder) stop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended = time.Now()
	r.turn(r.ended)
	if r.now != (Second{}) {
		r.closeSecond()
	}
}

// turn closes the seconds that are over.
func (r *Recorder) turn(at time.Time) {
	for whole := int(at.Sub(r.began) / time.Second); len(r.seconds) < whole; {
		r.closeSecond()
	}
}

func (r *Recorder) closeSecond() {
	if h := r.nowTimes; h.TotalCount() > 0 {
		r.now.P50 = quantile(h, 50)
		r.now.P99 = quantile(h, 99)
		r.now.Max = quantile(h, 100)
	}
	r.seconds = append(r.seconds, r.now)
	r.now = Second{}
	r.nowTimes.Reset()
}

// answer records one request's.
func (r *Recorder) answer(step, outcome string, took time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.turn(time.Now())
	t := r.steps[step]
	if t == nil {
		t = newTally()
		r.steps[step], r.names = t, append(r.names, step)
	}
	t.add(outcome, took)
	r.all.add(outcome, took)
	add(r.nowTimes, took)
	switch KindOf(outcome) {
	case Good:
		r.now.Good++
	case Declined:
		r.now.Declined++
	case Waiting:
		r.now.Waiting++
	default:
		r.now.Failed++
	}
}

// visit records how a whole visit ended.
func (r *Recorder) visit(end string, took time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.visits.add(end, took)
}

func (r *Recorder) arrive(late time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.arrived++
	add(r.lag, late)
}

func (r *Recorder) miss() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.turn(time.Now())
	r.notSent++
	r.now.NotSent++
}

// Glance is how things stand at a moment. Last is the latest whole second.
type Glance struct {
	Scenario, Target  string
	Elapsed, Length   time.Duration
	Planned, Arrived  int
	InFlight, NotSent int
	Times             Times
	Last              Second
	Seconds           []Second
	Outcomes          map[string]int
	Visits            map[string]int
}

func (r *Recorder) glance() Glance {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.turn(time.Now())
	g := Glance{
		Elapsed:  time.Since(r.began),
		Arrived:  r.arrived,
		NotSent:  r.notSent,
		Times:    timesOf(r.all.latency),
		Seconds:  r.seconds[:len(r.seconds):len(r.seconds)],
		Outcomes: maps.Clone(r.all.outcomes),
		Visits:   maps.Clone(r.visits.outcomes),
	}
	if n := len(r.seconds); n > 0 {
		g.Last = r.seconds[n-1]
	}
	return g
}

// Times sum up a distribution of latencies.
type Times struct {
	Count                                 int64
	Mean, P50, P90, P99, P999, P9999, Max time.Duration
}

func timesOf(h *hdrhistogram.Histogram) Times {
	if h.TotalCount() == 0 {
		return Times{}
	}
	return Times{
		h.TotalCount(), time.Duration(h.Mean() * float64(time.Microsecond)), quantile(h, 50), quantile(h, 90),
		quantile(h, 99),
		quantile(h, 99.9), quantile(h, 99.99), quantile(h, 100),
	}
}

func quantile(h *hdrhistogram.Histogram, percent float64) time.Duration {
	return time.Duration(h.ValueAtQuantile(percent)) * time.Microsecond
}
