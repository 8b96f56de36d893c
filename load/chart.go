package load

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// A chart's plot within its drawing, which is 420 units wide and 250 high: about a phone's width, so that letters stay
// letters.
const (
	chartLeft, chartRight = 54.0, 412.0
	chartTop, chartBottom = 12.0, 220.0
)

// mostBuckets is how many points a time axis has at most.
const mostBuckets = 120

// chart is an SVG in numbers; the template gives it letters and colours.
type chart struct {
	Title          string
	XTicks, YTicks []tick
	Lines          []line
	Bars           []bar
}

type tick struct {
	At    float64
	Label string
}

// line is a path; Class chooses its colour.
type line struct{ Name, Class, Path string }

type bar struct {
	Class      string
	X, Y, W, H float64
}

// logTimes is a logarithmic axis of latencies that holds all of them, and its ticks, one a decade.
func logTimes(all []time.Duration) (at func(time.Duration) float64, ticks []tick) {
	low, high := math.Inf(1), math.Inf(-1)
	for _, d := range all {
		if d > 0 {
			low, high = min(low, math.Log10(float64(d))), max(high, math.Log10(float64(d)))
		}
	}
	if low > high { // no latency at all
		low, high = 6, 7
	}
	low, high = math.Floor(low), math.Ceil(high)
	high = max(high, low+1)
	at = func(d time.Duration) float64 {
		share := (math.Log10(float64(max(d, 1))) - low) / (high - low)
		return chartBottom - min(max(share, 0), 1)*(chartBottom-chartTop)
	}
	for decade := low; decade <= high; decade++ {
		d := time.Duration(math.Pow(10, decade))
		ticks = append(ticks, tick{at(d), decadeName(d)})
	}
	return at, ticks
}

func decadeName(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return fmt.Sprintf("%d µs", d.Microseconds())
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%d s", int(d.Seconds()))
}

// curveChart draws which share of the requests was no slower than what: each decade to the right is ten times rarer.
func curveChart(steps []Step) chart {
	c := chart{Title: "Latency by percentile"}
	var all []time.Duration
	decades := 2.0 // at least
	for _, s := range steps {
		for _, p := range s.Curve {
			all = append(all, p.Latency)
			decades = max(decades, -math.Log10(1-p.Percent/100))
		}
	}
	y, ticks := logTimes(all)
	c.YTicks = ticks
	x := func(percent float64) float64 {
		return chartLeft - math.Log10(1-percent/100)/decades*(chartRight-chartLeft)
	}
	names := []string{"0 %", "90 %", "99 %", "99.9 %", "99.99 %", "99.999 %", "99.9999 %"}
	for n := 0; float64(n) <= decades && n < len(names); n++ {
		c.XTicks = append(c.XTicks, tick{x(100 * (1 - math.Pow(10, -float64(n)))), names[n]})
	}
	for n, s := range steps {
		var path strings.Builder
		for i, p := range s.Curve {
			fmt.Fprintf(&path, "%s%.1f %.1f", move(i == 0), x(p.Percent), y(p.Latency))
		}
		c.Lines = append(c.Lines, line{s.Name, fmt.Sprintf("c%d", n), path.String()})
	}
	return c
}

// buckets sum seconds up, so that a long run stays readable: rates are means, latencies the worst of their seconds.
func buckets(seconds []Second) (list []Second, each int) {
	each = max(1, (len(seconds)+mostBuckets-1)/mostBuckets)
	for from := 0; from < len(seconds); from += each {
		var sum Second
		part := seconds[from:min(from+each, len(seconds))]
		for _, s := range part {
			sum.Good = sum.Good + s.Good
			sum.Declined = sum.Declined + s.Declined
			sum.Waiting = sum.Waiting + s.Waiting
			sum.Failed = sum.Failed + s.Failed
			sum.NotSent += s.NotSent
			sum.P50 = max(sum.P50, s.P50)
			sum.P99 = max(sum.P99, s.P99)
			sum.Max = max(sum.Max, s.Max)
		}
		n := len(part)
		sum.Good = sum.Good / n
		sum.Declined = sum.Declined / n
		sum.Waiting = sum.Waiting / n
		sum.Failed = sum.Failed / n
		sum.NotSent = sum.NotSent / n
		list = append(list, sum)
	}
	return list, each
}

// rateChart draws how many answers each second brought, and of which kind.
func rateChart(seconds []Second) chart {
	c := chart{Title: "Answers a second"}
	list, each := buckets(seconds)
	top := 1.0
	for _, s := range list {
		top = max(top, float64(s.Answers()+s.NotSent))
	}
	step := niceStep(top)
	top = math.Ceil(top/step) * step
	for v := 0.0; v <= top; v += step {
		c.YTicks = append(c.YTicks, tick{chartBottom - v/top*(chartBottom-chartTop), fmt.Sprintf("%g", v)})
	}
	wide := (chartRight - chartLeft) / float64(max(len(list), 1))
	for n, s := range list {
		y := chartBottom
		for _, part := range []struct {
			class string
			count int
		}{
			{"good", s.Good},
			{"declined", s.Declined},
			{"waiting", s.Waiting},
			{"failed", s.Failed},
			{"unsent", s.NotSent},
		} {
			if part.count == 0 {
				continue
			}
			high := float64(part.count) / top * (chartBottom - chartTop)
			y -= high
			c.Bars = append(c.Bars, bar{part.class, chartLeft + float64(n)*wide, y, max(wide-0.6, 0.4), high})
		}
	}
	c.XTicks = timeTicks(len(list)*each, len(seconds))
	return c
}

// timeChart draws the median, p99 and slowest answer of each second.
func timeChart(seconds []Second) chart {
	list, each := buckets(seconds)
	var all []time.Duration
	for _, s := range list {
		all = append(all, s.P50, s.P99, s.Max)
	}
	y, ticks := logTimes(all)
	c := chart{
		Title:  "Latency, second by second",
		YTicks: ticks,
		XTicks: timeTicks(len(list)*each, len(seconds)),
	}
	wide := (chartRight - chartLeft) / float64(max(len(list), 1))
	for _, l := range []struct {
		name, class string
		of          func(Second) time.Duration
	}{
		{"slowest", "c2", func(s Second) time.Duration {
			return s.Max
		}},
		{"p99", "c1", func(s Second) time.Duration { return s.P99 }},
		{"median", "c0", func(s Second) time.Duration { return s.P50 }},
	} {
		var path strings.Builder
		gap := true // a second without an answer is none
		for n, s := range list {
			if l.of(s) == 0 {
				gap = true
				continue
			}
			fmt.Fprintf(&path, "%s%.1f %.1f", move(gap), chartLeft+(float64(n)+0.5)*wide, y(l.of(s)))
			gap = false
		}
		c.Lines = append(c.Lines, line{l.name, l.class, path.String()})
	}
	return c
}

func move(first bool) string {
	if first {
		return "M"
	}
	return "L"
}

// timeTicks marks the seconds of an axis that is so many seconds long, of which the run filled some.
func timeTicks(length, filled int) (ticks []tick) {
	step := int(max(niceStep(float64(max(filled, 1))), 1))
	for s := 0; s <= filled; s += step {
		ticks = append(ticks,
			tick{
				chartLeft + float64(s)/float64(max(length, 1))*(chartRight-chartLeft),
				clock(time.Duration(s) * time.Second),
			})
	}
	return ticks
}

// niceStep divides an axis into four or five parts of 1, 2 or 5 times a power of ten.
func niceStep(top float64) float64 {
	step := math.Pow(10, math.Floor(math.Log10(top/4)))
	for _, times := range []float64{1, 2, 5, 10} {
		if top/(step*times) <= 5 {
			return step * times
		}
	}
	return step * 10
}
