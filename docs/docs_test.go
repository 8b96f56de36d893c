// Package docs_test compares the documents with the code: links lead somewhere, and the files, tests, metrics, tables
// and make targets that a document names exist.
package docs_test

import (
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const root = ".."

// documents returns the documents of the top level and below docs, by path.
func documents(t *testing.T) map[string]string {
	t.Helper()
	top, err := filepath.Glob(filepath.Join(root, "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	docs := map[string]string{}
	for _, path := range top {
		docs[path] = read(t, path)
	}
	for _, path := range files(t, ".", ".md") {
		docs[path] = read(t, path)
	}
	if len(docs) < 10 {
		t.Fatalf("only %d documents were found", len(docs))
	}
	return docs
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// files lists the files below dir with an ending, without node_modules and hidden folders.
func files(t *testing.T, dir, ending string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != dir &&
			(entry.Name() == "node_modules" || strings.HasPrefix(entry.Name(), ".") && entry.Name() != ".."):
			return fs.SkipDir
		case !entry.IsDir() && strings.HasSuffix(path, ending):
			found = append(found, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// firsts returns the set of the first groups of all matches.
func firsts(pattern *regexp.Regexp, text string) map[string]bool {
	set := map[string]bool{}
	for _, m := range pattern.FindAllStringSubmatch(text, -1) {
		set[m[1]] = true
	}
	return set
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

var link = regexp.MustCompile(`\]\(([^)\s]+)\)`)

func TestDocuments_links_lead_somewhere(t *testing.T) {
	t.Parallel()
	for path, text := range documents(t) {
		for target := range firsts(link, text) {
			u, err := url.Parse(target)
			if err != nil {
				t.Errorf("%s: %q is not a link: %v", path, target, err)
				continue
			}
			if u.Scheme == "" && u.Path != "" && !exists(filepath.Join(filepath.Dir(path), u.Path)) {
				t.Errorf("%s: %q leads nowhere", path, target)
			}
		}
	}
}

// TestDocuments_index_names_every_document checks that the index names every document, and the decisions in the order
// of their numbers.
func TestDocuments_index_names_every_document(t *testing.T) {
	t.Parallel()
	index := read(t, "README.md")
	linked := firsts(link, index)
	for path := range documents(t) {
		if path != "README.md" && !strings.HasPrefix(path, root) && !linked[filepath.ToSlash(path)] {
			t.Errorf("docs/README.md doesn't name %s", path)
		}
	}
	var decisions []string
	for _, m := range link.FindAllStringSubmatch(index, -1) {
		if strings.HasPrefix(m[1], "decisions/") {
			decisions = append(decisions, m[1])
		}
	}
	if !slices.IsSorted(decisions) {
		t.Errorf("decisions are out of order: %v", decisions)
	}
}

// TestDocuments_decisions_are_headed_alike checks that each record begins with the number of its file and a title.
func TestDocuments_decisions_are_headed_alike(t *testing.T) {
	t.Parallel()
	for path, text := range documents(t) {
		if filepath.Base(filepath.Dir(path)) != "decisions" {
			continue
		}
		number, _, _ := strings.Cut(filepath.Base(path), "-")
		if len(number) != 4 || !strings.HasPrefix(text, "# "+number+". ") {
			t.Errorf("%s begins with %.30q", path, text)
		}
	}
}

var (
	named   = regexp.MustCompile(`\b((?:Test|Fuzz)[A-Z]\w+)`)
	defined = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)[A-Z]\w+)\(`)
	file    = regexp.MustCompile("`([a-z0-9_]+/[a-z0-9_./-]+\\.(?:go|sql|sh|js|json|toml|templ))`")
)

func TestDocuments_named_tests_and_files_exist(t *testing.T) {
	t.Parallel()
	tests := map[string]bool{}
	for _, path := range files(t, root, "_test.go") {
		maps.Copy(tests, firsts(defined, read(t, path)))
	}
	for path, text := range documents(t) {
		for name := range firsts(named, text) {
			if !tests[name] {
				t.Errorf("%s: there is no test %s", path, name)
			}
		}
		for name := range firsts(file, text) {
			if !exists(filepath.Join(root, name)) {
				t.Errorf("%s: there is no file %s", path, name)
			}
		}
	}
}

var (
	target = regexp.MustCompile(`(?m)^([a-z-]+):`)
	called = regexp.MustCompile("(?m)(?:`|^)make ([a-z-]+)(?:`|$| +#)")
)

func TestDocuments_named_make_targets_exist(t *testing.T) {
	t.Parallel()
	targets := firsts(target, read(t, filepath.Join(root, "Makefile")))
	for path, text := range documents(t) {
		for name := range firsts(called, text) {
			if !targets[name] {
				t.Errorf("%s: there is no make %s", path, name)
			}
		}
	}
}

var (
	// These match registrations: counter("orders_total", …), desc("connections", …), Name: "videomall_stock_drift".
	counted    = regexp.MustCompile(`counter\("(\w+)"`)
	pooled     = regexp.MustCompile(`desc\("(\w+)"`)
	registered = regexp.MustCompile(`Name: +"videomall_(\w+)"`)
	explained  = regexp.MustCompile("(?m)^\\| `videomall_(\\w+)` \\|")
)

func TestDocuments_metrics_are_the_registered_ones(t *testing.T) {
	t.Parallel()
	source := read(t, filepath.Join(root, "telemetry", "metrics.go"))
	have := firsts(counted, source)
	maps.Copy(have, firsts(registered, source))
	for _, file := range []string{"exchange.go", "limits.go", "mail.go", "reconcile.go"} {
		maps.Copy(have, firsts(registered, read(t, filepath.Join(root, "telemetry", file))))
	}
	for name := range firsts(pooled, read(t, filepath.Join(root, "telemetry", "pool.go"))) {
		have["db_"+name] = true
	}
	same(t, "metric", have, firsts(explained, read(t, "metrics.md")))
}

var (
	created = regexp.MustCompile(`(?m)^create table (\w+) \(`)
	told    = regexp.MustCompile("(?m)^\\| `(\\w+)` \\|")
)

func TestDocuments_tables_are_those_of_the_migrations(t *testing.T) {
	t.Parallel()
	have := map[string]bool{}
	for _, path := range files(t, filepath.Join(root, "db", "migrations"), ".sql") {
		maps.Copy(have, firsts(created, read(t, path)))
	}
	same(t, "table", have, firsts(told, read(t, "schema.md")))
}

// same fails for every name that only one side has.
func same(t *testing.T, what string, have, said map[string]bool) {
	t.Helper()
	if len(have) == 0 {
		t.Fatalf("no %s was found", what)
	}
	for _, name := range slices.Sorted(maps.Keys(have)) {
		if !said[name] {
			t.Errorf("the %s %s is not explained", what, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(said)) {
		if !have[name] {
			t.Errorf("the %s %s does not exist", what, name)
		}
	}
}
