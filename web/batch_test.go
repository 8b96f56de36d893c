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

// maxRepeats is how often one page may run one statement: for several lists, or for its content and its frame. This
// mall receives no invalidations, so it caches nothing in memory, and every read of a page reaches the database.
const maxRepeats = 3

var (
	pageLinks   = regexp.MustCompile(`href="(/[^"]*)"`)
	pageNumbers = regexp.MustCompile(`[0-9A-Z]{26}|\d+|%3A.*|@.*`)
)

// TestPages_read_rows_together opens each kind of page of the console, the studio and the shop on the demo content,
// whose lists are long, and counts how often each page runs one statement. What the rows of a list refer to must be
// read for the whole list at once, not row by row.
func TestPages_read_rows_together(t *testing.T) {
	h := openHouse(t, nil)
	h.OK(demo.Seed(h.Ctx, h.Pool, h.Mall.Mall, demo.OpenVideos("../demo/footage"), h.Log))
	statements := dbtest.StatementsOf(h.Pool)
	for _, a := range demo.Accounts {
		t.Run(a.Role, func(t *testing.T) {
			c := h.at("192.0.2.1")
			form := url.Values{"email": {a.Email}, "password": {demo.Password}}
			if r := c.ask(http.MethodPost, "/sign-in", form.Encode()); r.status != http.StatusSeeOther {
				t.Fatalf("sign in: got %d, want 303", r.status)
			}
			area := map[string]string{"operator": "/admin", "creator": "/studio", "shopper": "/"}[a.Role]
			walked := walk(c, area, func(path string, open func() int) {
				var status int
				for text, times := range statements.During(func() { status = open() }) {
					if times > maxRepeats {
						t.Errorf("%s (%d) runs a statement %d times:\n%s", path, status, times, text)
					}
				}
			})
			if walked < 20 {
				t.Errorf("opened pages: got %d, want at least 20", walked)
			}
		})
	}
}

// walk follows the links of an area from its first page, two addresses of each kind, and returns how many pages it
// opened. It calls each for every page, with a function that opens it.
func walk(c *client, area string, each func(path string, open func() int)) int {
	seen := map[string]int{}
	opened := []string{}
	for waiting := []string{area}; len(waiting) > 0; waiting = waiting[1:] {
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
				if href := html.UnescapeString(m[1]); strings.HasPrefix(href, area) {
					waiting = append(waiting, href)
				}
			}
			return a.status
		})
	}
	return len(opened)
}
