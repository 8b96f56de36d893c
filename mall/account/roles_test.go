package account_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/db/dbtest"
	"videomall/mall/account"
)

// made returns a new person with that role.
func (h *house) made(t *testing.T, name, role string) account.User {
	t.Helper()
	u, err := h.Provision(t.Context(), account.User{
		Email: name + "@example.test",
		Name:  name,
		Roles: account.RolesOf(role),
	}, goodPassword)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func (h *house) change(ctx context.Context, r account.RoleChange) error {
	return db.InTx(ctx, h.pool, func(tx pgx.Tx) error {
		_, _, err := h.ChangeRolesTx(ctx, tx, r)
		return err
	})
}

func TestAccounts_ChangeRoleTx_needs_another_operator_and_the_role_seen(t *testing.T) {
	t.Parallel()
	h := newHouse(t, dbtest.Redis(t))
	olga, ann, carl := h.made(t, "olga", account.RoleOperator), h.made(t, "ann", account.RoleShopper), h.made(t, "carl",
		account.RoleCreator)
	for name, c := range map[string]struct {
		change account.RoleChange
		want   error
	}{
		"unknown role": {account.RoleChange{
			By:   olga.ID,
			ID:   ann.ID,
			From: account.RolesOf("shopper"),
			To:   account.RolesOf("king"),
		}, account.ErrInvalidAccount},
		"no change": {account.RoleChange{By: olga.ID, ID: ann.ID}, account.ErrInvalidAccount},
		"twice the same": {account.RoleChange{
			By: olga.ID,
			ID: ann.ID,
			To: account.Roles{account.RoleCreator, account.RoleCreator},
		}, account.ErrInvalidAccount},
		"own": {account.RoleChange{
			By:   olga.ID,
			ID:   olga.ID,
			From: account.RolesOf("operator"),
			To:   account.RolesOf("creator"),
		}, account.ErrOwnRole},
		"by a creator": {account.RoleChange{
			By:   carl.ID,
			ID:   ann.ID,
			From: account.RolesOf("shopper"),
			To:   account.RolesOf("operator"),
		}, account.ErrNotOperator},
		"by nobody": {account.RoleChange{
			By:   0,
			ID:   ann.ID,
			From: account.RolesOf("shopper"),
			To:   account.RolesOf("operator"),
		}, account.ErrNotOperator},
		"nobody's": {account.RoleChange{
			By:   olga.ID,
			ID:   4711,
			From: account.RolesOf("shopper"),
			To:   account.RolesOf("operator"),
		}, account.ErrNoUser},
		"moved": {account.RoleChange{
			By:   olga.ID,
			ID:   carl.ID,
			From: account.RolesOf("shopper"),
			To:   account.RolesOf("operator"),
		}, account.ErrRoleMoved},
		"theirs already": {account.RoleChange{
			By:   olga.ID,
			ID:   carl.ID,
			From: account.RolesOf("creator"),
			To:   account.RolesOf("creator"),
		}, account.ErrInvalidAccount},
	} {
		if err := h.change(t.Context(), c.change); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	b := &browser{h: h}
	b.signIn(t, ann)
	if err := h.change(t.Context(), account.RoleChange{
		By:   olga.ID,
		ID:   ann.ID,
		From: account.RolesOf("shopper"),
		To:   account.RolesOf("operator"),
	}); err != nil {
		t.Fatal(err)
	}
	if u, err := h.User(t.Context(), ann.ID); err != nil || !u.Roles.Same(account.Duties()) || b.who(t) != 0 {
		t.Errorf("%+v, %v", u, err)
	}
	// A locked operator cannot act, and does not count as the last one.
	if _, err := h.Lock(t.Context(), ann.ID); err != nil {
		t.Fatal(err)
	}
	if err := h.change(t.Context(), account.RoleChange{
		By:   ann.ID,
		ID:   olga.ID,
		From: account.RolesOf("operator"),
		To:   account.RolesOf("shopper"),
	}); !errors.Is(err, account.ErrNotOperator) {
		t.Errorf("a locked operator acts: %v", err)
	}
	if err := h.BecomeCreator(t.Context(), olga.ID); !errors.Is(err, account.ErrRoleMoved) {
		t.Errorf("an operator became a creator: %v", err)
	}
}

func TestAccounts_BecomeCreator(t *testing.T) {
	t.Parallel()
	h := newHouse(t, dbtest.Redis(t))
	olga, carl, ann := h.made(t, "olga", account.RoleOperator), h.made(t, "carl", account.RoleCreator), h.made(t, "ann",
		account.RoleShopper)
	role := func(id int64) string {
		t.Helper()
		u, err := h.User(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return u.Roles.Words()[0]
	}
	if err := h.BecomeCreator(t.Context(), ann.ID); err != nil || role(ann.ID) != account.RoleCreator {
		t.Fatalf("she cannot become a creator although nobody has decided about her: %v", err)
	}
	for _, u := range []account.User{carl, ann} {
		if err := h.change(t.Context(), account.RoleChange{
			By:   olga.ID,
			ID:   u.ID,
			From: account.RolesOf("creator"),
			To:   account.RolesOf("shopper"),
		}); err != nil {
			t.Fatal(err)
		}
		if err := h.MayBecomeCreator(t.Context(), u.ID); !errors.Is(err, account.ErrRoleDecided) {
			t.Errorf("%s may become a creator: %v", u.Name, err)
		}
		if err := h.BecomeCreator(t.Context(), u.ID); !errors.Is(err, account.ErrRoleDecided) ||
			role(u.ID) != account.RoleShopper {
			t.Errorf("%s took the role back: %v, %s", u.Name, err, role(u.ID))
		}
	}
	// The demo provisions its people again at every start.
	if u, err := h.Provision(t.Context(), account.User{
		Email: carl.Email,
		Name:  "Carl",
		Roles: account.RolesOf(account.RoleCreator),
	}, "a password"); err != nil ||
		len(u.Roles) != 0 || u.Name != "Carl" {
		t.Errorf("provided again: %+v, %v", u, err)
	}
	if err := h.change(t.Context(), account.RoleChange{
		By:   olga.ID,
		ID:   carl.ID,
		From: account.RolesOf("shopper"),
		To:   account.RolesOf("creator"),
	}); err != nil || role(carl.ID) != account.RoleCreator {
		t.Errorf("an operator cannot give the role back: %v", err)
	}
}

// TestAccounts_ChangeRoleTx_keeps_the_last_operator has operators take each other's role at the same moment. One is
// left each time.
func TestAccounts_ChangeRoleTx_keeps_the_last_operator(t *testing.T) {
	t.Parallel()
	h := newHouse(t, dbtest.Redis(t))
	for round := range 12 {
		var all []account.User
		for n := range 2 + round%3 {
			all = append(all, h.made(t, fmt.Sprintf("op%d-%d", round, n), account.RoleOperator))
		}
		var wg sync.WaitGroup
		var taken sync.Map
		for n, by := range all {
			for k := range len(all) - 1 {
				other := all[(n+k+1)%len(all)]
				wg.Go(func() {
					switch err := h.change(context.Background(), account.RoleChange{
						By:   by.ID,
						ID:   other.ID,
						From: account.RolesOf("operator"),
						To:   account.RolesOf("shopper"),
					}); {
					case err == nil:
						taken.Store(other.ID, true)
					case errors.Is(err, account.ErrNotOperator), errors.Is(err, account.ErrRoleMoved),
						errors.Is(err, account.ErrLastOperator):
					default:
						t.Error(err)
					}
				})
			}
		}
		wg.Wait()
		left := 0
		for _, u := range all {
			now, err := h.User(t.Context(), u.ID)
			if err != nil {
				t.Fatal(err)
			}
			if now.Roles.Is(account.RoleOperator) {
				left++
			}
			if _, was := taken.Load(u.ID); was != now.Roles.Is(account.RoleShopper) {
				t.Errorf("round %d: %s is %s, taken %v", round, u.Email, now.Roles, was)
			}
		}
		if left != 1 {
			t.Fatalf("round %d: %d operators are left of %d", round, left, len(all))
		}
		// no method of Accounts can do this
		if _, err := h.pool.Exec(t.Context(), "delete from account_role"); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAccounts_People_finds_by_prefix(t *testing.T) {
	t.Parallel()
	h := newHouse(t, dbtest.Redis(t))
	ann, annika, bob := h.made(t, "ann", account.RoleShopper), h.made(t, "annika", account.RoleCreator), h.made(t,
		"bob_1", account.RoleOperator)
	if err := h.ChangeProfile(t.Context(), bob.ID, "Anneli 王", ""); err != nil {
		t.Fatal(err)
	}
	for n := range 3 {
		h.clock.pass(time.Second)
		h.made(t, fmt.Sprintf("zoe%d", n), account.RoleShopper)
	}
	find := func(f account.PeopleFilter) (ids []int64) {
		t.Helper()
		f.Most = 10
		found, err := h.People(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range found {
			ids = append(ids, u.ID)
		}
		return ids
	}
	for name, c := range map[string]struct {
		filter account.PeopleFilter
		want   []int64
	}{
		"an email's beginning, a name's too": {account.PeopleFilter{Query: "Ann"}, []int64{bob.ID, annika.ID, ann.ID}},
		"an email":                           {account.PeopleFilter{Query: "ANN@example.test"}, []int64{ann.ID}},
		"a name in another script":           {account.PeopleFilter{Query: "anneli 王"}, []int64{bob.ID}},
		"an underscore is itself":            {account.PeopleFilter{Query: "bob_"}, []int64{bob.ID}},
		"and no wildcard":                    {account.PeopleFilter{Query: "ann_"}, nil},
		"nor is a percent sign":              {account.PeopleFilter{Query: "%"}, nil},
		"a number":                           {account.PeopleFilter{Query: fmt.Sprint(annika.ID)}, []int64{annika.ID}},
		"a number of another role": {account.PeopleFilter{
			Query: fmt.Sprint(annika.ID),
			Role:  "shopper",
		}, nil},
		"a role": {account.PeopleFilter{Role: "creator"}, []int64{annika.ID}},
		"some": {
			account.PeopleFilter{Only: []int64{ann.ID, bob.ID}},
			[]int64{bob.ID, ann.ID},
		},
		"of nobody":          {account.PeopleFilter{Only: []int64{}}, nil},
		"a number of nobody": {account.PeopleFilter{Only: []int64{}, Query: fmt.Sprint(ann.ID)}, nil},
		"those before":       {account.PeopleFilter{Query: "ann", Before: annika.ID}, []int64{ann.ID}},
		"no text":            {account.PeopleFilter{Query: "\xff"}, nil},
	} {
		if diff := cmp.Diff(c.want, find(c.filter), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	first, err := h.People(t.Context(), account.PeopleFilter{Query: "zoe", Most: 2})
	if err != nil || len(first) != 2 || first[0].Email != "zoe2@example.test" {
		t.Errorf("%+v, %v", first, err)
	}
	for q, want := range map[string]int{"ann": 3, "zoe1@example.test": 1, "": 0, "\x00": 0, "nn": 0} {
		if found, err := h.Lookup(t.Context(), q, 10); err != nil || len(found) != want {
			t.Errorf("%q finds %+v, %v", q, found, err)
		}
	}
}
