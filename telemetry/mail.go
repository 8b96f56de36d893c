package telemetry

import "github.com/prometheus/client_golang/prometheus"

// mails are the gauges of mails.
type mails struct {
	states     *prometheus.GaugeVec
	suppressed prometheus.Gauge
}

func newMails(registry *prometheus.Registry) mails {
	m := mails{
		states: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "videomall_mails",
			Help: "Mails that are kept, by state.",
		}, []string{"state"}),
		suppressed: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "videomall_mail_suppressed_addresses",
			Help: "Addresses that mail came back from, or whose readers complained.",
		}),
	}
	registry.MustRegister(m.states, m.suppressed)
	return m
}

// Mails sets how many mails are in a state.
func (m *Metrics) Mails(state string, n int64) {
	if m != nil {
		m.mails.states.WithLabelValues(state).Set(float64(n))
	}
}

// SuppressedAddresses sets how many addresses get no mail, or only what can't be switched off.
func (m *Metrics) SuppressedAddresses(n int64) {
	if m != nil {
		m.mails.suppressed.Set(float64(n))
	}
}
