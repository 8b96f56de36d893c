// Command bench measures the mall against the raw limits of the machine it runs on, both in one run: a page against
// Echo sending the same bytes, an order and a notice against the same rows written by bare pgx. Figures of one run
// compare with each other; absolute ones say more about the machine than about the mall.
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"videomall/config"
	"videomall/demo"
	"videomall/mall/account"
	"videomall/program"
	"videomall/web"
)

func main() {
	pagesOnly := flag.Bool("pages", false, "measure the pages only")
	flag.Parse()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if err := run(ctx, *pagesOnly); err != nil {
		fmt.Fprintln(os.Stderr, "bench: "+err.Error())
		os.Exit(1)
	}
}

func run(ctx context.Context, pagesOnly bool) error {
	dir, err := os.MkdirTemp("", "videomall-bench")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := os.Chmod(dir, 0o755); err != nil { // as root, the private PostgreSQL runs as another account
		return err
	}
	b, err := open(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { _ = b.program.Close() }()
	var rows []row
	// Grants come before the notices, whose thousands of paid orders would stand in their way.
	measures := []func(context.Context) ([]row, error){b.pages, b.plays, b.orders, b.notices}
	if pagesOnly {
		measures = measures[:1]
	}
	for _, measure := range measures {
		got, err := measure(ctx)
		if err != nil {
			return err
		}
		rows = append(rows, got...)
	}
	printTable(os.Stdout, rows)
	return writeJSON("bench.json", rows)
}

// bench is a stocked mall of its own, served on loopback, without workers: what they would do is measured apart.
type bench struct {
	program *program.Program
	cfg     *config.Config
	url     string
	client  *http.Client
	people  []account.User // the demo accounts
}

func open(ctx context.Context, dir string) (*bench, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	cfg, err := config.Load([]string{"DATA_DIR=" + dir, "ADDR=" + listener.Addr().String(), "ADMIN_ADDR=127.0.0.1:0", "DEMO=on",
		"LOG_LEVEL=error", "PAY_WINDOW=2h", "PATH=" + os.Getenv("PATH")})
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
	if err := demo.Seed(ctx, p.Pools.Primary, p.Mall, p.Log); err != nil {
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
	go p.Mall.Hear(ctx)
	handler := web.New(web.Deps{Mall: p.Mall, Config: cfg, Log: p.Log, Metrics: p.Metrics, Now: time.Now, Covers: covers, Avatars: avatars})
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = server.Serve(listener) }()
	transport := &http.Transport{MaxIdleConnsPerHost: buyers, DisableCompression: true}
	b := &bench{program: p, cfg: cfg, url: "http://" + listener.Addr().String(), client: &http.Client{Transport: transport, Timeout: time.Minute}}
	for _, a := range demo.Accounts {
		u, err := p.Mall.Accounts.Authenticate(ctx, a.Email, demo.Password, "127.0.0.1")
		if err != nil {
			return nil, err
		}
		b.people = append(b.people, u)
	}
	return b, nil
}
