package waitingroom_test

import (
	"strings"
	"testing"
	"time"

	"videomall/db/dbtest"
	"videomall/mall/waitingroom"
)

func TestQueue_Join_admits_everybody_without_redis(t *testing.T) {
	t.Parallel()
	c := newClock()
	q, f := newQueue(t, gone(t), c), waitingroom.Admission{Room: "sale", Slots: 1}
	for n := range int64(3) {
		p := stands(t, q.Join, f, person(n+1))
		if p.Status != waitingroom.Admitted || q.CheckTicket("sale", p.Ticket, person(n+1)) != nil {
			t.Errorf("%+v", p)
		}
	}
	if err := q.Leave(t.Context(), f, person(1)); err != nil {
		t.Error(err)
	}
}

func TestQueue_Join_keeps_its_keys_in_one_slot_for_a_while(t *testing.T) {
	t.Parallel()
	rdb := dbtest.Redis(t)
	q := newQueue(t, rdb, newClock())
	for n := range int64(3) {
		stands(t, q.Join, waitingroom.Admission{Room: "campaign:7", Slots: 1}, person(n+1))
	}
	keys, err := rdb.Keys(t.Context(), "*").Result()
	if err != nil || len(keys) != 5 {
		t.Fatalf("%v %v", keys, err)
	}
	for _, key := range keys {
		if !strings.HasPrefix(key, "queue:{campaign:7}:") {
			t.Errorf("%s lies in another slot", key)
		}
		if left := rdb.PTTL(t.Context(), key).Val(); left <= time.Minute || left > time.Hour {
			t.Errorf("%s lives %s", key, left)
		}
	}
}

// TestQueue_Join_waits_for_a_slow_redis checks that the queue does not open while a crowd makes Redis slow.
func TestQueue_Join_waits_for_a_slow_redis(t *testing.T) {
	t.Parallel()
	server := dbtest.RedisServer(t)
	q, f := newQueue(t, server.Client, newClock()), waitingroom.Admission{Room: "sale", Slots: 1}
	stands(t, q.Join, f, person(1))
	if err := server.Client.Do(t.Context(), "CLIENT", "PAUSE", "700", "ALL").Err(); err != nil {
		t.Fatal(err)
	}
	if p := stands(t, q.Join, f, person(2)); p.Status != waitingroom.Queued {
		t.Errorf("%+v", p)
	}
	// If Redis is slower than a queue waits, that one person is admitted, and nobody after them.
	if err := server.Client.Do(t.Context(), "CLIENT", "PAUSE", "5700", "ALL").Err(); err != nil {
		t.Fatal(err)
	}
	stands(t, q.Join, f, person(3))
	if p := stands(t, q.Join, f, person(4)); p.Status != waitingroom.Queued {
		t.Errorf("%+v", p)
	}
}
