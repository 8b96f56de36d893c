package config

import (
	"encoding/base64"
	"errors"
	"net/mail"
	"strings"
)

// demoSender is who the mails in the demo's mailbox come from.
const demoSender = "Videomall <no-reply@example.test>"

// checkMail requires a sender for a mail server. What is wrong with the server's address, the program says when it
// opens: the address has a password, which no sentence here may repeat.
func checkMail(c *Config) error {
	if err := checkMailHook(string(c.MailHookSecret)); err != nil {
		return err
	}
	switch {
	case c.MailFrom == "" && c.MailURL != "":
		return errors.New("MAIL_FROM is required with MAIL_URL: write a sender such as Video Mall <no-reply@mall.example>")
	case c.MailURL != "" && c.PublicURL == "" && !c.Demo:
		return errors.New("PUBLIC_URL is required with MAIL_URL: the links in mails lead there")
	case c.MailFrom == "" && c.Demo:
		c.MailFrom = demoSender
	case c.MailFrom != "":
		if _, err := mail.ParseAddress(c.MailFrom); err != nil {
			return wrong("MAIL_FROM", c.MailFrom, "write a sender such as Video Mall <no-reply@mall.example>")
		}
	}
	return nil
}

// Mailbox reports whether mails are kept for the mailbox page instead of being sent.
func (c *Config) Mailbox() bool { return c.Demo && c.MailURL == "" }

// checkMailHook refuses a secret that can be guessed. What it is, no sentence may repeat.
func checkMailHook(secret string) error {
	if secret == "" {
		return nil
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil || !strings.HasPrefix(secret, "whsec_") || len(key) < 24 || len(key) > 64 {
		return errors.New("MAIL_HOOK_SECRET: write whsec_ and the base64 of 24 to 64 random bytes, such as: " +
			"echo whsec_$(openssl rand -base64 32)")
	}
	return nil
}
