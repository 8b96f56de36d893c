package telemetry

import (
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
)

// WatchPool exports the connections and waits of a database pool. name is "primary" or "replica".
func (m *Metrics) WatchPool(name string, pool *pgxpool.Pool) {
	if m == nil {
		return
	}
	label := prometheus.Labels{"pool": name}
	desc := func(metric, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("videomall_db_"+metric, help, labels, label)
	}
	m.Registry.MustRegister(&poolCollector{
		pool:        pool,
		connections: desc("connections", "Database connections by state.", "state"),
		limit:       desc("connections_limit", "The most connections the pool may open."),
		acquires:    desc("acquires_total", "Connections borrowed."),
		waits:       desc("waits_total", "Connections borrowed after waiting for one."),
		waited:      desc("wait_seconds_total", "Time spent waiting for a connection."),
	})
}

type poolCollector struct {
	pool                                        *pgxpool.Pool
	connections, limit, acquires, waits, waited *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (c *poolCollector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.connections, c.limit, c.acquires, c.waits, c.waited} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (c *poolCollector) Collect(out chan<- prometheus.Metric) {
	s := c.pool.Stat()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	count := func(d *prometheus.Desc, v float64) {
		out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v)
	}
	gauge(c.connections, float64(s.AcquiredConns()), "busy")
	gauge(c.connections, float64(s.IdleConns()), "idle")
	gauge(c.limit, float64(s.MaxConns()))
	count(c.acquires, float64(s.AcquireCount()))
	count(c.waits, float64(s.EmptyAcquireCount()))
	count(c.waited, s.EmptyAcquireWaitTime().Seconds())
}
