// Package fault owns the shape of an error that a person may read: a kind, a slug and a public message.
// It refuses to know HTTP, pages and languages; those who show an error translate it by its slug.
package fault

import (
	"errors"
	"fmt"
)

// Kind says what sort of thing went wrong; one place above the business maps it to a status.
type Kind int

// The kinds, from the caller's fault to ours.
const (
	Internal        Kind = iota // ours; the public learns nothing more
	Invalid                     // the input breaks a rule: correct it and try again
	Unauthenticated             // who are you
	Forbidden                   // you may not
	NotFound                    // no such thing, or not yours
	Conflict                    // the thing has moved on
	TooMany                     // slow down
	Unavailable                 // try again later
)

// Fault is an error with a public face. Slug is stable snake_case that programs rely on; Message is
// public English; Fields names the inputs at fault, each with a slug of its own.
type Fault struct {
	Kind    Kind
	Slug    string
	Message string
	Fields  map[string]string
	cause   error
}

// New makes a fault. Declare those that callers compare as package variables.
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

// Unwrap gives the cause, which stays inside the process.
func (f *Fault) Unwrap() error { return f.cause }

// Is makes faults with one slug equal for errors.Is, whatever their cause or fields.
func (f *Fault) Is(target error) bool {
	t, ok := target.(*Fault)
	return ok && t.Slug == f.Slug
}

// Because returns a copy that carries its cause, for the log only.
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

// From finds the fault inside err. An error that has none is Internal with the slug "internal".
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
