// Package command holds the commands of the binary, each with its flags. A command opens the program that it needs,
// runs it and closes it. The packages below decide what the program does.
package command

import (
	"context"
	"errors"
	"fmt"

	"videomall/config"
	"videomall/demo"
	"videomall/program"
)

// with opens the program for do, and closes it in any case.
func with(ctx context.Context, cfg *config.Config, role string, do func(*program.Program) error) (err error) {
	p, err := program.Open(ctx, cfg, role)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	return do(p)
}

// prepare brings the schema and the demo content up to date.
func prepare(ctx context.Context, cfg *config.Config, p *program.Program) error {
	if err := p.Migrate(ctx); err != nil || !cfg.Demo {
		return err
	}
	if err := demo.Seed(ctx, p.Pools.Primary, p.Mall, demo.OpenVideos(cfg.DemoVideos), p.Log); err != nil {
		return fmt.Errorf("write the demo content: %w", err)
	}
	return nil
}
