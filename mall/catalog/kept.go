package catalog

import (
	"sync"
	"time"
)

// keptLife is how old a kept answer may be.
const keptLife = 30 * time.Second

// kept is an answer that many pages show and that may be a little old. This process's own writes drop it.
type kept[T any] struct {
	mu    sync.Mutex
	value T
	until time.Time
}

// get returns the kept answer or asks for a new one. Several callers may ask at once: none waits for another's query.
func (k *kept[T]) get(now time.Time, ask func() (T, error)) (T, error) {
	k.mu.Lock()
	value, fresh := k.value, now.Before(k.until)
	k.mu.Unlock()
	if fresh {
		return value, nil
	}
	value, err := ask()
	if err != nil {
		return value, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.value, k.until = value, now.Add(keptLife)
	return value, nil
}

func (k *kept[T]) drop() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.until = time.Time{}
}
