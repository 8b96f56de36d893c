// Package mails owns how mails look: one body, written as plain text and as HTML. It refuses to know what mails are
// about and how they are sent.
package mails

import (
	"strings"

	"videomall/mall/mail"
	"videomall/views/text"
)

// Body is what a mail says.
type Body struct {
	Text       *text.Printer
	Subject    string
	Title      string
	Paragraphs []string
	Facts      []Fact
	Button     Button   // the one thing to do; zero for a mail that asks for nothing
	Notes      []string // small print below the button
	Reason     string   // why the reader is sent this
	Shop       string   // the shop's address, without a path
	// Attachments go along; the words say so.
	Attachments []mail.Attachment
	// Words is the language of the title and the paragraphs, where somebody else wrote them; "" for that of the mail
	Words string
	// Unsubscribe ends such mails; zero for a mail that is always sent
	Unsubscribe Button
}

// Fact is a line such as "Order: 01J…".
type Fact struct{ Label, Value string }

// Button is a link that stands out. URL is absolute.
type Button struct{ Label, URL string }

// Plain writes a body as text, in lines that are ended by CRLF when the mail is encoded.
func Plain(b Body) string {
	var s strings.Builder
	paragraph := func(text string) {
		s.WriteString(text)
		s.WriteString("\n\n")
	}
	paragraph(b.Title)
	for _, p := range b.Paragraphs {
		paragraph(p)
	}
	for _, f := range b.Facts {
		s.WriteString(f.Label + ": " + f.Value + "\n")
	}
	if len(b.Facts) > 0 {
		s.WriteString("\n")
	}
	if b.Button.URL != "" {
		paragraph(b.Button.Label + ":\n" + b.Button.URL)
	}
	for _, n := range b.Notes {
		paragraph(n)
	}
	s.WriteString("-- \n" + b.Text.T("site.name") + "\n" + b.Shop + "\n")
	if b.Reason != "" {
		s.WriteString(b.Reason + "\n")
	}
	if b.Unsubscribe.URL != "" {
		s.WriteString(b.Unsubscribe.Label + ": " + b.Unsubscribe.URL + "\n")
	}
	return s.String()
}
