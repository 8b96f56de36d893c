package command

import (
	"context"

	"videomall/config"
	"videomall/db"
	"videomall/program"
)

// Serve serves pages and the API and, unless told otherwise, runs jobs.
type Serve struct {
	NoJobs bool `arg:"--no-jobs" help:"Leave the jobs to other processes."`
}

// Run serves until the context ends.
func (c Serve) Run(ctx context.Context, cfg *config.Config) error {
	return with(ctx, cfg, "serve", func(p *program.Program) error {
		if err := prepare(ctx, cfg, p); err != nil {
			return err
		}
		return p.Run(ctx, program.Roles{HTTP: true, Jobs: !c.NoJobs})
	})
}

// Worker runs jobs for processes that serve.
type Worker struct{}

// Run runs jobs until the context ends. It fails if the schema is not up to date.
func (Worker) Run(ctx context.Context, cfg *config.Config) error {
	return with(ctx, cfg, "worker", func(p *program.Program) error {
		if err := db.CheckMigrated(ctx, p.Pools.Primary); err != nil {
			return err
		}
		return p.Run(ctx, program.Roles{Jobs: true})
	})
}
