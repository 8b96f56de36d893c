package db

import (
	"strings"
	"unicode/utf8"
)

// Storable says that PostgreSQL can keep a text, and be asked for it: UTF-8 without NUL.
func Storable(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }
