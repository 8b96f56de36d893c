// Package memo owns values that a process reads often, that change seldom, and that may be a few seconds old. It knows
// neither where they come from nor what they mean.
package memo

import (
	"sync"
	"time"
)

// staleFactor times fresh is how long a value is good while somebody reads it anew, so that a slow source makes one
// caller wait and not all.
const staleFactor = 10

// Memo keeps one value. It is safe for concurrent use.
type Memo[T any] struct {
	fresh time.Duration

	mu      sync.Mutex
	value   T
	readAt  time.Time // zero: never
	reading bool
	forgot  int // how often Forget was called
}

// New returns a Memo whose value is good for a time after it was read.
func New[T any](fresh time.Duration) *Memo[T] { return &Memo[T]{fresh: fresh} }

// Get returns the value as it was not long before a moment, and reads it if need be. An error of read is returned, and
// leaves what was kept.
func (m *Memo[T]) Get(at time.Time, read func() (T, error)) (T, error) {
	value, good, forgot := m.look(at)
	if good {
		return value, nil
	}
	value, err := read()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reading = false
	if err == nil && m.forgot == forgot { // else it may have been read before the change
		m.value, m.readAt = value, at
	}
	return value, err
}

// look returns the value if it is good. If not, the caller reads it, and keeps it unless it was forgotten meanwhile.
func (m *Memo[T]) look(at time.Time) (value T, good bool, forgot int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	age := at.Sub(m.readAt)
	if !m.readAt.IsZero() && age >= 0 && (age < m.fresh || age < staleFactor*m.fresh && m.reading) {
		return m.value, true, m.forgot
	}
	m.reading = true
	return value, false, m.forgot
}

// Forget makes the next Get read the value again.
func (m *Memo[T]) Forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.readAt = time.Time{}
	m.forgot++
}
