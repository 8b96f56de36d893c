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

// TestSitePages_linked holds that every page of the shop leads to these pages, and that they stand where they matter.
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
		t.Error("the form of registration leads to no terms")
	}
	sam.post("/cart/items", map[string][]string{"sku_id": {"1"}})
	if checkout := main(sam.shows("/checkout", 200)); !strings.Contains(checkout, `href="/refunds"`) {
		t.Error("the checkout leads to no refund policy")
	}
}

// TestSitePages_multipart sends the form as browsers do: as long as it may be, and unreadable.
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
		t.Errorf("the longest text in both languages: %d", a.status)
	}
	for _, bad := range []string{"a\x00b", "\xff"} {
		if a := send("1", bad, "x"); a.status != 400 {
			t.Errorf("%q: %d", bad, a.status)
		}
	}
	olga.shows("/admin/audit", 200, "Saved a shop page", "page:terms")
}

// TestSitePages_of_another_process saves in one process while another keeps the page for its guests.
func TestSitePages_of_another_process(t *testing.T) {
	h := openHouse(t, nil)
	other := h.Another()
	hearing, stop := context.WithCancel(h.Ctx)
	done := make(chan struct{})
	go func() { defer close(done); h.ListenInvalidations(hearing) }()
	t.Cleanup(func() { stop(); <-done })
	// A program's visit: a browser is given the cookie of its device, and with it a page of its own.
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
	until("the page is never kept", func() bool { // a row that nobody was told of is not seen
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
	until("the new text is not shown", func() bool { return strings.Contains(read(), "Told.") })
	if rows := malltest.Query[string](h.Mall, "select verb from audit_entry"); len(rows) != 1 {
		t.Errorf("the log: %q", rows)
	}
}
