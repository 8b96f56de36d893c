package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

func newRateAge(registry *prometheus.Registry) *prometheus.GaugeVec {
	g := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "videomall_exchange_rate_age_seconds",
		Help: "How long ago the present exchange rate of an offered currency began.",
	}, []string{"currency"})
	registry.MustRegister(g)
	return g
}

// RateAges sets how old the present rates of the offered currencies are; other currencies have no series.
func (m *Metrics) RateAges(ages map[string]time.Duration) {
	if m == nil {
		return
	}
	m.rateAge.Reset()
	for currency, age := range ages {
		m.rateAge.WithLabelValues(currency).Set(age.Seconds())
	}
}
