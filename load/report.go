package load

import (
	"bufio"
	"context"
	_ "embed"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
)

//go:embed report.css
var reportCSS string

// reportStyle is handed on as it is: a template can't read CSS.
var reportStyle = "<style>\n" + reportCSS + "</style>"

// report is what the page shows: templ, unlike html/template, calls no method by its name, so that the linker can leave
// out of the program what nobody calls.
type report struct {
	Result
	Curve, Rate, Time chart
	Broken            []Check
}

// Report writes a result as one HTML page that asks nobody for anything.
func (r Result) Report(w io.Writer) error {
	return report{
		Result: r,
		Curve:  curveChart(append([]Step{r.All}, slowest(r.Steps)...)),
		Rate:   rateChart(r.Seconds),
		Time:   timeChart(r.Seconds),
		Broken: Broken(r.Checks),
	}.page().Render(context.Background(), w)
}

// at writes a coordinate of a drawing.
func at(x float64) string { return strconv.FormatFloat(x, 'f', 1, 64) }

// anchor keeps the label of the last tick within the drawing.
func anchor(x float64) string {
	if x > 395 {
		return "end"
	}
	return "middle"
}

// Broken are the checks that do not add up.
func Broken(checks []Check) (wrong []Check) {
	for _, c := range checks {
		if !c.OK() {
			wrong = append(wrong, c)
		}
	}
	return wrong
}

// mostCurves beside that of all requests: more can't be told apart.
const mostCurves = 4

// slowest are the steps with the highest p99, where there are several.
func slowest(steps []Step) []Step {
	if len(steps) < 2 {
		return nil
	}
	list := append([]Step{}, steps...)
	for len(list) > mostCurves {
		fastest := 0
		for n, s := range list {
			if s.Times.P99 < list[fastest].Times.P99 {
				fastest = n
			}
		}
		list = append(list[:fastest], list[fastest+1:]...)
	}
	return list
}

type setting struct{ Name, Value string }

func (p Plan) settings() []setting {
	pattern := "as independent people come (Poisson)"
	if p.Constant {
		pattern = "evenly spaced"
	}
	return []setting{
		{"scenario", p.Scenario},
		{"target", p.Target},
		{"arrivals", fmt.Sprintf("%g a second, %s", p.Rate, pattern)},
		{"ramp", p.Ramp.String()},
		{"duration", p.Duration.String()},
		{"visits at most", fmt.Sprint(p.Most)},
		{"visits in flight at most", fmt.Sprint(p.InFlight)},
		{"patience of a visit that can't begin", p.Patience.String()},
		{"time-out of a request", p.Timeout.String()},
		{"a buyer persists for", p.Persist.String()},
		{"mean pause between pages", p.Think.String()},
		{"seed", fmt.Sprint(p.Seed)},
	}
}

// machine is what the crowd came from; with a loopback target, the mall's machine too.
func machine() []setting {
	list := []setting{
		{"system", runtime.GOOS + "/" + runtime.GOARCH},
		{"processors", fmt.Sprint(runtime.NumCPU())},
		{"Go", runtime.Version()},
	}
	for _, f := range []struct{ path, field, name string }{
		{"/proc/cpuinfo", "model name", "processor"},
		{"/proc/meminfo", "MemTotal", "memory"},
	} {
		if value := procField(f.path, f.field); value != "" {
			list = append(list, setting{f.name, value})
		}
	}
	return list
}

// procField reads "field : value" of a file of Linux's; "" elsewhere.
func procField(path, field string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if name, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(name) == field {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// share is a part of a whole, in percent.
func share(part int, whole int64) string {
	percent := 100 * float64(part) / float64(max(whole, 1))
	if part > 0 && percent < 0.1 {
		return "< 0.1 %"
	}
	return fmt.Sprintf("%.1f %%", percent)
}
