// Package transitiontest compares a state machine's table with what the database allows and what a document draws.
package transitiontest

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"videomall/mall/transition"
)

// PostgreSQL writes (a, b) IN (…) back as pairs of comparisons, or as rows.
var (
	compared = regexp.MustCompile(`\(from_\w+ = '(\w+)'::text\) AND \(to_\w+ = '(\w+)'::text\)`)
	rows     = regexp.MustCompile(`ROW\('(\w+)'::text, '(\w+)'::text\)`)
	drawn    = regexp.MustCompile(`(?m)^\s+(\w+) --> (\w+)`)
)

// Compare fails unless the CHECK constraint of that name allows the transitions of the table, no more and no less, and
// the first state diagram of a Markdown file draws them. An empty file name compares with no drawing.
func Compare[S ~string](t *testing.T, table transition.Table[S], pool *pgxpool.Pool, constraint, file string) {
	t.Helper()
	var want []string
	for from, to := range table {
		for _, s := range to {
			want = append(want, string(from)+" "+string(s))
		}
	}
	slices.Sort(want)
	if len(want) == 0 {
		t.Fatal("the table is empty")
	}

	var check string
	if err := pool.QueryRow(t.Context(), `select pg_get_constraintdef(oid) from pg_constraint where conname = $1`,
		constraint).Scan(&check); err != nil {
		t.Fatalf("constraint %s: %v", constraint, err)
	}
	if got := append(pairs(compared, check), pairs(rows, check)...); !equal(got, want) {
		t.Errorf("%s allows %q, the table %q: %s", constraint, got, want, check)
	}
	if file == "" {
		return
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	_, diagram, found := strings.Cut(string(text), "stateDiagram-v2")
	diagram, _, closed := strings.Cut(diagram, "```")
	if !found || !closed {
		t.Fatalf("%s draws no states", file)
	}
	if got := pairs(drawn, diagram); !equal(got, want) {
		t.Errorf("%s draws %q, the table has %q", file, got, want)
	}
}

func pairs(expression *regexp.Regexp, text string) []string {
	var found []string
	for _, m := range expression.FindAllStringSubmatch(text, -1) {
		found = append(found, m[1]+" "+m[2])
	}
	return found
}

// equal compares without regard to order; want is sorted.
func equal(got, want []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(got)), want)
}
