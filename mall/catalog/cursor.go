package catalog

import (
	"encoding/base64"
	"strconv"
	"strings"
	"time"
)

// cursor is the place in a list after which the next page begins: the sort key and the id of the last row shown.
// It is opaque to readers and carries what it was made for, so that a cursor of another list is refused instead
// of showing a page from nowhere. It grants nothing, hence no signature.
type cursor struct {
	list string
	key  int64
	id   int64
}

func (k cursor) String() string {
	return base64.RawURLEncoding.EncodeToString([]byte(k.list + "~" + strconv.FormatInt(k.key, 36) + "~" + strconv.FormatInt(k.id, 36)))
}

// parseCursor reads a cursor made for that list. Errors: ErrCursorInvalid.
func parseCursor(s, list string) (cursor, error) {
	invalid := func(why string) (cursor, error) {
		return cursor{}, ErrCursorInvalid.With("cursor", why).Because("cursor %.100q for %s", s, list)
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
	return cursor{list, key, id}, nil
}

// instant is a cursor's key as a time: microseconds since 1970. PostgreSQL's range ends long before int64's.
func (k cursor) instant() (time.Time, error) {
	t := time.UnixMicro(k.key)
	if y := t.Year(); y < 1 || y > 9999 {
		return time.Time{}, ErrCursorInvalid.With("cursor", "malformed").Because("moment %d", k.key)
	}
	return t, nil
}
