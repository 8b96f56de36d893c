package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Reconciliation is what the comparison of statements has left.
type Reconciliation struct {
	Open    []OpenDifferences
	Overdue map[string]int // days with movements whose statement should have been compared by now, by provider
}

// OpenDifferences are a provider's open differences in one currency.
type OpenDifferences struct {
	Provider string
	Currency string
	Count    int
	Age      time.Duration // of the oldest
	Sum      int64         // in minor units
}

// reconciliation holds the gauges of Reconciliation.
type reconciliation struct{ open, age, sum, overdue *prometheus.GaugeVec }

func newReconciliation(registry *prometheus.Registry) reconciliation {
	r := reconciliation{
		open: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "videomall_reconciliation_open",
			Help: "Open differences between statements, captures and the ledger.",
		}, []string{"provider"}),
		age: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "videomall_reconciliation_oldest_seconds",
			Help: "Age of the oldest open difference.",
		}, []string{"provider"}),
		sum: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "videomall_reconciliation_open_amount",
			Help: "What one side has and the other has not, in minor units, over all open differences.",
		}, []string{"provider", "currency"}),
		overdue: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "videomall_reconciliation_overdue_days",
			Help: "Days of the last week with movements, whose statement should have been compared.",
		}, []string{"provider"}),
	}
	registry.MustRegister(r.open, r.age, r.sum, r.overdue)
	return r
}

// Reconciled sets what the comparison of statements has left. Providers without differences count 0.
func (m *Metrics) Reconciled(r Reconciliation) {
	if m == nil {
		return
	}
	g := m.reconciliation
	for _, vector := range []*prometheus.GaugeVec{g.open, g.age, g.sum, g.overdue} {
		vector.Reset()
	}
	for provider, days := range r.Overdue {
		g.open.WithLabelValues(provider).Set(0)
		g.age.WithLabelValues(provider).Set(0)
		g.overdue.WithLabelValues(provider).Set(float64(days))
	}
	oldest := map[string]time.Duration{}
	for _, o := range r.Open {
		oldest[o.Provider] = max(oldest[o.Provider], o.Age)
		g.open.WithLabelValues(o.Provider).Add(float64(o.Count))
		g.age.WithLabelValues(o.Provider).Set(oldest[o.Provider].Seconds())
		g.sum.WithLabelValues(o.Provider, o.Currency).Set(float64(o.Sum))
	}
}
