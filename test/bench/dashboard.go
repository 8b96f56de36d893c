package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/demo"
	"videomall/mall/account"
)

// creator is the demo's.
func (b *bench) creator() account.User {
	for _, p := range b.people {
		if p.Roles.Is(account.RoleCreator) {
			return p
		}
	}
	return account.User{}
}

// dashboardAt has the mall's sums built from its orders and asks for the demo creator's pages: the week, the month, a
// year beside the year before.
func (b *bench) dashboardAt(ctx context.Context, s stage) (row, error) {
	began := time.Now()
	days, err := b.program.Mall.Insight.Rebuild(ctx)
	if err != nil {
		return row{}, fmt.Errorf("sum the orders: %w", err)
	}
	// Twenty visitors to an order, five of whom play.
	err = db.InTx(ctx, b.program.Pools.Primary, func(tx pgx.Tx) error {
		for _, statement := range []string{
			"set local statement_timeout = 0",
			`insert into insight_traffic (creator_id, spu_id, day, views, visitors, viewers, watch_seconds)
				select creator_id, spu_id, day, 25 * orders, 20 * orders, 5 * orders, 9000 * orders from insight_day
				on conflict do nothing`,
			"analyze insight_day, insight_traffic",
		} {
			if _, err := tx.Exec(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return row{}, fmt.Errorf("make up visits: %w", err)
	}
	fmt.Fprintf(os.Stderr, "%d days of orders summed in %s\n", days, time.Since(began).Round(time.Second))
	desk, err := b.signedIn(ctx, b.creator())
	if err != nil {
		return row{}, err
	}
	today := time.Now().UTC()
	year := url.Values{
		"period": {"own"},
		"from":   {today.AddDate(0, 0, -364).Format(time.DateOnly)},
		"to":     {today.Format(time.DateOnly)},
	}
	pages := []string{"/studio", "/studio?period=month", "/studio?" + year.Encode(), "/studio?period=day"}
	got, err := load(ctx, 0, func(ctx context.Context, n int) error { return desk.get(ctx, b.url+pages[n%len(pages)]) })
	if err != nil {
		return row{}, fmt.Errorf("dashboard: %w", err)
	}
	return alone("dashboard@"+s.name(), "pages/s", got), nil
}

// signedIn is a browser of that person's.
func (b *bench) signedIn(ctx context.Context, who account.User) (*bench, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	client := &http.Client{
		Transport:     b.client.Transport,
		Timeout:       b.client.Timeout,
		Jar:           jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	desk := &bench{url: b.url, client: client}
	form := url.Values{"email": {who.Email}, "password": {demo.Password}}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, b.url+"/sign-in", strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return desk, desk.send(r, http.StatusSeeOther)
}
