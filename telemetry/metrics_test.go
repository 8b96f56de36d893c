package telemetry_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"videomall/db/dbtest"
	"videomall/telemetry"
)

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

func admin(t *testing.T, m *telemetry.Metrics, checks ...telemetry.Check) (*telemetry.Admin, string) {
	t.Helper()
	a, err := telemetry.StartAdmin(telemetry.AdminOptions{
		Addr:    "127.0.0.1:0",
		PProf:   true,
		Metrics: m,
		Log:     slog.New(slog.DiscardHandler),
		Checks:  checks,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return a, "http://" + a.Addr()
}

func TestNewMetrics_names(t *testing.T) {
	t.Parallel()
	m := telemetry.NewMetrics()
	m.Request("/videos/:id", "GET", 200, 3*time.Millisecond)
	m.Request("/videos/:id", "BREW", 405, time.Millisecond)
	m.OrderOutcome("placed")
	m.PaymentOutcome("sandbox", "applied")
	m.PaymentOutcome("invented", "rejected")
	m.GrantOutcome("granted", 1500*time.Millisecond)
	m.GrantOutcome("error", 0)
	m.Callback("stripe", 20*time.Millisecond, true)
	m.ProviderCall("stripe", "create", "failed", 2*time.Second)
	m.StockDrift(7, 2)
	m.StockDrift(8, 2)
	m.StockDrift(8, 0)
	m.DeadLetters("job", 3)
	m.RateAges(map[string]time.Duration{"GBP": time.Hour})
	m.Mails("sent", 3)
	m.SuppressedAddresses(2)
	m.RateAges(map[string]time.Duration{"USD": time.Minute})
	m.RateLimited("order", "user")
	m.ListRefused("address")
	m.Queue("campaign:7", 12, 3)
	m.Queue("campaign:8", 1, 1)
	m.Queue("campaign:8", 0, 0)
	m.WatchPool("primary", dbtest.New(t))
	_, url := admin(t, m)
	status, body := get(t, url+"/metrics")
	if status != 200 {
		t.Fatal(status, body)
	}
	for _, want := range []string{
		`videomall_http_requests_total{method="GET",route="/videos/:id",status="200"} 1`,
		`videomall_http_requests_total{method="other",route="/videos/:id",status="405"} 1`,
		`videomall_http_request_duration_seconds_count{method="GET",route="/videos/:id"} 1`,
		`videomall_orders_total{outcome="placed"} 1`,
		`videomall_payments_total{outcome="applied",provider="sandbox"} 1`,
		`videomall_payments_total{outcome="rejected",provider="other"} 1`,
		`videomall_grants_total{outcome="granted"} 1`,
		`videomall_grant_delay_seconds_bucket{le="2"} 1`,
		`videomall_grant_delay_seconds_bucket{le="30"} 1`,
		`videomall_grant_delay_seconds_count 1`,
		`videomall_callback_duration_seconds_bucket{provider="stripe",le="1"} 1`,
		`videomall_callback_replays_total{provider="stripe"} 1`,
		`videomall_provider_call_duration_seconds_count{call="create",outcome="failed",provider="stripe"} 1`,
		`videomall_stock_drift{sku="7"} 2`,
		`videomall_dead_letters{source="job"} 3`,
		`videomall_exchange_rate_age_seconds{currency="USD"} 60`,
		`videomall_mails{state="sent"} 3`, "videomall_mail_suppressed_addresses 2",
		`videomall_rate_limited_total{policy="order",subject="user"} 1`,
		`videomall_list_refusals_total{subject="address"} 1`,
		`videomall_queue_waiting{queue="campaign:7"} 12`,
		`videomall_queue_admitted{queue="campaign:7"} 3`,
		`videomall_db_connections{pool="primary",state="busy"} 0`,
		`go_goroutines `,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("missing: %s", want)
		}
	}
	if strings.Contains(body, `queue="campaign:8"`) {
		t.Error("a queue without people has a series")
	}
	if strings.Contains(body, `currency="GBP"`) {
		t.Error("a currency that is no longer offered has a series")
	}
	if strings.Contains(body, `sku="8"`) {
		t.Error("a SKU without drift has a series")
	}
	var none *telemetry.Metrics // a nil *Metrics counts nothing and does not panic
	none.Request("/", "GET", 200, 0)
	none.OrderOutcome("placed")
	none.PaymentOutcome("sandbox", "applied")
	none.GrantOutcome("granted", 0)
	none.Callback("sandbox", 0, true)
	none.ProviderCall("sandbox", "query", "answered", 0)
	none.StockDrift(1, 1)
	none.DeadLetters("job", 1)
	none.RateAges(nil)
	none.RateLimited("page", "device")
	none.ListRefused("user")
	none.Queue("sale", 1, 1)
	none.WatchPool("primary", nil)
}

func TestAdmin_Ready_required_and_optional_checks(t *testing.T) {
	t.Parallel()
	var postgresDown, redisDown atomic.Bool
	probe := func(down *atomic.Bool) func(context.Context) error {
		return func(context.Context) error {
			if down.Load() {
				return errors.New("dial redis://:hunter22@cache: refused")
			}
			return nil
		}
	}
	a, url := admin(t, telemetry.NewMetrics(),
		telemetry.Check{Name: "postgres", Probe: probe(&postgresDown)},
		telemetry.Check{
			Name:     "redis",
			Probe:    probe(&redisDown),
			Degrades: true,
		})
	expect := func(code int, want string) {
		t.Helper()
		status, body := get(t, url+"/readyz")
		var r telemetry.Readiness
		if err := json.Unmarshal([]byte(body), &r); err != nil {
			t.Fatal(err)
		}
		if status != code || r.Status != want {
			t.Errorf("%d %s; want %d %s", status, body, code, want)
		}
		if strings.Contains(body, "hunter22") {
			t.Errorf("tells a secret: %s", body)
		}
	}
	expect(200, "ready")
	redisDown.Store(true)
	expect(200, "degraded")
	postgresDown.Store(true)
	expect(503, "unready")
	if status, _ := get(t, url+"/healthz"); status != 200 {
		t.Error("the process is alive, although it is not ready")
	}
	postgresDown.Store(false)
	redisDown.Store(false)
	a.Drain()
	expect(503, "draining")
}

func TestAdmin_Ready_check_that_hangs(t *testing.T) {
	t.Parallel()
	a, _ := admin(t, telemetry.NewMetrics(), telemetry.Check{Name: "postgres", Probe: func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	}})
	began := time.Now()
	if r := a.Ready(context.Background()); r.Status != "unready" || time.Since(began) > 10*time.Second {
		t.Errorf("%v after %v", r, time.Since(began))
	}
}

func TestStartAdmin_profiles(t *testing.T) {
	t.Parallel()
	_, url := admin(t, telemetry.NewMetrics())
	if status, body := get(t, url+"/debug/pprof/goroutine?debug=1"); status != 200 ||
		!strings.Contains(body, "goroutine profile") {
		t.Error(status)
	}
}

func TestStartAdmin_address_in_use(t *testing.T) {
	t.Parallel()
	a, _ := admin(t, telemetry.NewMetrics())
	if _, err := telemetry.StartAdmin(telemetry.AdminOptions{
		Addr:    a.Addr(),
		Metrics: telemetry.NewMetrics(),
		Log:     slog.Default(),
	}); err == nil || !strings.Contains(err.Error(), "ADMIN_ADDR") {
		t.Errorf("err = %v", err)
	}
}

func TestStartTracing_exports_spans_only(t *testing.T) {
	off, err := telemetry.StartTracing(context.Background(), "", "serve", "test")
	if err != nil || off.QueryTracer() != nil || off.Stop(context.Background()) != nil {
		t.Fatalf("without a collector: %v", err)
	}
	var got atomic.Int64
	collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		if r.URL.Path == "/v1/traces" && strings.Contains(string(b), "place order") {
			got.Add(1)
		}
	}))
	defer collector.Close()
	on, err := telemetry.StartTracing(context.Background(), collector.URL+"/", "serve", "test")
	if err != nil {
		t.Fatal(err)
	}
	if on.QueryTracer() == nil {
		t.Error("no query tracer")
	}
	_, end := telemetry.Span(context.Background(), "place order")
	end(errors.New("sold out"))
	if err := on.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got.Load() != 1 {
		t.Errorf("%d exports, want 1", got.Load())
	}
}
