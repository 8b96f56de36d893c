// Package people draws the console's pages about people: who has an account, one person in full, what an operator may
// do to an account, and who is kept out of the shop or passes uncounted. It refuses to decide anything.
package people

import (
	"strconv"

	"videomall/mall/risk"
)

func id(n int64) string { return strconv.FormatInt(n, 10) }

// accountOf is the account that an entry of the lists is about.
func accountOf(e risk.Entry) int64 {
	n, _ := strconv.ParseInt(e.Subject, 10, 64) // risk wrote it
	return n
}
