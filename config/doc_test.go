package config_test

import (
	"flag"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"videomall/config"
)

var update = flag.Bool("update", false, "rewrite docs/configuration.md and .env.example")

const (
	doc        = "../docs/configuration.md"
	example    = "../.env.example"
	begin, end = "<!-- made by: go test ./config -update -->\n", "<!-- end -->\n"
)

// variables returns the fields of config.Config that the environment fills.
func variables() []reflect.StructTag {
	var tags []reflect.StructTag
	for _, f := range reflect.VisibleFields(reflect.TypeFor[config.Config]()) {
		if f.Tag.Get("env") != "" {
			tags = append(tags, f.Tag)
		}
	}
	return tags
}

func table() string {
	var b strings.Builder
	b.WriteString("| variable | default | meaning |\n|---|---|---|\n")
	for _, v := range variables() {
		usual := v.Get("fallback")
		if d := v.Get("envDefault"); d != "" {
			usual = "`" + d + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", v.Get("env"), usual, v.Get("doc"))
	}
	return b.String()
}

// linkBelow matches a link within docs/configuration.md.
var linkBelow = regexp.MustCompile(`\[[^\]]*\]\((#[^)]*)\)`)

const exampleHead = `# Made by: go test ./config -update
#
# Every variable of the mall, each with its default. Copy this file to .env, uncomment what you change, and start with
#
#     set -a; . ./.env; set +a; make run
#
# Quote a value with a space or one of & $ ; in it.
# docs/configuration.md says more.
`

func exampleFile() string {
	var b strings.Builder
	b.WriteString(exampleHead)
	for _, v := range variables() {
		meaning := v.Get("doc")
		if v.Get("envDefault") == "" {
			meaning += " (default: " + linkBelow.ReplaceAllString(v.Get("fallback"), "docs/configuration.md$1") + ")"
		}
		b.WriteString("\n" + comment(meaning))
		fmt.Fprintf(&b, "#%s=%s\n", v.Get("env"), v.Get("envDefault"))
	}
	return b.String()
}

// comment breaks a text into lines of a shell comment.
func comment(text string) string {
	const width = 100
	var b strings.Builder
	line := "#"
	for word := range strings.FieldsSeq(text) {
		if len(line)+1+len(word) > width {
			b.WriteString(line + "\n")
			line = "#"
		}
		line += " " + word
	}
	return b.String() + line + "\n"
}

func TestConfig_Example(t *testing.T) {
	was, err := os.ReadFile(example)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	if string(was) == exampleFile() {
		return
	}
	if !*update {
		t.Fatalf("%s differs from the tags of config.Config; run: go test ./config -update", example)
	}
	if err := os.WriteFile(example, []byte(exampleFile()), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestDocument_names_every_variable(t *testing.T) {
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
