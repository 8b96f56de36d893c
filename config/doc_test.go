package config_test

import (
	"flag"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"videomall/config"
)

var update = flag.Bool("update", false, "rewrite the table in docs/configuration.md")

const (
	doc        = "../docs/configuration.md"
	begin, end = "<!-- made by: go test ./config -update -->\n", "<!-- end -->\n"
)

func table() string {
	var b strings.Builder
	b.WriteString("| variable | default | meaning |\n|---|---|---|\n")
	for _, f := range reflect.VisibleFields(reflect.TypeFor[config.Config]()) {
		name := f.Tag.Get("env")
		if name == "" {
			continue
		}
		usual := f.Tag.Get("fallback")
		if d := f.Tag.Get("envDefault"); d != "" {
			usual = "`" + d + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", name, usual, f.Tag.Get("doc"))
	}
	return b.String()
}

func TestTheDocumentNamesEveryVariable(t *testing.T) {
	raw, err := os.ReadFile(doc)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok1 := strings.Cut(string(raw), begin)
	was, tail, ok2 := strings.Cut(rest, end)
	if !ok1 || !ok2 {
		t.Fatalf("%s has lost its marks", doc)
	}
	if was == table() {
		return
	}
	if !*update {
		t.Fatalf("%s differs from the tags of config.Config; run: go test ./config -update", doc)
	}
	if err := os.WriteFile(doc, []byte(head+begin+table()+end+tail), 0o644); err != nil {
		t.Fatal(err)
	}
}
