package load

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// Screen shows a run while it lasts: redrawn in place where Width is known, else a plain line a second.
type Screen struct {
	W io.Writer
	// Width is the terminal's, in columns; 0 says that there is none.
	Width func() int
}

const redraw = 250 * time.Millisecond

// Show draws until ctx ends.
func (s Screen) Show(ctx context.Context, now func() Glance) {
	every, drawn := time.Second, 0
	if s.Width() > 0 {
		every = redraw
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if width := s.Width(); width > 0 {
			drawn = s.paint(now(), width, drawn)
		}
		select {
		case <-ctx.Done():
			if width := s.Width(); width > 0 {
				s.paint(now(), width, drawn)
			}
			return
		case <-tick.C:
			if s.Width() == 0 {
				fmt.Fprintln(s.W, Line(now()))
			}
		}
	}
}

// paint draws over the lines it drew before and returns how many there are now.
func (s Screen) paint(g Glance, width, before int) int {
	var b strings.Builder
	if before > 0 {
		fmt.Fprintf(&b, "\x1b[%dA", before)
	}
	b.WriteString("\r\x1b[J")
	lines := Panel(g, width)
	for _, line := range lines {
		b.WriteString(line + "\n")
	}
	_, _ = io.WriteString(s.W, b.String())
	return len(lines)
}

// Line is how things stand, in one line.
func Line(g Glance) string {
	return fmt.Sprintf("%4ds  %5d/s  in flight %d  not sent %d  p50 %s  p90 %s  p99 %s  max %s  failed %d",
		int(g.Elapsed.Seconds()), g.Last.Answers(), g.InFlight, g.NotSent, short(g.Times.P50), short(g.Times.P90),
		short(g.Times.P99), short(g.Times.Max), failed(g))
}

// Panel is how things stand, in lines of at most width columns and some colour.
func Panel(g Glance, width int) []string {
	width = max(width-1, 40) // the last column wraps on some terminals
	p90 := "   p90 " + short(g.Times.P90)
	if width < 72 {
		p90 = ""
	}
	bar := min(width-34, 40)
	done := min(float64(g.Elapsed)/float64(max(g.Length, 1)), 1)
	full := int(done * float64(bar))
	lines := []string{
		"",
		fmt.Sprintf("  %s → %s", bold(g.Scenario), g.Target),
		fmt.Sprintf("  %s of %s  %s%s", clock(g.Elapsed), clock(g.Length), strings.Repeat("█", full),
			faint(strings.Repeat("░", max(0, bar-full)))),
		"",
		fmt.Sprintf("  visits   %d of %d   in flight %d   not sent %s", g.Arrived, g.Planned, g.InFlight,
			red(g.NotSent)),
		fmt.Sprintf("  answers  %d/s   %d altogether   failed %s", g.Last.Answers(), g.Times.Count, red(failed(g))),
		fmt.Sprintf("  latency  p50 %s%s   p99 %s   max %s", bold(short(g.Times.P50)), p90, bold(short(g.Times.P99)),
			short(g.Times.Max)),
		"  p99      " + sparkline(g.Seconds, min(width-24, 60)),
		"",
	}
	for _, list := range []struct {
		name string
		of   map[string]int
	}{{"outcomes", g.Outcomes}, {"visits", g.Visits}} {
		lines = append(lines, "  "+list.name)
		lines = append(lines, outcomes(list.of, width)...)
	}
	return append(lines, "", faint("  Ctrl-C ends early, with a full report."))
}

// mostOutcomes are shown; a mall that fails in more ways than these is told apart in the report.
const mostOutcomes = 8

func outcomes(of map[string]int, width int) (lines []string) {
	names := slices.SortedFunc(maps.Keys(of), func(a, b string) int {
		return cmp.Or(cmp.Compare(of[b], of[a]), cmp.Compare(a, b))
	})
	for n, name := range names {
		if n == mostOutcomes {
			return append(lines, fmt.Sprintf("  %10s  and %d more", "", len(names)-n))
		}
		shown := name
		if over := len(shown) - (width - 14); over > 0 {
			shown = shown[:len(shown)-over]
		}
		lines = append(lines, fmt.Sprintf("  %10d  %s", of[name], shown))
	}
	return lines
}

func failed(g Glance) (n int) {
	for name, count := range g.Outcomes {
		if KindOf(name) == Failed {
			n += count
		}
	}
	return n
}

// sparkline draws the p99 of the latest seconds, and says what its top is.
func sparkline(seconds []Second, width int) string {
	const bars = " ▁▂▃▄▅▆▇█"
	seconds = seconds[max(0, len(seconds)-width):]
	var top time.Duration
	for _, s := range seconds {
		top = max(top, s.P99)
	}
	if top == 0 {
		return ""
	}
	var b strings.Builder
	for _, s := range seconds {
		at := int(s.P99 * 8 / top)
		if s.P99 > 0 {
			at = max(at, 1)
		}
		b.WriteRune([]rune(bars)[at])
	}
	return b.String() + faint(" to "+short(top))
}

// short writes a duration in three digits.
func short(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return fmt.Sprintf("%.2f ms", d.Seconds()*1000)
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.1f ms", d.Seconds()*1000)
	case d < time.Second:
		return fmt.Sprintf("%.0f ms", d.Seconds()*1000)
	case d < 10*time.Second:
		return fmt.Sprintf("%.2f s", d.Seconds())
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}

func clock(d time.Duration) string {
	s := int(d.Round(time.Second).Seconds())
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

func bold(s string) string  { return "\x1b[1m" + s + "\x1b[0m" }
func faint(s string) string { return "\x1b[2m" + s + "\x1b[0m" }

// red shows a number that should be nought.
func red(n int) string {
	if n == 0 {
		return "0"
	}
	return fmt.Sprintf("\x1b[31m%d\x1b[0m", n)
}
