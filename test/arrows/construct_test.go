package arrows_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// open lists the exported fields that the result of a constructor may have, with the reason for each.
var open = map[string]string{
	"fault.Fault.Kind":         "a fault is a value",
	"fault.Fault.Slug":         "a fault is a value",
	"fault.Fault.Message":      "a fault is a value",
	"fault.Fault.Fields":       "a fault is a value",
	"inventory.Inventory.Gate": "the verbs of the gate are verbs of the stock",
}

// TestModules_are_constructed_whole fails on a field that could be set after a module's constructor has returned, or
// that gives access to what the module is built on.
func TestModules_are_constructed_whole(t *testing.T) {
	t.Parallel()
	found := 0
	used := map[string]bool{}
	err := filepath.WalkDir("../../mall", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		if name := d.Name(); name == "internal" || name == "malltest" || name == "mall" {
			if name == "mall" {
				return nil // the composition, whose fields are the modules
			}
			return fs.SkipDir
		}
		structs, made := parsed(t, path)
		for name := range made {
			s := structs[name]
			if s == nil {
				continue
			}
			found++
			for _, field := range s.Fields.List {
				for _, f := range names(field) {
					key := filepath.Base(path) + "." + name + "." + f
					if !ast.IsExported(f) {
						continue
					}
					if _, allowed := open[key]; !allowed {
						t.Errorf("%s is accessible after construction: pass it to the constructor instead", key)
					}
					used[key] = true
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if found < 20 {
		t.Errorf("constructed types: got %d, want at least 20", found)
	}
	for key := range open {
		if !used[key] {
			t.Errorf("%s is listed in open, but no such exported field exists", key)
		}
	}
}

// parsed returns the struct types of a package, and the types to which its constructors return a pointer.
func parsed(t *testing.T, dir string) (structs map[string]*ast.StructType, made map[string]bool) {
	t.Helper()
	structs, made = map[string]*ast.StructType{}, map[string]bool{}
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					if ts, ok := spec.(*ast.TypeSpec); ok {
						if s, ok := ts.Type.(*ast.StructType); ok {
							structs[ts.Name.Name] = s
						}
					}
				}
			case *ast.FuncDecl:
				if name := constructed(d); name != "" {
					made[name] = true
				}
			}
		}
	}
	return structs, made
}

// constructed returns the type to which a constructor returns a pointer, or "" for any other function.
func constructed(d *ast.FuncDecl) string {
	if d.Recv != nil || !strings.HasPrefix(d.Name.Name, "New") || d.Type.Results == nil {
		return ""
	}
	pointer, ok := d.Type.Results.List[0].Type.(*ast.StarExpr)
	if !ok {
		return ""
	}
	if name, ok := pointer.X.(*ast.Ident); ok {
		return name.Name
	}
	return ""
}

// names returns the names of a field. An embedded field has the name of its type.
func names(field *ast.Field) []string {
	if len(field.Names) == 0 {
		x := field.Type
		if p, ok := x.(*ast.StarExpr); ok {
			x = p.X
		}
		switch x := x.(type) {
		case *ast.Ident:
			return []string{x.Name}
		case *ast.SelectorExpr:
			return []string{x.Sel.Name}
		}
		return nil
	}
	var list []string
	for _, n := range field.Names {
		list = append(list, n.Name)
	}
	return list
}
