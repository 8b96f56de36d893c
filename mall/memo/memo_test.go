package memo_test

import (
	"errors"
	"testing"
	"time"

	"videomall/mall/memo"
)

func TestMemo_Get(t *testing.T) {
	t.Parallel()
	m, start, reads := memo.New[int](3*time.Second), time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC), 0
	away := errors.New("away")
	var fails error
	get := func(after time.Duration) (int, error) {
		return m.Get(start.Add(after), func() (int, error) { reads++; return reads, fails })
	}
	want := func(after time.Duration, value int) {
		t.Helper()
		if got, err := get(after); got != value || err != nil {
			t.Errorf("after %s: %d %v, want %d", after, got, err, value)
		}
	}
	want(0, 1)
	want(2*time.Second, 1)
	want(3*time.Second, 2)
	want(2*time.Second, 3) // a clock that went back says nothing about age
	m.Forget()
	want(2*time.Second, 4)
	fails = away
	if _, err := get(6 * time.Second); !errors.Is(err, away) {
		t.Errorf("error %v, want %v", err, away)
	}
	fails = nil
	want(7*time.Second, 6)
}

func TestMemo_Get_while_another_reads(t *testing.T) {
	t.Parallel()
	m, start := memo.New[int](3*time.Second), time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC)
	_, _ = m.Get(start, func() (int, error) { return 1, nil })
	_, _ = m.Get(start.Add(5*time.Second), func() (int, error) {
		got, err := m.Get(start.Add(5*time.Second), func() (int, error) { return 0, errors.New("read by two") })
		if got != 1 || err != nil {
			t.Errorf("while another reads: %d %v, want 1", got, err)
		}
		late, _ := m.Get(start.Add(31*time.Second), func() (int, error) { return 3, nil })
		if late != 3 {
			t.Errorf("too old: %d, want it read", late)
		}
		return 2, nil
	})
}

func TestMemo_Forget_while_one_reads(t *testing.T) {
	t.Parallel()
	m, start := memo.New[int](3*time.Second), time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC)
	_, _ = m.Get(start, func() (int, error) {
		m.Forget() // what is being read may be from before the change
		return 1, nil
	})
	if got, _ := m.Get(start, func() (int, error) { return 2, nil }); got != 2 {
		t.Errorf("after Forget: %d, want it read again", got)
	}
}
