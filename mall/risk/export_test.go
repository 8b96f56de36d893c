package risk

const MaxLocal = maxLocal

// Remembered returns how many buckets this process keeps in memory.
func (l *Limits) Remembered() int {
	l.local.mu.Lock()
	defer l.local.mu.Unlock()
	return len(l.local.full)
}
