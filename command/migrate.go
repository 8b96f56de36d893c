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

// Run migrates and ends.
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

// Run seeds and ends. It is refused outside demo mode, where the demo's well-known passwords would be an open door.
func (Seed) Run(ctx context.Context, cfg *config.Config) error {
	if !cfg.Demo {
		return errors.New(
			"the demo content has well-known passwords: it is written only with DEMO=on, which listens on loopback only")
	}
	return with(ctx, cfg, "seed", func(p *program.Program) error { return prepare(ctx, cfg, p) })
}
