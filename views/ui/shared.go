package ui

import (
	"time"

	"github.com/a-h/templ"
)

// These components are in so many places that the compiler must not copy their code to each of them, as it would: that
// is 1.7 MB of the program.

// CSRF is the hidden token of a form that changes something.
//
//go:noinline
func CSRF() templ.Component { return csrf() }

// Icon draws an icon that says nothing to a screen reader; the text beside it, or the control's label, does.
//
//go:noinline
func Icon(name string, classes string) templ.Component { return iconOf(name, classes) }

// Input is a one-line field of any input type.
//
//go:noinline
func Input(f Field) templ.Component { return input(f) }

// Select is a choice of one from a list that folds away.
//
//go:noinline
func Select(f Field, options []Option) templ.Component { return selection(f, options) }

// Textarea is a field of several lines.
//
//go:noinline
func Textarea(f Field) templ.Component { return textarea(f) }

// Alert is a notice in the flow of the page; an error is read out at once. Children are its body.
//
//go:noinline
func Alert(tone Tone, title string) templ.Component { return alert(tone, title) }

// Badge is a word that qualifies what it stands beside. Children are the word.
//
//go:noinline
func Badge(tone Tone) templ.Component { return badge(tone) }

// PriceTag is a price, with the former one beside it where it is reduced.
//
//go:noinline
func PriceTag(p Price) templ.Component { return priceTag(p) }

// ConfirmForm is a button that asks before it sends its form. Children are further fields of the form.
//
//go:noinline
func ConfirmForm(c Confirm) templ.Component { return confirmForm(c) }

// Table frames rows that become stacked blocks on a phone. Children are the <thead> and <tbody>; give every cell of the
// body a data-label with its column's name. caption is for screen readers.
//
//go:noinline
func Table(caption string) templ.Component { return table(caption) }

// Moment writes a time in full for machines and to the minute for the reader.
//
//go:noinline
func Moment(at time.Time) templ.Component { return moment(at) }

// Ago writes a time by its distance from now, with the full moment as a title.
//
//go:noinline
func Ago(at, now time.Time) templ.Component { return ago(at, now) }
