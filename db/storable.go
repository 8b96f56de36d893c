package db

import (
	"strings"
	"unicode/utf8"
)

// Storable reports whether PostgreSQL can store a text and be asked for it, which requires UTF-8 without NUL.
func Storable(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }
