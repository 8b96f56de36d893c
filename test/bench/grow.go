package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// stage is a size of the mall at which it is measured: so many made-up products, so many past orders.
type stage struct{ products, orders int }

func (s stage) name() string {
	if s.orders == 0 {
		return short(s.products)
	}
	return short(s.products) + "+" + short(s.orders) + "-orders"
}

func short(n int) string {
	switch {
	case n >= 1_000_000 && n%100_000 == 0:
		return fmt.Sprintf("%gM", float64(n)/1e6)
	case n >= 1000 && n%100 == 0:
		return fmt.Sprintf("%gk", float64(n)/1e3)
	}
	return fmt.Sprint(n)
}

// grow fills a second mall of its own step by step and asks the same things at each size. There is no raw limit to hold
// these rows against: each is to be compared with its twin at another size.
func (b *bench) grow(ctx context.Context, products, orders int) (rows []row, err error) {
	stages := []stage{{min(1000, products), 0}, {products, 0}, {products, orders}}
	have := stage{}
	for n, s := range stages {
		if n > 0 && s == stages[n-1] {
			continue
		}
		began := time.Now()
		if s.products > have.products {
			if err := fillProducts(ctx, b.program.Pools.Primary, have.products, s.products); err != nil {
				return nil, fmt.Errorf("grow to %s: %w", s.name(), err)
			}
		}
		if s.orders > have.orders {
			if err := fillOrders(ctx, b.program.Pools.Primary, have.orders, s.orders, s.products,
				b.creator().ID); err != nil {
				return nil, fmt.Errorf("grow to %s: %w", s.name(), err)
			}
		}
		have = s
		if err := b.program.Mall.Catalog.LearnNames(ctx); err != nil { // what was filled in was announced to nobody
			return nil, err
		}
		var size string
		if err := b.program.Pools.Primary.QueryRow(ctx, "select pg_size_pretty(pg_database_size(current_database()))").
			Scan(&size); err != nil {
			return nil, err
		}
		fmt.Fprintf(os.Stderr, "grown to %s in %s: the database is %s\n", s.name(),
			time.Since(began).Round(time.Second), size)
		got, err := b.atSize(ctx, s)
		if err != nil {
			return nil, fmt.Errorf("at %s: %w", s.name(), err)
		}
		rows = append(rows, got...)
	}
	return rows, nil
}

// atSize measures what shoppers do. The addresses rotate, so that what is hot is what would be hot: lists by every sort
// and of every category, products all over the catalogue, words that are in every tenth title and words that are in
// few.
func (b *bench) atSize(ctx context.Context, s stage) (rows []row, err error) {
	categories, err := b.program.Mall.Catalog.Categories(ctx)
	if err != nil {
		return nil, err
	}
	var lists, searches, misspelt []string
	for _, sort := range []string{"newest", "popular", "price_asc", "price_desc"} {
		lists = append(lists, "/videos?sort="+sort, "/c/"+categories[len(lists)%len(categories)].Slug+"?sort="+sort)
	}
	for _, words := range []string{
		englishWord(0), englishWord(40), englishWord(2000), chineseWord(1), chineseWord(300),
		englishWord(3) + " " + englishWord(90), chineseWord(2) + chineseWord(50),
	} {
		searches = append(searches, "/search?q="+url.QueryEscape(words))
	}
	for _, n := range []int{7, 211, 1999} {
		w := []byte(englishWord(n))
		w[3], w[4] = w[4], w[3]
		misspelt = append(misspelt, "/search?q="+url.QueryEscape(string(w)))
	}
	turn := func(paths []string) func(int) string { return func(n int) string { return paths[n%len(paths)] } }
	for _, p := range []struct {
		name string
		path func(n int) string
	}{
		{"home_page", turn([]string{"/"})},
		{"list_page", turn(lists)},
		{"product_page", func(n int) string { return fmt.Sprintf("/v/film-%d", n*7919%s.products) }},
		{"search", turn(searches)},
		{"search_misspelt", turn(misspelt)},
	} {
		got, err := load(ctx, 0, func(ctx context.Context, n int) error { return b.get(ctx, b.url+p.path(n)) })
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
		rows = append(rows, alone(p.name+"@"+s.name(), "pages/s", got))
	}
	placed, err := b.placeAt(ctx, s)
	if err != nil {
		return nil, err
	}
	looked, err := b.dashboardAt(ctx, s)
	if err != nil {
		return nil, err
	}
	return append(rows, placed, looked), nil
}

// placeAt orders made-up videos through the API, each a different one.
func (b *bench) placeAt(ctx context.Context, s stage) (row, error) {
	token, err := b.token(ctx)
	if err != nil {
		return row{}, err
	}
	got, err := load(ctx, mostOrders, func(ctx context.Context, n int) error {
		r, err := orderRequest(ctx, b.url, token, int64(2*(firstSPU+n*7919%s.products)))
		if err != nil {
			return err
		}
		return b.send(r, http.StatusCreated)
	})
	if err != nil {
		return row{}, fmt.Errorf("place orders: %w", err)
	}
	return alone("place_order_cold@"+s.name(), "orders/s", got), nil
}

// alone makes a row of a figure that has no raw limit beside it.
func alone(name, unit string, got figure) row {
	return row{
		Name:  name,
		Value: round(got.perSecond),
		Unit:  unit,
		P50:   milliseconds(got.p50),
		P99:   milliseconds(got.p99),
	}
}

// grown opens a mall of its own in dir, grows it and measures it.
func grown(ctx context.Context, dir string, products, orders int) ([]row, error) {
	b, err := open(ctx, strings.TrimSuffix(dir, "/"))
	if err != nil {
		return nil, err
	}
	defer func() { _ = b.program.Close() }()
	return b.grow(ctx, products, orders)
}
