package mailing

import (
	"context"
	"encoding/json"
	"fmt"

	"videomall/mall/account"
	"videomall/mall/mail"
	"videomall/views/mails"
	"videomall/views/text"
	"videomall/web/useragent"
)

// newSignIn tells of a sign-in from a place where the person has never signed in.
func newSignIn(c *Composer, _ context.Context, t *text.Printer, m mail.Mail) (mails.Body, error) {
	var from account.SignInNotice
	if err := json.Unmarshal(m.Data, &from); err != nil {
		return mails.Body{}, fmt.Errorf("read mail %d: %w", m.ID, err)
	}
	facts := []mails.Fact{
		{Label: t.T("mail.when"), Value: t.DateTime(m.CreatedAt)},
		{Label: t.T("mail.device"), Value: device(t, from.UserAgent)},
	}
	if from.Network != "" {
		facts = append(facts, mails.Fact{Label: t.T("mail.network"), Value: from.Network})
	}
	return mails.Body{
		Subject:    t.T("mail.new_sign_in_subject"),
		Title:      t.T("mail.new_sign_in_title"),
		Paragraphs: []string{t.T("mail.new_sign_in_body")},
		Facts:      facts,
		Button:     c.page(t.T("mail.not_you_button"), "/forgot-password"),
		Notes:      []string{t.T("mail.not_you"), t.T("mail.new_sign_in_note", "URL", c.deps.PublicURL+"/account")},
		Reason:     t.T("mail.reason_account"),
	}, nil
}

// device names a browser and its system as well as they can be told.
func device(t *text.Printer, agent string) string {
	browser, system := useragent.Describe(agent)
	switch {
	case browser != "" && system != "":
		return t.T("account.device_on", "Browser", browser, "System", system)
	case browser+system != "":
		return browser + system
	}
	return t.T("account.device_unknown")
}
