package command

import (
	"context"
	"fmt"
	"os"

	"videomall/config"
	"videomall/db"
	"videomall/program"
)

// MoveMedia copies all media to another storage.
type MoveMedia struct {
	To string `arg:"--to,required,env:MOVE_MEDIA_TO" placeholder:"URL" help:"Where to, as STORAGE_URL is written. In MOVE_MEDIA_TO other people on this machine can't see its secret."`
}

// Run copies the media and returns. It needs no database.
func (c MoveMedia) Run(ctx context.Context, cfg *config.Config) error {
	return program.MoveMedia(ctx, cfg, c.To, os.Stdout)
}

// Rebuild sums creators' figures again.
type Rebuild struct{}

// Run sums every day again and returns.
func (Rebuild) Run(ctx context.Context, cfg *config.Config) error {
	return with(ctx, cfg, "rebuild", func(p *program.Program) error {
		if err := db.CheckMigrated(ctx, p.Pools.Primary); err != nil {
			return err
		}
		days, err := p.Mall.Insight.Rebuild(ctx)
		fmt.Printf("%d days are summed anew\n", days)
		return err
	})
}

// Doctor reports what the machine has.
type Doctor struct{}

// Run checks the machine and returns.
func (Doctor) Run(ctx context.Context, cfg *config.Config) error {
	return program.Diagnose(ctx, cfg, os.Stdout)
}
