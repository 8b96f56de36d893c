// Package mailing writes mails: it reads what a mail is about and says it in the reader's language. It refuses to know
// when mails are due and how they leave; that is mall/mail's.
package mailing

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"videomall/mall/mail"
	"videomall/views/mails"
	"videomall/views/text"
)

// Deps are the dependencies of a Composer.
type Deps struct {
	PublicURL string // of the mall, without a trailing slash
	Now       func() time.Time
}

// Composer writes mails. It is safe for concurrent use.
type Composer struct{ deps Deps }

// New returns a Composer with the given dependencies.
func New(d Deps) *Composer { return &Composer{d} }

// kind is one kind of mail: topic is what it is about, "" for accounts; write says what it says, and sample is the mail
// that the console shows of it.
type kind struct {
	topic  mail.Topic
	write  func(c *Composer, ctx context.Context, t *text.Printer, m mail.Mail) (mails.Body, error)
	sample mail.Mail
}

// kinds are all mails that the mall sends.
var kinds = joined(accountKinds, followKinds)

func joined(areas ...map[string]kind) map[string]kind {
	all := map[string]kind{}
	for _, area := range areas {
		maps.Copy(all, area)
	}
	return all
}

// TopicOf returns what a kind of mail is about.
func TopicOf(name string) mail.Topic { return cmp.Or(kinds[name].topic, mail.TopicAccount) }

// Kinds returns the names of all kinds of mails, in the order of the alphabet.
func Kinds() []string {
	names := make([]string, 0, len(kinds))
	for name := range kinds {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Compose writes a mail. It fails for a kind that it does not know.
func (c *Composer) Compose(ctx context.Context, m mail.Mail) (mail.Content, error) {
	k, ok := kinds[m.Kind]
	if !ok {
		return mail.Content{}, fmt.Errorf("no mail is called %q", m.Kind)
	}
	t := text.For(text.Lang(m.Locale))
	body, err := k.write(c, ctx, t, m)
	if err != nil {
		return mail.Content{}, err
	}
	if m.Unsubscribe != "" {
		body.Unsubscribe = mails.Button{
			Label: t.T("mail.unsubscribe"),
			URL:   c.deps.PublicURL + "/unsubscribe/" + m.Unsubscribe,
		}
	}
	return c.content(ctx, t, body)
}

// Sample writes the mail that shows what a kind looks like. Errors: mail.ErrNotFound.
func (c *Composer) Sample(ctx context.Context, name string, lang text.Lang) (mail.Content, error) {
	k, ok := kinds[name]
	if !ok {
		return mail.Content{}, mail.ErrNotFound
	}
	m := k.sample
	m.Kind, m.Locale, m.To = name, string(lang), "shopper@example.test"
	m.CreatedAt = c.deps.Now()
	if TopicOf(name).Optional() {
		m.Unsubscribe = "sample"
	}
	return c.Compose(ctx, m)
}

func (c *Composer) content(ctx context.Context, t *text.Printer, b mails.Body) (mail.Content, error) {
	b.Text, b.Shop = t, c.deps.PublicURL
	var html strings.Builder
	if err := mails.HTML(b).Render(ctx, &html); err != nil {
		return mail.Content{}, fmt.Errorf("render a mail: %w", err)
	}
	return mail.Content{
		Subject:     b.Subject,
		Text:        mails.Plain(b),
		HTML:        html.String(),
		Unsubscribe: b.Unsubscribe.URL,
	}, nil
}
