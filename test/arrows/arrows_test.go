// Package arrows_test checks which packages import which. The permitted imports, called arrows, are listed here, and an
// import that is not listed fails the test.
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

// leaves may be imported by every package.
var leaves = []string{
	"mall/batch", "mall/calendar", "mall/fault", "mall/locale", "mall/memo", "mall/money", "mall/network",
	"mall/seal", "mall/strictjson", "mall/textnorm", "mall/transition",
}

// allowed lists, for each area, the areas that it may import besides the leaves. A package belongs to the area with the
// longest path that its own path begins with. "mall/*" stands for every module of the business.
var allowed = map[string][]string{
	"":                  {"command", "config"}, // main reads the command line
	"command":           {"config", "db", "demo", "load", "load/stage", "program"},
	"config":            {},
	"db":                {"db/migrations"},
	"db/dbtest":         {"db", "db/migrations", "embedded"},
	"db/migrations":     {},
	"demo":              {"mall", "mall/*"},
	"docs":              {},
	"embedded":          {},
	"load":              {}, // knows a mall only by its addresses
	"load/stage":        {"load", "mall", "mall/*"},
	"telemetry":         {},
	"mall":              {"mall/*", "db", "telemetry"}, // the composition of the business
	"mall/batch":        {},
	"mall/calendar":     {},
	"mall/fault":        {},
	"mall/locale":       {},
	"mall/memo":         {},
	"mall/money":        {},
	"mall/network":      {},
	"mall/seal":         {},
	"mall/strictjson":   {},
	"mall/textnorm":     {},
	"mall/transition":   {},
	"mall/redisbreaker": {},
	"mall/backoffice":   {"db", "mall/account", "mall/audit", "mall/outbox", "mall/risk"},
	"mall/account":      {"db", "mall/redisbreaker"},
	"mall/audit":        {},
	"mall/cache":        {"telemetry", "mall/redisbreaker"},
	"mall/cart":         {"db"},
	"mall/catalog":      {"db", "telemetry", "mall/cache"},
	"mall/catalog/listing": {
		"db",
		"mall/catalog",
	},
	"mall/entitlement":   {"db"},
	"mall/exchange":      {"db"},
	"mall/insight":       {"db", "telemetry"},
	"mall/inventory":     {"db", "telemetry", "mall/redisbreaker"},
	"mall/invoice":       {"db", "mall/order", "mall/payment", "mall/tax"},
	"mall/ledger":        {"db", "mall/exchange"},
	"mall/follow":        {"db"},
	"mall/mail":          {"db"},
	"mall/mail/mailtest": {}, // tests only
	"mall/notice": {
		"db", "mall/account", "mall/entitlement", "mall/ledger", "mall/mail", "mall/order", "mall/outbox",
		"mall/review",
	},
	"mall/malltest": {"*"}, // tests only
	"mall/media":    {"db"},
	"mall/order": {
		"db", "telemetry", "mall/redisbreaker", "mall/catalog", "mall/inventory", "mall/promotion",
		"mall/payment", "mall/entitlement", "mall/exchange", "mall/ledger", "mall/outbox", "mall/tax",
	},
	"mall/outbox":         {"db"},
	"mall/payment":        {"db", "telemetry"},
	"mall/payment/alipay": {"mall/payment"},
	"mall/payment/paypal": {"mall/payment"},
	"mall/payment/stripe": {"mall/payment"},
	"mall/payment/stripe/stripetest": {
		"mall/payment",
		"mall/payment/stripe",
	},
	"mall/payment/sandbox":   {"db", "mall/payment"},
	"mall/payment/settings":  {"db", "mall/payment"},
	"mall/payment/wechatpay": {"mall/payment"},
	"mall/payment/wechatpay/wechatpaytest": {
		"mall/payment",
		"mall/payment/wechatpay",
	},
	"mall/playback":  {"db", "mall/redisbreaker", "mall/entitlement", "mall/media"},
	"mall/promotion": {"db"},
	"mall/reconcile": {"db", "mall/ledger", "mall/order", "mall/payment"},
	"mall/review":    {"db"},
	"mall/risk":      {"db", "telemetry", "mall/redisbreaker"},
	"mall/search":    {"db", "mall/catalog"},
	"mall/sitepage":  {"db"},
	"mall/subscriber": {
		"mall/catalog", "mall/follow", "mall/insight", "mall/invoice", "mall/ledger", "mall/notice", "mall/order",
		"mall/outbox",
		"mall/review", "mall/search", "mall/webhook",
	},
	"mall/tax":         {"db"},
	"mall/waitingroom": {"telemetry", "mall/redisbreaker"},
	"mall/webhook":     {"db"},
	"jobs":             {"mall", "mall/*", "telemetry"},
	"views":            {"mall/*", "static"},
	"web":              {"mall", "mall/*", "views", "static", "db", "telemetry", "config"},
	"web/webtest":      {"*"}, // tests only
	"program":          {"*"}, // opens and runs everything
	"static":           {},
	"test":             {"*"},
}

// never lists the packages of other modules that no package of an area may import directly.
var never = map[string][]string{
	"mall/": {"github.com/labstack/echo", "github.com/a-h/templ"},
	"db":    {"github.com/labstack/echo", "github.com/a-h/templ"},
	"views": {"github.com/labstack/echo", "github.com/jackc/pgx", "github.com/redis/go-redis"},
}

type listed struct {
	ImportPath string
	Imports    []string
}

// arrow is the permission of an area to import what the entry names.
type arrow struct{ area, entry string }

// TestArrows_point_down fails on an import that no arrow permits, and on an arrow, a leaf or an area that nothing uses.
func TestArrows_point_down(t *testing.T) {
	t.Parallel()
	used, areas := map[arrow]bool{}, map[string]bool{}
	packages := list(t)
	if len(packages) < 20 {
		t.Fatalf("listed packages: got %d, want at least 20", len(packages))
	}
	for _, p := range packages {
		path := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, strings.TrimSuffix(module, "/")), "/")
		home := area(path)
		may, known := allowed[home]
		if !known || (home == "" && path != "") {
			t.Errorf("%q belongs to no area that this test knows", path)
			continue
		}
		areas[home] = true
		for _, imported := range p.Imports {
			if target, inside := strings.CutPrefix(imported, module); inside {
				to := area(target)
				if to == home {
					continue
				}
				entry, permitted := permission(may, to)
				if !permitted {
					t.Errorf("%s must not import %s: %q has no arrow to %q", path, target, home, to)
				}
				used[arrow{home, entry}] = true
				if slices.Contains(leaves, to) {
					used[arrow{leaf, to}] = true
				}
				continue
			}
			for prefix, banned := range never {
				if strings.HasPrefix(path, prefix) && slices.ContainsFunc(banned, func(b string) bool {
					return strings.HasPrefix(imported, b)
				}) {
					t.Errorf("%s must not import %s", path, imported)
				}
			}
		}
	}
	for home, may := range allowed {
		if !areas[home] {
			t.Errorf("no package belongs to area %q", home)
		}
		for _, entry := range may {
			if !used[arrow{home, entry}] {
				t.Errorf("no package of %q uses the arrow to %q", home, entry)
			}
		}
	}
	for _, l := range leaves {
		if !used[arrow{leaf, l}] {
			t.Errorf("no package imports the leaf %q", l)
		}
	}
}

// leaf stands for any area that imports a leaf.
const leaf = "leaf"

// permission returns the entry of may that permits an import of the area to.
func permission(may []string, to string) (entry string, permitted bool) {
	switch {
	case slices.Contains(leaves, to):
		return leaf, true
	case slices.Contains(may, to):
		return to, true
	case slices.Contains(may, "mall/*") && strings.HasPrefix(to, "mall/"):
		return "mall/*", true
	}
	return "*", slices.Contains(may, "*")
}

func area(path string) string {
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
