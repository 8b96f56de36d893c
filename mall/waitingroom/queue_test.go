package waitingroom_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"videomall/db/dbtest"
	"videomall/mall/waitingroom"
)

// TestQueue_Join_admits_in_the_order_of_joining has five hundred people join at once. They are admitted strictly by the
// numbers that they drew, and never more of them than there are slots.
func TestQueue_Join_admits_in_the_order_of_joining(t *testing.T) {
	t.Parallel()
	const people, slots = 500, 20
	c := newClock()
	q, f := newQueue(t, dbtest.Redis(t), c), waitingroom.Admission{Room: "campaign:7", Slots: slots}
	numbers := make([]int64, people)
	var race sync.WaitGroup
	room := make(chan struct{}, crowd)
	for i := range people {
		race.Go(func() {
			room <- struct{}{}
			defer func() { <-room }()
			numbers[i] = stands(t, q.Join, f, person(int64(i+1))).Number
			if again := stands(t, q.Join, f, person(int64(i+1))); again.Number != numbers[i] {
				t.Errorf("person %d drew %d and %d", i, numbers[i], again.Number)
			}
		})
	}
	race.Wait()
	drawn := slices.Sorted(slices.Values(numbers))
	for i, number := range drawn {
		if number != int64(i+1) {
			t.Fatalf("number %d is %d", i, number)
		}
	}
	byNumber := make([]int64, people)
	for i, number := range numbers {
		byNumber[number-1] = int64(i + 1)
	}
	ahead := make([]int, people)
	for i := range ahead {
		ahead[i] = people
	}
	for gone := 0; gone < people; gone += slots {
		// Everybody looks, in any order. Exactly the next ones are admitted, and nobody moves backwards.
		for _, i := range rand.Perm(people) {
			p := stands(t, q.Look, f, person(byNumber[i]))
			want := waitingroom.Queued
			switch {
			case i < gone:
				want = waitingroom.Outside
			case i < gone+slots:
				want = waitingroom.Admitted
			}
			if p.Status != want || p.Admitted != min(slots, people-gone) || p.Ahead > ahead[i] {
				t.Fatalf("after %d, number %d is %+v, want %s (was behind %d)", gone, i+1, p, want, ahead[i])
			}
			if want == waitingroom.Queued && p.Ahead != i-gone-slots {
				t.Fatalf("number %d has %d ahead, want %d", i+1, p.Ahead, i-gone-slots)
			}
			ahead[i] = p.Ahead
		}
		for i := gone; i < min(gone+slots, people); i++ {
			if err := q.Leave(t.Context(), f, person(byNumber[i])); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestQueue_Join_never_admits_more_than_its_slots has everybody join at once, look until they are admitted, and leave
// soon afterwards. There are never more people inside than slots.
func TestQueue_Join_never_admits_more_than_its_slots(t *testing.T) {
	t.Parallel()
	const people, slots = 500, 7
	c := newClock()
	q, f := newQueue(t, dbtest.Redis(t), c), waitingroom.Admission{Room: "campaign:8", Slots: slots}
	room := make(chan struct{}, crowd)
	var inside, most, served atomic.Int64
	look := func(ask verb, s waitingroom.Visitor) waitingroom.Position {
		room <- struct{}{}
		defer func() { <-room }()
		return stands(t, ask, f, s)
	}
	var all sync.WaitGroup
	for i := range people {
		all.Go(func() {
			me := person(int64(i + 1))
			for p := look(q.Join, me); p.Status != waitingroom.Admitted; p = look(q.Look, me) {
				if p.Status == waitingroom.Outside || t.Failed() {
					t.Errorf("person %d lost the position: %+v", i, p)
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

func TestQueue_Join_keeps_the_position_of_who_reloads_or_signs_in(t *testing.T) {
	t.Parallel()
	c := newClock()
	q, f := newQueue(t, dbtest.Redis(t), c), waitingroom.Admission{Room: "sale", Slots: 1}
	stands(t, q.Join, f, person(1)) // admitted
	guest := waitingroom.Visitor{Device: strings.Repeat("ab", 16)}
	first := stands(t, q.Join, f, guest)
	stands(t, q.Join, f, person(3))
	for range 3 {
		if p := stands(t, q.Join, f, guest); p.Number != first.Number || p.Ahead != 0 || p.Waiting != 2 {
			t.Errorf("after a reload: %+v", p)
		}
	}
	signedIn := waitingroom.Visitor{UserID: 2, Device: guest.Device}
	if p := stands(t, q.Look, f, signedIn); p.Number != first.Number || p.Status != waitingroom.Queued ||
		p.Waiting != 2 {
		t.Errorf("after signing in: %+v", p)
	}
	phone := waitingroom.Visitor{UserID: 2, Device: strings.Repeat("cd", 16)}
	if p := stands(t, q.Join, f, phone); p.Number != first.Number || p.Waiting != 2 {
		t.Errorf("the same account on a phone: %+v", p)
	}
	// A tablet that joined before its owner signed in gives up the later of the two positions.
	tablet := waitingroom.Visitor{Device: strings.Repeat("ef", 16)}
	stands(t, q.Join, f, tablet)
	if p := stands(t, q.Join, f, waitingroom.Visitor{
		UserID: 2,
		Device: tablet.Device,
	}); p.Number != first.Number || p.Waiting != 2 {
		t.Errorf("two positions of one person: %+v", p)
	}
	if p := stands(t, q.Look, f, tablet); p.Status != waitingroom.Outside {
		t.Errorf("the other position: %+v", p)
	}
	// The same holds once the person is admitted.
	if err := q.Leave(t.Context(), f, person(1)); err != nil {
		t.Fatal(err)
	}
	if p := stands(t, q.Look, f, phone); p.Status != waitingroom.Admitted || p.Number != first.Number {
		t.Errorf("when admitted: %+v", p)
	}
	if err := q.CheckTicket("sale", stands(t, q.Look, f, phone).Ticket, signedIn); err != nil {
		t.Errorf("the account's ticket on its other device: %v", err)
	}
}

func TestQueue_CheckTicket(t *testing.T) {
	t.Parallel()
	c, rdb := newClock(), dbtest.Redis(t)
	q, f := newQueue(t, rdb, c), waitingroom.Admission{Room: "sale", Slots: 1}
	ann := waitingroom.Visitor{UserID: 1, Device: device}
	ticket := stands(t, q.Join, f, ann).Ticket
	other, err := open(rdb, []byte(strings.Repeat("another key ", 4)), nil, c)
	if err != nil {
		t.Fatal(err)
	}
	end, signature, _ := strings.Cut(ticket, ".")
	for name, wrong := range map[string]error{
		"nobody":           q.CheckTicket("sale", ticket, waitingroom.Visitor{}),
		"somebody else":    q.CheckTicket("sale", ticket, person(2)),
		"her device alone": q.CheckTicket("sale", ticket, waitingroom.Visitor{Device: device}),
		"another room":     q.CheckTicket("sale2", ticket, ann),
		"another key":      other.CheckTicket("sale", ticket, ann),
		"none":             q.CheckTicket("sale", "", ann),
		"a longer one":     q.CheckTicket("sale", end+"0."+signature, ann),
		"no signature":     q.CheckTicket("sale", end+".", ann),
		"two lines":        q.CheckTicket("sale", end+"\n."+signature, ann),
	} {
		if !errors.Is(wrong, waitingroom.ErrTicketInvalid) {
			t.Errorf("%s: %v", name, wrong)
		}
	}
	if err := q.CheckTicket("sale", ticket, waitingroom.Visitor{UserID: 1}); err != nil {
		t.Error(err)
	}
	guest := waitingroom.Visitor{Device: strings.Repeat("12", 16)}
	f2 := waitingroom.Admission{Room: "other", Slots: 1}
	if err := q.CheckTicket("other", stands(t, q.Join, f2, guest).Ticket, waitingroom.Visitor{
		UserID: 5,
		Device: guest.Device,
	}); err != nil {
		t.Errorf("a guest who has signed in: %v", err)
	}
	c.advance(time.Minute - time.Millisecond)
	if err := q.CheckTicket("sale", ticket, ann); err != nil {
		t.Error(err)
	}
	c.advance(time.Millisecond)
	if err := q.CheckTicket("sale", ticket, ann); !errors.Is(err, waitingroom.ErrTicketInvalid) {
		t.Errorf("after its lease: %v", err)
	}
}

func TestQueue_Join_refuses_an_unknown_or_ended_room(t *testing.T) {
	t.Parallel()
	c, rdb := newClock(), dbtest.Redis(t)
	q := newQueue(t, rdb, c)
	over := waitingroom.Admission{
		Room:  "sale",
		Slots: 1,
		Ends:  c.now().Add(time.Second),
	}
	stands(t, q.Join, over, person(1))
	c.advance(time.Second)
	for _, ask := range []verb{q.Join, q.Look} {
		if _, err := ask(t.Context(), over, person(1)); !errors.Is(err, waitingroom.ErrEnded) {
			t.Errorf("%v", err)
		}
	}
	for _, f := range []waitingroom.Admission{{
		Room:  "",
		Slots: 1,
	}, {Room: "a}b", Slots: 1}, {Room: strings.Repeat("a", 65), Slots: 1}, {Room: "sale"}} {
		if _, err := q.Join(t.Context(), f, person(1)); !errors.Is(err, waitingroom.ErrUnknown) {
			t.Errorf("%+v: %v", f, err)
		}
	}
	if _, err := q.Join(t.Context(), waitingroom.Admission{
		Room:  "sale",
		Slots: 1,
	}, waitingroom.Visitor{}); !errors.Is(err, waitingroom.ErrUnknown) {
		t.Errorf("nobody: %v", err)
	}
	if _, err := open(rdb, []byte("short"), nil, c); err == nil {
		t.Error("New accepted a short key")
	}
}

func TestQueue_Waiting(t *testing.T) {
	t.Parallel()
	c := newClock()
	q, f := newQueue(t, dbtest.Redis(t), c), waitingroom.Admission{Room: "campaign:counted", Slots: 1}
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
	waiting(2) // counting joins nobody
	c.advance(2 * time.Minute)
	waiting(0) // nobody has looked for a minute
}
