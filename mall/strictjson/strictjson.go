// Package strictjson owns how the mall reads JSON from others, such as request bodies of the API and notices of payment
// providers. A message is one value with nothing after it; its names are spelled exactly as documented and occur once,
// and its numbers are not strings. The package refuses to know what a message means.
package strictjson

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"

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
	known := namesOf(reflect.TypeOf(into).Elem())
	return eachName(body, func(name []byte) error {
		for _, k := range known {
			if string(name) != k && bytes.EqualFold(name, []byte(k)) {
				return fmt.Errorf("%w: %q beside %q", ErrMisspelt, name, k)
			}
		}
		return nil
	})
}

// eachName calls do with the name of each member of an object that is known to be valid JSON. It looks for quotes and
// brackets alone, which takes a small part of the time of parsing: the signature of a notice is checked in less than it
// takes to parse one twice.
func eachName(body []byte, do func(name []byte) error) error {
	depth, isName := 0, false
	for at := 0; at < len(body); at++ {
		switch body[at] {
		case '{', '[':
			depth++
			isName = depth == 1
		case '}', ']':
			depth--
		case ',':
			isName = depth == 1
		case '"':
			begin := at
			for at++; body[at] != '"'; at++ {
				if body[at] == '\\' {
					at++ // whatever it is, it ends nothing
				}
			}
			if !isName {
				continue
			}
			isName = false
			name := body[begin+1 : at]
			if bytes.IndexByte(name, '\\') >= 0 {
				plain, err := jsontext.AppendUnquote(nil, body[begin:at+1])
				if err != nil {
					return err
				}
				name = plain
			}
			if err := do(name); err != nil {
				return err
			}
		}
	}
	return nil
}

// knownNames remembers the names of each type that was read, since reflection takes as long as parsing.
var knownNames sync.Map // of []string by reflect.Type

func namesOf(t reflect.Type) []string {
	if list, found := knownNames.Load(t); found {
		return list.([]string)
	}
	list, _ := knownNames.LoadOrStore(t, names(t))
	return list.([]string)
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
