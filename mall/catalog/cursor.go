package catalog

import (
	"encoding/base64"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
	"time"
)

// Cursor is the place in a list after which the next page begins: the sort key and the id of the last row shown.
// It is opaque to readers and carries what it was made for, so that a cursor of another list is refused instead
// of showing a page from nowhere. It grants nothing, hence no signature.
type Cursor struct {
	List    string // which list it is a place in; without "~"
	Key, ID int64
}

func (k Cursor) String() string {
	return base64.RawURLEncoding.EncodeToString(
		[]byte(k.List + "~" + strconv.FormatInt(k.Key, 36) + "~" + strconv.FormatInt(k.ID, 36)))
}

// ParseCursor reads a cursor made for that list. Errors: ErrCursorInvalid.
func ParseCursor(s, list string) (Cursor, error) {
	invalid := func(why string) (Cursor, error) {
		return Cursor{}, ErrCursorInvalid.With("cursor", why).Because("cursor %.100q for %s", s, list)
	}
	if len(s) > 200 {
		return invalid("malformed")
	}
	raw, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return invalid("malformed")
	}
	parts := strings.Split(string(raw), "~")
	if len(parts) != 3 {
		return invalid("malformed")
	}
	key, err1 := strconv.ParseInt(parts[1], 36, 64)
	id, err2 := strconv.ParseInt(parts[2], 36, 64)
	if err1 != nil || err2 != nil {
		return invalid("malformed")
	}
	if parts[0] != list {
		return invalid("other_list")
	}
	return Cursor{list, key, id}, nil
}

// ListName names the list that a filter makes, so that a cursor can be matched to it: its order, and a hash of
// everything that narrows it. The length of a page is no part of it, since that may change from page to page.
func (f Filter) ListName() string {
	bound := func(n *int64) string {
		if n == nil {
			return ""
		}
		return strconv.FormatInt(*n, 10)
	}
	h := fnv.New64a()
	fmt.Fprintf(h, "%q",
		[]string{
			f.AmongWhat, f.CategorySlug, f.CreatorSlug, f.Kind, f.Quality, strconv.FormatBool(f.Free),
			bound(f.PriceMin), bound(f.PriceMax),
		})
	return fmt.Sprintf("%s-%016x", f.Sort, h.Sum64())
}

// instant is a cursor's key as a time: microseconds since 1970. PostgreSQL's range ends long before int64's.
func (k Cursor) instant() (time.Time, error) {
	t := time.UnixMicro(k.Key)
	if y := t.Year(); y < 1 || y > 9999 {
		return time.Time{}, ErrCursorInvalid.With("cursor", "malformed").Because("moment %d", k.Key)
	}
	return t, nil
}
