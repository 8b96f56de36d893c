package load

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// api is where the mall's JSON API begins.
const api = "/api/v1/mall"

// Visit is one of the crowd, from arrival to leaving. Its requests follow each other; the first is measured from the
// arrival, every other from the moment at which it was meant to be sent.
type Visit struct {
	N     int
	due   time.Time
	crowd *Crowd
	draw  *rand.Rand
}

// request is what a visit asks for.
type request struct {
	method, path string
	body         []byte
	header       http.Header
}

func get(path string) request { return request{method: http.MethodGet, path: path} }

func post(path string, body any) request {
	b, err := json.Marshal(body)
	if err != nil {
		panic("load: " + err.Error()) // our own literals only
	}
	return request{http.MethodPost, path, b, http.Header{"Content-Type": {"application/json"}}}
}

// with adds a header.
func (r request) with(name, value string) request {
	h := r.header.Clone()
	if h == nil {
		h = http.Header{}
	}
	h.Set(name, value)
	r.header = h
	return r
}

func (r request) as(p Person) request { return r.with("Authorization", "Bearer "+p.Token) }

// answer is what came back; err is why nothing did. body is nil where it was not to be kept.
type answer struct {
	status int
	code   string // of a problem+json
	header http.Header
	body   []byte
	err    error
}

func (a answer) ok() bool { return a.err == nil && a.status < 400 }

// doubtful says that the mall may have done what was asked, though its answer did not arrive.
func (a answer) doubtful() bool {
	return a.err != nil || a.status >= 500 && a.status != http.StatusServiceUnavailable
}

// into reads a JSON answer.
func (a answer) into(v any) bool { return a.ok() && json.Unmarshal(a.body, v) == nil }

// What became of a request, in short, as the tables count it.
const (
	timedOut  = "time-out"
	refused   = "connection refused"
	brokenOff = "connection broken"
	abandoned = "abandoned at the end"
)

func (a answer) outcome() string {
	var slow net.Error
	switch {
	case a.err == nil && a.code != "":
		return strconv.Itoa(a.status) + " " + a.code
	case a.err == nil:
		return strconv.Itoa(a.status)
	case errors.Is(a.err, context.Canceled):
		return abandoned
	case errors.As(a.err, &slow) && slow.Timeout():
		return timedOut
	case errors.Is(a.err, syscall.ECONNREFUSED):
		return refused
	}
	return brokenOff
}

// Kind groups outcomes.
type Kind string

// Good is what was hoped for; Declined what the mall's rules refuse; Waiting asks to come again later; Failed is
// everything that should not have been.
const (
	Good     Kind = "good"
	Declined Kind = "declined"
	Waiting  Kind = "waiting"
	Failed   Kind = "failed"
)

// KindOf reads a request's outcome.
func KindOf(outcome string) Kind {
	number, _, _ := strings.Cut(outcome, " ")
	status, err := strconv.Atoi(number)
	switch {
	case err != nil:
		return Failed
	case status < 400:
		return Good
	case status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable:
		return Waiting
	case status == http.StatusConflict || status == http.StatusForbidden:
		return Declined
	}
	return Failed
}

// mostKept bounds what of an answer is kept, in bytes.
const mostKept = 1 << 20

// ask sends one request, reads its answer to the end and records it.
func (v *Visit) ask(ctx context.Context, step string, r request) answer {
	a := v.crowd.ask(ctx, r)
	v.crowd.record.answer(step, a.outcome(), time.Since(v.due))
	v.due = time.Now()
	return a
}

// ask is without record, for what is prepared before the crowd comes.
func (c *Crowd) ask(ctx context.Context, r request) answer {
	req, err := http.NewRequestWithContext(ctx, r.method, c.address.Base+r.path, bytes.NewReader(r.body))
	if err != nil {
		return answer{err: err}
	}
	for name, values := range r.header {
		req.Header[name] = values
	}
	req.Header.Set("User-Agent", "videomall-loadtest")
	res, err := c.client.Do(req)
	if err != nil {
		return answer{err: err}
	}
	defer res.Body.Close()
	a := answer{status: res.StatusCode, header: res.Header}
	if a.body, err = io.ReadAll(io.LimitReader(res.Body, mostKept)); err == nil {
		_, err = io.Copy(io.Discard, res.Body) // a connection that is read to its end is used again
	}
	if err != nil {
		return answer{err: err}
	}
	if strings.HasPrefix(res.Header.Get("Content-Type"), "application/problem+json") {
		var problem struct{ Code string }
		if json.Unmarshal(a.body, &problem) == nil {
			a.code = problem.Code
		}
	}
	return a
}

// lostAnswers is how often a buyer whose answer was lost asks again.
const lostAnswers = 3

// insist asks until there is an answer that is none of "come again later": as Retry-After says, within the plan's
// Persist. A lost answer is asked for again too; the request carries a key that makes asking twice safe.
func (v *Visit) insist(ctx context.Context, step string, r request) answer {
	until := time.Now().Add(v.crowd.plan.Persist)
	for lost := 0; ; {
		a := v.ask(ctx, step, r)
		wait := retryAfter(a)
		switch {
		case a.err != nil && lost < lostAnswers && ctx.Err() == nil:
			lost++
		case a.err != nil || a.status != http.StatusTooManyRequests && a.status != http.StatusServiceUnavailable:
			return a
		}
		// Not all at the first possible moment: those who were sent away together should not come back together.
		wait += time.Duration(v.draw.Int64N(int64(wait)/4 + 1))
		if time.Now().Add(wait).After(until) || !v.pause(ctx, wait) {
			return a
		}
	}
}

// retryAfter reads how long to wait, in whole seconds as the mall says it; one where it says nothing.
func retryAfter(a answer) time.Duration {
	if n, err := strconv.Atoi(a.header.Get("Retry-After")); err == nil && n > 0 {
		return time.Duration(min(n, 3600)) * time.Second
	}
	return time.Second
}

// pause lets time pass before the next request; false when ctx ended.
func (v *Visit) pause(ctx context.Context, d time.Duration) bool {
	v.due = v.due.Add(d)
	return sleepUntil(ctx, v.due)
}

// think pauses as a reader does: the mean is the plan's, and long looks are rare.
func (v *Visit) think(ctx context.Context) bool {
	mean := float64(v.crowd.plan.Think)
	return v.pause(ctx, time.Duration(min(v.draw.ExpFloat64(), 5)*mean))
}

// person is the visit's own.
func (v *Visit) person() Person { return v.crowd.stage.People[v.N] }

// key is an idempotency key that this visit alone has.
func (c *Crowd) key(n int) string { return fmt.Sprintf("load-%s-%d", c.run, n) }
