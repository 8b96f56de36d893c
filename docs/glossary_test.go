package docs_test

import (
	"go/scanner"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/BurntSushi/toml"
	"github.com/google/go-cmp/cmp"
)

// avoided lists the words that the glossary excludes: whole identifiers, parts of identifiers, and words on pages by
// language.
type avoided struct {
	identifiers, parts []string
	pages              map[string][]string
}

// readGlossary reads the tables of glossary.md.
func readGlossary(t *testing.T) avoided {
	t.Helper()
	a := avoided{pages: map[string][]string{}}
	var columns []string
	for line := range strings.Lines(read(t, "glossary.md")) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "|") {
			columns = nil
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		switch {
		case columns == nil:
			columns = cells
			continue
		case strings.HasPrefix(cells[0], "-"):
			continue
		case len(cells) != len(columns):
			t.Errorf("%d cells below %d columns: %s", len(cells), len(columns), line)
			continue
		}
		for i, column := range columns {
			for word := range strings.SplitSeq(cells[i], ",") {
				word = strings.TrimSpace(word)
				switch {
				case word == "":
				case column == "not in code" && strings.HasPrefix(word, "`"):
					a.identifiers = append(a.identifiers, strings.Trim(word, "`"))
				case column == "not in code":
					a.parts = append(a.parts, word)
				case column == "not on pages (en)":
					a.pages["en"] = append(a.pages["en"], word)
				case column == "not on pages (zh-CN)":
					a.pages["zh-CN"] = append(a.pages["zh-CN"], word)
				}
			}
		}
	}
	if len(a.identifiers) < 5 || len(a.parts) < 5 || len(a.pages["en"]) < 5 || len(a.pages["zh-CN"]) < 3 {
		t.Fatalf("the glossary has too few words: %+v", a)
	}
	return a
}

// words splits an identifier into its words: firstMaker becomes first, maker.
func words(identifier string) []string {
	var out []string
	from := 0
	runes := []rune(identifier)
	for i := 1; i <= len(runes); i++ {
		if i == len(runes) || runes[i] == '_' || unicode.IsUpper(runes[i]) && !unicode.IsUpper(runes[i-1]) {
			out = append(out, strings.ToLower(strings.Trim(string(runes[from:i]), "_")))
			from = i
		}
	}
	return out
}

func TestGlossary_Words(t *testing.T) {
	t.Parallel()
	for identifier, want := range map[string][]string{
		"firstMaker":  {"first", "maker"},
		"ShelfOf":     {"shelf", "of"},
		"lock_shelf":  {"lock", "shelf"},
		"troublesome": {"troublesome"},
	} {
		if diff := cmp.Diff(want, words(identifier)); diff != "" {
			t.Errorf("%s is (-want +got):\n%s", identifier, diff)
		}
	}
}

// TestGlossary_Code fails for an identifier that the glossary excludes. It skips the code that draws the demo's videos,
// which is not about the business.
func TestGlossary_Code(t *testing.T) {
	t.Parallel()
	avoid := readGlossary(t)
	seen := 0
	for _, path := range files(t, root, ".go") {
		if strings.HasPrefix(path, filepath.Join(root, "demo", "gen")) || strings.Contains(path, "glossary_test") {
			continue
		}
		src, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		set := token.NewFileSet()
		file := set.AddFile(path, -1, len(src))
		var s scanner.Scanner
		s.Init(file, src, nil, 0)
		for {
			at, kind, name := s.Scan()
			if kind == token.EOF {
				break
			}
			if kind != token.IDENT {
				continue
			}
			seen++
			if slices.Contains(avoid.identifiers, name) {
				t.Errorf("%s: %s is a word that the glossary avoids", set.Position(at), name)
			}
			for _, word := range words(name) {
				if slices.Contains(avoid.parts, word) {
					t.Errorf("%s: %s holds %q, which the glossary avoids", set.Position(at), name, word)
				}
			}
		}
	}
	if seen < 100_000 {
		t.Fatalf("only %d identifiers were read", seen)
	}
}

// TestGlossary_Pages fails for a message with a word that the glossary excludes from the pages of its language.
func TestGlossary_Pages(t *testing.T) {
	t.Parallel()
	avoid := readGlossary(t)
	for language, list := range avoid.pages {
		messages := files(t, filepath.Join(root, "views", "text", "messages"), "."+language+".toml")
		if len(messages) < 20 {
			t.Fatalf("only %d files of messages in %s", len(messages), language)
		}
		quoted := make([]string, len(list))
		for i, word := range list {
			quoted[i] = regexp.QuoteMeta(word)
		}
		pattern := `(?i)\b(` + strings.Join(quoted, "|") + `)\b`
		if language == "zh-CN" { // Chinese has no boundaries between words
			pattern = strings.Join(quoted, "|")
		}
		forbidden := regexp.MustCompile(pattern)
		for _, path := range messages {
			var message map[string]any
			if err := toml.Unmarshal([]byte(read(t, path)), &message); err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			for key, value := range message {
				forms, plural := value.(map[string]any)
				if !plural {
					forms = map[string]any{"": value}
				}
				for _, form := range forms {
					text, _ := form.(string)
					if word := forbidden.FindString(text); word != "" {
						t.Errorf("%s: %s says %q, which the glossary avoids: %s", path, key, word, text)
					}
				}
			}
		}
	}
}
