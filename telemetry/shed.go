package telemetry

import "github.com/prometheus/client_golang/prometheus"

// Shed counts a request of this class that was refused, because the mall was answering as many as it can.
func (m *Metrics) Shed(class string) {
	if m != nil {
		m.shed.WithLabelValues(class).Inc()
	}
}

// WatchClass exports how many requests of a class may be answered at once, are, and wait for their turn.
func (m *Metrics) WatchClass(class string, limit, inflight, queued func() int) {
	if m == nil {
		return
	}
	labels := prometheus.Labels{"class": class}
	gauge := func(o prometheus.GaugeOpts, value func() int) prometheus.Collector {
		o.ConstLabels = labels
		return prometheus.NewGaugeFunc(o, func() float64 { return float64(value()) })
	}
	m.Registry.MustRegister(
		gauge(prometheus.GaugeOpts{
			Name: "videomall_class_limit",
			Help: "How many requests of a class may be answered at once.",
		}, limit),
		gauge(prometheus.GaugeOpts{
			Name: "videomall_class_inflight",
			Help: "Requests of a class that are being answered.",
		}, inflight),
		gauge(prometheus.GaugeOpts{
			Name: "videomall_class_queued",
			Help: "Requests of a class that wait for their turn.",
		}, queued),
	)
}
