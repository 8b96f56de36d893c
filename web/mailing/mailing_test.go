package mailing_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"videomall/mall/mail"
	"videomall/views/text"
	"videomall/web/mailing"
)

const publicURL = "https://mall.example"

func composer() *mailing.Composer {
	return mailing.New(mailing.Deps{PublicURL: publicURL, Now: time.Now})
}

var (
	link    = regexp.MustCompile(`https?://[^\s"<]+`)
	missing = regexp.MustCompile(`mail\.[a-z_]+|\{\{|<no value>`)
	han     = regexp.MustCompile(`\p{Han}`)
)

// TestComposer_Sample checks every kind of mail in both languages: its words exist, text and HTML say the same and lead
// to the same places, and nothing is loaded from elsewhere.
func TestComposer_Sample(t *testing.T) {
	t.Parallel()
	for _, kind := range mailing.Kinds() {
		for _, lang := range []text.Lang{text.En, text.ZhCN} {
			c, err := composer().Sample(t.Context(), kind, lang)
			if err != nil {
				t.Errorf("%s: %v", kind, err)
				continue
			}
			whole := c.Subject + c.Text + c.HTML
			for _, word := range missing.FindAllString(whole, -1) {
				if !strings.HasPrefix(word, "mail.example") {
					t.Errorf("%s in %s has %q", kind, lang, word)
				}
			}
			if han.MatchString(c.Subject) != (lang == text.ZhCN) {
				t.Errorf("%s in %s has the subject %q", kind, lang, c.Subject)
			}
			if strings.ContainsAny(c.Subject, "\r\n") || c.Subject == "" || len([]rune(c.Subject)) > 60 {
				t.Errorf("%s in %s has the subject %q", kind, lang, c.Subject)
			}
			if !strings.Contains(c.HTML, `<html lang="`+string(lang)+`"`) || !strings.Contains(c.HTML, "color-scheme") {
				t.Errorf("%s in %s says nothing of its language or of dark mode", kind, lang)
			}
			if strings.Contains(c.HTML, "<script") || strings.Contains(c.HTML, "<img") || strings.Contains(c.HTML, "src=") {
				t.Errorf("%s in %s loads something", kind, lang)
			}
			inText, inHTML := map[string]bool{}, map[string]bool{}
			for _, l := range link.FindAllString(c.Text, -1) {
				inText[l] = true
			}
			for _, l := range link.FindAllString(c.HTML, -1) {
				inHTML[l] = true
				if u, err := url.Parse(l); err != nil || u.Host != "mall.example" {
					t.Errorf("%s in %s leads to %q", kind, lang, l)
				}
			}
			for l := range inText {
				if !inHTML[l] {
					t.Errorf("%s in %s: only its text leads to %s", kind, lang, l)
				}
			}
			for l := range inHTML {
				if !inText[l] {
					t.Errorf("%s in %s: only its HTML leads to %s", kind, lang, l)
				}
			}
		}
	}
}

func TestComposer_Compose_escapes(t *testing.T) {
	t.Parallel()
	c, err := composer().Compose(t.Context(), mail.Mail{
		Kind: "email_changed",
		Data: []byte(`{"email": "<b>new</b>@example.test"}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(c.HTML, "<b>new") || !strings.Contains(c.Text, "<b>new</b>@example.test") {
		t.Errorf("HTML %s\ntext %s", c.HTML, c.Text)
	}
}

// TestComposer_Compose_to_the_former_address: nobody gets back in by an address that is no longer the account's.
func TestComposer_Compose_to_the_former_address(t *testing.T) {
	t.Parallel()
	for to, want := range map[string]string{"old@example.test": "/contact", "new@example.test": "/forgot-password"} {
		c, err := composer().Compose(t.Context(), mail.Mail{
			Kind: "email_changed",
			To:   to,
			Data: []byte(`{"email": "new@example.test"}`),
		})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(c.Text, publicURL+want+"\n") {
			t.Errorf("to %s: %s", to, c.Text)
		}
	}
}

func TestComposer_Compose_unknown(t *testing.T) {
	t.Parallel()
	if _, err := composer().Compose(t.Context(), mail.Mail{Kind: "nothing"}); err == nil {
		t.Error("no error")
	}
}
