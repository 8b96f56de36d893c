// Package strictjson owns how the mall reads JSON from others, such as request bodies of the API and notices of payment
// providers. A message is one value with nothing after it; its names are spelled exactly as documented and occur once,
// and its numbers are not strings. The package refuses to know what a message means.
package strictjson

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// ErrMisspelt reports that a message has a member whose name differs from a known one by case alone. Parsers disagree
// about which of the two counts, so the message is refused.
var ErrMisspelt = errors.New("strictjson: a member's name differs from a known one by its case alone")

// Closed reads a message of which every member must be known. Its errors are those of the JSON package:
// *json.SemanticError with json.ErrUnknownName for an unknown name, and *jsontext.SyntacticError with
// jsontext.ErrDuplicateName for a name that occurs twice.
func Closed(body []byte, into any) error {
	return json.Unmarshal(body, into, json.RejectUnknownMembers(true))
}

// Open reads a message that may have unknown members, since providers add some at any time. into must point to a
// struct. Errors: ErrMisspelt, and those of Closed except for unknown names.
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

// names returns the names of the members that a struct reads, as its tags spell them.
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
