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
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// checkTimeout bounds one check. It is shorter than the timeout of any probe.
const checkTimeout = 2 * time.Second

// Check is one condition of readiness.
type Check struct {
	Name  string
	Probe func(context.Context) error
	// Degrades marks a check whose failure only makes the mall slower. The answer shows the failure, and its status
	// remains 200.
	Degrades bool
}

// AdminOptions say where the admin server listens, and which requests it answers.
type AdminOptions struct {
	Addr    string   // host:port; port 0 takes any free one, see Admin.Addr
	Hosts   []string // names that it accepts besides loopback names and the one in Addr
	PProf   bool     // also serves profiles at /debug/pprof/
	Metrics *Metrics
	Log     *slog.Logger
	Checks  []Check
}

// Admin serves /metrics, /healthz, /readyz and, if they are switched on, profiles. It is for the people who run the
// mall, and not for the public.
type Admin struct {
	server   *http.Server
	listener net.Listener
	checks   []Check
	draining atomic.Bool
	log      *slog.Logger
}

// StartAdmin starts the server. It listens when this returns.
func StartAdmin(o AdminOptions) (*Admin, error) {
	l, err := net.Listen("tcp", o.Addr)
	if err != nil {
		return nil, fmt.Errorf("ADMIN_ADDR=%q: %w", o.Addr, err)
	}
	a := &Admin{
		listener: l,
		checks:   o.Checks,
		log:      o.Log,
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics",
		promhttp.HandlerFor(o.Metrics.Registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		// It is enough that the process is alive: a probe that checked the database would restart every process during
		// an outage of it.
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte("ok\n"))
	})
	mux.HandleFunc("GET /readyz", a.ready)
	if o.PProf {
		mux.HandleFunc("GET /debug/pprof/", pprof.Index)
		mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
		mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
		mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	}
	a.server = &http.Server{
		Handler:           onlyHosts(o, mux),
		ReadHeaderTimeout: 5 * time.Second,
		ErrorLog:          slog.NewLogLogger(o.Log.Handler(), slog.LevelWarn),
	}
	go func() {
		if err := a.server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			o.Log.Error("the admin server ended", "error", err)
		}
	}()
	return a, nil
}

// onlyHosts answers only requests that name a host of this server. Otherwise a page of another site could make its own
// name resolve to this address (DNS rebinding), and read what is served through its visitor's browser, which may be
// able to reach this address. An IP address as the host is accepted if it is loopback, the address on which the server
// was told to listen, or the one at which the connection arrived.
func onlyHosts(o AdminOptions, next http.Handler) http.Handler {
	listens, _, _ := net.SplitHostPort(o.Addr)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := strings.ToLower(r.Host)
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		host = strings.TrimSuffix(strings.TrimPrefix(strings.TrimSuffix(host, "]"), "["), ".")
		ip, err := netip.ParseAddr(host)
		byNumber := err == nil && (ip.IsLoopback() || ip.Unmap() == arrived(r))
		if !byNumber && host != "localhost" && (host == "" || host != strings.ToLower(listens)) &&
			!slices.Contains(o.Hosts, host) {
			http.Error(w, "This address is not called by that name; ADMIN_HOSTS lists those it answers to.",
				http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// arrived returns the address of this machine at which the connection arrived.
func arrived(r *http.Request) netip.Addr {
	local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if local == nil {
		return netip.Addr{}
	}
	at, err := netip.ParseAddrPort(local.String())
	if err != nil {
		return netip.Addr{}
	}
	return at.Addr().Unmap()
}

// Addr returns the address on which the server listens.
func (a *Admin) Addr() string { return a.listener.Addr().String() }

// Drain makes /readyz fail from now on, so that a load balancer sends no more requests while the process finishes.
func (a *Admin) Drain() { a.draining.Store(true) }

// Stop ends the server. It should be stopped last.
func (a *Admin) Stop(ctx context.Context) error { return a.server.Shutdown(ctx) }

// Readiness is the answer of /readyz: status "ready", "degraded" (both 200), "unready" or "draining"
// (both 503), and for each check "ok" or what is wrong.
type Readiness struct {
	Status string            `json:"status"`
	Checks map[string]string `json:"checks"`
}

// Ready runs all checks concurrently.
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
