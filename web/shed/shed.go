package shed

import (
	"context"
	"runtime"
	"time"

	"github.com/failsafe-go/failsafe-go/adaptivelimiter"
	"github.com/labstack/echo/v4"

	"videomall/telemetry"
)

// bounds are how many requests of a class may be answered at once, and how long one waits for its turn. The bound moves
// between least and most by how long answers take (failsafe-go's adaptive limiter); least is what a class keeps however
// busy the mall is, which is what ranks the classes.
type bounds struct {
	least, first, most uint
	wait               time.Duration
}

// usualBounds are those of a machine with so many processors.
func usualBounds(processors int) [classes]bounds {
	n := uint(processors)
	return [classes]bounds{
		Report:  {least: 1, first: n, most: 2 * n, wait: 5 * time.Second},
		Page:    {least: 4 * n, first: 4 * n, most: 256 * n, wait: 5 * time.Second},
		Order:   {least: 64 * n, first: 256 * n, most: 1024 * n, wait: time.Second},
		Play:    {least: 64 * n, first: 128 * n, most: 1024 * n, wait: 2 * time.Second},
		Payment: {least: 128 * n, first: 256 * n, most: 1024 * n, wait: 5 * time.Second},
	}
}

// waiting is how many times its bound a class lets wait: pages about a second of work, on a machine that draws a hundred.
const waiting = 8

// limiter is an adaptive limiter without its type parameter, which would cost every package that names it its code.
type limiter interface {
	AcquirePermitWithMaxWait(ctx context.Context, most time.Duration) (adaptivelimiter.Permit, error)
	Limit() int
	Inflight() int
	Queued() int
}

// Shedder admits requests by class. It is safe for concurrent use.
type Shedder struct {
	limiters [classes]limiter
	waits    [classes]time.Duration
	metrics  *telemetry.Metrics
	answers  answers
}

// New returns a Shedder for this machine, and exports its bounds.
func New(metrics *telemetry.Metrics) *Shedder {
	return within(usualBounds(runtime.GOMAXPROCS(0)), metrics)
}

func within(all [classes]bounds, metrics *telemetry.Metrics) *Shedder {
	s := &Shedder{metrics: metrics, answers: drawAnswers()}
	for class, b := range all {
		l := adaptivelimiter.NewBuilder[any]().
			WithLimits(b.least, b.most, b.first).
			WithMaxLimitStabilizationWindow(10 * time.Minute). // a quiet minute does not narrow the next crowd's way
			Build()
		s.limiters[class], s.waits[class] = l, b.wait
		metrics.WatchClass(Class(class).String(), l.Limit, l.Inflight, l.Queued)
	}
	return s
}

// admit waits for the turn of a request. The caller ends an admission by its permit. Without one, the request is to be
// refused.
func (s *Shedder) admit(ctx context.Context, class Class) (adaptivelimiter.Permit, bool) {
	l, wait := s.limiters[class], s.waits[class]
	if l.Queued() >= waiting*l.Limit() {
		return nil, false
	}
	for above := class + 1; above < classes; above++ {
		if s.limiters[above].Queued() > 0 {
			wait = 0 // the machine is busy with what matters more
		}
	}
	permit, err := l.AcquirePermitWithMaxWait(ctx, wait)
	return permit, err == nil
}

// Middleware answers what is over the bound of its class with 503 and Retry-After, before anything is read: nothing of
// such a request has happened.
func (s *Shedder) Middleware(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		class, bounded := Of(c.Request().Method, c.Path())
		if !bounded {
			return next(c)
		}
		ctx := c.Request().Context()
		permit, admitted := s.admit(ctx, class)
		if !admitted {
			if ctx.Err() != nil {
				return ctx.Err() // nobody waits for the answer
			}
			s.metrics.Shed(class.String())
			c.Set(shedKey, true)
			return s.answers.write(c)
		}
		ended := false
		defer func() {
			if !ended { // a panic, which is answered above
				permit.Drop()
			}
		}()
		err := next(c)
		ended = true
		if ctx.Err() != nil {
			permit.Drop() // how long it took says when its reader left
		} else {
			permit.Record()
		}
		return err
	}
}

const shedKey = "shed"

// Refused reports whether a request was refused for want of room: it is counted, not logged as a fault.
func Refused(c echo.Context) bool {
	refused, _ := c.Get(shedKey).(bool)
	return refused
}
