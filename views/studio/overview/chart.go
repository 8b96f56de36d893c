package overview

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Bar is one column of a chart.
type Bar struct {
	Label  string // below it and in the table
	Value  int64
	Before int64  // the same place in the period before
	Text   string // the value in words
	Was    string // that of before
	Beside bool   // not of the period itself, shown for company
}

// chart is a drawing's measure: a wide one and a narrow one hold the same.
type chart struct {
	W, H                     int
	Left, Right, Top, Bottom int
	Labels                   int // how many fit below
}

var (
	wide = chart{
		W:      760,
		H:      240,
		Left:   64,
		Right:  8,
		Top:    12,
		Bottom: 28,
		Labels: 7,
	}
	narrow = chart{
		W:      340,
		H:      220,
		Left:   56,
		Right:  4,
		Top:    12,
		Bottom: 28,
		Labels: 3,
	}
)

func (c chart) viewBox() string { return fmt.Sprintf("0 0 %d %d", c.W, c.H) }

func (c chart) inner() (w, h float64) {
	return float64(c.W - c.Left - c.Right), float64(c.H - c.Top - c.Bottom)
}

func (c chart) x(n, of int) float64 {
	w, _ := c.inner()
	return float64(c.Left) + w*float64(n)/float64(max(1, of))
}

func (c chart) y(value, top int64) float64 {
	_, h := c.inner()
	return float64(c.Top) + h*(1-float64(value)/float64(max(1, top)))
}

// column is a bar as it is drawn.
type column struct{ X, Y, W, H string }

func (c chart) column(n, of int, value, top int64) column {
	slot := c.x(1, of) - c.x(0, of)
	gap := math.Min(slot*0.25, 8)
	y := c.y(value, top)
	_, h := c.inner()
	height := float64(c.Top) + h - y
	if value > 0 {
		height = math.Max(height, 1.5)
		y = float64(c.Top) + h - height
	}
	return column{pixel(c.x(n, of) + gap/2), pixel(y), pixel(slot - gap), pixel(height)}
}

// before is the line of the period before, through the middles of its columns.
func (c chart) before(bars []Bar, top int64) string {
	var b strings.Builder
	for n, bar := range bars {
		if bar.Beside {
			continue
		}
		fmt.Fprintf(&b, "%s,%s ", pixel((c.x(n, len(bars))+c.x(n+1, len(bars)))/2), pixel(c.y(bar.Before, top)))
	}
	return strings.TrimSpace(b.String())
}

// labelled says whether the nth column has room for its label.
func (c chart) labelled(n, of int) bool {
	step := (of + c.Labels - 1) / c.Labels
	return n%max(1, step) == 0
}

// curve is the line through values of a hundredth each, and the area below it.
func (c chart) curve(values []int64, top int64) (line, area string) {
	var b strings.Builder
	for n, v := range values {
		fmt.Fprintf(&b, "%s,%s ", pixel(c.x(n, len(values)-1)), pixel(c.y(v, top)))
	}
	line = strings.TrimSpace(b.String())
	return line, fmt.Sprintf("%s,%s %s %s,%s", pixel(c.x(0, 1)), pixel(c.y(0, 1)), line, pixel(c.x(1, 1)),
		pixel(c.y(0, 1)))
}

func pixel(v float64) string { return strconv.FormatFloat(v, 'f', 1, 64) }

// ceiling is a round number at or above the highest value, which a scale can end at; its half is round too.
func ceiling(highest int64) int64 {
	if highest <= 2 {
		return 2
	}
	step := int64(1)
	for {
		for _, m := range []int64{2, 4, 6, 10} {
			if top := m * step; top >= highest {
				return top
			}
		}
		step *= 10
	}
}

func highest(bars []Bar) (top int64) {
	for _, b := range bars {
		top = max(top, b.Value, b.Before)
	}
	return ceiling(top)
}
