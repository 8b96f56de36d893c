package config_test

import (
	"strings"
	"testing"

	"videomall/config"
)

func TestLoad_mail(t *testing.T) {
	t.Parallel()
	secret := "SECRET_KEY=" + strings.Repeat("k", 32)
	live := []string{"DEMO=off", secret, "DATABASE_URL=postgres://127.0.0.1/mall", "REDIS_URL=redis://127.0.0.1"}
	for name, c := range map[string]struct {
		env     []string
		mailbox bool
		says    string // in the error
	}{
		"a demo keeps its mails":     {env: []string{"DATA_DIR=" + t.TempDir()}, mailbox: true},
		"a demo with a mail server":  {env: []string{"DATA_DIR=" + t.TempDir(), "MAIL_URL=smtp://127.0.0.1", "MAIL_FROM=a@b.example"}},
		"no mail":                    {env: live},
		"a server without a sender":  {env: append(live, "MAIL_URL=smtps://u:hunter2@m.example", "PUBLIC_URL=https://m.example"), says: "MAIL_FROM"},
		"a server without addresses": {env: append(live, "MAIL_URL=smtps://u:hunter2@m.example", "MAIL_FROM=a@b.example"), says: "PUBLIC_URL"},
		"a sender that is none":      {env: append(live, "MAIL_FROM=nobody"), says: "MAIL_FROM"},
		"a whole one": {env: append(live, "MAIL_URL=smtps://u:p@m.example", "MAIL_FROM=Mall <a@b.example>",
			"PUBLIC_URL=https://m.example")},
	} {
		c2, err := config.Load(c.env)
		if c.says != "" {
			if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if c2.Mailbox() != c.mailbox {
			t.Errorf("%s: mailbox %v", name, c2.Mailbox())
		}
	}
}
