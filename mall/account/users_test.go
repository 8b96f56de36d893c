package account_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"videomall/db/dbtest"
	"videomall/mall/account"
)

func TestAccounts_Users(t *testing.T) {
	t.Parallel()
	h := newHouse(t, dbtest.Redis(t))
	var made []account.User
	for n := range 5 {
		u, err := h.Provision(t.Context(), account.User{
			Email: fmt.Sprintf("person%d@example.test", n),
			Name:  fmt.Sprintf("Person %d", n),
			Roles: account.RolesOf(account.RoleCreator),
		}, goodPassword)
		if err != nil {
			t.Fatal(err)
		}
		made = append(made, u)
	}
	const gone = 987_654
	ids := []int64{made[4].ID, gone, made[0].ID, 0, made[4].ID}

	t.Run("whom there is, each once and as User finds them", func(t *testing.T) {
		found, err := h.Users(t.Context(), ids...)
		if err != nil {
			t.Fatal(err)
		}
		keys := slices.Sorted(maps.Keys(found))
		if diff := cmp.Diff([]int64{made[0].ID, made[4].ID}, keys); diff != "" {
			t.Errorf("users (-want +found):\n%s", diff)
		}
		for id, u := range found {
			if one, err := h.User(t.Context(), id); err != nil || !cmp.Equal(one, u) {
				t.Errorf("%+v, and alone %+v, %v", u, one, err)
			}
		}
		if a, b := found.Name(made[4].ID), found.Name(gone); a != "Person 4" || b != "#987654" {
			t.Errorf("the names are %q and %q", a, b)
		}
	})

	t.Run("one query for any number, none for nobody", func(t *testing.T) {
		for want, ids := range map[int][]int64{0: {0, 0}, 1: ids} {
			asked := dbtest.StatementsOf(h.pool).During(func() {
				if _, err := h.Users(t.Context(), ids...); err != nil {
					t.Error(err)
				}
			})
			total := 0
			for _, times := range asked {
				total += times
			}
			if total != want {
				t.Errorf("%v took %d queries, not %d", ids, total, want)
			}
		}
	})
}
