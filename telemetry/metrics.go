package telemetry

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// Metrics counts what the mall does; docs/metrics.md explains the metrics. Their names are a contract with dashboards
// and alerts. A nil *Metrics counts nothing, so that tests need none.
type Metrics struct {
	Registry *prometheus.Registry

	requests        *prometheus.CounterVec
	requestSeconds  *prometheus.HistogramVec
	orders          *prometheus.CounterVec
	orderSets       prometheus.Histogram
	payments        *prometheus.CounterVec
	grants          *prometheus.CounterVec
	grantSeconds    prometheus.Histogram
	callbackSeconds *prometheus.HistogramVec
	callbackReplays *prometheus.CounterVec
	providerSeconds *prometheus.HistogramVec
	stockDrift      *prometheus.GaugeVec
	deadLetters     *prometheus.GaugeVec
	ledgerImbalance *prometheus.GaugeVec
	rateLimited     *prometheus.CounterVec
	listRefusals    *prometheus.CounterVec
	queueWaiting    *prometheus.GaugeVec
	queueAdmitted   *prometheus.GaugeVec
	cacheReads      *prometheus.CounterVec
	cacheLoads      *prometheus.CounterVec
	insightDrift    prometheus.Counter
	insightDropped  prometheus.Counter
	reconciliation  reconciliation
	rateAge         *prometheus.GaugeVec
	mails           mails
}

// NewMetrics returns metrics with a registry of their own, which also has those of Go and of the process.
func NewMetrics() *Metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "videomall_" + name, Help: help}, labels)
	}
	m := &Metrics{
		Registry: prometheus.NewRegistry(),
		requests: counter("http_requests_total", "HTTP requests by route pattern, method and status.", "route",
			"method", "status"),
		requestSeconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "videomall_http_request_duration_seconds",
			Help:    "Time to answer an HTTP request.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5},
		}, []string{"route", "method"}),
		orders: counter("orders_total", "Attempts to place, and endings of, an order by outcome.", "outcome"),
		orderSets: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "videomall_order_set_size",
			Help:    "Orders that were placed in one transaction.",
			Buckets: []float64{1, 2, 4, 8, 16, 32, 64, 128, 256, 512},
		}),
		payments: counter("payments_total", "Money that providers reported, by what became of it.", "provider",
			"outcome"),
		grants: counter("grants_total", "Deliveries of a paid order by outcome.", "outcome"),
		// 30 s is promised, and the aim is a P99 below 2 s, so both are bucket limits.
		grantSeconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "videomall_grant_delay_seconds",
			Help:    "Time from PAID to DELIVERED.",
			Buckets: []float64{.05, .1, .25, .5, 1, 2, 5, 10, 20, 30, 60, 300},
		}),
		callbackSeconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "videomall_callback_duration_seconds",
			Help:    "Time to apply a provider's notice.",
			Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5},
		}, []string{"provider"}),
		callbackReplays: counter("callback_replays_total", "Notices that had been applied before.", "provider"),
		providerSeconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "videomall_provider_call_duration_seconds",
			Help:    "Time that a payment provider took to answer, by what was asked and how it ended.",
			Buckets: []float64{.025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"provider", "call", "outcome"}),
		stockDrift: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "videomall_stock_drift",
			Help: "Units by which Redis and PostgreSQL differ when last compared.",
		}, []string{"sku"}),
		deadLetters: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "videomall_dead_letters",
			Help: "Deliveries and jobs that were given up and wait for an operator.",
		}, []string{"source"}),
		ledgerImbalance: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "videomall_ledger_imbalance",
			Help: "Sum of all accounts of the books in minor units when last summed; anything but 0 is a broken book.",
		},
			[]string{"currency"}),
		rateLimited: counter("rate_limited_total", "Requests refused by a rate limit, by policy and what was counted.",
			"policy", "subject"),
		listRefusals: counter("list_refusals_total", "Requests refused by an operator's entry, by what it names.",
			"subject"),
		queueWaiting: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "videomall_queue_waiting",
			Help: "People in a line when this process last looked.",
		}, []string{"queue"}),
		queueAdmitted: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "videomall_queue_admitted",
			Help: "People on the floor behind a line when this process last looked.",
		}, []string{"queue"}),
		cacheReads: counter("cache_reads_total", "Reads of what is kept, by what was found in the process.", "cache",
			"outcome"),
		cacheLoads: counter("cache_loads_total", "Values brought into the process's memory, by where from.", "cache",
			"from"),
		insightDrift: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "videomall_insight_drift_total",
			Help: "Sums of creators' days that differed from the rows of orders and were mended.",
		}),
		insightDropped: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "videomall_insight_dropped_total",
			Help: "Visits and signs of plays that were not counted because too many waited.",
		}),
	}
	m.Registry.MustRegister(m.requests, m.requestSeconds, m.orders, m.orderSets, m.payments, m.grants, m.grantSeconds,
		m.callbackSeconds,
		m.callbackReplays, m.providerSeconds, m.stockDrift, m.deadLetters, m.ledgerImbalance, m.rateLimited, m.listRefusals,
		m.queueWaiting, m.queueAdmitted, m.cacheReads, m.cacheLoads,
		m.insightDrift, m.insightDropped,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.reconciliation = newReconciliation(m.Registry)
	m.rateAge = newRateAge(m.Registry)
	m.mails = newMails(m.Registry)
	return m
}

// Request counts one answered HTTP request. route is the pattern and never the path, so that it has few values.
func (m *Metrics) Request(route, method string, status int, took time.Duration) {
	if m == nil {
		return
	}
	switch method {
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS":
	default: // a client can send any method, and each would be a new series
		method = "other"
	}
	m.requests.WithLabelValues(route, method, strconv.Itoa(status)).Inc()
	m.requestSeconds.WithLabelValues(route, method).Observe(took.Seconds())
}

// OrderOutcome counts a result of placing or ending an order: "placed", "replayed", "cancelled" or a fault's slug.
func (m *Metrics) OrderOutcome(outcome string) {
	if m != nil {
		m.orders.WithLabelValues(outcome).Inc()
	}
}

// OrderSet counts a set of requests that share one transaction.
func (m *Metrics) OrderSet(size int) {
	if m != nil {
		m.orderSets.Observe(float64(size))
	}
}

// PaymentOutcome counts a result of handling money that a provider reported.
func (m *Metrics) PaymentOutcome(provider, outcome string) {
	if m != nil {
		m.payments.WithLabelValues(known(provider), outcome).Inc()
	}
}

// known limits the label to existing providers, because anybody can call a callback path with any name.
func known(provider string) string {
	switch provider {
	case "sandbox", "stripe", "alipay", "wechatpay", "paypal":
		return provider
	}
	return "other"
}

// GrantOutcome counts a delivery. waited is the time since the payment; it counts only if access was granted.
func (m *Metrics) GrantOutcome(outcome string, waited time.Duration) {
	if m == nil {
		return
	}
	m.grants.WithLabelValues(outcome).Inc()
	if outcome == "granted" {
		m.grantSeconds.Observe(waited.Seconds())
	}
}

// Callback records how long a notice took, and counts it if it was applied before.
func (m *Metrics) Callback(provider string, took time.Duration, replay bool) {
	if m == nil {
		return
	}
	m.callbackSeconds.WithLabelValues(known(provider)).Observe(took.Seconds())
	if replay {
		m.callbackReplays.WithLabelValues(known(provider)).Inc()
	}
}

// ProviderCall records one call of a payment provider: what was asked, and how it ended.
func (m *Metrics) ProviderCall(provider, call, outcome string, took time.Duration) {
	if m != nil {
		m.providerSeconds.WithLabelValues(known(provider), call, outcome).Observe(took.Seconds())
	}
}

// StockDrift sets by how many units Redis and PostgreSQL differ for a SKU. A SKU without a difference has no series,
// because a mall has too many SKUs for a metrics store.
func (m *Metrics) StockDrift(sku int64, units int64) {
	switch label := strconv.FormatInt(sku, 10); {
	case m == nil:
	case units == 0:
		m.stockDrift.DeleteLabelValues(label)
	default:
		m.stockDrift.WithLabelValues(label).Set(float64(units))
	}
}

// DeadLetters sets how many deliveries or jobs of a source wait for an operator.
func (m *Metrics) DeadLetters(source string, n int64) {
	if m != nil {
		m.deadLetters.WithLabelValues(source).Set(float64(n))
	}
}

// LedgerImbalance sets the sum of all accounts of a currency, in minor units.
func (m *Metrics) LedgerImbalance(currency string, sum int64) {
	if m != nil {
		m.ledgerImbalance.WithLabelValues(currency).Set(float64(sum))
	}
}

// RateLimited counts a request that a bucket refused. policy is a class of routes; subject is "user", "device" or
// "address".
func (m *Metrics) RateLimited(policy, subject string) {
	if m != nil {
		m.rateLimited.WithLabelValues(policy, subject).Inc()
	}
}

// ListRefused counts a request that an entry of the access lists refused. subject is what the entry names.
func (m *Metrics) ListRefused(subject string) {
	if m != nil {
		m.listRefusals.WithLabelValues(subject).Inc()
	}
}

// Queue sets how many people wait in a queue and how many it has admitted. An empty queue has no series, because sales
// are temporary.
func (m *Metrics) Queue(name string, waiting, admitted int) {
	switch {
	case m == nil:
	case waiting+admitted == 0:
		m.queueWaiting.DeleteLabelValues(name)
		m.queueAdmitted.DeleteLabelValues(name)
	default:
		m.queueWaiting.WithLabelValues(name).Set(float64(waiting))
		m.queueAdmitted.WithLabelValues(name).Set(float64(admitted))
	}
}

// InsightDrift counts sums of creators' days that differed from the order rows.
func (m *Metrics) InsightDrift(sums int) {
	if m != nil {
		m.insightDrift.Add(float64(sums))
	}
}

// InsightDropped counts visits and signs of plays that were dropped without being counted.
func (m *Metrics) InsightDropped(n int) {
	if m != nil {
		m.insightDropped.Add(float64(n))
	}
}
