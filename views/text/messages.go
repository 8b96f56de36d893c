package text

import (
	"embed"
	"fmt"
	"io/fs"
	"strings"

	"github.com/BurntSushi/toml"
	"golang.org/x/text/feature/plural"
)

//go:embed messages/*.toml
var messages embed.FS

// entry is one message of a file. A text without plural forms has the form other alone.
type entry struct {
	forms  map[plural.Form]string
	places bool // has places such as {{.Title}}
}

// pluralForms are the forms that a file may name; English and Chinese need no others.
var pluralForms = map[string]plural.Form{
	"one":   plural.One,
	"other": plural.Other,
}

// UnmarshalTOML reads "text" or { one = "text", other = "text" }.
func (m *entry) UnmarshalTOML(value any) error {
	m.forms = map[plural.Form]string{}
	switch value := value.(type) {
	case string:
		m.forms[plural.Other] = value
	case map[string]any:
		for name, text := range value {
			form, known := pluralForms[name]
			s, isText := text.(string)
			if !known || !isText {
				return fmt.Errorf("%q is no plural form with a text", name)
			}
			m.forms[form] = s
		}
	default:
		return fmt.Errorf("%v is neither a text nor a table of plural forms", value)
	}
	if _, ok := m.forms[plural.Other]; !ok {
		return fmt.Errorf("no form %q", "other")
	}
	for _, s := range m.forms {
		m.places = m.places || strings.Contains(s, "{{")
	}
	return nil
}

// form returns the text for a count in a form of the language's, or the form other where there is no such text.
func (m entry) form(f plural.Form) string {
	if s, ok := m.forms[f]; ok {
		return s
	}
	return m.forms[plural.Other]
}

// fill puts the values of name, value pairs into the places of a text: {{.Title}}.
func fill(text string, args []any) string {
	pairs := make([]string, 0, len(args))
	for i := 0; i+1 < len(args); i += 2 {
		pairs = append(pairs, "{{."+fmt.Sprint(args[i])+"}}", fmt.Sprint(args[i+1]))
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// load reads the files once, at start. A file that cannot be read is a mistake in the source code.
func load(files embed.FS) map[Lang]*Printer {
	out := map[Lang]*Printer{}
	for _, l := range Langs {
		out[l.Lang] = &Printer{
			Lang:     l.Lang,
			messages: map[string]entry{},
			form:     forms[l.Lang],
		}
	}
	entries, err := fs.ReadDir(files, "messages")
	if err != nil {
		panic("text: " + err.Error())
	}
	for _, file := range entries {
		b, err := files.ReadFile("messages/" + file.Name())
		if err != nil {
			panic("text: " + err.Error())
		}
		_, lang, _ := strings.Cut(strings.TrimSuffix(file.Name(), ".toml"), ".")
		p := out[Lang(lang)]
		if p == nil {
			panic("text: messages/" + file.Name() + " is in no language of the mall")
		}
		if err := toml.Unmarshal(b, &p.messages); err != nil {
			panic(fmt.Sprintf("text: messages/%s: %v", file.Name(), err))
		}
	}
	return out
}
