package risk_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"videomall/db/dbtest"
	"videomall/mall/risk"
	"videomall/telemetry"
)

var queueKey = []byte("a key of thirty-two bytes, no less")

func newQueue(t *testing.T, rdb redis.UniversalClient, c *clock) *risk.Queue {
	t.Helper()
	q, err := risk.NewQueue(rdb, queueKey, telemetry.NewMetrics(), silent, c.now)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// crowd is how many ask Redis at the same moment: more only wait for a connection, on a slow machine longer than a line
// waits.
const crowd = 64

func person(n int64) risk.Subject { return risk.Subject{UserID: n} }

type verb func(context.Context, risk.Floor, risk.Subject) (risk.Place, error)

// stands asks and fails on an error.
func stands(t *testing.T, ask verb, f risk.Floor, s risk.Subject) risk.Place {
	t.Helper()
	p, err := ask(context.WithoutCancel(t.Context()), f, s)
	if err != nil {
		t.Fatalf("%+v: %v", s, err)
	}
	return p
}

// Five hundred people arrive at once. They are let in strictly by the tickets they drew, never more than the floor
// holds.
func TestFiveHundredPeopleAreAdmittedInTheOrderOfJoining(t *testing.T) {
	t.Parallel()
	const people, slots = 500, 20
	c := newClock()
	q, f := newQueue(t, dbtest.Redis(t), c), risk.Floor{Name: "campaign:7", Slots: slots}
	tickets := make([]int64, people)
	var race sync.WaitGroup
	room := make(chan struct{}, crowd)
	for i := range people {
		race.Go(func() {
			room <- struct{}{}
			defer func() { <-room }()
			tickets[i] = stands(t, q.Join, f, person(int64(i+1))).Ticket
			if again := stands(t, q.Join, f, person(int64(i+1))); again.Ticket != tickets[i] {
				t.Errorf("person %d drew %d and %d", i, tickets[i], again.Ticket)
			}
		})
	}
	race.Wait()
	drawn := slices.Sorted(slices.Values(tickets))
	for i, ticket := range drawn {
		if ticket != int64(i+1) {
			t.Fatalf("ticket %d is %d", i, ticket)
		}
	}
	byTicket := make([]int64, people)
	for i, ticket := range tickets {
		byTicket[ticket-1] = int64(i + 1)
	}
	ahead := make([]int, people)
	for i := range ahead {
		ahead[i] = people
	}
	for gone := 0; gone < people; gone += slots {
		// Everybody looks, in any order; exactly the next ones are on the floor, and nobody moves backwards.
		for _, i := range rand.Perm(people) {
			p := stands(t, q.Look, f, person(byTicket[i]))
			want := risk.InLine
			switch {
			case i < gone:
				want = risk.Outside
			case i < gone+slots:
				want = risk.OnFloor
			}
			if p.Where != want || p.Inside != min(slots, people-gone) || p.Ahead > ahead[i] {
				t.Fatalf("after %d, ticket %d is %+v, want %s (was behind %d)", gone, i+1, p, want, ahead[i])
			}
			if want == risk.InLine && p.Ahead != i-gone-slots {
				t.Fatalf("ticket %d has %d ahead, want %d", i+1, p.Ahead, i-gone-slots)
			}
			ahead[i] = p.Ahead
		}
		for i := gone; i < min(gone+slots, people); i++ {
			if err := q.Leave(t.Context(), f, person(byTicket[i])); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// All of them at once, each looking until let in and leaving soon: whoever counts never finds more than the floor
// holds.
func TestNeverMoreOnTheFloorThanItHolds(t *testing.T) {
	t.Parallel()
	const people, slots = 500, 7
	c := newClock()
	q, f := newQueue(t, dbtest.Redis(t), c), risk.Floor{Name: "campaign:8", Slots: slots}
	room := make(chan struct{}, crowd)
	var inside, most, served atomic.Int64
	look := func(ask verb, s risk.Subject) risk.Place {
		room <- struct{}{}
		defer func() { <-room }()
		return stands(t, ask, f, s)
	}
	var all sync.WaitGroup
	for i := range people {
		all.Go(func() {
			me := person(int64(i + 1))
			for p := look(q.Join, me); p.Where != risk.OnFloor; p = look(q.Look, me) {
				if p.Where == risk.Outside || t.Failed() {
					t.Errorf("person %d lost the place: %+v", i, p)
					return
				}
				time.Sleep(10 * time.Millisecond)
			}
			n := inside.Add(1)
			for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
			served.Add(1)
			inside.Add(-1)
			if err := q.Leave(context.WithoutCancel(t.Context()), f, me); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if served.Load() != people || most.Load() > slots {
		t.Errorf("%d were served, at most %d at once", served.Load(), most.Load())
	}
}

func TestARefreshKeepsThePlaceAndSigningInTakesItAlong(t *testing.T) {
	t.Parallel()
	c := newClock()
	q, f := newQueue(t, dbtest.Redis(t), c), risk.Floor{Name: "sale", Slots: 1}
	stands(t, q.Join, f, person(1)) // on the floor
	guest := risk.Subject{Device: strings.Repeat("ab", 16)}
	first := stands(t, q.Join, f, guest)
	stands(t, q.Join, f, person(3))
	for range 3 {
		if p := stands(t, q.Join, f, guest); p.Ticket != first.Ticket || p.Ahead != 0 || p.Waiting != 2 {
			t.Errorf("a refresh: %+v", p)
		}
	}
	signedIn := risk.Subject{UserID: 2, Device: guest.Device}
	if p := stands(t, q.Look, f, signedIn); p.Ticket != first.Ticket || p.Where != risk.InLine || p.Waiting != 2 {
		t.Errorf("after signing in: %+v", p)
	}
	phone := risk.Subject{UserID: 2, Device: strings.Repeat("cd", 16)}
	if p := stands(t, q.Join, f, phone); p.Ticket != first.Ticket || p.Waiting != 2 {
		t.Errorf("the same account on a phone: %+v", p)
	}
	// A phone that stood in line by itself before its owner signed in gives the later of the two places up.
	tablet := risk.Subject{Device: strings.Repeat("ef", 16)}
	stands(t, q.Join, f, tablet)
	if p := stands(t, q.Join, f, risk.Subject{
		UserID: 2,
		Device: tablet.Device,
	}); p.Ticket != first.Ticket || p.Waiting != 2 {
		t.Errorf("two places of one person: %+v", p)
	}
	if p := stands(t, q.Look, f, tablet); p.Where != risk.Outside {
		t.Errorf("the other place: %+v", p)
	}
	// On the floor it is the same.
	if err := q.Leave(t.Context(), f, person(1)); err != nil {
		t.Fatal(err)
	}
	if p := stands(t, q.Look, f, phone); p.Where != risk.OnFloor || p.Ticket != first.Ticket {
		t.Errorf("at one's turn: %+v", p)
	}
	if err := q.CheckPass("sale", stands(t, q.Look, f, phone).Pass, signedIn); err != nil {
		t.Errorf("the account's pass on its other device: %v", err)
	}
}

func TestAnAbandonedPlaceIsPassedOver(t *testing.T) {
	t.Parallel()
	c := newClock()
	q, f := newQueue(t, dbtest.Redis(t), c), risk.Floor{
		Name:  "sale",
		Slots: 1,
		Lease: 10 * time.Minute,
	}
	for n := range int64(5) {
		stands(t, q.Join, f, person(n+1)) // 1 is on the floor, 2 to 5 wait
	}
	for range 4 { // 2 and 4 never look
		c.advance(15 * time.Second)
		stands(t, q.Look, f, person(3))
		stands(t, q.Look, f, person(5))
	}
	if p := stands(t, q.Look, f, person(3)); p.Ahead != 1 {
		t.Errorf("given up before its time: %+v", p)
	}
	c.advance(time.Millisecond)
	if p := stands(t, q.Look, f, person(3)); p.Ahead != 0 || p.Waiting != 2 {
		t.Errorf("still behind whoever is gone: %+v", p)
	}
	if p := stands(t, q.Look, f, person(2)); p.Where != risk.Outside {
		t.Errorf("a lost place: %+v", p)
	}
	if p := stands(t, q.Join, f, person(2)); p.Ahead != 2 {
		t.Errorf("joins at the end: %+v", p)
	}
	if err := q.Leave(t.Context(), f, person(1)); err != nil {
		t.Fatal(err)
	}
	if p := stands(t, q.Look, f, person(3)); p.Where != risk.OnFloor {
		t.Errorf("%+v", p)
	}
}

func TestALeaseEndsByItself(t *testing.T) {
	t.Parallel()
	c := newClock()
	q, f := newQueue(t, dbtest.Redis(t), c), risk.Floor{Name: "sale", Slots: 1}
	first := stands(t, q.Join, f, person(1))
	if first.Where != risk.OnFloor || !first.Until.Equal(c.now().Add(time.Minute)) {
		t.Fatalf("%+v", first)
	}
	stands(t, q.Join, f, person(2))
	c.advance(30 * time.Second)
	if p := stands(t, q.Join, f, person(1)); !p.Until.Equal(first.Until) {
		t.Errorf("a lease is prolonged by looking: %+v", p)
	}
	if p := stands(t, q.Look, f, person(2)); p.Where != risk.InLine {
		t.Errorf("%+v", p)
	}
	c.advance(30 * time.Second)
	if p := stands(t, q.Look, f, person(2)); p.Where != risk.OnFloor {
		t.Errorf("%+v", p)
	}
	if p := stands(t, q.Look, f, person(1)); p.Where != risk.Outside {
		t.Errorf("%+v", p)
	}
	f.Slots = 2 // a floor that grows lets in at once
	if p := stands(t, q.Join, f, person(1)); p.Where != risk.OnFloor || p.Inside != 2 {
		t.Errorf("%+v", p)
	}
}

func TestAPassIsOnePersonsAtOneFloorForAWhile(t *testing.T) {
	t.Parallel()
	c, rdb := newClock(), dbtest.Redis(t)
	q, f := newQueue(t, rdb, c), risk.Floor{Name: "sale", Slots: 1}
	ann := risk.Subject{UserID: 1, Device: someDevice}
	pass := stands(t, q.Join, f, ann).Pass
	other, err := risk.NewQueue(rdb, []byte(strings.Repeat("another key ", 4)), nil, silent, c.now)
	if err != nil {
		t.Fatal(err)
	}
	end, signature, _ := strings.Cut(pass, ".")
	for name, wrong := range map[string]error{
		"nobody":           q.CheckPass("sale", pass, risk.Subject{}),
		"somebody else":    q.CheckPass("sale", pass, person(2)),
		"her device alone": q.CheckPass("sale", pass, risk.Subject{Device: someDevice}),
		"another floor":    q.CheckPass("sale2", pass, ann),
		"another key":      other.CheckPass("sale", pass, ann),
		"none":             q.CheckPass("sale", "", ann),
		"a longer one":     q.CheckPass("sale", end+"0."+signature, ann),
		"no signature":     q.CheckPass("sale", end+".", ann),
		"two lines":        q.CheckPass("sale", end+"\n."+signature, ann),
	} {
		if !errors.Is(wrong, risk.ErrPassInvalid) {
			t.Errorf("%s: %v", name, wrong)
		}
	}
	if err := q.CheckPass("sale", pass, risk.Subject{UserID: 1}); err != nil {
		t.Error(err)
	}
	guest := risk.Subject{Device: strings.Repeat("12", 16)}
	f2 := risk.Floor{Name: "other", Slots: 1}
	if err := q.CheckPass("other", stands(t, q.Join, f2, guest).Pass, risk.Subject{
		UserID: 5,
		Device: guest.Device,
	}); err != nil {
		t.Errorf("a guest who has signed in: %v", err)
	}
	c.advance(time.Minute - time.Millisecond)
	if err := q.CheckPass("sale", pass, ann); err != nil {
		t.Error(err)
	}
	c.advance(time.Millisecond)
	if err := q.CheckPass("sale", pass, ann); !errors.Is(err, risk.ErrPassInvalid) {
		t.Errorf("after its lease: %v", err)
	}
}

func TestWithoutRedisTheLineIsOpen(t *testing.T) {
	t.Parallel()
	c := newClock()
	q, f := newQueue(t, gone(t), c), risk.Floor{Name: "sale", Slots: 1}
	for n := range int64(3) {
		p := stands(t, q.Join, f, person(n+1))
		if p.Where != risk.OnFloor || q.CheckPass("sale", p.Pass, person(n+1)) != nil {
			t.Errorf("%+v", p)
		}
	}
	if err := q.Leave(t.Context(), f, person(1)); err != nil {
		t.Error(err)
	}
}

func TestALineThatEndedOrNeverWas(t *testing.T) {
	t.Parallel()
	c, rdb := newClock(), dbtest.Redis(t)
	q := newQueue(t, rdb, c)
	over := risk.Floor{
		Name:  "sale",
		Slots: 1,
		Ends:  c.now().Add(time.Second),
	}
	stands(t, q.Join, over, person(1))
	c.advance(time.Second)
	for _, ask := range []verb{q.Join, q.Look} {
		if _, err := ask(t.Context(), over, person(1)); !errors.Is(err, risk.ErrQueueEnded) {
			t.Errorf("%v", err)
		}
	}
	for _, f := range []risk.Floor{{
		Name:  "",
		Slots: 1,
	}, {Name: "a}b", Slots: 1}, {Name: strings.Repeat("a", 65), Slots: 1}, {Name: "sale"}} {
		if _, err := q.Join(t.Context(), f, person(1)); !errors.Is(err, risk.ErrNoQueue) {
			t.Errorf("%+v: %v", f, err)
		}
	}
	if _, err := q.Join(t.Context(), risk.Floor{
		Name:  "sale",
		Slots: 1,
	}, risk.Subject{}); !errors.Is(err, risk.ErrNoQueue) {
		t.Errorf("nobody: %v", err)
	}
	if _, err := risk.NewQueue(rdb, []byte("short"), nil, silent, c.now); err == nil {
		t.Error("signs with a short key")
	}
}

func TestALineLiesInOneSlotAndIsForgotten(t *testing.T) {
	t.Parallel()
	rdb := dbtest.Redis(t)
	q := newQueue(t, rdb, newClock())
	for n := range int64(3) {
		stands(t, q.Join, risk.Floor{Name: "campaign:7", Slots: 1}, person(n+1))
	}
	keys, err := rdb.Keys(t.Context(), "*").Result()
	if err != nil || len(keys) != 5 {
		t.Fatalf("%v %v", keys, err)
	}
	for _, key := range keys {
		if !strings.HasPrefix(key, "queue:{campaign:7}:") {
			t.Errorf("%s lies elsewhere", key)
		}
		if left := rdb.PTTL(t.Context(), key).Val(); left <= time.Minute || left > time.Hour {
			t.Errorf("%s lives %s", key, left)
		}
	}
}

func TestAFloorCountsItsPeople(t *testing.T) {
	t.Parallel()
	metrics := telemetry.NewMetrics()
	c := newClock()
	q, err := risk.NewQueue(dbtest.Redis(t), queueKey, metrics, silent, c.now)
	if err != nil {
		t.Fatal(err)
	}
	f := risk.Floor{
		Name:  "sale",
		Slots: 2,
		Ends:  c.now().Add(time.Minute),
	}
	for n := range int64(5) {
		stands(t, q.Join, f, person(n+1))
	}
	if got := gauges(t, metrics); got != "admitted sale 2, waiting sale 3" {
		t.Error(got)
	}
	c.advance(time.Minute)
	if _, err := q.Look(t.Context(), f, person(1)); err == nil {
		t.Error("not over")
	}
	if got := gauges(t, metrics); got != "" {
		t.Errorf("a sale that is over has series: %s", got)
	}
}

func gauges(t *testing.T, m *telemetry.Metrics) string {
	t.Helper()
	families, err := m.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, f := range families {
		if name, ok := strings.CutPrefix(f.GetName(), "videomall_queue_"); ok {
			for _, series := range f.GetMetric() {
				out = append(out,
					fmt.Sprint(name, " ", series.GetLabel()[0].GetValue(), " ", series.GetGauge().GetValue()))
			}
		}
	}
	return strings.Join(out, ", ")
}

// A crowd makes Redis slow; that is when the line must not open.
func TestASlowRedisDoesNotOpenTheLine(t *testing.T) {
	t.Parallel()
	server := dbtest.RedisServer(t)
	q, f := newQueue(t, server.Client, newClock()), risk.Floor{Name: "sale", Slots: 1}
	stands(t, q.Join, f, person(1))
	if err := server.Client.Do(t.Context(), "CLIENT", "PAUSE", "700", "ALL").Err(); err != nil {
		t.Fatal(err)
	}
	if p := stands(t, q.Join, f, person(2)); p.Where != risk.InLine {
		t.Errorf("%+v", p)
	}
	// One that is later than even a line waits lets that one person in, and nobody after them.
	if err := server.Client.Do(t.Context(), "CLIENT", "PAUSE", "5700", "ALL").Err(); err != nil {
		t.Fatal(err)
	}
	stands(t, q.Join, f, person(3))
	if p := stands(t, q.Join, f, person(4)); p.Where != risk.InLine {
		t.Errorf("%+v", p)
	}
}

func TestALineIsCountedByWhoeverAsks(t *testing.T) {
	t.Parallel()
	c := newClock()
	q, f := newQueue(t, dbtest.Redis(t), c), risk.Floor{Name: "campaign:counted", Slots: 1}
	waiting := func(want int) {
		t.Helper()
		if n, err := q.Waiting(t.Context(), f); err != nil || n != want {
			t.Errorf("%d wait, %v; want %d", n, err, want)
		}
	}
	waiting(0)
	for n := range int64(3) {
		stands(t, q.Join, f, person(n+1))
	}
	waiting(2)
	waiting(2) // nobody joins by counting
	c.advance(2 * time.Minute)
	waiting(0) // nobody has looked for a minute
}
