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

	"videomall/command"
	"videomall/config"
)

// commandLine is read from the arguments; config.Config, from the environment, is the rest.
type commandLine struct {
	Serve     *command.Serve     `arg:"subcommand:serve" help:"Serve the mall, which is also done without a command; without further roles it does everything, the jobs included."`
	Worker    *command.Worker    `arg:"subcommand:worker" help:"Work jobs only, beside processes that serve."`
	Migrate   *command.Migrate   `arg:"subcommand:migrate" help:"Bring the database's schema up to date."`
	Seed      *command.Seed      `arg:"subcommand:seed" help:"Write the demo content into an empty mall."`
	Operator  *command.Operator  `arg:"subcommand:operator" help:"Make an operator: videomall operator create EMAIL."`
	Factor    *command.Factor    `arg:"subcommand:factor" help:"Remove lost second factors: videomall factor reset EMAIL."`
	Rebuild   *command.Rebuild   `arg:"subcommand:rebuild" help:"Sum what creators see of their sales anew from the rows of orders; the mall may be open."`
	MoveMedia *command.MoveMedia `arg:"subcommand:move-media" help:"Copy all media from STORAGE_URL to another storage."`
	Loadtest  *command.Loadtest  `arg:"subcommand:loadtest" help:"Send a crowd to a mall, measure its answers and count what it sold."`
	Doctor    *command.Doctor    `arg:"subcommand:doctor" help:"Say what this machine has and what is missing."`
}

// Description is part of the help.
func (commandLine) Description() string {
	return "A self-hosted shop for video. It is set up by environment variables; docs/configuration.md lists them."
}

type runner interface {
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
func parse(args []string) runner {
	var line commandLine
	parser, err := arg.NewParser(arg.Config{Program: "videomall"}, &line)
	if err != nil {
		panic(err) // the tags of commandLine
	}
	err = parser.Parse(args)
	switch {
	case errors.Is(err, arg.ErrHelp):
		_ = parser.WriteHelpForSubcommand(os.Stdout, parser.SubcommandNames()...)
		os.Exit(0)
	case err != nil:
		_ = parser.WriteUsageForSubcommand(os.Stderr, parser.SubcommandNames()...)
		fmt.Fprintln(os.Stderr, "videomall: "+err.Error())
		os.Exit(1)
	}
	if chosen, ok := parser.Subcommand().(runner); ok {
		return chosen
	}
	return command.Serve{}
}
