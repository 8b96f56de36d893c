// Command videomall is the mall in one binary: the shop, its workers and its tools.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alexflint/go-arg"

	"videomall/config"
	"videomall/db"
	"videomall/demo"
	"videomall/program"
)

// commands is the command line; config.Config, from the environment, is the rest.
type commands struct {
	Serve     *serveCommand     `arg:"subcommand:serve" help:"Serve the mall, which is also done without a command; without further roles it does everything, the jobs included."`
	Worker    *workerCommand    `arg:"subcommand:worker" help:"Work jobs only, beside processes that serve."`
	Migrate   *migrateCommand   `arg:"subcommand:migrate" help:"Bring the database's schema up to date."`
	Seed      *seedCommand      `arg:"subcommand:seed" help:"Write the demo content into an empty mall."`
	Rebuild   *rebuildCommand   `arg:"subcommand:rebuild" help:"Sum what creators see of their sales anew from the rows of orders; the mall may be open."`
	MoveMedia *moveMediaCommand `arg:"subcommand:move-media" help:"Copy all media from STORAGE_URL to another storage."`
	Loadtest  *loadtestCommand  `arg:"subcommand:loadtest" help:"Send a crowd to a mall, measure its answers and count what it sold."`
	Doctor    *doctorCommand    `arg:"subcommand:doctor" help:"Say what this machine has and what is missing."`
}

// Description is part of the help.
func (commands) Description() string {
	return "A self-hosted shop for video. It is set up by environment variables; docs/configuration.md lists them."
}

type command interface {
	Run(context.Context, *config.Config) error
}

func main() {
	chosen := parse(os.Args[1:])
	// The first signal asks for an orderly end; a second one finds no handler and ends the process at once.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	cfg, err := config.Load(os.Environ())
	if err == nil {
		err = chosen.Run(ctx, cfg)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "videomall: "+err.Error())
		os.Exit(1)
	}
}

// parse returns the command that was chosen. It ends the process where help was asked for, or the line makes no sense.
func parse(line []string) command {
	var all commands
	parser, err := arg.NewParser(arg.Config{Program: "videomall"}, &all)
	if err != nil {
		panic(err) // the tags of commands
	}
	err = parser.Parse(line)
	switch {
	case errors.Is(err, arg.ErrHelp):
		_ = parser.WriteHelpForSubcommand(os.Stdout, parser.SubcommandNames()...)
		os.Exit(0)
	case err != nil:
		_ = parser.WriteUsageForSubcommand(os.Stderr, parser.SubcommandNames()...)
		fmt.Fprintln(os.Stderr, "videomall: "+err.Error())
		os.Exit(1)
	}
	if chosen, ok := parser.Subcommand().(command); ok {
		return chosen
	}
	return serveCommand{}
}

type serveCommand struct {
	NoJobs bool `arg:"--no-jobs" help:"Leave the jobs to other processes."`
}

// Run serves until the context ends.
func (c serveCommand) Run(ctx context.Context, cfg *config.Config) error {
	return with(ctx, cfg, "serve", func(p *program.Program) error {
		if err := prepare(ctx, cfg, p); err != nil {
			return err
		}
		return p.Run(ctx, program.Roles{HTTP: true, Jobs: !c.NoJobs})
	})
}

type workerCommand struct{}

// Run works jobs until the context ends.
func (workerCommand) Run(ctx context.Context, cfg *config.Config) error {
	return with(ctx, cfg, "worker", func(p *program.Program) error {
		if err := db.CheckMigrated(ctx, p.Pools.Primary); err != nil {
			return err
		}
		return p.Run(ctx, program.Roles{Jobs: true})
	})
}

type migrateCommand struct {
	Down bool `help:"Take every migration back, and with them all data."`
	Yes  bool `help:"Confirm --down."`
}

// Run migrates and ends.
func (c migrateCommand) Run(ctx context.Context, cfg *config.Config) error {
	if c.Down && !c.Yes {
		return errors.New("--down deletes all data: confirm it with --yes")
	}
	return with(ctx, cfg, "migrate", func(p *program.Program) error {
		if c.Down {
			return db.MigrateDown(ctx, p.Pools.Primary)
		}
		return p.Migrate(ctx)
	})
}

type seedCommand struct{}

// Run seeds and ends. It is refused outside demo mode, where the demo's well-known passwords would be an open door.
func (seedCommand) Run(ctx context.Context, cfg *config.Config) error {
	if !cfg.Demo {
		return errors.New(
			"the demo content has well-known passwords: it is written only with DEMO=on, which listens on loopback only")
	}
	return with(ctx, cfg, "seed", func(p *program.Program) error { return prepare(ctx, cfg, p) })
}

type moveMediaCommand struct {
	To string `arg:"--to,required,env:MOVE_MEDIA_TO" placeholder:"URL" help:"Where to, as STORAGE_URL is written. In MOVE_MEDIA_TO other people on this machine can't see its secret."`
}

// Run copies and ends; it needs no database.
func (c moveMediaCommand) Run(ctx context.Context, cfg *config.Config) error {
	return program.MoveMedia(ctx, cfg, c.To, os.Stdout)
}

type rebuildCommand struct{}

// Run sums every day anew and ends.
func (rebuildCommand) Run(ctx context.Context, cfg *config.Config) error {
	return with(ctx, cfg, "rebuild", func(p *program.Program) error {
		if err := db.CheckMigrated(ctx, p.Pools.Primary); err != nil {
			return err
		}
		days, err := p.Mall.Insight.Rebuild(ctx)
		fmt.Printf("%d days are summed anew\n", days)
		return err
	})
}

type doctorCommand struct{}

// Run looks around and ends.
func (doctorCommand) Run(ctx context.Context, cfg *config.Config) error {
	return program.Diagnose(ctx, cfg, os.Stdout)
}

// with opens the program for do and closes it whatever happens.
func with(ctx context.Context, cfg *config.Config, role string, do func(*program.Program) error) (err error) {
	p, err := program.Open(ctx, cfg, role)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	return do(p)
}

// prepare brings schema and demo content up to date.
func prepare(ctx context.Context, cfg *config.Config, p *program.Program) error {
	if err := p.Migrate(ctx); err != nil || !cfg.Demo {
		return err
	}
	if err := demo.Seed(ctx, p.Pools.Primary, p.Mall, demo.OpenVideos(cfg.DemoVideos), p.Log); err != nil {
		return fmt.Errorf("write the demo content: %w", err)
	}
	return nil
}
