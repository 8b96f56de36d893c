// Command bench measures the mall against the raw limits of the machine it runs on, both in one run: a page against
// Echo sending the same bytes, an order and a notice against the same rows written by bare pgx, a video against bare
// ffmpeg. Figures of one run compare with each other; absolute ones say more about the machine than about the mall.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"strings"
	"time"

	"videomall/config"
	"videomall/demo"
	"videomall/mall/account"
	"videomall/program"
	"videomall/web"
	"videomall/web/transfer"
)

func main() {
	var g growth
	only := flag.String("only", "",
		"of pages, hot, rush, plays, orders, parses, notices, overload, videos, covers, readers, reconcile and growth, separated by commas; empty: all")
	flag.IntVar(&g.products, "products", 1_000_000, "grow a second mall to so many products; 0: don't")
	flag.IntVar(&g.orders, "orders", 5_000_000, "and to so many past orders")
	flag.StringVar(&g.keep, "keep", "", "keep the grown mall's data in this folder")
	profile := flag.String("profile", "", "write what this process did with its processor time to this file")
	serving := flag.String("serve", "",
		"serve the mall that -keep names at this address until standard input ends, and measure nothing")
	flag.Parse()
	if *serving != "" {
		if err := serve(context.Background(), *serving, g.keep); err != nil {
			fmt.Fprintln(os.Stderr, "bench: "+err.Error())
			os.Exit(1)
		}
		return
	}
	if *profile != "" {
		f, err := os.Create(*profile)
		if err != nil {
			fmt.Fprintln(os.Stderr, "bench: "+err.Error())
			os.Exit(1)
		}
		_ = pprof.StartCPUProfile(f)
		defer pprof.StopCPUProfile()
	}
	if err := run(context.Background(), *only, g); err != nil {
		fmt.Fprintln(os.Stderr, "bench: "+err.Error())
		os.Exit(1)
	}
}

// growth is what the second part does.
type growth struct {
	products, orders int
	keep             string
}

func run(ctx context.Context, only string, g growth) error {
	wanted := func(name string) bool { return only == "" || slices.Contains(strings.Split(only, ","), name) }
	dir, err := os.MkdirTemp("", "videomall-bench")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := os.Chmod(dir, 0o755); err != nil { // as root, the private PostgreSQL runs as another account
		return err
	}
	var rows []row
	if wanted("parses") {
		if rows, err = parses(ctx); err != nil {
			return err
		}
	}
	if only != "growth" && only != "parses" {
		got, err := againstLimits(ctx, filepath.Join(dir, "limits"), wanted)
		if err != nil {
			return err
		}
		rows = append(rows, got...)
	}
	if g.products > 0 && wanted("growth") {
		got, err := grown(ctx, cmp.Or(g.keep, filepath.Join(dir, "growth")), g.products, g.orders)
		if err != nil {
			return err
		}
		rows = append(rows, got...)
	}
	printTable(os.Stdout, rows)
	return writeJSON("bench.json", rows)
}

// againstLimits measures what is wanted of a mall of its own in dir against what the machine can do.
func againstLimits(ctx context.Context, dir string, wanted func(string) bool) (rows []row, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	b, err := open(ctx, dir)
	if err != nil {
		return nil, err
	}
	defer func() { _ = b.program.Close() }()
	for _, m := range []struct {
		name    string
		measure func(context.Context) ([]row, error)
	}{
		{"pages", b.pages},
		{"hot", b.hot},
		{"rush", b.rush},
		{"plays", b.plays},
		{"orders", b.orders},
		{"notices", b.notices},
		{"overload", b.overload},
		{"videos", b.videos},
		{"covers", b.covers},
		{"readers", b.readers},
		{"reconcile", b.reconciliation},
	} {
		if !wanted(m.name) {
			continue
		}
		got, err := m.measure(ctx)
		if err != nil {
			return nil, err
		}
		rows = append(rows, got...)
	}
	return rows, nil
}

// neverFull counts every request where it is counted in production, and refuses none.
const neverFull = "order.user=1000000/1m,order.device=1000000/1m,api.user=1000000/1m,api.device=1000000/1m,page.user=1000000/1m,page.device=1000000/1m"

// bench is a stocked mall of its own, served on loopback, without workers: what they would do is measured apart.
type bench struct {
	program *program.Program
	cfg     *config.Config
	url     string
	client  *http.Client
	people  []account.User // the demo accounts
	// serveAt serves the same mall once more, as other settings say.
	serveAt func(net.Listener, *config.Config)
}

func open(ctx context.Context, dir string) (*bench, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	return openAt(ctx, dir, listener)
}

func openAt(ctx context.Context, dir string, listener net.Listener) (*bench, error) {
	cfg, err := config.Load(
		[]string{
			"DATA_DIR=" + dir, "ADDR=" + listener.Addr().String(), "ADMIN_ADDR=127.0.0.1:0", "DEMO=on",
			"LOG_LEVEL=error", "PAY_WINDOW=2h", "RATE_LIMITS=" + neverFull, "PATH=" + os.Getenv("PATH"),
		})
	if err != nil {
		return nil, err
	}
	p, err := program.Open(ctx, cfg, "bench")
	if err != nil {
		return nil, err
	}
	if err := p.Migrate(ctx); err != nil {
		return nil, err
	}
	if err := demo.Seed(ctx, p.Pools.Primary, p.Mall, demo.OpenVideos(cfg.DemoVideos), p.Log); err != nil {
		return nil, err
	}
	covers, err := demo.Covers()
	if err != nil {
		return nil, err
	}
	avatars, err := demo.Avatars()
	if err != nil {
		return nil, err
	}
	go p.Mall.ListenInvalidations(ctx)
	serveAt := func(listener net.Listener, cfg *config.Config) {
		server := transfer.Server(web.New(web.Deps{
			Mall:    p.Mall,
			Config:  cfg,
			Log:     p.Log,
			Metrics: p.Metrics,
			Now:     time.Now,
			Covers:  covers,
			Avatars: avatars,
		}))
		bounded := transfer.Listen(listener, transfer.Options{
			SendTimeout: cfg.SendTimeout,
			PerAddress:  cfg.PerAddress,
		})
		go func() { _ = server.Serve(bounded) }()
	}
	serveAt(listener, cfg)
	transport := &http.Transport{MaxIdleConnsPerHost: slices.Max(crowds), DisableCompression: true}
	b := &bench{
		program: p,
		cfg:     cfg,
		url:     "http://" + listener.Addr().String(),
		client:  &http.Client{Transport: transport, Timeout: time.Minute},
		serveAt: serveAt,
	}
	for _, a := range demo.Accounts {
		u, err := p.Mall.Accounts.Authenticate(ctx, account.Attempt{Email: a.Email, Password: demo.Password})
		if err != nil {
			return nil, err
		}
		b.people = append(b.people, u)
	}
	return b, nil
}
