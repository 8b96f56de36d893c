package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// earning is how many orders, and how many notices of payment, come each second while pages crowd the mall.
	earning = 40
	// overSpan is how long a mall is overloaded.
	overSpan = 12 * time.Second
	// inTime is how long the buyer and the provider wait at most for an answer that counts.
	inTime = time.Second
	// crowding is how many times as many pages are asked for as the machine can draw.
	crowding = 3
	// mostOpen bounds the pages that are under way.
	mostOpen = 3000
)

// overload measures how many orders and notices are answered within a second while three times as many pages are asked
// for as the machine can draw: without load shedding and with it, each against what it answers when nothing else is
// asked. The client works on the same processors.
func (b *bench) overload(ctx context.Context) ([]row, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	plain := *b.cfg
	plain.LoadShedding = false
	b.serveAt(listener, &plain)
	unshed := "http://" + listener.Addr().String()

	drawn, err := load(ctx, 0, func(ctx context.Context, _ int) error { return b.get(ctx, unshed+anyPage()) })
	if err != nil {
		return nil, fmt.Errorf("pages: %w", err)
	}
	bodies, err := b.waitingPayments(ctx, 3*earning*int(overSpan/time.Second)+100)
	if err != nil {
		return nil, err
	}
	e := &earner{bench: b, bodies: bodies}
	if e.skuIDs, err = b.plenty(ctx); err != nil {
		return nil, err
	}
	if e.tokens, err = b.tokens(ctx, "overload", 3); err != nil {
		return nil, err
	}
	alone, err := e.earns(ctx, unshed, 0)
	if err != nil {
		return nil, err
	}
	var rows []row
	for _, m := range []struct{ name, mall string }{{"overload_unshed", unshed}, {"overload_shed", b.url}} {
		got, err := e.earns(ctx, m.mall, crowding*drawn.perSecond)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.name, err)
		}
		rows = append(rows, against(m.name, "in time/s", got.earned, alone.earned))
		rows = append(rows, row{
			Name:  m.name + "_pages",
			Value: round(got.pages),
			Unit:  "pages/s",
			Limit: round(drawn.perSecond),
			Ratio: round(got.pages / drawn.perSecond),
		})
	}
	return rows, nil
}

// anyPage is the address of a page that is drawn for each who asks.
func anyPage() string { return fmt.Sprintf("/search?q=%d", rand.Int64()) }

// earner sends what earns.
type earner struct {
	*bench
	skuIDs []int64
	tokens []string
	bodies [][]byte
	round  int
}

type earnings struct {
	earned figure // orders and notices that were answered in time
	pages  float64
}

// earns sends orders and notices at their rate, and so many pages a second beside them.
func (e *earner) earns(ctx context.Context, mall string, pages float64) (earnings, error) {
	token, mine := e.tokens[e.round%len(e.tokens)], e.bodies
	if n := earning * int(overSpan/time.Second); len(mine) >= n {
		mine, e.bodies = mine[:n], mine[n:]
	}
	e.round++
	ctx, cancel := context.WithTimeout(ctx, overSpan+time.Minute)
	defer cancel()
	var drawn, open atomic.Int64
	var took []time.Duration
	var mu sync.Mutex
	var under sync.WaitGroup
	counted := func(do func() error) {
		began := time.Now()
		err := do()
		mu.Lock()
		defer mu.Unlock()
		if d := time.Since(began); err == nil {
			took = append(took, d)
		}
	}
	sent, asked := 0, 0
	began := time.Now()
	for t := time.NewTicker(2 * time.Millisecond); time.Since(began) < overSpan; <-t.C {
		for due := int(time.Since(began).Seconds() * earning); sent < due && sent < len(mine); sent++ {
			n := sent
			under.Go(func() { counted(func() error { return e.notify(ctx, mall, mine[n]) }) })
			under.Go(func() {
				counted(func() error {
					r, err := orderRequest(ctx, mall, token, e.skuIDs[n%len(e.skuIDs)])
					if err != nil {
						return err
					}
					return e.send(r, http.StatusCreated)
				})
			})
		}
		for due := int(time.Since(began).Seconds() * pages); asked < due; asked++ {
			if open.Load() >= mostOpen {
				continue // as a visitor whose browser can't even connect
			}
			open.Add(1)
			under.Go(func() {
				defer open.Add(-1)
				if e.get(ctx, mall+anyPage()) == nil {
					drawn.Add(1)
				}
			})
		}
	}
	elapsed := time.Since(began).Seconds()
	under.Wait()
	slices.Sort(took)
	if len(took) == 0 {
		return earnings{}, fmt.Errorf("none of %d orders and notices was taken", 2*sent)
	}
	late, _ := slices.BinarySearch(took, inTime)
	return earnings{
		earned: figure{
			perSecond: float64(late) / elapsed,
			p50:       took[len(took)/2],
			p99:       took[len(took)*99/100],
		},
		pages: float64(drawn.Load()) / elapsed,
	}, nil
}
