package program

import (
	"fmt"
	"time"

	"videomall/config"
	"videomall/mall"
	"videomall/mall/mail"
	"videomall/web/invoices"
	"videomall/web/mailing"
)

// mailTimeout bounds connecting to the mail server, and then the conversation with it.
const mailTimeout = 20 * time.Second

// mail says how this mall sends mails: by the server of MAIL_URL, in demo mode into the mailbox, else not at all.
func (p *Program) mail() (mall.Mail, error) {
	m := mall.Mail{
		From: p.cfg.MailFrom,
		Key:  p.cfg.Key(config.KeyMail),
		Compose: mailing.New(mailing.Deps{
			PublicURL: p.cfg.PublicURL,
			Now:       time.Now,
			Mall:      func() *mall.Mall { return p.Mall },
			PDF:       invoices.PDF,
			Log:       p.Log,
		}).Compose,
		TopicOf: mailing.TopicOf,
	}
	switch {
	case p.cfg.MailURL != "":
		server, err := mail.NewSMTP(mail.SMTPOptions{URL: string(p.cfg.MailURL), Timeout: mailTimeout})
		if err != nil {
			return mall.Mail{}, fmt.Errorf("MAIL_URL: %w", err)
		}
		m.Transport = server
	case p.cfg.Mailbox():
		m.Transport = mail.NewMailbox(p.Pools.Primary)
	default:
		return mall.Mail{}, nil
	}
	return m, nil
}
