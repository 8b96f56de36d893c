package mailing

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"videomall/mall"
	"videomall/mall/fault"
	"videomall/mall/mail"
	"videomall/mall/notice"
	"videomall/views/mails"
	"videomall/views/text"
)

// about makes a kind that reads what it is about when it is composed, so that a mail never says what is no longer true.
// read returns only what belongs to the mail's recipient. What does not, or is gone, leaves nothing to say: then the
// mail is dropped. sample is what the console shows.
func about[T any](topic mail.Topic,
	read func(context.Context, *Composer, *mall.Mall, mail.Mail, notice.About) (T, error),
	write func(*Composer, *text.Printer, T) mails.Body,
	sample func(*Composer) T,
) kind {
	return kind{
		topic: topic,
		write: func(c *Composer, ctx context.Context, t *text.Printer, m mail.Mail) (mails.Body, error) {
			var a notice.About
			if err := json.Unmarshal(m.Data, &a); err != nil {
				return mails.Body{}, fmt.Errorf("read mail %d: %w", m.ID, err)
			}
			if m.UserID == 0 {
				return mails.Body{}, mail.ErrMoot
			}
			facts, err := read(ctx, c, c.deps.Mall(), m, a)
			if f, ok := errors.AsType[*fault.Fault](err); ok && f.Kind == fault.NotFound {
				return mails.Body{}, fmt.Errorf("%w: %w", mail.ErrMoot, err)
			}
			if err != nil {
				return mails.Body{}, fmt.Errorf("read what mail %d is about: %w", m.ID, err)
			}
			return write(c, t, facts), nil
		},
		show: func(c *Composer, t *text.Printer) mails.Body { return write(c, t, sample(c)) },
	}
}

// page is a button to a page of the mall.
func (c *Composer) page(label, path string) mails.Button {
	return mails.Button{Label: label, URL: c.deps.PublicURL + path}
}
