package mail_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"videomall/mall/mail"
	"videomall/mall/mail/mailtest"
)

func TestSMTP_Send_TLS(t *testing.T) {
	t.Parallel()
	web := httptest.NewUnstartedServer(nil) // a certificate for 127.0.0.1 that a test may trust
	web.StartTLS()
	defer web.Close()
	roots := x509.NewCertPool()
	roots.AddCert(web.Certificate())
	trusting := &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	certificate := web.TLS.Certificates[0]
	for name, c := range map[string]struct {
		url    func(addr string) string
		server *mailtest.Server
		config *tls.Config
		fails  bool
	}{
		"from the first byte": {signedIn("smtps"), mailtest.StartTLS(t, certificate), trusting, false},
		"STARTTLS":            {signedIn("smtp"), mailtest.Start(t, &certificate), trusting, false},
		"unknown authority":   {signedIn("smtp"), mailtest.Start(t, &certificate), nil, true},
		"wrong password": {
			func(addr string) string { return "smtp://mall:wrong@" + addr },
			mailtest.Start(t, &certificate),
			trusting,
			true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			transport, err := mail.NewSMTP(mail.SMTPOptions{
				URL:     c.url(c.server.Addr),
				Timeout: 5 * time.Second,
				TLS:     c.config,
			})
			if err != nil {
				t.Fatal(err)
			}
			err = transport.Send(t.Context(), mail.Envelope{
				MessageID: "1@mall.example",
				From:      "no-reply@mall.example",
				To:        "shopper@example.test",
				Date:      time.Now(),
				Content:   mail.Content{Subject: "S", Text: "T", HTML: "<p>H</p>"},
			})
			if c.fails {
				if err == nil || errors.Is(err, mail.ErrRefused) || errors.Is(err, mail.ErrUnclear) {
					t.Errorf("Send: %v", err)
				}
				if len(c.server.Mails()) != 0 || err != nil && strings.Contains(err.Error(), mailtest.Password) {
					t.Errorf("sent all the same, or the password is told: %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := c.server.Mails(); len(got) != 1 || !got[0].TLS || got[0].User != mailtest.User {
				t.Errorf("%+v", got)
			}
		})
	}
}

func signedIn(scheme string) func(string) string {
	return func(addr string) string {
		return scheme + "://" + mailtest.User + ":" + strings.ReplaceAll(mailtest.Password, " ", "%20") + "@" + addr
	}
}

func TestNewSMTP_refuses(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"", "mail.example", "http://mail.example", "smtp://", "smtp://mail.example/inbox", "smtp://mail.example:0",
		"smtp://user:hunter2@mail.example?tls=off", "smtp://user:hunter2@ma il.example",
	} {
		_, err := mail.NewSMTP(mail.SMTPOptions{URL: url, Timeout: time.Second})
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v", url, err)
		}
	}
}
