package telemetry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// checkTimeout bounds one check, below any probe's own patience.
const checkTimeout = 2 * time.Second

// Check is one thing that readiness depends on.
type Check struct {
	Name  string
	Probe func(context.Context) error
	// Degrades marks what the mall sells without, slower: its failure is shown and the answer stays 200.
	Degrades bool
}

// Admin serves /metrics, /healthz, /readyz and /debug/pprof/ to those who run the mall, never to the public.
type Admin struct {
	server   *http.Server
	listener net.Listener
	checks   []Check
	draining atomic.Bool
	log      *slog.Logger
}

// StartAdmin listens on addr at once; port 0 takes any free one, see Addr.
func StartAdmin(addr string, m *Metrics, log *slog.Logger, checks ...Check) (*Admin, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("ADMIN_ADDR=%q: %w", addr, err)
	}
	a := &Admin{listener: l, checks: checks, log: log}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.Registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		// Alive is enough: a probe that looked at the database would restart every process in its outage.
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte("ok\n"))
	})
	mux.HandleFunc("GET /readyz", a.ready)
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	a.server = &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn)}
	go func() {
		if err := a.server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			log.Error("the admin server ended", "error", err)
		}
	}()
	return a, nil
}

// Addr is where it listens.
func (a *Admin) Addr() string { return a.listener.Addr().String() }

// Drain makes /readyz fail from now on, so that a load balancer sends nothing more while we finish.
func (a *Admin) Drain() { a.draining.Store(true) }

// Stop ends the server; it should be the last to go.
func (a *Admin) Stop(ctx context.Context) error { return a.server.Shutdown(ctx) }

// Readiness is the answer of /readyz: status "ready", "degraded" (both 200), "unready" or "draining"
// (both 503), and each check's "ok" or complaint.
type Readiness struct {
	Status string            `json:"status"`
	Checks map[string]string `json:"checks"`
}

// Ready runs all checks side by side.
func (a *Admin) Ready(ctx context.Context) Readiness {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	errs := make([]error, len(a.checks))
	var wg sync.WaitGroup
	for i, c := range a.checks {
		wg.Go(func() { errs[i] = c.Probe(ctx) })
	}
	wg.Wait()
	r := Readiness{Status: "ready", Checks: map[string]string{}}
	for i, c := range a.checks {
		if errs[i] == nil {
			r.Checks[c.Name] = "ok"
			continue
		}
		r.Checks[c.Name] = Redact(errs[i].Error())
		if !c.Degrades {
			r.Status = "unready"
		} else if r.Status == "ready" {
			r.Status = "degraded"
		}
	}
	if a.draining.Load() {
		r.Status = "draining"
	}
	return r
}

func (a *Admin) ready(w http.ResponseWriter, req *http.Request) {
	r := a.Ready(req.Context())
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if r.Status == "unready" || r.Status == "draining" {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	if err := json.NewEncoder(w).Encode(r); err != nil {
		a.log.DebugContext(req.Context(), "readyz: the asker left", "error", err)
	}
}
