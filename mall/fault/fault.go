// Package fault owns the form of an error that a person may read: a kind, a slug and a public message.
// It knows nothing of HTTP, pages and languages; whoever shows an error translates it by its slug.
package fault

import (
	"errors"
	"fmt"
)

// Kind says what kind of error it is. One place outside the business maps it to an HTTP status.
type Kind int

// The kinds of faults.
const (
	Internal        Kind = iota // an error of ours, of which the public learns nothing more
	Invalid                     // the input breaks a rule and has to be corrected
	Unauthenticated             // the caller is not signed in
	Forbidden                   // the caller may not do this
	NotFound                    // the thing does not exist, or is not the caller's
	Conflict                    // the thing is in another state by now
	TooMany                     // the caller makes too many requests
	Unavailable                 // the caller may try again later
)

// Fault is an error that may be shown to the public. Slug is a stable name in snake_case that programs rely on. Message
// is in English and public. Fields names the inputs at fault, each with a slug of its own.
type Fault struct {
	Kind    Kind
	Slug    string
	Message string
	Fields  map[string]string
	cause   error
}

// New returns a fault. Declare faults that callers compare as package variables.
func New(kind Kind, slug, message string) *Fault {
	return &Fault{
		Kind:    kind,
		Slug:    slug,
		Message: message,
	}
}

func (f *Fault) Error() string {
	if f.cause != nil {
		return f.Slug + ": " + f.cause.Error()
	}
	return f.Slug + ": " + f.Message
}

// Unwrap returns the cause, which must not leave the process.
func (f *Fault) Unwrap() error { return f.cause }

// Is makes errors.Is treat faults with the same slug as equal, whatever their causes and fields.
func (f *Fault) Is(target error) bool {
	t, ok := target.(*Fault)
	return ok && t.Slug == f.Slug
}

// Because returns a copy with a cause, which is for the log only.
func (f *Fault) Because(format string, args ...any) *Fault {
	c := *f
	c.cause = fmt.Errorf(format, args...)
	return &c
}

// With returns a copy that names a field at fault.
func (f *Fault) With(field, slug string) *Fault {
	c := *f
	c.Fields = map[string]string{field: slug}
	for k, v := range f.Fields {
		c.Fields[k] = v
	}
	return &c
}

// From finds the fault that err wraps. For an error that wraps none it returns an Internal fault with the slug
// "internal".
func From(err error) *Fault {
	if f, ok := errors.AsType[*Fault](err); ok {
		return f
	}
	return &Fault{
		Kind:    Internal,
		Slug:    "internal",
		Message: "Something went wrong on our side.",
		cause:   err,
	}
}
