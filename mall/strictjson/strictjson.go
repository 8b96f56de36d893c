// Package strictjson owns how the mall reads JSON that others wrote: bodies of the API, notices of payment providers.
// One value and nothing after it, names exactly as they are documented, none twice, numbers that are numbers. It
// refuses to know what a message means.
package strictjson

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// ErrMisspelt says that a message has a member whose name differs from a known one by case alone. Readers disagree
// about which of the two counts, so that neither does.
var ErrMisspelt = errors.New("strictjson: a member's name differs from a known one by its case alone")

// Closed reads a message whose every member is known. Its errors are those of the JSON package: *json.SemanticError
// with json.ErrUnknownName for an unknown name, *jsontext.SyntacticError with jsontext.ErrDuplicateName for one that
// comes twice.
func Closed(body []byte, into any) error {
	return json.Unmarshal(body, into, json.RejectUnknownMembers(true))
}

// Open reads a message that may have members this side does not know yet, as providers add some at any time. into
// points to a struct. Errors: ErrMisspelt, and those of Closed but for unknown names.
func Open(body []byte, into any) error {
	if err := json.Unmarshal(body, into); err != nil {
		return err
	}
	var members map[string]jsontext.Value
	if err := json.Unmarshal(body, &members); err != nil {
		return err
	}
	for _, known := range names(reflect.TypeOf(into).Elem()) {
		for name := range members {
			if name != known && strings.EqualFold(name, known) {
				return fmt.Errorf("%w: %q beside %q", ErrMisspelt, name, known)
			}
		}
	}
	return nil
}

// names are the members that a struct reads, as its tags spell them.
func names(t reflect.Type) []string {
	var list []string
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if name == "" {
			name = t.Field(i).Name
		}
		list = append(list, name)
	}
	return list
}
