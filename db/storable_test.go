package db_test

import (
	"testing"

	"videomall/db"
)

func TestStorable(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]bool{
		"": true, "港口 of dawn\n": true, "\ufffd": true, "a\x00": false, "\xff": false,
		"\xe6\xb5": false,
	} {
		if db.Storable(s) != want {
			t.Errorf("%q is storable: %v", s, !want)
		}
	}
}
