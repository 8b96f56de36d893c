package program

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"videomall/db"
	"videomall/demo"
	"videomall/jobs"
	"videomall/mall/account"
	"videomall/telemetry"
	"videomall/web"
	"videomall/web/transfer"
)

// Roles are what one process does.
type Roles struct {
	HTTP bool
	Jobs bool
}

// Run does the roles until ctx ends, then stops taking work, lets what runs finish within SHUTDOWN_GRACE, and returns.
func (p *Program) Run(ctx context.Context, roles Roles) (err error) {
	admin, err := telemetry.StartAdmin(telemetry.AdminOptions{
		Addr:    p.cfg.AdminAddr,
		Hosts:   p.cfg.AdminHosts,
		PProf:   p.cfg.PProf,
		Metrics: p.Metrics,
		Log:     p.Log,
		Checks:  p.checks(),
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stopWithin(ctx, time.Second, admin.Stop)) }()

	if err := p.Mall.Providers.Apply(ctx); err != nil {
		return err
	}
	defer p.aside(ctx, p.Mall.Providers.Watch)()

	failed := make(chan error, 1)
	stopHTTP := func(context.Context) error { return nil }
	if roles.HTTP {
		defer p.aside(ctx, p.Mall.ListenInvalidations)()
		defer p.aside(ctx, p.Mall.Insight.Run)()
		if stopHTTP, err = p.startHTTP(failed); err != nil {
			return err
		}
	}
	stopJobs := func(context.Context) error { return nil }
	if roles.Jobs {
		if stopJobs, err = p.startJobs(ctx); err != nil {
			return errors.Join(err, stopWithin(ctx, p.cfg.Grace, stopHTTP))
		}
	}
	if roles.HTTP {
		if err := p.offerSetup(ctx); err != nil {
			p.Log.Error("no code for the setup of this mall", "error", err)
		}
	}
	p.greet(roles, admin.Addr())

	select {
	case <-ctx.Done():
		p.Log.Info("stopping", "grace", p.cfg.Grace)
	case err = <-failed:
	}
	admin.Drain()
	// Requests first: one that is being answered may still enqueue a job, which a worker picks up now or at the next
	// start.
	err = errors.Join(err, stopWithin(ctx, p.cfg.Grace, stopHTTP))
	return errors.Join(err, stopWithin(ctx, p.cfg.Grace, stopJobs))
}

// checks are what /readyz asks. Without Redis the mall sells on, slower.
func (p *Program) checks() []telemetry.Check {
	return []telemetry.Check{
		{Name: "postgres", Probe: p.Pools.Primary.Ping},
		{Name: "migrations", Probe: func(ctx context.Context) error { return db.CheckMigrated(ctx, p.Pools.Primary) }},
		{
			Name:     "redis",
			Degrades: true,
			Probe:    func(ctx context.Context) error { return p.redis.Ping(ctx).Err() },
		},
		{
			Name:     "storage",
			Degrades: true,
			Probe:    p.storage.Check,
		},
		{
			Name:     "disk",
			Degrades: true,
			Probe:    p.Mall.Media.Disks.Check,
		},
	}
}

func (p *Program) startHTTP(failed chan<- error) (stop func(context.Context) error, err error) {
	covers, err := demo.Covers()
	if err != nil {
		return nil, err
	}
	avatars, err := demo.Avatars()
	if err != nil {
		return nil, err
	}
	stopping := make(chan struct{})
	handler := web.New(web.Deps{
		Mall:     p.Mall,
		Config:   p.cfg,
		Log:      p.Log,
		Metrics:  p.Metrics,
		Now:      time.Now,
		Covers:   covers,
		Avatars:  avatars,
		Stopping: stopping,
	})
	listener, err := net.Listen("tcp", p.cfg.Addr)
	if err != nil {
		return nil, fmt.Errorf("ADDR=%q: %w", p.cfg.Addr, err)
	}
	bounded := transfer.Listen(listener, transfer.Options{
		SendTimeout: p.cfg.SendTimeout,
		PerAddress:  p.cfg.PerAddress,
		Trusted:     p.cfg.Proxies,
	})
	p.Metrics.WatchConnections(bounded.Refused, bounded.Stalled)
	server := transfer.Server(handler)
	server.RegisterOnShutdown(func() { close(stopping) })
	go func() {
		if err := server.Serve(bounded); !errors.Is(err, http.ErrServerClosed) {
			failed <- fmt.Errorf("serve: %w", err)
		}
	}()
	return server.Shutdown, nil
}

// aside runs a function beside the requests until stop is called, after the last of them. It is used for changes that
// other processes announce, and for visits and plays that are stored in batches.
func (p *Program) aside(ctx context.Context, run func(context.Context)) (stop func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		run(ctx)
	}()
	return func() { cancel(); <-ended }
}

func (p *Program) startJobs(ctx context.Context) (stop func(context.Context) error, err error) {
	client, err := jobs.New(jobs.Deps{
		Pool:    p.Pools.Primary,
		Mall:    p.Mall,
		Log:     p.Log,
		Metrics: p.Metrics,
	})
	if err != nil {
		return nil, err
	}
	// Not bound to ctx: its end would abort running jobs, and they are to finish first.
	if err := client.Start(context.WithoutCancel(ctx)); err != nil {
		return nil, fmt.Errorf("start the workers: %w", err)
	}
	return func(ctx context.Context) error {
		p.Mall.Media.Pipeline.Halt() // a video takes longer than anybody waits for a stop; its stage goes on in another process
		if err := client.Stop(ctx); err == nil {
			return nil
		}
		p.Log.Warn("jobs did not end in time and are cancelled; they will be tried again")
		return stopWithin(ctx, 5*time.Second, client.StopAndCancel)
	}, nil
}

// stopWithin calls stop with a time limit that ctx's own end does not shorten.
func stopWithin(ctx context.Context, limit time.Duration, stop func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	return stop(ctx)
}

// offerSetup prints a code with which the first operator of a mall is made. Demos have one.
func (p *Program) offerSetup(ctx context.Context) error {
	if p.cfg.Demo {
		return nil
	}
	code, err := p.Mall.Accounts.OpenSetup(ctx)
	if err == nil && code != "" {
		p.Log.Warn("this mall has no operator: whoever opens the page and enters the code becomes it", "page",
			p.cfg.PublicURL+"/setup", "code", code, "hours", int(account.SetupLife.Hours()))
	}
	return err
}

// greet tells the person at the terminal where the mall is and how to get in.
func (p *Program) greet(roles Roles, admin string) {
	if !roles.HTTP {
		p.Log.Info("working jobs", "admin", admin)
		return
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\n  Video mall is open:  %s\n  Metrics and health:  http://%s/metrics /healthz /readyz\n",
		p.cfg.PublicURL, admin)
	for _, n := range p.notes {
		fmt.Fprintf(&b, "  %s\n", n)
	}
	if p.cfg.Demo {
		fmt.Fprintf(&b, "\n  Demo accounts, password %s:\n", demo.Password)
		for _, a := range demo.Accounts {
			fmt.Fprintf(&b, "    %-9s %s\n", a.Role, a.Email)
		}
		b.WriteString("\n  Payments go through the sandbox: nothing is charged. Ctrl-C stops everything.\n")
	}
	fmt.Fprintln(os.Stdout, b.String())
}
