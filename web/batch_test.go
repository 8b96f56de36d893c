package web_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"videomall/db/dbtest"
	"videomall/demo"
)

// mostAlike is how often a page may ask one statement: for several lists, or for itself and what stands around it. This
// mall does not hear of changes, so it keeps nothing in memory, and every read of a page arrives at the database.
const mostAlike = 3

var (
	pageLinks   = regexp.MustCompile(`href="(/[^"]*)"`)
	pageNumbers = regexp.MustCompile(`[0-9A-Z]{26}|\d+|%3A.*|@.*`)
)

// TestPages_read_rows_together opens each kind of page of the console, of a studio and of the shop on the demo content,
// whose lists are long, and counts how often each statement is asked for one page: what the rows of a list name is read
// for the whole list, and not row by row.
func TestPages_read_rows_together(t *testing.T) {
	h := openHouse(t, nil)
	h.OK(demo.Seed(h.Ctx, h.Pool, h.Mall.Mall, demo.OpenVideos("../demo/footage"), h.Log))
	statements := dbtest.StatementsOf(h.Pool)
	for _, a := range demo.Accounts {
		t.Run(a.Role, func(t *testing.T) {
			c := h.at("192.0.2.1")
			form := url.Values{"email": {a.Email}, "password": {demo.Password}}
			if r := c.ask(http.MethodPost, "/sign-in", form.Encode()); r.status != http.StatusSeeOther {
				t.Fatalf("sign in: %d", r.status)
			}
			room := map[string]string{"operator": "/admin", "creator": "/studio", "shopper": "/"}[a.Role]
			walked := walk(c, room, func(path string, open func() int) {
				var status int
				for text, times := range statements.During(func() { status = open() }) {
					if times > mostAlike {
						t.Errorf("%s (%d) asks %d times:\n%s", path, status, times, text)
					}
				}
			})
			if walked < 20 {
				t.Errorf("only %d pages were opened", walked)
			}
		})
	}
}

// walk follows the links of a room from its first page, of each kind of address two, and returns how many it opened.
// each opens the page.
func walk(c *client, room string, each func(path string, open func() int)) int {
	seen := map[string]int{}
	opened := []string{}
	for waiting := []string{room}; len(waiting) > 0; waiting = waiting[1:] {
		path, _, _ := strings.Cut(waiting[0], "#")
		kind := pageNumbers.ReplaceAllString(path, "N")
		if slices.Contains(opened, path) || seen[kind] >= 2 || strings.HasPrefix(path, "/static/") {
			continue
		}
		seen[kind]++
		opened = append(opened, path)
		each(path, func() int {
			a := c.get(path)
			for _, m := range pageLinks.FindAllStringSubmatch(a.body, -1) {
				if href := html.UnescapeString(m[1]); strings.HasPrefix(href, room) {
					waiting = append(waiting, href)
				}
			}
			return a.status
		})
	}
	return len(opened)
}
