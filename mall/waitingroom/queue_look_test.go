package waitingroom_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"videomall/db/dbtest"
	"videomall/mall/waitingroom"
	"videomall/telemetry"
)

func TestQueue_Look_passes_over_who_is_absent(t *testing.T) {
	t.Parallel()
	c := newClock()
	q, f := newQueue(t, dbtest.Redis(t), c), waitingroom.Admission{
		Room:  "sale",
		Slots: 1,
		Lease: 10 * time.Minute,
	}
	for n := range int64(5) {
		stands(t, q.Join, f, person(n+1)) // 1 is admitted, 2 to 5 wait
	}
	for range 4 { // 2 and 4 never look
		c.advance(15 * time.Second)
		stands(t, q.Look, f, person(3))
		stands(t, q.Look, f, person(5))
	}
	if p := stands(t, q.Look, f, person(3)); p.Ahead != 1 {
		t.Errorf("an absent person lost the position too early: %+v", p)
	}
	c.advance(time.Millisecond)
	if p := stands(t, q.Look, f, person(3)); p.Ahead != 0 || p.Waiting != 2 {
		t.Errorf("still behind a person who is absent: %+v", p)
	}
	if p := stands(t, q.Look, f, person(2)); p.Status != waitingroom.Outside {
		t.Errorf("an absent person kept the position: %+v", p)
	}
	if p := stands(t, q.Join, f, person(2)); p.Ahead != 2 {
		t.Errorf("a person who joined again is not at the end: %+v", p)
	}
	if err := q.Leave(t.Context(), f, person(1)); err != nil {
		t.Fatal(err)
	}
	if p := stands(t, q.Look, f, person(3)); p.Status != waitingroom.Admitted {
		t.Errorf("%+v", p)
	}
}

func TestQueue_Look_ends_a_lease(t *testing.T) {
	t.Parallel()
	c := newClock()
	q, f := newQueue(t, dbtest.Redis(t), c), waitingroom.Admission{Room: "sale", Slots: 1}
	first := stands(t, q.Join, f, person(1))
	if first.Status != waitingroom.Admitted || !first.Until.Equal(c.now().Add(time.Minute)) {
		t.Fatalf("%+v", first)
	}
	stands(t, q.Join, f, person(2))
	c.advance(30 * time.Second)
	if p := stands(t, q.Join, f, person(1)); !p.Until.Equal(first.Until) {
		t.Errorf("joining again prolonged the lease: %+v", p)
	}
	if p := stands(t, q.Look, f, person(2)); p.Status != waitingroom.Queued {
		t.Errorf("%+v", p)
	}
	c.advance(30 * time.Second)
	if p := stands(t, q.Look, f, person(2)); p.Status != waitingroom.Admitted {
		t.Errorf("%+v", p)
	}
	if p := stands(t, q.Look, f, person(1)); p.Status != waitingroom.Outside {
		t.Errorf("%+v", p)
	}
	f.Slots = 2 // a room that gets another slot admits at once
	if p := stands(t, q.Join, f, person(1)); p.Status != waitingroom.Admitted || p.Admitted != 2 {
		t.Errorf("%+v", p)
	}
}

func TestQueue_Look_counts_people_in_the_metrics(t *testing.T) {
	t.Parallel()
	metrics := telemetry.NewMetrics()
	c := newClock()
	q, err := open(dbtest.Redis(t), queueKey, metrics, c)
	if err != nil {
		t.Fatal(err)
	}
	f := waitingroom.Admission{
		Room:  "sale",
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
		t.Error("the sale has not ended")
	}
	if got := gauges(t, metrics); got != "" {
		t.Errorf("a sale that has ended has series: %s", got)
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
