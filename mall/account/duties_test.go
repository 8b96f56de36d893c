package account_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/db/dbtest"
	"videomall/mall/account"
)

// TestAccounts_ChangeRolesTx_keeps_a_holder_of_each_duty has two operators take the same duty from each other, and from
// a third, at the same moment. Somebody has each duty each time.
func TestAccounts_ChangeRolesTx_keeps_a_holder_of_each_duty(t *testing.T) {
	t.Parallel()
	h := newHouse(t, dbtest.Redis(t))
	ann, bob := h.made(t, "ann", account.DutyPeople), h.made(t, "bob", account.DutyPeople)
	cleo, dan := h.made(t, "cleo", account.DutyMoney), h.made(t, "dan", account.DutyMoney)
	for round := range 8 {
		var wg sync.WaitGroup
		for by, of := range map[int64]int64{ann.ID: cleo.ID, bob.ID: dan.ID} {
			wg.Go(func() {
				err := h.change(context.Background(), account.RoleChange{
					By:   by,
					ID:   of,
					From: account.Roles{account.DutyMoney},
				})
				if err != nil && !errors.Is(err, account.ErrLastOperator) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		left, err := h.People(t.Context(), account.PeopleFilter{Role: account.DutyMoney, Most: 5})
		if err != nil || len(left) != 1 {
			t.Fatalf("round %d: %+v have the duty, %v", round, left, err)
		}
		if _, err := h.pool.Exec(t.Context(), `insert into account_role (user_id, role, given_at)
			select unnest($1::bigint[]), 'money', now() on conflict do nothing`, []int64{cleo.ID, dan.ID}); err != nil {
			t.Fatal(err)
		}
	}
	err := h.change(t.Context(), account.RoleChange{
		By:   ann.ID,
		ID:   cleo.ID,
		From: account.Roles{account.DutyMoney},
		Away: []int64{dan.ID},
	})
	if !errors.Is(err, account.ErrLastOperator) {
		t.Errorf("the duty is left to somebody who is suspended: %v", err)
	}
	err = h.change(t.Context(), account.RoleChange{
		By:   ann.ID,
		ID:   bob.ID,
		From: account.Roles{account.DutyPeople},
		To:   account.Roles{account.DutyPeople, account.DutyMoney},
	})
	if !errors.Is(err, account.ErrNotYours) {
		t.Errorf("a duty was given that its giver does not have: %v", err)
	}
	if _, err := h.pool.Exec(t.Context(), `insert into account_role (user_id, role, given_by, given_at)
		values ($1, 'money', $1, now())`, ann.ID); err == nil {
		t.Error("the schema lets somebody give themselves a duty")
	}
}

func TestAccounts_MakeOperator(t *testing.T) {
	t.Parallel()
	h := newHouse(t, dbtest.Redis(t))
	ann := h.made(t, "ann", account.RoleCreator)
	noted := 0
	note := func(context.Context, pgx.Tx, account.User) error { noted++; return nil }
	for _, c := range []struct {
		who  account.NewOperator
		want error
	}{
		{account.NewOperator{Email: "no address", Name: "x"}, account.ErrInvalidAccount},
		{account.NewOperator{
			Email:    "new@example.test",
			Name:     "New",
			Password: "short",
		}, account.ErrInvalidAccount},
		{account.NewOperator{Email: ann.Email, Name: "Ann"}, account.ErrEmailTaken},
		{account.NewOperator{Email: "nobody@example.test", Existing: true}, account.ErrNoUser},
	} {
		if _, err := h.MakeOperator(t.Context(), c.who, note); !errors.Is(err, c.want) {
			t.Errorf("%+v: %v, want %v", c.who, err, c.want)
		}
	}
	u, err := h.MakeOperator(t.Context(), account.NewOperator{Email: "Olga@example.test", Name: "Olga"}, note)
	if err != nil || !u.Roles.Same(account.Duties()) || noted != 1 {
		t.Fatalf("%+v, %v, noted %d times", u, err, noted)
	}
	token, err := h.OperatorLink(t.Context(), u)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.ResetPassword(t.Context(), token, goodPassword, "192.0.2.1"); err != nil {
		t.Errorf("the link does not set the password: %v", err)
	}
	grown, err := h.MakeOperator(t.Context(), account.NewOperator{Email: ann.Email, Existing: true}, note)
	if err != nil || !grown.Roles.Same(account.AllRoles()) || grown.Name != ann.Name || grown.Epoch <= ann.Epoch {
		t.Errorf("an existing account: %+v, %v", grown, err)
	}
	// Whoever signed up with the address may be somebody else.
	if _, err := h.Authenticate(t.Context(), account.Attempt{
		Email:    ann.Email,
		Password: goodPassword,
		Addr:     "192.0.2.1",
	}); !errors.Is(err, account.ErrBadCredentials) {
		t.Errorf("the password of before: %v", err)
	}
}

func TestAccounts_OpenSetup_codes_work_for_a_day(t *testing.T) {
	t.Parallel()
	h := newHouse(t, dbtest.Redis(t))
	note := func(context.Context, pgx.Tx, account.User) error { return nil }
	first, err := h.OpenSetup(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	h.clock.pass(account.SetupLife + time.Second)
	second, err := h.OpenSetup(t.Context())
	if err != nil || second == first {
		t.Fatalf("%q after %q, %v", second, first, err)
	}
	olga := account.NewOperator{
		Email:    "olga@example.test",
		Name:     "Olga",
		Password: goodPassword,
	}
	if _, err := h.SetUp(t.Context(), first, "192.0.2.1", olga, note); !errors.Is(err, account.ErrInvalidAccount) {
		t.Errorf("a code of yesterday: %v", err)
	}
	for range 12 {
		_, err = h.SetUp(t.Context(), "guess", "192.0.2.2", olga, note)
	}
	if !errors.Is(err, account.ErrThrottled) {
		t.Errorf("guessing: %v", err)
	}
	if _, err := h.SetUp(t.Context(), " "+second[:13]+"-"+second[13:], "192.0.2.1", olga, note); err != nil {
		t.Errorf("a code with a dash: %v", err)
	}
}
