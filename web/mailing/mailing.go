// Package mailing writes mails: it reads what a mail is about and says it in the reader's language. It refuses to know
// when mails are due and how they leave; that is mall/mail's.
package mailing

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"videomall/mall"
	"videomall/mall/invoice"
	"videomall/mall/mail"
	"videomall/views/mails"
	"videomall/views/text"
)

// Deps are the dependencies of a Composer.
type Deps struct {
	PublicURL string // of the mall, without a trailing slash
	Now       func() time.Time
	// Mall is the mall whose mails are composed. It is called for mails only that read what they are about, and never
	// for samples.
	Mall func() *mall.Mall
	// PDF draws a receipt in the language of its mail; nil attaches none.
	PDF func(t *text.Printer, d invoice.Document) ([]byte, error)
	Log *slog.Logger // of receipts that can't be drawn; nil logs nothing
}

// Composer writes mails. It is safe for concurrent use.
type Composer struct{ deps Deps }

// New returns a Composer with the given dependencies.
func New(d Deps) *Composer { return &Composer{d} }

// kind is one kind of mail: write says what it says, and sample is the mail that the console shows of it. A kind that
// reads what it is about shows something invented instead.
type kind struct {
	topic  mail.Topic // mail.TopicAccount if it is empty
	write  func(c *Composer, ctx context.Context, t *text.Printer, m mail.Mail) (mails.Body, error)
	sample mail.Mail
	show   func(c *Composer, t *text.Printer) mails.Body
}

// kinds are all mails that the mall sends.
var kinds = allOf(accountKinds, orderKinds, reminderKinds, listingKinds, payoutKinds, followKinds)

func allOf(lists ...map[string]kind) map[string]kind {
	all := map[string]kind{}
	for _, list := range lists {
		maps.Copy(all, list)
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
	body.Unsubscribe = c.unsubscribe(t, m.Unsubscribe)
	return c.content(ctx, t, body)
}

// unsubscribe is the link that ends such mails; none for a mail that is always sent.
func (c *Composer) unsubscribe(t *text.Printer, token string) mails.Button {
	if token == "" {
		return mails.Button{}
	}
	return c.page(t.T("mail.unsubscribe"), "/unsubscribe/"+token)
}

// Sample writes the mail that shows what a kind looks like. Errors: mail.ErrNotFound.
func (c *Composer) Sample(ctx context.Context, name string, lang text.Lang) (mail.Content, error) {
	k, ok := kinds[name]
	if !ok {
		return mail.Content{}, mail.ErrNotFound
	}
	token := ""
	if TopicOf(name).Optional() {
		token = "sample"
	}
	if k.show != nil {
		t := text.For(lang)
		body := k.show(c, t)
		body.Unsubscribe = c.unsubscribe(t, token)
		return c.content(ctx, t, body)
	}
	m := k.sample
	m.Kind, m.Locale, m.To, m.Unsubscribe = name, string(lang), "shopper@example.test", token
	m.CreatedAt = c.deps.Now()
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
		Attachments: b.Attachments,
		Unsubscribe: b.Unsubscribe.URL,
	}, nil
}
