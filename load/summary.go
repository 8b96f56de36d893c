package load

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"
)

// Summary writes a result for a person at a terminal.
func (r Result) Summary(w io.Writer) {
	fmt.Fprintf(w, "\n%s → %s: %d of %d visits in %s", r.Plan.Scenario, r.Plan.Target, r.Arrived, r.Planned,
		r.Took.Round(time.Millisecond))
	if r.Early {
		fmt.Fprint(w, ", ended early")
	}
	fmt.Fprintf(w, "\n%d requests, %.1f a second, %.0f at most\n\n", r.All.Times.Count, r.Requests.Mean,
		r.Requests.Peak)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "\tcount\tfailed\tp50\tp90\tp99\tp99.9\tmax\t")
	for _, s := range append(append([]Step{}, r.Steps...), r.All, r.Visits) {
		fmt.Fprintf(t, "%s\t%d\t%d\t%s\t%s\t%s\t%s\t%s\t\n", s.Name, s.Times.Count, s.failures(r), short(s.Times.P50),
			short(s.Times.P90),
			short(s.Times.P99), short(s.Times.P999), short(s.Times.Max))
	}
	_ = t.Flush()
	for _, list := range []Step{r.All, r.Visits} {
		fmt.Fprintf(w, "\nwhat became of %s\n", list.Name)
		for _, o := range list.Outcomes {
			fmt.Fprintf(w, "%10d  %s\n", o.Count, o.Name)
		}
	}
	if r.NotSent > 0 {
		fmt.Fprintf(w,
			"\n%d visits could not begin within %s and were not sent: the rate is beyond the mall, or this machine. "+
				"The latencies above are of the others.\n",
			r.NotSent, r.Plan.Patience)
	}
	for _, n := range r.Notes {
		fmt.Fprintf(w, "\n%s\n", n)
	}
	if len(r.Checks) > 0 {
		fmt.Fprintln(w, "\nthe exact count")
	}
	for _, c := range r.Checks {
		mark := "✓"
		if !c.OK() {
			mark = "✗"
		}
		fmt.Fprintf(w, "  %s %s\n", mark, c)
	}
	fmt.Fprintln(w)
}

// failures are of requests; how a visit ended is nobody's failure by itself.
func (s Step) failures(r Result) int {
	if s.Name == r.Visits.Name {
		return 0
	}
	return s.Failed()
}
