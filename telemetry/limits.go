package telemetry

import "github.com/prometheus/client_golang/prometheus"

// WatchConnections exports how many connections were refused because their address had too many, and how many were cut
// because their client read nothing.
func (m *Metrics) WatchConnections(refused, stalled func() int64) {
	if m == nil {
		return
	}
	for outcome, count := range map[string]func() int64{"refused": refused, "stalled": stalled} {
		m.Registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name:        "videomall_connections_ended_total",
			Help:        "Connections that the mall ended: one too many of an address, or a reader that took nothing.",
			ConstLabels: prometheus.Labels{"why": outcome},
		}, func() float64 { return float64(count()) }))
	}
}

// WatchDisk exports the free bytes of a folder's disk, and how many must stay free. If the disk can't be queried, the
// free bytes are -1.
func (m *Metrics) WatchDisk(folder string, floor int64, free func(folder string) (int64, error)) {
	if m == nil {
		return
	}
	labels := prometheus.Labels{"folder": folder}
	m.Registry.MustRegister(
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name:        "videomall_disk_free_bytes",
			Help:        "Free bytes of a disk that videos are written to.",
			ConstLabels: labels,
		}, func() float64 {
			n, err := free(folder)
			if err != nil {
				return -1
			}
			return float64(n)
		}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name:        "videomall_disk_floor_bytes",
			Help:        "Bytes that must stay free there: DISK_FLOOR.",
			ConstLabels: labels,
		}, func() float64 { return float64(floor) }),
	)
}
