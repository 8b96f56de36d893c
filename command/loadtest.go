package command

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"videomall/config"
	"videomall/db"
	"videomall/load"
	"videomall/load/stage"
	"videomall/program"
)

// Loadtest sends a crowd to a mall.
type Loadtest struct {
	Scenario string `arg:"positional,required" help:"browse, buy, flash, notices or play; docs/load.md describes them."`

	Target      string `placeholder:"URL" help:"The address of the mall. Default: that of ADDR."`
	AllowRemote bool   `arg:"--allow-remote" help:"Allow a target on another machine. It must be yours."`
	YesWrite    bool   `arg:"--yes-write" help:"Allow a mall that is not in demo mode. The test leaves accounts, orders and payments there."`

	Rate     float64       `help:"Visits a second. Default: browse 10, buy 5, flash 500, notices 100, play 5."`
	Constant bool          `help:"Space the visits evenly, instead of at random like independent people."`
	Ramp     time.Duration `help:"The time in which the rate rises from 0."`
	Duration time.Duration `default:"30s" help:"The time in which visits arrive."`
	Most     int           `arg:"--visits" help:"The most visits: buyers, viewers or notices. Default: 500 in flash, otherwise 10000."`
	InFlight int           `arg:"--in-flight" default:"512" help:"The most visits at the same time."`
	Patience time.Duration `default:"5s" help:"How late a visit may begin. A later one is counted as not sent."`
	Timeout  time.Duration `default:"15s" help:"The time limit of a request."`
	Persist  time.Duration `default:"30s" help:"How long a buyer who has to wait keeps asking."`
	Linger   time.Duration `default:"45s" help:"The time limit of the last visits."`
	Think    time.Duration `default:"2s" help:"The mean pause before the next page."`
	Seed     uint64        `default:"1" help:"The seed of the random numbers. The same seed repeats the same visits."`

	SKU      int64  `arg:"--sku" help:"flash: the SKU to buy. Default: the newest with limited stock."`
	Campaign int64  `help:"flash: the campaign to order in."`
	Units    int64  `default:"100" help:"flash: units for sale. -1 leaves the stock as it is."`
	Report   string `default:"loadtest.html" help:"The file of the report. Empty writes none."`
}

// Run sends the crowd, counts, and fails if the counts do not add up.
func (c Loadtest) Run(ctx context.Context, cfg *config.Config) error {
	name := strings.ToLower(rand.Text()[:8])
	crowd, err := load.New(ctx, c.plan(cfg), name)
	if err != nil {
		return err
	}
	scenario := crowd.Scenario()
	if scenario.Writes && !cfg.Demo && !c.YesWrite {
		return fmt.Errorf("%s leaves accounts and orders behind: outside demo mode say --yes-write if that is meant",
			scenario.Name)
	}
	if err := crowd.Ping(ctx); err != nil {
		return err
	}
	if !scenario.Writes {
		result, err := crowd.Run(ctx, load.Stage{}, screen().Show)
		if err != nil {
			return err
		}
		return c.show(result)
	}
	return with(ctx, cfg, "loadtest", func(p *program.Program) error {
		if err := db.CheckMigrated(ctx, p.Pools.Primary); err != nil {
			return err
		}
		ready, err := stage.Set(ctx, p.Mall, scenario, stage.Request{
			Run:        name,
			People:     crowd.People(),
			SKU:        c.SKU,
			CampaignID: c.Campaign,
			Units:      c.Units,
			Secret:     string(cfg.Sandbox),
		})
		if err != nil {
			return err
		}
		result, err := crowd.Run(ctx, ready, screen().Show)
		if err != nil {
			return err
		}
		// Ctrl-C stops the crowd, but the counting goes on.
		if result.Checks, err = crowd.Count(context.WithoutCancel(ctx), p.Pools.Primary); err != nil {
			return err
		}
		return c.show(result)
	})
}

// plan sets the options that depend on the scenario.
func (c Loadtest) plan(cfg *config.Config) load.Plan {
	rates := map[string]float64{"browse": 10, "buy": 5, "flash": 500, "notices": 100, "play": 5}
	most := 10_000
	if c.Scenario == "flash" {
		most = 500
	}
	return load.Plan{
		Scenario:    c.Scenario,
		Target:      cmp.Or(c.Target, cfg.LocalURL()),
		AllowRemote: c.AllowRemote,
		Rate:        cmp.Or(c.Rate, rates[c.Scenario]),
		Constant:    c.Constant,
		Ramp:        c.Ramp,
		Duration:    c.Duration,
		Most:        cmp.Or(c.Most, most),
		InFlight:    c.InFlight,
		Patience:    c.Patience,
		Timeout:     c.Timeout,
		Persist:     c.Persist,
		Linger:      c.Linger,
		Think:       c.Think,
		Seed:        c.Seed,
	}
}

// show prints the result and writes the report. It returns an error if the counts do not add up.
func (c Loadtest) show(r load.Result) error {
	r.Summary(os.Stdout)
	if c.Report != "" {
		f, err := os.Create(c.Report)
		if err != nil {
			return fmt.Errorf("write the report: %w", err)
		}
		if err := errors.Join(r.Report(f), f.Close()); err != nil {
			return fmt.Errorf("write the report: %w", err)
		}
		fmt.Println("report: " + c.Report)
	}
	if wrong := load.Broken(r.Checks); len(wrong) > 0 {
		failed := errors.New("the count does not add up")
		for _, w := range wrong {
			failed = fmt.Errorf("%w; %s", failed, w)
		}
		return failed
	}
	return nil
}

// screen returns the terminal, if there is one.
func screen() load.Screen {
	return load.Screen{W: os.Stdout, Width: func() int {
		width, _, err := term.GetSize(int(os.Stdout.Fd()))
		if err != nil {
			return 0
		}
		return width
	}}
}
