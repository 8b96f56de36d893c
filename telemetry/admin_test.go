package telemetry_test

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"videomall/telemetry"
)

// TestStartAdmin_hosts checks that a page of another site cannot read anything by making its name resolve to the
// server.
func TestStartAdmin_hosts(t *testing.T) {
	t.Parallel()
	a, err := telemetry.StartAdmin(telemetry.AdminOptions{
		Addr:    "127.0.0.1:0",
		Hosts:   []string{"admin.mall.example"},
		Metrics: telemetry.NewMetrics(),
		Log:     slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	_, port, _ := strings.Cut(a.Addr(), ":")
	for host, want := range map[string]int{
		a.Addr():                    http.StatusOK,
		"localhost:" + port:         http.StatusOK,
		"LOCALHOST":                 http.StatusOK,
		"127.0.0.1":                 http.StatusOK,
		"[::1]:" + port:             http.StatusOK,
		"admin.mall.example":        http.StatusOK,
		"Admin.Mall.Example.:80":    http.StatusOK,
		"evil.example:" + port:      http.StatusMisdirectedRequest,
		"localhost.evil.example":    http.StatusMisdirectedRequest,
		"127.0.0.1.evil.example":    http.StatusMisdirectedRequest,
		"admin.mall.example.evil.e": http.StatusMisdirectedRequest,
		"192.0.2.1":                 http.StatusMisdirectedRequest,
	} {
		for _, path := range []string{"/metrics", "/healthz", "/readyz"} {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+a.Addr()+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Host = host
			res, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			if res.StatusCode != want {
				t.Errorf("%s called by %q: %d, want %d", path, host, res.StatusCode, want)
			}
		}
	}
}

func TestStartAdmin_profiles_only_when_switched_on(t *testing.T) {
	t.Parallel()
	for on, want := range map[bool]int{false: http.StatusNotFound, true: http.StatusOK} {
		a, err := telemetry.StartAdmin(telemetry.AdminOptions{
			Addr:    "127.0.0.1:0",
			PProf:   on,
			Metrics: telemetry.NewMetrics(),
			Log:     slog.New(slog.DiscardHandler),
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{
			"/debug/pprof/", "/debug/pprof/heap", "/debug/pprof/cmdline",
			"/debug/pprof/symbol",
		} {
			if status, _ := get(t, "http://"+a.Addr()+path); status != want {
				t.Errorf("PProf %v, %s: %d, want %d", on, path, status, want)
			}
		}
		if err := a.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	}
}
