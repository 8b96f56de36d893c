package telemetry

import "github.com/prometheus/client_golang/prometheus"

// CacheCounts counts the results of the reads of one cache. A nil *CacheCounts counts nothing.
type CacheCounts struct {
	hit, stale, miss, refused prometheus.Counter
	loaded, shared, failed    prometheus.Counter
}

// Cache returns the counts of a cache. Its name is a constant of the program.
func (m *Metrics) Cache(name string) *CacheCounts {
	if m == nil {
		return nil
	}
	return &CacheCounts{
		hit:     m.cacheReads.WithLabelValues(name, "hit"),
		stale:   m.cacheReads.WithLabelValues(name, "stale"),
		miss:    m.cacheReads.WithLabelValues(name, "miss"),
		refused: m.cacheReads.WithLabelValues(name, "refused"),
		loaded:  m.cacheLoads.WithLabelValues(name, "source"),
		shared:  m.cacheLoads.WithLabelValues(name, "redis"),
		failed:  m.cacheLoads.WithLabelValues(name, "failed"),
	}
}

// Hit counts a read that found a fresh value.
func (c *CacheCounts) Hit() { inc(c, func() prometheus.Counter { return c.hit }) }

// Stale counts a read that got a stale value, which is being loaded again.
func (c *CacheCounts) Stale() { inc(c, func() prometheus.Counter { return c.stale }) }

// Miss counts a read that had to wait for a load.
func (c *CacheCounts) Miss() { inc(c, func() prometheus.Counter { return c.miss }) }

// Refused counts a read that the filter refused, because the name does not exist.
func (c *CacheCounts) Refused() { inc(c, func() prometheus.Counter { return c.refused }) }

// Loaded counts a value, or the absence of one, that this process loaded from the source.
func (c *CacheCounts) Loaded() { inc(c, func() prometheus.Counter { return c.loaded }) }

// Shared counts a value that another process had stored in Redis.
func (c *CacheCounts) Shared() { inc(c, func() prometheus.Counter { return c.shared }) }

// Failed counts a load that ended in an error.
func (c *CacheCounts) Failed() { inc(c, func() prometheus.Counter { return c.failed }) }

func inc(c *CacheCounts, of func() prometheus.Counter) {
	if c != nil {
		of().Inc()
	}
}
