package mailing

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"

	"videomall/mall/account"
	"videomall/mall/mail"
	adminview "videomall/views/admin"
	"videomall/views/mails"
	"videomall/views/text"
)

// accountKinds are the mails about accounts. Each is about its recipient's own account, which its words name only as
// "your account": whoever reads the address of a stranger by mistake learns nothing else.
var accountKinds = map[string]kind{
	account.NoticeVerify: {
		write:  linked("/verify-email", "verify_email"),
		sample: mail.Mail{Secret: "sample"},
	},
	account.NoticeReset: {
		write:  linked("/reset-password", "reset_password"),
		sample: mail.Mail{Secret: "sample"},
	},
	account.NoticeEmailConfirm: {
		write:  linked("/change-email", "email_change"),
		sample: mail.Mail{Secret: "sample"},
	},
	account.NoticePasswordChanged: {write: told("password_changed")},
	account.NoticeEmailAsked: {
		write:  told("email_change_asked"),
		sample: mail.Mail{Data: []byte(`{"email": "new@example.test"}`)},
	},
	account.NoticeRolesChanged: {
		write:  rolesChanged,
		sample: mail.Mail{Data: []byte(`{"given": ["orders", "review"], "taken": ["money"]}`)},
	},
	account.NoticeEmailChanged: {
		write:  told("email_changed"),
		sample: mail.Mail{Data: []byte(`{"email": "new@example.test"}`)},
	},
	account.NoticeTOTPOn:         {write: toldFactor("totp_on")},
	account.NoticeTOTPOff:        {write: toldFactor("totp_off")},
	account.NoticePasskeyAdded:   {write: toldFactor("passkey_added"), sample: aPasskey},
	account.NoticePasskeyRemoved: {write: toldFactor("passkey_removed"), sample: aPasskey},
	account.NoticeRecoveryUsed:   {write: toldFactor("recovery_used")},
	account.NoticeRecoveryNew:    {write: toldFactor("recovery_new")},
	account.NoticePasskeyCopied:  {write: toldFactor("passkey_copied")},
	account.NoticeWrongCodes:     {write: toldFactor("wrong_codes")},
	account.NoticeFactorsReset:   {write: toldFactor("factors_reset")},
	account.NoticeNewSignIn: {
		write: newSignIn,
		sample: mail.Mail{Data: []byte(`{"network": "203.0.113.0/24", "userAgent":
			"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0"}`)},
	},
}

var aPasskey = mail.Mail{Data: []byte(`{"name": "Phone"}`)}

// toldFactor writes a mail about what has happened to a second factor. A new password alone takes no factor away from
// whoever added it.
func toldFactor(key string) func(*Composer, context.Context, *text.Printer, mail.Mail) (mails.Body, error) {
	return func(c *Composer, _ context.Context, t *text.Printer, m mail.Mail) (mails.Body, error) {
		var about struct{ Name string }
		if len(m.Data) > 0 {
			if err := json.Unmarshal(m.Data, &about); err != nil {
				return mails.Body{}, fmt.Errorf("read mail %d: %w", m.ID, err)
			}
		}
		return mails.Body{
			Subject:    t.T("mail." + key + "_subject"),
			Title:      t.T("mail." + key + "_title"),
			Paragraphs: []string{t.T("mail."+key+"_body", "Name", about.Name)},
			Facts:      []mails.Fact{{Label: t.T("mail.when"), Value: t.DateTime(m.CreatedAt)}},
			Button:     mails.Button{Label: t.T("mail.not_you_button"), URL: c.deps.PublicURL + "/forgot-password"},
			Notes:      []string{t.T("mail.not_you_factor")},
			Reason:     t.T("mail.reason_account"),
		}, nil
	}
}

// linked writes a mail whose link holds the secret.
func linked(path, key string) func(*Composer, context.Context, *text.Printer, mail.Mail) (mails.Body, error) {
	return func(c *Composer, _ context.Context, t *text.Printer, m mail.Mail) (mails.Body, error) {
		return mails.Body{
			Subject:    t.T("mail." + key + "_subject"),
			Title:      t.T("mail." + key + "_title"),
			Paragraphs: []string{t.T("mail." + key + "_body")},
			Button:     c.page(t.T("mail."+key+"_button"), path+"?token="+url.QueryEscape(m.Secret)),
			Notes:      []string{t.T("mail." + key + "_note")},
			Reason:     t.T("mail.reason_account"),
		}, nil
	}
}

// told writes a mail about what has happened to an account, with the way to what can be done against it.
func told(key string) func(*Composer, context.Context, *text.Printer, mail.Mail) (mails.Body, error) {
	return func(c *Composer, _ context.Context, t *text.Printer, m mail.Mail) (mails.Body, error) {
		var about struct{ Email string }
		if len(m.Data) > 0 {
			if err := json.Unmarshal(m.Data, &about); err != nil {
				return mails.Body{}, fmt.Errorf("read mail %d: %w", m.ID, err)
			}
		}
		body := mails.Body{
			Subject:    t.T("mail." + key + "_subject"),
			Title:      t.T("mail." + key + "_title"),
			Paragraphs: []string{t.T("mail."+key+"_body", "Email", about.Email)},
			Facts:      []mails.Fact{{Label: t.T("mail.when"), Value: t.DateTime(m.CreatedAt)}},
			Button:     c.page(t.T("mail.not_you_button"), "/forgot-password"),
			Notes:      []string{t.T("mail.not_you")},
			Reason:     t.T("mail.reason_account"),
		}
		if m.Kind == account.NoticeEmailChanged && m.To != about.Email { // the former address gets nobody back in
			body.Button.URL = c.deps.PublicURL + "/contact"
			body.Notes = []string{t.T("mail.not_you_moved")}
		}
		return body, nil
	}
}

// rolesChanged tells a person which roles they were given and which were taken from them.
func rolesChanged(c *Composer, _ context.Context, t *text.Printer, m mail.Mail) (mails.Body, error) {
	var about account.RolesChanged
	if err := json.Unmarshal(m.Data, &about); err != nil {
		return mails.Body{}, fmt.Errorf("read mail %d: %w", m.ID, err)
	}
	var facts []mails.Fact
	for _, f := range []struct {
		label string
		roles account.Roles
	}{{t.T("mail.roles_given"), about.Given}, {t.T("mail.roles_taken"), about.Taken}} {
		if len(f.roles) > 0 {
			facts = append(facts, mails.Fact{Label: f.label, Value: adminview.RoleWords(t, f.roles)})
		}
	}
	return mails.Body{
		Subject:    t.T("mail.roles_changed_subject"),
		Title:      t.T("mail.roles_changed_title"),
		Paragraphs: []string{t.T("mail.roles_changed_body")},
		Facts:      append(facts, mails.Fact{Label: t.T("mail.when"), Value: t.DateTime(m.CreatedAt)}),
		Button:     c.page(t.T("mail.roles_button"), "/sign-in"),
		Notes:      []string{t.T("mail.roles_note")},
		Reason:     t.T("mail.reason_account"),
	}, nil
}
