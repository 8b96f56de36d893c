package account_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"videomall/db/dbtest"
	"videomall/db/migrations"
	"videomall/mall/account"
)

// unseenMarks has one of each kind of mark that makes an address look like another one.
var unseenMarks = []string{"\u200b", "\u00ad", "\u034f", "\ufe0f", "\u2060", "\ufeff", "\u115f", "\U000e0041"}

func TestAccounts_Register_drops_unseen_marks(t *testing.T) {
	t.Parallel()
	h := newHouse(t, dbtest.Redis(t))
	ann := h.register(t, "ann@example.test")
	for _, mark := range unseenMarks {
		email := "an" + mark + "n@example.test"
		_, err := h.Register(t.Context(), account.Registration{
			Email:    email,
			Name:     "Ann",
			Password: goodPassword,
		})
		if !errors.Is(err, account.ErrEmailTaken) {
			t.Errorf("%+q: %v", email, err)
		}
		if u, err := h.Authenticate(t.Context(), account.Attempt{
			Email:    email,
			Password: goodPassword,
			Addr:     "192.0.2.1",
		}); err != nil || u.ID != ann.ID {
			t.Errorf("%+q signs in as %d: %v", email, u.ID, err)
		}
		if err := h.ChangeProfile(t.Context(), ann.ID, "A"+mark+"nn", ""); err != nil ||
			h.now(t, ann.ID).Name != "Ann" {
			t.Errorf("the name with %+q is kept as %+q: %v", mark, h.now(t, ann.ID).Name, err)
		}
	}
}

// TestAccounts_Authenticate_former_spelling checks that people can sign in to accounts from before unseen marks were
// dropped: by the plain address, or by their own spelling if the plain address belongs to another account.
func TestAccounts_Authenticate_former_spelling(t *testing.T) {
	t.Parallel()
	h := newHouse(t, dbtest.Redis(t))
	former := map[string]string{} // the address that was entered then, and the one that it becomes
	for n, mark := range unseenMarks {
		former[fmt.Sprintf("bo%sb%d@example.test", mark, n)] = fmt.Sprintf("bob%d@example.test", n)
	}
	former["carol@example.test"], former["car\u200bol@example.test"] = "carol@example.test", "car\u200bol@example.test"
	former["d\u00adave@example.test"] = "dave@example.test"
	former["da\u200bve@example.test"] = "da\u200bve@example.test"
	former["éva@example.test"] = "éva@example.test"
	ids, n := map[string]int64{}, 0
	for _, typed := range []string{"carol@example.test", "d\u00adave@example.test"} { // the older ones of a pair
		ids[typed] = h.register(t, fmt.Sprintf("former-%d@example.test", n)).ID
		n++
	}
	for typed := range former {
		if ids[typed] == 0 {
			ids[typed] = h.register(t, fmt.Sprintf("former-%d@example.test", n)).ID
			n++
		}
	}
	for typed, id := range ids {
		if _, err := h.pool.Exec(t.Context(), "update account_user set email = $1 where id = $2", typed,
			id); err != nil {
			t.Fatal(err)
		}
	}
	file, err := migrations.FS.ReadFile("00069_unseen_marks.sql")
	if err != nil {
		t.Fatal(err)
	}
	up, _, _ := strings.Cut(string(file), "-- +goose Down")
	if _, err := h.pool.Exec(t.Context(), up); err != nil {
		t.Fatal(err)
	}
	for typed, want := range former {
		u, err := h.Authenticate(t.Context(), account.Attempt{
			Email:    typed,
			Password: goodPassword,
			Addr:     "192.0.2.1",
		})
		if err != nil || u.ID != ids[typed] || u.Email != want {
			t.Errorf("%+q signs in to %d as %+q, want %d, %+q: %v", typed, u.ID, u.Email, ids[typed], want, err)
		}
	}
}
