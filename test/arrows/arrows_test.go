// Package arrows_test keeps the house's arrows pointing down: who may import whom is stated here, and a new arrow
// fails until it is stated too.
package arrows_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "videomall/"

// leaves may be imported by everybody below main.
var leaves = []string{"mall/batch", "mall/calendar", "mall/fault", "mall/money", "mall/network", "mall/seal", "mall/strictjson", "mall/textnorm"}

// allowed lists, for each room, the rooms that it may import besides the leaves. A room is the longest entry that
// a package's path begins with. "mall/*" stands for every module of the business.
var allowed = map[string][]string{
	"":                     {"*"}, // main wires everything
	"config":               {},
	"db":                   {"db/migrations"},
	"db/dbtest":            {"db", "db/migrations", "embedded"},
	"db/migrations":        {},
	"demo":                 {"mall", "mall/*"},
	"docs":                 {},
	"embedded":             {},
	"load":                 {}, // knows a mall by its addresses
	"load/stage":           {"load", "mall", "mall/*"},
	"telemetry":            {},
	"mall":                 {"mall/*", "db", "telemetry"}, // the composition of the business
	"mall/batch":           {},
	"mall/calendar":        {},
	"mall/fault":           {},
	"mall/money":           {},
	"mall/network":         {},
	"mall/seal":            {},
	"mall/strictjson":      {},
	"mall/textnorm":        {},
	"mall/away":            {},
	"mall/account":         {"db", "telemetry", "mall/away"},
	"mall/audit":           {"db", "telemetry"},
	"mall/cache":           {"telemetry", "mall/away"},
	"mall/cart":            {"db", "telemetry"},
	"mall/catalog":         {"db", "telemetry", "mall/cache"},
	"mall/entitlement":     {"db", "telemetry"},
	"mall/insight":         {"db", "telemetry"},
	"mall/inventory":       {"db", "telemetry", "mall/away"},
	"mall/ledger":          {"db", "telemetry"},
	"mall/malltest":        {"*"}, // tests only
	"mall/media":           {"db", "telemetry", "mall/catalog", "mall/entitlement"},
	"mall/order":           {"db", "telemetry", "mall/away", "mall/catalog", "mall/inventory", "mall/promotion", "mall/payment", "mall/entitlement", "mall/ledger", "mall/outbox"},
	"mall/outbox":          {"db", "telemetry"},
	"mall/payment":         {"db", "telemetry"},
	"mall/payment/sandbox": {"db", "telemetry", "mall/payment"},
	"mall/playback":        {"db", "telemetry", "mall/away", "mall/catalog", "mall/entitlement", "mall/media"},
	"mall/promotion":       {"db", "telemetry"},
	"mall/review":          {"db", "telemetry"},
	"mall/risk":            {"db", "telemetry", "mall/away"},
	"mall/search":          {"db", "telemetry", "mall/catalog"},
	"mall/sitepage":        {"db", "telemetry"},
	"mall/webhook":         {"db", "telemetry"},
	"jobs":                 {"mall", "mall/*", "db", "telemetry"},
	"views":                {"mall/*", "static"},
	"web":                  {"mall", "mall/*", "views", "static", "db", "telemetry", "config"},
	"web/webtest":          {"*"}, // tests only
	"program":              {"*"}, // opens and runs everything
	"static":               {},
	"test":                 {"*"},
}

// never lists what no package of a room may import from outside the house, directly.
var never = map[string][]string{
	"mall/": {"github.com/labstack/echo", "github.com/a-h/templ"},
	"db":    {"github.com/labstack/echo", "github.com/a-h/templ"},
	"views": {"github.com/labstack/echo", "github.com/jackc/pgx", "github.com/redis/go-redis"},
}

type listed struct {
	ImportPath string
	Imports    []string
}

func TestArrowsPointDown(t *testing.T) {
	t.Parallel()
	packages := list(t)
	if len(packages) < 20 {
		t.Fatalf("only %d packages were listed", len(packages))
	}
	for _, p := range packages {
		path := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, strings.TrimSuffix(module, "/")), "/")
		home := room(path)
		may, known := allowed[home]
		if !known || (home == "" && path != "") {
			t.Errorf("%q lies in no room that this test knows", path)
			continue
		}
		for _, imported := range p.Imports {
			if target, inside := strings.CutPrefix(imported, module); inside {
				if to := room(target); to != home && !permits(may, to) {
					t.Errorf("%s must not import %s: %q has no arrow to %q", path, target, home, to)
				}
				continue
			}
			for prefix, banned := range never {
				if strings.HasPrefix(path, prefix) && slices.ContainsFunc(banned, func(b string) bool { return strings.HasPrefix(imported, b) }) {
					t.Errorf("%s must not import %s", path, imported)
				}
			}
		}
	}
}

func permits(may []string, to string) bool {
	if slices.Contains(may, "*") || slices.Contains(leaves, to) || slices.Contains(may, to) {
		return true
	}
	return slices.Contains(may, "mall/*") && strings.HasPrefix(to, "mall/")
}

func room(path string) string {
	best := ""
	for r := range allowed {
		if (path == r || strings.HasPrefix(path, r+"/")) && len(r) > len(best) {
			best = r
		}
	}
	return best
}

func list(t *testing.T) []listed {
	t.Helper()
	command := exec.Command("go", "list", "-json=ImportPath,Imports", "./...")
	command.Dir = "../.."
	out, err := command.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var packages []listed
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
}
