package command

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"golang.org/x/term"

	"videomall/config"
	"videomall/db"
	"videomall/program"
)

// Operator manages operators from the machine that runs the mall.
type Operator struct {
	Create *OperatorCreate `arg:"subcommand:create" help:"Give an account all duties of operators; made for the first one."`
}

// OperatorCreate makes an operator with all duties.
type OperatorCreate struct {
	Email    string `arg:"positional,required" help:"The address to sign in with."`
	Name     string `help:"The name that people see; the first part of the address if it is not given."`
	Existing bool   `help:"The address has an account, which gets a new password by the printed link."`
	Link     bool   `help:"Print a link on which the password is set, also at a terminal."`
}

// Run says what is missing; the line names what to do.
func (Operator) Run(context.Context, *config.Config) error {
	return errors.New("say what to do: videomall operator create EMAIL")
}

// Run makes the operator. It fails if the schema is not up to date, if the address has an account, and with --existing
// if it has none.
func (c OperatorCreate) Run(ctx context.Context, cfg *config.Config) error {
	return with(ctx, cfg, "operator", func(p *program.Program) error {
		if err := db.CheckMigrated(ctx, p.Pools.Primary); err != nil {
			return err
		}
		return c.run(ctx, p, os.Stdout)
	})
}

func (c OperatorCreate) run(ctx context.Context, p *program.Program, out io.Writer) (err error) {
	name, password := c.Name, ""
	if name == "" {
		name, _, _ = strings.Cut(c.Email, "@")
	}
	if !c.Existing && !c.Link && term.IsTerminal(int(os.Stdin.Fd())) {
		if password, err = askPassword(out); err != nil {
			return err
		}
	}
	link, err := p.MakeOperator(ctx, c.Email, name, password, c.Existing)
	if err != nil {
		return fmt.Errorf("%w%s", err, wrong(p, err))
	}
	fmt.Fprintf(out, "%s is an operator with all duties.\n", c.Email)
	if link != "" {
		fmt.Fprintf(out, "Set the password within 30 minutes, once, on\n%s\n", link)
	}
	return nil
}

// askPassword reads a password twice from the terminal, which does not show it.
func askPassword(out io.Writer) (string, error) {
	var typed [2][]byte
	for n, ask := range []string{"Password: ", "Once more: "} {
		fmt.Fprint(out, ask)
		read, err := term.ReadPassword(int(os.Stdin.Fd()))
		fmt.Fprintln(out)
		if err != nil {
			return "", fmt.Errorf("read the password: %w", err)
		}
		typed[n] = read
	}
	if !bytes.Equal(typed[0], typed[1]) || len(typed[0]) == 0 {
		return "", errors.New("the passwords are empty or differ")
	}
	return string(typed[0]), nil
}

// wrong names the fields at fault.
func wrong(p *program.Program, err error) string {
	fields := p.Fields(err)
	if len(fields) == 0 {
		return ""
	}
	slices.Sort(fields)
	return ": " + strings.Join(fields, ", ")
}
