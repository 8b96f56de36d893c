package mailbox_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"videomall/db/dbtest"
	"videomall/mall/account"
	"videomall/mall/mail"
	"videomall/web/mailbox"
	"videomall/web/page"
	"videomall/web/webtest"
)

func TestMailbox_pages(t *testing.T) {
	t.Parallel()
	pool, rdb, log := dbtest.New(t), dbtest.Redis(t), slog.New(slog.DiscardHandler)
	accounts := account.New(account.Deps{Pool: pool, Redis: rdb, Log: log, Now: time.Now})
	site := page.New(page.Options{
		Accounts:  accounts,
		Sessions:  account.NewSessions(account.SessionsDeps{Pool: pool, Redis: rdb, Log: log, Now: time.Now}),
		PublicURL: "http://mall.example",
		Log:       log,
		Now:       time.Now,
	})
	e := echo.New()
	site.Use(e)
	box := mail.NewMailbox(pool)
	mailbox.Routes(e.Group(""), mailbox.Deps{Site: site, Mailbox: box})
	server := httptest.NewServer(e)
	t.Cleanup(server.Close)
	get := func(path string) webtest.Response {
		t.Helper()
		r, err := http.NewRequest(http.MethodGet, server.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		return webtest.Do(t, webtest.NewClient(t), r)
	}
	if a := get("/mailbox"); a.Status != http.StatusOK || !strings.Contains(a.Body, "No mail yet") {
		t.Errorf("an empty mailbox: %d", a.Status)
	}
	var id int64
	err := pool.QueryRow(t.Context(), `insert into mail (kind, cause, recipient, locale, data, created_at, expires_at, moved_at)
		values ('receipt', 'receipt/1', 'ann@example.test', 'en', '{}', now(), now(), now()) returning id`).Scan(&id)
	if err != nil {
		t.Fatal(err)
	}
	err = box.Send(t.Context(), mail.Envelope{
		MailID:    id,
		MessageID: "1@mall.example",
		From:      "no-reply@mall.example",
		To:        "ann@example.test",
		Date:      time.Now(),
		Content: mail.Content{
			Subject:     "Your receipt",
			Text:        "The text",
			HTML:        `<html><head></head><body style="margin:0"><script>alert(1)</script>The HTML</body></html>`,
			Attachments: []mail.Attachment{{Name: "receipt.pdf", Type: "application/pdf", Data: []byte("%PDF")}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if a := get("/mailbox"); !strings.Contains(a.Body, "Your receipt") || !strings.Contains(a.Body, "ann@example.test") {
		t.Errorf("the list: %s", a.Body)
	}
	if a := get("/mailbox/1"); !strings.Contains(a.Body, "The text") || strings.Contains(a.Body, "<script>alert") ||
		!strings.Contains(a.Header.Get("Content-Security-Policy"), "frame-src 'self'") {
		t.Errorf("the mail: %v %s", a.Header, a.Body)
	}
	a := get("/mailbox/1/html")
	policy := a.Header.Get("Content-Security-Policy")
	if !strings.Contains(a.Body, "The HTML") || !strings.Contains(a.Body, `<base target="_top">`) ||
		!strings.Contains(policy, "default-src 'none'; style-src 'unsafe-inline'") || strings.Contains(policy, "script-src") ||
		!strings.Contains(policy, "sandbox allow-top-navigation-by-user-activation") {
		t.Errorf("the HTML: %s %s", policy, a.Body)
	}
	if a := get("/mailbox/1/files/0"); a.Body != "%PDF" || a.Header.Get("Content-Type") != "application/pdf" {
		t.Errorf("the file: %v %s", a.Header, a.Body)
	}
	for _, path := range []string{"/mailbox/2", "/mailbox/x", "/mailbox/2/html", "/mailbox/1/files/1", "/mailbox/1/files/-1"} {
		if a := get(path); a.Status != http.StatusNotFound {
			t.Errorf("%s: %d", path, a.Status)
		}
	}
	if a := get("/mailbox?before=x"); a.Status != http.StatusOK {
		t.Errorf("a made-up place: %d", a.Status)
	}
}
