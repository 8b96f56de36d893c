package load

import (
	"context"
	"math"
	"math/rand/v2"
	"sync"
	"time"
)

// arrivals are the moments, from the start, at which visits are meant to begin. They are fixed before the first one:
// nothing that the mall does moves them.
func (p Plan) arrivals() []time.Duration {
	r := rand.New(rand.NewPCG(p.Seed, math.MaxUint64))
	var list []time.Duration
	for x := 0.0; len(list) < p.Most; {
		if p.Constant {
			x = float64(len(list))
		} else {
			x += r.ExpFloat64()
		}
		at := p.after(x)
		if at >= p.Duration {
			break
		}
		list = append(list, at)
	}
	return list
}

// after is when x visits are to have come: rate·t²/2·ramp of them while the rate climbs, rate·(t - ramp/2) after that.
// A Poisson process whose rate changes is one of rate 1, its clock bent this way.
func (p Plan) after(x float64) time.Duration {
	ramp := p.Ramp.Seconds()
	t := x/p.Rate + ramp/2
	if x < p.Rate*ramp/2 {
		t = math.Sqrt(2 * ramp * x / p.Rate)
	}
	return time.Duration(t * float64(time.Second))
}

// hurry is how long running visits may still take after somebody ended the test.
const hurry = 5 * time.Second

// send starts each visit at its moment and returns when all have ended. A visit that finds all places taken waits for
// one, and what it then measures counts from its moment; it gives up, and is counted, when its patience is over.
func (c *Crowd) send(ctx context.Context, visit func(context.Context, *Visit) string) {
	visiting, abandon := context.WithCancel(context.WithoutCancel(ctx))
	defer abandon()
	places := make(chan struct{}, c.plan.InFlight)
	began := c.record.began
	var all sync.WaitGroup
	for n, at := range c.arrivals {
		due := began.Add(at)
		if !sleepUntil(ctx, due) {
			break
		}
		if !take(ctx, places, due.Add(c.plan.Patience)) {
			if ctx.Err() != nil {
				break
			}
			c.record.miss()
			continue
		}
		c.record.arrive(time.Since(due))
		c.busy.Add(1)
		all.Go(func() {
			v := &Visit{
				N:     n,
				due:   due,
				crowd: c,
				draw:  c.draw(n),
			}
			end := visit(visiting, v)
			c.record.visit(end, time.Since(due))
			c.busy.Add(-1)
			<-places
		})
	}
	home := make(chan struct{})
	go func() { all.Wait(); close(home) }()
	linger := time.NewTimer(c.plan.Linger)
	defer linger.Stop()
	select {
	case <-home:
	case <-linger.C:
	case <-ctx.Done():
		select {
		case <-home:
		case <-time.After(min(hurry, c.plan.Linger)):
		}
	}
	abandon()
	<-home
}

// take gets a place before the deadline.
func take(ctx context.Context, places chan<- struct{}, deadline time.Time) bool {
	left := time.Until(deadline)
	if left <= 0 {
		return false
	}
	select {
	case places <- struct{}{}:
		return true
	default:
	}
	timer := time.NewTimer(left)
	defer timer.Stop()
	select {
	case places <- struct{}{}:
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	return false
}

// sleepUntil is false when ctx ended first.
func sleepUntil(ctx context.Context, at time.Time) bool {
	left := time.Until(at)
	if left <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(left)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
