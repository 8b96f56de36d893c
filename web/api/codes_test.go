package api_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"videomall/views/text"
)

// anywhere are the codes that every address may answer with. The others each belong to an operation in the document.
var anywhere = []string{
	"400 unreadable_text", "403 access_denied", "404 not_found", "405 method_not_allowed",
	"413 too_large", "503 overloaded",
}

// kinds are the statuses that a fault of each kind may have. Faults with status 400, 405, 413 or 415 are Invalid.
var kinds = map[string][]string{
	"Invalid":         {"422", "400", "405", "413", "415"},
	"Unauthenticated": {"401"},
	"Forbidden":       {"403"},
	"NotFound":        {"404"},
	"Conflict":        {"409"},
	"TooMany":         {"429"},
	"Unavailable":     {"503"},
	"Internal":        {"500"},
}

func TestDocument_error_codes(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	var table []string
	for _, m := range regexp.MustCompile("(?m)^\\| (\\d{3}) \\| `([a-z_]+)` \\| .+ \\|$").
		FindAllStringSubmatch(string(page), -1) {
		table = append(table, m[1]+" "+m[2])
	}
	if !slices.IsSorted(table) {
		t.Error("the table in docs/api.md is not sorted by status and code")
	}
	described := append(codes(t), anywhere...)
	slices.Sort(described)
	described = slices.Compact(described)
	if diff := cmp.Diff(described, table); diff != "" {
		t.Errorf("error codes (-document +docs/api.md):\n%s", diff)
	}
	declared := faults(t)
	for _, entry := range table {
		status, code, _ := strings.Cut(entry, " ")
		if !slices.ContainsFunc(declared[code], func(kind string) bool {
			return slices.Contains(kinds[kind], status)
		}) {
			t.Errorf("%s: no fault with that code has that status: got kinds %v", entry, declared[code])
		}
		for _, l := range text.Langs {
			if !text.For(l.Lang).Has("errors." + code) {
				t.Errorf("errors.%s: message is missing in %s", code, l.Lang)
			}
		}
	}
}

// codes returns "status code" of every problem in the document.
func codes(t *testing.T) []string {
	t.Helper()
	var all []string
	for at, item := range spec(t).Paths.Map() {
		for method, o := range item.Operations() {
			for status, response := range o.Responses.Map() {
				media := response.Value.Content["application/problem+json"]
				if media == nil {
					continue
				}
				enum := media.Schema.Value.AllOf[1].Value.Properties["code"].Value.Enum
				if len(enum) == 0 {
					t.Errorf("%s %s: status %s lists no codes", method, at, status)
				}
				for _, code := range enum {
					all = append(all, status+" "+code.(string))
				}
			}
		}
	}
	return all
}

// faults returns the kinds of all faults that mall and web declare, by slug.
func faults(t *testing.T) map[string][]string {
	t.Helper()
	found := map[string][]string{"internal": {"Internal"}}
	for _, root := range []string{"../../mall", ".."} {
		err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") ||
				strings.HasSuffix(path, "_templ.go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok || len(call.Args) != 3 {
					return true
				}
				made, ok := call.Fun.(*ast.SelectorExpr)
				if !ok || !isName(made.X, "fault") || made.Sel.Name != "New" {
					return true
				}
				kind, okKind := call.Args[0].(*ast.SelectorExpr)
				slug, okSlug := call.Args[1].(*ast.BasicLit)
				if okKind && okSlug {
					if name, err := strconv.Unquote(slug.Value); err == nil {
						found[name] = append(found[name], kind.Sel.Name)
					}
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(found) < 50 {
		t.Fatalf("faults: got %d, want at least 50", len(found))
	}
	return found
}

func isName(e ast.Expr, name string) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == name
}
