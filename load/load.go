// Package load is a crowd: it comes to a mall at a rate that does not wait for the mall, does what shoppers, buyers,
// viewers and payment providers do, and writes down how long each answer took, counted from the moment at which its
// question was meant to be asked. So a mall that stalls is charged for everybody who would have come meanwhile, not
// only for the one who noticed (Gil Tene calls the mistake coordinated omission).
//
// It knows a mall by its addresses alone and refuses to know how one works inside; the tables it reads are those of the
// exact count at the end. Who the buyers are and what lies ready for them is brought by its caller (load/stage).
package load

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"time"
)

// Plan describes and limits the crowd.
type Plan struct {
	Scenario    string
	Target      string // the mall's address, http:// or https://
	AllowRemote bool   // the target may be another machine

	Rate     float64       // visits a second, once the ramp is over
	Constant bool          // evenly spaced; else as independent people come (a Poisson process)
	Ramp     time.Duration // in which the rate climbs from nothing, evenly
	Duration time.Duration // of arrivals; what has begun by then may finish
	Most     int           // visits at most

	InFlight int // visits at once
	// how late a visit may begin where all of InFlight are busy; after that it is counted as not sent
	Patience time.Duration
	Timeout  time.Duration // of one request
	Persist  time.Duration // how long a buyer who was told to wait asks again
	Linger   time.Duration // how long what has begun may take to end
	Think    time.Duration // the mean pause before a shopper's next page
	Seed     uint64        // of everything drawn at random: the same seed, the same crowd
}

// Limits that no flag exceeds, so that a mistyped value stays a load test.
const (
	highestRate     = 50_000
	longestDuration = time.Hour
	mostVisits      = 1_000_000
	mostInFlight    = 20_000
)

// check says in one sentence what is wrong with the plan.
func (p Plan) check() error {
	switch {
	case p.Rate <= 0 || p.Rate > highestRate:
		return fmt.Errorf("the rate is between 0 and %d a second", highestRate)
	case p.Duration <= 0 || p.Duration > longestDuration:
		return fmt.Errorf("the duration is between 0 and %s", longestDuration)
	case p.Ramp < 0 || p.Ramp > p.Duration:
		return errors.New("the ramp is no longer than the duration")
	case p.Most < 1 || p.Most > mostVisits:
		return fmt.Errorf("the number of visits is between 1 and %d", mostVisits)
	case p.InFlight < 1 || p.InFlight > mostInFlight:
		return fmt.Errorf("the visits in flight are between 1 and %d", mostInFlight)
	case min(p.Timeout, p.Patience, p.Linger) <= 0 || min(p.Persist, p.Think) < 0:
		return errors.New("time-outs and pauses are not negative")
	}
	return nil
}

// Person is somebody with an account. Token is a bearer token for the API; Session the whole value of a Cookie header
// that signs in, where the scenario needs one.
type Person struct {
	UserID  int64
	Token   string
	Session string
}

// Stage is what was prepared for the crowd.
type Stage struct {
	People     []Person
	SKU        int64 // of flash
	CampaignID int64 // of flash; 0 for none
	Units      int64 // of SKU for sale when the crowd comes
	// Sign makes the value of the sandbox's signature header for a notice.
	Sign func(at time.Time, body []byte) string
}

// Crowd carries a plan out.
type Crowd struct {
	plan     Plan
	scenario *Scenario
	stage    Stage
	arrivals []time.Duration
	client   *http.Client
	address  Address
	record   *Recorder
	run      string // names this run's idempotency keys and events
	book     book
	busy     atomic.Int64
}

// New checks the plan and resolves its target. run is a word of letters, digits and dashes that no other run has.
// Errors are sentences for whoever started it.
func New(ctx context.Context, p Plan, run string) (*Crowd, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	s := Find(p.Scenario)
	if s == nil {
		return nil, fmt.Errorf("there is no scenario %q", p.Scenario)
	}
	a, err := Resolve(ctx, p.Target, p.AllowRemote)
	if err != nil {
		return nil, err
	}
	return &Crowd{
		plan:     p,
		scenario: s,
		arrivals: p.arrivals(),
		client:   a.client(p.InFlight, p.Timeout),
		address:  a,
		record:   newRecorder(),
		run:      run,
	}, nil
}

// People is how many accounts the scenario needs.
func (c *Crowd) People() int { return c.scenario.people(len(c.arrivals)) }

// Ping asks whether anybody is at the target.
func (c *Crowd) Ping(ctx context.Context) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.address.Base+"/robots.txt", nil)
	if err != nil {
		return err
	}
	res, err := c.client.Do(r)
	if err != nil {
		return fmt.Errorf("nobody answers at %s: %w", c.plan.Target, err)
	}
	return res.Body.Close()
}

// Run sends the crowd and waits for it to come home. When ctx ends nobody else comes, those who came have a few seconds
// left, and the result says that it ended early. look is told the recorder, to show it; it may be nil.
func (c *Crowd) Run(ctx context.Context, s Stage, look func(ctx context.Context, now func() Glance)) (Result, error) {
	c.stage = s
	if have, need := len(s.People), c.People(); have < need {
		return Result{}, fmt.Errorf("%d accounts are ready and %d are needed", have, need)
	}
	visit, err := c.scenario.open(ctx, c)
	if err != nil {
		return Result{}, fmt.Errorf("prepare %s: %w", c.scenario.Name, err)
	}
	looking, stopLooking := context.WithCancel(context.WithoutCancel(ctx))
	looked := make(chan struct{})
	c.record.start()
	go func() {
		defer close(looked)
		if look != nil {
			look(looking, c.glance)
		}
	}()
	c.send(ctx, visit)
	c.record.stop()
	stopLooking()
	<-looked
	return c.result(ctx.Err() != nil), nil
}

// glance is how things stand.
func (c *Crowd) glance() Glance {
	g := c.record.glance()
	g.Scenario = c.plan.Scenario
	g.Target = c.plan.Target
	g.Planned = len(c.arrivals)
	g.InFlight = int(c.busy.Load())
	g.Length = c.plan.Duration
	if n := len(c.arrivals); n > 0 { // a bounded crowd may have come before its time is over
		g.Length = min(g.Length, c.arrivals[n-1]+time.Second)
	}
	return g
}

// draw is the source of what a visit draws at random.
func (c *Crowd) draw(n int) *rand.Rand { return rand.New(rand.NewPCG(c.plan.Seed, uint64(n))) }
