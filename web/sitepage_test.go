package web_test

import (
	"bytes"
	"context"
	"fmt"
	"mime/multipart"
	"strings"
	"testing"
	"time"

	"videomall/mall/account"
	"videomall/mall/locale"
	"videomall/mall/malltest"
	"videomall/mall/sitepage"
)

// TestSitePages_linked checks that every page of the shop links to the site pages, and that forms link to those that
// apply to them.
func TestSitePages_linked(t *testing.T) {
	h := openHouse(t, nil)
	h.Sells(990, -1)
	guest, sam := h.at("192.0.2.1"), h.at("192.0.2.2")
	sam.signIn(h.person("sam", account.RoleShopper))
	for _, path := range []string{"/", "/videos", "/v/film-1", "/sign-in", "/cart", "/terms"} {
		for _, to := range []string{"/terms", "/privacy", "/refunds", "/contact"} {
			guest.shows(path, 200, `href="`+to+`"`)
		}
	}
	main := func(a reply) string { s, _, _ := strings.Cut(a.body, "<footer"); return s }
	if form := main(guest.shows("/sign-up", 200)); !strings.Contains(form, `href="/terms"`) ||
		!strings.Contains(form, `href="/privacy"`) {
		t.Error("sign-up form lacks a link to the terms or the privacy policy")
	}
	sam.post("/cart/items", map[string][]string{"sku_id": {"1"}})
	if checkout := main(sam.shows("/checkout", 200)); !strings.Contains(checkout, `href="/refunds"`) {
		t.Error("checkout lacks a link to the refund policy")
	}
}

// TestSitePages_multipart sends the form as browsers do, with the longest text and with text that is not valid.
func TestSitePages_multipart(t *testing.T) {
	h := openHouse(t, nil)
	olga := h.at("192.0.2.1")
	olga.signIn(h.person("olga", account.RoleOperator))
	send := func(version, zh, en string) reply {
		var body bytes.Buffer
		w := multipart.NewWriter(&body)
		for name, value := range map[string]string{"version": version, "body_zh": zh, "body_en": en} {
			h.OK(w.WriteField(name, value))
		}
		h.OK(w.Close())
		return olga.ask("POST", "/admin/pages/terms", body.String(), "Content-Type", w.FormDataContentType())
	}
	long := strings.Repeat("文", sitepage.MaxBody)
	if a := send("0", long, long); a.status != 303 {
		t.Errorf("longest text in both languages: got %d, want 303", a.status)
	}
	for _, bad := range []string{"a\x00b", "\xff"} {
		if a := send("1", bad, "x"); a.status != 400 {
			t.Errorf("text %q: got %d, want 400", bad, a.status)
		}
	}
	olga.shows("/admin/audit", 200, "Saved a shop page", "page:terms")
}

// TestSitePages_of_another_process saves a page in one process while another caches it for guests.
func TestSitePages_of_another_process(t *testing.T) {
	h := openHouse(t, nil)
	other := h.Another()
	hearing, stop := context.WithCancel(h.Ctx)
	done := make(chan struct{})
	go func() { defer close(done); h.ListenInvalidations(hearing) }()
	t.Cleanup(func() { stop(); <-done })
	// The reader is a program, because a browser gets a device cookie, and with it a page that is not cached.
	read := func() string { return h.at("192.0.2.1").ask("GET", "/terms", "", "Accept", "*/*").body }
	until := func(what string, is func() bool) {
		t.Helper()
		for deadline := time.Now().Add(20 * time.Second); !is(); time.Sleep(5 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal(what)
			}
		}
	}
	version := 0
	until("timed out waiting for the page to be cached", func() bool { // a row without an invalidation is not shown
		before := read()
		version++
		_, err := h.Pool.Exec(h.Ctx, `insert into site_page_version values ('terms', $1, '', $2, now(), 1)`, version,
			fmt.Sprintf("Quiet %d.", version))
		h.OK(err)
		seen := fmt.Sprintf("Quiet %d.", version)
		return !strings.Contains(before, seen) && !strings.Contains(read(), seen)
	})
	olga := h.person("olga", account.RoleOperator)
	h.OK(other.SitePages.Save(h.Ctx, sitepage.Edit{
		Slug:    sitepage.Terms,
		Version: version,
		Body:    locale.Text{En: "Told."},
		By:      olga.ID,
	}))
	until("timed out waiting for the new text", func() bool { return strings.Contains(read(), "Told.") })
	if rows := malltest.Query[string](h.Mall, "select verb from audit_entry"); len(rows) != 1 {
		t.Errorf("audit entries: got %q, want one", rows)
	}
}
