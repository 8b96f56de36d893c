package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"videomall/config"
	"videomall/db"
	"videomall/program"
)

// Factor manages second factors from the machine that runs the mall.
type Factor struct {
	Reset *FactorReset `arg:"subcommand:reset" help:"Remove all second factors of somebody who has lost them."`
}

// FactorReset removes all second factors of an account.
type FactorReset struct {
	Email string `arg:"positional,required" help:"The address that the person signs in with."`
}

// Run says what is missing; the line names what to do.
func (Factor) Run(context.Context, *config.Config) error {
	return errors.New("say what to do: videomall factor reset EMAIL")
}

// Run removes the factors. It fails if the schema is not up to date, or if there is no such account or no factor.
func (c FactorReset) Run(ctx context.Context, cfg *config.Config) error {
	return with(ctx, cfg, "factor", func(p *program.Program) error {
		if err := db.CheckMigrated(ctx, p.Pools.Primary); err != nil {
			return err
		}
		return c.run(ctx, p, os.Stdout)
	})
}

func (c FactorReset) run(ctx context.Context, p *program.Program, out io.Writer) error {
	if err := p.ResetFactors(ctx, c.Email); err != nil {
		return err
	}
	fmt.Fprintf(out, "%s has no second factor any more and is signed out everywhere. The password is as it was.\n", c.Email)
	return nil
}
