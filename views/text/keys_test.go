package text_test

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
)

var place = regexp.MustCompile(`\{\{\s*\.(\w+)\s*\}\}|\{(\w+)\}`)

// message files by language, every key with its forms joined.
func messageFiles(t *testing.T) map[string]map[string]string {
	t.Helper()
	out := map[string]map[string]string{}
	for path, body := range readAll(t, "messages", func(p string) bool { return strings.HasSuffix(p, ".toml") }) {
		parts := strings.Split(filepath.Base(path), ".")
		if len(parts) != 3 {
			t.Fatalf("%s is not <area>.<language>.toml", path)
		}
		lang := parts[1]
		if out[lang] == nil {
			out[lang] = map[string]string{}
		}
		var raw map[string]any
		if err := toml.Unmarshal([]byte(body), &raw); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		for key, value := range raw {
			if _, twice := out[lang][key]; twice {
				t.Errorf("%s: %q stands in another file too", path, key)
			}
			switch v := value.(type) {
			case string:
				out[lang][key] = v
			case map[string]any:
				var forms []string
				for form, s := range v {
					word, ok := s.(string)
					if !ok || !slices.Contains([]string{"one", "other"}, form) {
						t.Errorf("%s: %q is not a flat, quoted key with the forms one and other", path, key)
					}
					forms = append(forms, word)
				}
				if _, ok := v["other"]; !ok {
					t.Errorf("%s: %q has no form other", path, key)
				}
				out[lang][key] = strings.Join(forms, "\n")
			default:
				t.Errorf("%s: %q is a %T", path, key, value)
			}
		}
	}
	return out
}

// A reader who looks for "cart.title" opens cart.en.toml.
func TestMessageFiles_Keys(t *testing.T) {
	t.Parallel()
	files := readAll(t, "messages", func(p string) bool { return strings.HasSuffix(p, ".toml") })
	for path, body := range files {
		area, ending, _ := strings.Cut(filepath.Base(path), ".")
		var keys map[string]any
		if err := toml.Unmarshal([]byte(body), &keys); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		for key := range keys {
			want, _, _ := strings.Cut(key, ".")
			if _, ok := files[filepath.Join("messages", want+"."+ending)]; !ok {
				want = "common"
			}
			if area != want {
				t.Errorf("%s: %q belongs in %s.%s", path, key, want, ending)
			}
		}
	}
}

func places(s string) []string {
	seen := map[string]bool{}
	for _, m := range place.FindAllStringSubmatch(s, -1) {
		seen[m[1]+m[2]] = true
	}
	return slices.Sorted(maps.Keys(seen))
}

func TestMessageFiles_both_languages(t *testing.T) {
	t.Parallel()
	files := messageFiles(t)
	en, zh := files["en"], files["zh-CN"]
	if len(files) != 2 {
		t.Fatalf("languages: %v", slices.Collect(maps.Keys(files)))
	}
	for key, word := range en {
		other, ok := zh[key]
		switch {
		case !ok:
			t.Errorf("%q is missing in Chinese", key)
		case !slices.Equal(places(word), places(other)):
			t.Errorf("%q names %v in English and %v in Chinese", key, places(word), places(other))
		}
	}
	for key := range zh {
		if _, ok := en[key]; !ok {
			t.Errorf("%q is missing in English", key)
		}
	}
}

var (
	called  = regexp.MustCompile(`\.(?:T|N)\(\s*"([^"]*)"(\s*\+)?`)
	literal = regexp.MustCompile(`"([a-z0-9_]+(?:\.[a-z0-9_]+)*\.?)"(\s*\+)?`)
)

// A key is used where it stands as a literal. A literal that is joined to something, or ends in ".", uses all keys that
// begin with it.
func TestMessageFiles_match_source(t *testing.T) {
	t.Parallel()
	keys := messageFiles(t)["en"]
	source := func(p string) bool {
		return strings.HasSuffix(p, ".templ") ||
			(strings.HasSuffix(p, ".go") && !strings.HasSuffix(p, "_templ.go") && !strings.HasSuffix(p, "_test.go"))
	}
	files := readAll(t, "..", source)
	maps.Copy(files, readAll(t, "../../web", source))
	used, prefixes := map[string]bool{}, map[string]bool{}
	for path, body := range files {
		for _, m := range called.FindAllStringSubmatch(body, -1) {
			if _, ok := keys[m[1]]; !ok && m[2] == "" {
				t.Errorf("%s says %q, which no message file has", path, m[1])
			}
			if m[2] != "" {
				prefixes[m[1]] = true
			}
		}
		for _, m := range literal.FindAllStringSubmatch(body, -1) {
			used[m[1]] = true
			if m[2] != "" || strings.HasSuffix(m[1], ".") {
				prefixes[m[1]] = true
			}
		}
	}
	for prefix := range prefixes {
		for key := range keys {
			if strings.Contains(prefix, ".") && strings.HasPrefix(key, prefix) {
				used[key] = true
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		if !used[key] {
			t.Errorf("%q is used nowhere", key)
		}
	}
}

func readAll(t *testing.T, dir string, keep func(path string) bool) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if os.IsNotExist(err) {
			return nil
		}
		if err != nil || d.IsDir() || !keep(path) {
			return err
		}
		b, err := os.ReadFile(path)
		out[path] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
