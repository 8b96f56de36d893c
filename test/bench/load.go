package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"text/tabwriter"
	"time"
)

// buyers is how many clients ask at once; each asks again as soon as it was answered, for about span.
const (
	buyers = 16
	span   = 3 * time.Second
)

// row is a line of the table: a figure, the raw limit it is held against, and their ratio.
type row struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
	Limit float64 `json:"limit"`
	Ratio float64 `json:"ratio"`
	P50   float64 `json:"p50ms"`
	P99   float64 `json:"p99ms"`
}

// figure is what one load reached.
type figure struct {
	perSecond float64
	p50, p99  time.Duration
}

// load has buyers clients do something for the span, at most most times altogether (0: no limit), after a short warm-up
// that is not counted. The first error ends it.
func load(ctx context.Context, most int, do func(ctx context.Context, n int) error) (figure, error) {
	var next atomic.Int64
	warm := buyers * 2
	if most > 0 {
		warm = min(warm, most/10)
	}
	for range warm {
		if err := do(ctx, int(next.Add(1))-1); err != nil {
			return figure{}, err
		}
	}
	var mu sync.Mutex
	var took []time.Duration
	var failed error
	began := time.Now()
	var clients sync.WaitGroup
	for range buyers {
		clients.Go(func() {
			var mine []time.Duration
			for time.Since(began) < span {
				n := int(next.Add(1)) - 1
				if most > 0 && n >= most {
					break
				}
				asked := time.Now()
				if err := do(ctx, n); err != nil {
					mu.Lock()
					failed = err
					mu.Unlock()
					return
				}
				mine = append(mine, time.Since(asked))
			}
			mu.Lock()
			took = append(took, mine...)
			mu.Unlock()
		})
	}
	clients.Wait()
	if failed != nil || len(took) == 0 {
		return figure{}, fmt.Errorf("%d answers: %w", len(took), failed)
	}
	elapsed := time.Since(began)
	slices.Sort(took)
	return figure{
		perSecond: float64(len(took)) / elapsed.Seconds(),
		p50:       took[len(took)/2],
		p99:       took[len(took)*99/100],
	}, nil
}

// against makes a row of a figure and its raw limit.
func against(name, unit string, got, limit figure) row {
	return row{
		Name:  name,
		Value: round(got.perSecond),
		Unit:  unit,
		Limit: round(limit.perSecond),
		Ratio: round(got.perSecond / limit.perSecond),
		P50:   milliseconds(got.p50),
		P99:   milliseconds(got.p99),
	}
}

func round(f float64) float64              { return float64(int64(f*1000+0.5)) / 1000 }
func milliseconds(d time.Duration) float64 { return round(float64(d) / float64(time.Millisecond)) }

func printTable(w io.Writer, rows []row) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "name\tvalue\tunit\tlimit\tratio\tp50 ms\tp99 ms\t")
	for _, r := range rows {
		limit, ratio := "-", "-"
		if r.Limit > 0 {
			limit, ratio = fmt.Sprintf("%.0f", r.Limit), fmt.Sprintf("%.2f", r.Ratio)
		}
		fmt.Fprintf(t, "%s\t%.0f\t%s\t%s\t%s\t%.2f\t%.2f\t\n", r.Name, r.Value, r.Unit, limit, ratio, r.P50, r.P99)
	}
	_ = t.Flush()
}

func writeJSON(path string, rows []row) error {
	b, err := json.MarshalIndent(rows, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(b, '\n'), 0o644)
}

// delayRow makes a row of waits; its value is their mean.
func delayRow(name string, waited []time.Duration) row {
	slices.Sort(waited)
	var sum time.Duration
	for _, w := range waited {
		sum += w
	}
	return row{
		Name:  name,
		Value: milliseconds(sum / time.Duration(len(waited))),
		Unit:  "ms",
		P50:   milliseconds(waited[len(waited)/2]),
		P99:   milliseconds(waited[len(waited)*99/100]),
	}
}
