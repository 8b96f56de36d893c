package backoffice_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"videomall/mall/account"
	"videomall/mall/audit"
	"videomall/mall/backoffice"
	"videomall/mall/malltest"
	"videomall/mall/risk"
)

const somePassword = "three quiet herons"

// somebody makes an account.
func somebody(m *malltest.Mall, name, role string) account.User {
	m.T.Helper()
	u, err := m.Accounts.Provision(m.Ctx, account.User{
		Email: name + "@example.test",
		Name:  name,
		Roles: account.RolesOf(role),
	}, somePassword)
	m.OK(err)
	return u
}

func written(m *malltest.Mall, id int64) string {
	m.T.Helper()
	records, err := m.Audit.About(m.Ctx, []string{backoffice.AccountSubject(id)}, 20)
	m.OK(err)
	var verbs []string
	for _, r := range records {
		if !strings.Contains(r.Detail, `"reason": "why"`) {
			m.T.Errorf("%s does not say why: %s", r.Verb, r.Detail)
		}
		verbs = append(verbs, r.Verb)
	}
	return strings.Join(verbs, " ")
}

func TestPeople_Suspend_until_it_is_lifted(t *testing.T) {
	t.Parallel()
	m := malltest.Open(t, "")
	p := m.People
	olga, mia := somebody(m, "olga", account.RoleOperator), somebody(m, "mia", account.RoleShopper)
	desk := risk.Subject{UserID: olga.ID}
	token, err := m.Accounts.IssueToken(m.Ctx, account.TokenRequest{
		Email:    mia.Email,
		Password: somePassword,
		Addr:     "a",
	})
	m.OK(err)
	for reason, want := range map[string]error{
		"": backoffice.ErrActionInvalid, " ": backoffice.ErrActionInvalid,
		strings.Repeat("x", 201): backoffice.ErrActionInvalid, "\x00": backoffice.ErrActionInvalid,
	} {
		if err := p.Suspend(m.Ctx, desk, mia.ID, reason, 0); !errors.Is(err, want) {
			t.Errorf("%q: %v", reason, err)
		}
		if err := p.Lift(m.Ctx, desk, mia.ID, reason); !errors.Is(err, want) {
			t.Errorf("%q: %v", reason, err)
		}
		if _, err := p.SignOut(m.Ctx, olga.ID, mia.ID, reason); !errors.Is(err, want) {
			t.Errorf("%q: %v", reason, err)
		}
		if err := p.ChangeRoles(m.Ctx, account.RoleChange{
			By:   olga.ID,
			ID:   mia.ID,
			From: account.RolesOf("shopper"),
			To:   account.RolesOf("creator"),
		}, reason); !errors.Is(err, want) {
			t.Errorf("%q: %v", reason, err)
		}
	}
	if err := p.Suspend(m.Ctx, desk, olga.ID, "why", 0); !errors.Is(err, risk.ErrOwnLockout) {
		t.Errorf("herself: %v", err)
	}
	if err := p.Suspend(m.Ctx, desk, 4711, "why", 0); !errors.Is(err, account.ErrNoUser) {
		t.Errorf("nobody: %v", err)
	}
	if err := p.Suspend(m.Ctx, risk.Subject{UserID: mia.ID}, olga.ID, "why",
		0); !errors.Is(err, account.ErrNotOperator) {
		t.Errorf("by a shopper: %v", err)
	}
	oscar := somebody(m, "oscar", account.RoleOperator)
	m.OK(m.Lists.Add(m.Ctx, risk.NewEntry{
		Effect:  risk.Deny,
		Kind:    risk.User,
		Subject: fmt.Sprint(oscar.ID),
		Reason:  "why",
		For:     time.Hour,
		By:      desk,
	}))
	if err := p.Lift(m.Ctx, risk.Subject{UserID: oscar.ID}, oscar.ID,
		"why"); !errors.Is(err, backoffice.ErrActorSuspended) {
		t.Errorf("he lifted his own suspension: %v", err)
	}
	m.OK(p.Suspend(m.Ctx, desk, mia.ID, "why", time.Hour))
	if _, err := m.Accounts.TokenUser(m.Ctx, token.Value); !errors.Is(err, account.ErrInvalidToken) {
		t.Errorf("the token is still valid: %v", err)
	}
	if _, err := m.Accounts.IssueToken(m.Ctx, account.TokenRequest{
		Email:    mia.Email,
		Password: somePassword,
		Addr:     "a",
	}); !errors.Is(err, account.ErrSuspended) {
		t.Errorf("a new token: %v", err)
	}
	if _, err := m.Accounts.Authenticate(m.Ctx, account.Attempt{
		Email:    mia.Email,
		Password: "another password",
	}); !errors.Is(err, account.ErrBadCredentials) {
		t.Errorf("a caller without the password learns of the suspension: %v", err)
	}
	m.OK(p.Lift(m.Ctx, desk, mia.ID, "why"))
	if _, err := m.Accounts.Authenticate(m.Ctx, account.Attempt{Email: mia.Email, Password: somePassword}); err != nil {
		t.Errorf("after the lift: %v", err)
	}
	if err := p.Lift(m.Ctx, desk, mia.ID, "why"); !errors.Is(err, risk.ErrNoEntry) {
		t.Errorf("a second lift: %v", err)
	}
	m.OK(p.Suspend(m.Ctx, desk, mia.ID, "why", time.Hour))
	m.Advance(time.Hour + time.Second)
	if _, err := m.Accounts.Authenticate(m.Ctx, account.Attempt{Email: mia.Email, Password: somePassword}); err != nil {
		t.Errorf("after the suspension has expired: %v", err)
	}
	_, err = p.SignOut(m.Ctx, olga.ID, mia.ID, "why")
	m.OK(err)
	m.OK(p.ChangeRoles(m.Ctx, account.RoleChange{
		By:   olga.ID,
		ID:   mia.ID,
		From: account.RolesOf("shopper"),
		To:   account.RolesOf("creator"),
	}, "why"))
	if got := written(m, mia.ID); got != "account.role account.sign_out account.suspend account.lift account.suspend" {
		t.Errorf("recorded: %s", got)
	}
	if state, err := m.Audit.Verify(m.Ctx); err != nil || !state.Whole() {
		t.Errorf("%+v, %v", state, err)
	}
	if all, err := m.Audit.List(m.Ctx, audit.Filter{Most: 50}); err != nil || len(all) != 6 {
		t.Errorf("%d entries, want 6 since refused actions leave none, %v", len(all), err)
	}
}

// TestPeople_Suspend_leaves_one_of_two_operators has two operators act against each other at once, each by a change of
// role, a suspension or an entry of the lists. One of them can still act afterwards.
func TestPeople_Suspend_leaves_one_of_two_operators(t *testing.T) {
	t.Parallel()
	m := malltest.Open(t, "")
	p := m.People
	for round := range 9 {
		a, b := somebody(m, fmt.Sprintf("a%d", round), account.RoleOperator), somebody(m, fmt.Sprintf("b%d", round),
			account.RoleOperator)
		take := func(by, whom int64) error {
			return p.ChangeRoles(m.Ctx, account.RoleChange{
				By:   by,
				ID:   whom,
				From: account.RolesOf("operator"),
				To:   account.RolesOf("shopper"),
			}, "why")
		}
		suspend := func(by, whom int64) error { return p.Suspend(m.Ctx, risk.Subject{UserID: by}, whom, "why", 0) }
		list := func(by, whom int64) error {
			return m.Lists.Add(m.Ctx, risk.NewEntry{
				Effect:  risk.Deny,
				Kind:    risk.User,
				Subject: fmt.Sprint(whom),
				Reason:  "why",
				By:      risk.Subject{UserID: by},
			})
		}
		pairs := [][2]func(by, whom int64) error{{take, suspend}, {suspend, suspend}, {take, list}}
		var wg sync.WaitGroup
		var errs [2]error
		wg.Go(func() { errs[0] = pairs[round%3][0](a.ID, b.ID) })
		wg.Go(func() { errs[1] = pairs[round%3][1](b.ID, a.ID) })
		wg.Wait()
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Errorf("round %d: %v and %v", round, errs[0], errs[1])
		}
		_, err := m.Pool.Exec(m.Ctx, `delete from account_role`) // no method can do this
		m.OK(err)
	}
}
