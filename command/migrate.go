package command

import (
	"context"
	"errors"

	"videomall/config"
	"videomall/db"
	"videomall/program"
)

// Migrate changes the database's schema.
type Migrate struct {
	Down bool `help:"Take every migration back, and with them all data."`
	Yes  bool `help:"Confirm --down."`
}

// Run migrates the schema and returns.
func (c Migrate) Run(ctx context.Context, cfg *config.Config) error {
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

// Seed writes the demo content.
type Seed struct{}

// Run writes the demo content and returns. It fails outside demo mode, where anybody could sign in with the demo's
// well-known passwords.
func (Seed) Run(ctx context.Context, cfg *config.Config) error {
	if !cfg.Demo {
		return errors.New(
			"the demo content has well-known passwords: it is written only with DEMO=on, which listens on loopback only")
	}
	return with(ctx, cfg, "seed", func(p *program.Program) error { return prepare(ctx, cfg, p) })
}
