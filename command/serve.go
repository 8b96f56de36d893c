package command

import (
	"context"

	"videomall/config"
	"videomall/db"
	"videomall/program"
)

// Serve serves pages and the API and, unless told otherwise, works the jobs.
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

// Worker works jobs beside processes that serve.
type Worker struct{}

// Run works jobs until the context ends. It is refused where the schema is behind.
func (Worker) Run(ctx context.Context, cfg *config.Config) error {
	return with(ctx, cfg, "worker", func(p *program.Program) error {
		if err := db.CheckMigrated(ctx, p.Pools.Primary); err != nil {
			return err
		}
		return p.Run(ctx, program.Roles{Jobs: true})
	})
}
