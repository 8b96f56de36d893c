package account_test

import (
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/sessions"
	"github.com/pquerna/otp/hotp"

	"videomall/mall/account"
)

// app is the authenticator app of a person.
type app struct {
	h      *mailingHouse
	secret string
}

// code is what the app shows now, or so many periods later.
func (p app) code(periods int64) string {
	p.h.t.Helper()
	code, err := hotp.GenerateCode(p.secret, uint64(p.h.clock.now().Unix()/30+periods))
	p.h.ok(err)
	return code
}

// addApp sets up an app, and returns it with the recovery codes.
func (h *mailingHouse) addApp(id int64) (app, []string) {
	h.t.Helper()
	u := h.now(h.t, id)
	setup, err := h.NewTOTP(u, "Shop")
	h.ok(err)
	p := app{h, setup.Secret}
	codes, err := h.ConfirmTOTP(h.t.Context(), u, setup.Sealed, p.code(0))
	h.ok(err)
	return p, codes
}

// step proves the password, and returns the second step.
func (h *mailingHouse) step(email string) string {
	h.t.Helper()
	entry, err := h.StartSignIn(h.t.Context(), account.Attempt{
		Email:    email,
		Password: goodPassword,
		Addr:     "192.0.2.1",
	})
	h.ok(err)
	if entry.Step == "" {
		h.t.Fatal("the password alone is enough")
	}
	return entry.Step
}

func (h *mailingHouse) finish(step, code, addr string) error {
	_, err := h.FinishSignIn(h.t.Context(), account.SecondStep{Step: step, Code: code, Addr: addr})
	return err
}

func TestAccounts_FinishSignIn_each_code_once(t *testing.T) {
	h := newMailingHouse(t)
	ann := h.register(t, "ann@example.test")
	p, codes := h.addApp(ann.ID)
	if len(codes) != 10 || len(h.told(account.NoticeTOTPOn)) != 1 {
		t.Fatalf("%d recovery codes, %d mails", len(codes), len(h.told(account.NoticeTOTPOn)))
	}
	step := h.step(ann.Email)
	h.wants(h.finish(step, p.code(0), "192.0.2.1"), account.ErrWrongCode) // confirmed the app
	h.clock.pass(2 * time.Minute)
	for _, far := range []int64{-2, 2} {
		h.wants(h.finish(step, p.code(far), "192.0.2.1"), account.ErrWrongCode)
	}
	late := p.code(-1)
	h.ok(h.finish(step, late[:3]+" "+late[3:], "192.0.2.1"))
	h.wants(h.finish(step, p.code(0), "192.0.2.1"), account.ErrStepGone) // the step is done
	again := h.step(ann.Email)
	h.wants(h.finish(again, late, "192.0.2.1"), account.ErrWrongCode)
	h.ok(h.finish(again, p.code(1), "192.0.2.1"))
	h.wants(h.finish(h.step(ann.Email), p.code(0), "192.0.2.1"), account.ErrWrongCode) // older than the last one
	h.wants(h.finish("", p.code(0), "192.0.2.1"), account.ErrStepGone)
	var plain int
	h.ok(h.pool.QueryRow(t.Context(), "select count(*) from account_totp where position($1::bytea in secret) > 0",
		[]byte(p.secret)).Scan(&plain))
	if plain != 0 {
		t.Error("the secret is stored in plain text")
	}
}

// Of all who use one code at once, one gets in.
func TestAccounts_FinishSignIn_two_at_once(t *testing.T) {
	h := newMailingHouse(t)
	ann := h.register(t, "ann@example.test")
	p, codes := h.addApp(ann.ID)
	h.clock.pass(time.Minute)
	for name, code := range map[string]string{"app": p.code(0), "recovery code": codes[3]} {
		const tries = 4
		var steps [tries]string
		for i := range steps {
			steps[i] = h.step(ann.Email)
		}
		var got [tries]error
		var all sync.WaitGroup
		for i := range steps {
			all.Go(func() { got[i] = h.finish(steps[i], code, "192.0.2.1") })
		}
		all.Wait()
		in := 0
		for _, err := range got {
			switch {
			case err == nil:
				in++
			case !errors.Is(err, account.ErrWrongCode):
				t.Errorf("%s: %v", name, err)
			}
		}
		if in != 1 {
			t.Errorf("one code of the %s let %d in", name, in)
		}
	}
	if f, err := h.Factors(t.Context(), ann.ID); err != nil || f.RecoveryLeft != 9 {
		t.Errorf("%d recovery codes left, %v", f.RecoveryLeft, err)
	}
	if n := len(h.told(account.NoticeRecoveryUsed)); n != 1 {
		t.Errorf("%d mails about one recovery code", n)
	}
}

// One step that is answered twice at once with two right codes begins one session.
func TestAccounts_FinishSignIn_one_step_twice(t *testing.T) {
	h := newMailingHouse(t)
	ann := h.register(t, "ann@example.test")
	_, codes := h.addApp(ann.ID)
	step := h.step(ann.Email)
	var got [2]error
	var all sync.WaitGroup
	for i := range got {
		all.Go(func() { got[i] = h.finish(step, codes[i], "192.0.2.1") })
	}
	all.Wait()
	if (got[0] == nil) == (got[1] == nil) {
		t.Fatal(got)
	}
	if f, err := h.Factors(t.Context(), ann.ID); err != nil || f.RecoveryLeft != 9 {
		t.Errorf("%d recovery codes left, %v", f.RecoveryLeft, err)
	}
}

func TestAccounts_StepUser_ends(t *testing.T) {
	h, ctx := newMailingHouse(t), t.Context()
	ann := h.register(t, "ann@example.test")
	p, codes := h.addApp(ann.ID)
	old := h.step(ann.Email)
	h.clock.pass(account.StepLife + time.Second)
	h.wants(h.finish(old, p.code(0), "192.0.2.1"), account.ErrStepGone)
	before := h.step(ann.Email)
	_, err := h.EndAll(ctx, ann.ID)
	h.ok(err)
	h.wants(h.finish(before, p.code(0), "192.0.2.1"), account.ErrStepGone)
	h.ok(h.finish(h.step(ann.Email), p.code(0), "192.0.2.1"))
	// New recovery codes end the former ones.
	fresh, err := h.RenewRecovery(ctx, ann.ID)
	h.ok(err)
	h.wants(h.finish(h.step(ann.Email), codes[0], "192.0.2.1"), account.ErrWrongCode)
	h.ok(h.finish(h.step(ann.Email), fresh[0], "192.0.2.1"))
	if n, err := h.Sweep(ctx); err != nil || n < 1 {
		t.Errorf("swept %d, %v", n, err)
	}
}

func TestAccounts_FinishSignIn_guesses_shut_out(t *testing.T) {
	h := newMailingHouse(t)
	ann := h.register(t, "ann@example.test")
	p, _ := h.addApp(ann.ID)
	h.clock.pass(time.Minute)
	step := h.step(ann.Email)
	for range 10 {
		h.wants(h.finish(step, "000000", "192.0.2.1"), account.ErrWrongCode)
	}
	h.wants(h.finish(step, p.code(0), "192.0.2.1"), account.ErrThrottled)
	// From many networks 30 guesses in all are left.
	throttled := 0
	for i := range 24 {
		if err := h.finish(step, "000000", fmt.Sprintf("198.51.%d.1", i)); errors.Is(err, account.ErrThrottled) {
			throttled++
		} else {
			h.wants(err, account.ErrWrongCode)
		}
	}
	if throttled == 0 || throttled > 5 {
		t.Errorf("%d of 24 more guesses refused", throttled)
	}
	h.wants(h.finish(step, p.code(0), "203.0.113.9"), account.ErrThrottled)
}

func TestAccounts_IssueToken_takes_the_second_factor(t *testing.T) {
	h, ctx := newMailingHouse(t), t.Context()
	ann := h.register(t, "ann@example.test")
	before, err := h.IssueToken(ctx, account.TokenRequest{Email: ann.Email, Password: goodPassword})
	h.ok(err)
	p, codes := h.addApp(ann.ID)
	if _, err := h.TokenUser(ctx, before.Value); err == nil {
		t.Error("a token from before the first factor still works")
	}
	h.clock.pass(time.Minute)
	ask := func(password, code string) error {
		_, err := h.IssueToken(ctx, account.TokenRequest{Email: ann.Email, Password: password, Code: code})
		return err
	}
	h.wants(ask("wrong", ""), account.ErrBadCredentials)
	h.wants(ask("wrong", p.code(0)), account.ErrBadCredentials)
	h.wants(ask(goodPassword, ""), account.ErrSecondFactor)
	h.wants(ask(goodPassword, "123"), account.ErrWrongCode)
	h.ok(ask(goodPassword, p.code(0)))
	h.wants(ask(goodPassword, p.code(0)), account.ErrWrongCode)
	h.ok(ask(goodPassword, codes[0]))
}

// Nobody who forgets the second step in a page lets somebody in.
func TestSessions_SignIn_refuses_without_the_factor(t *testing.T) {
	h := newMailingHouse(t)
	ann := h.register(t, "ann@example.test")
	h.addApp(ann.ID)
	b := &browser{h: h.house}
	b.visit(t, func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
		u := h.now(t, ann.ID)
		h.wants(h.sessions.SignIn(r, w, s, u, account.Place{}), account.ErrEnded)
		h.ok(h.sessions.SignInByFactor(r, w, s, u, account.Place{}, h.clock.now()))
	})
	if b.who(t) != ann.ID {
		t.Fatal("not signed in")
	}
	// A session that an older program has stored without the factor opens nothing.
	_, err := h.pool.Exec(t.Context(), "update account_session set factor_at = null")
	h.ok(err)
	if b.who(t) != 0 {
		t.Error("a session without the factor is somebody")
	}
}

func TestAccounts_ResetPassword_keeps_the_factor(t *testing.T) {
	h := newMailingHouse(t)
	ann := h.register(t, "ann@example.test")
	p, _ := h.addApp(ann.ID)
	_, err := h.pool.Exec(t.Context(), "update account_user set email_verified_at = now()")
	h.ok(err)
	h.clock.pass(time.Minute)
	h.ok(h.ResetPassword(t.Context(), h.resetLink(ann.Email), otherPassword, "192.0.2.1"))
	entry, err := h.StartSignIn(t.Context(), account.Attempt{
		Email:    ann.Email,
		Password: otherPassword,
		Addr:     "192.0.2.1",
	})
	h.ok(err)
	if entry.Step == "" {
		t.Fatal("a new password is enough to sign in")
	}
	h.ok(h.finish(entry.Step, p.code(0), "192.0.2.1"))
}

func TestAccounts_Prove_takes_the_factor(t *testing.T) {
	h, ctx := newMailingHouse(t), t.Context()
	ann := h.register(t, "ann@example.test")
	if factor, err := h.Prove(ctx, ann.ID, account.Proof{Password: goodPassword}); err != nil || factor {
		t.Fatal(factor, err)
	}
	p, _ := h.addApp(ann.ID)
	h.clock.pass(time.Minute)
	for _, wrong := range []account.Proof{
		{Password: goodPassword},
		{Password: goodPassword, Code: "000000"},
		{Password: "wrong", Code: p.code(0)},
		{Code: p.code(0)},
	} {
		_, err := h.Prove(ctx, ann.ID, wrong)
		h.wants(err, account.ErrInvalidAccount)
	}
	right := account.Proof{Password: goodPassword, Code: p.code(0)}
	if factor, err := h.Prove(ctx, ann.ID, right); err != nil || !factor {
		t.Fatal(factor, err)
	}
	_, err := h.Prove(ctx, ann.ID, right)
	h.wants(err, account.ErrInvalidAccount) // the code was used
}

func TestAccounts_RemoveTOTP_the_last_one(t *testing.T) {
	h, ctx := newMailingHouse(t), t.Context()
	h.require(account.FactorsOperators)
	ann, olga := h.register(t, "ann@example.test"), h.register(t, "olga@example.test")
	_, err := h.pool.Exec(ctx, "insert into account_role (user_id, role, given_at) values ($1, 'orders', now())", olga.ID)
	h.ok(err)
	h.wants(h.RemoveTOTP(ctx, ann.ID), account.ErrNoFactor)
	h.addApp(ann.ID)
	h.addApp(olga.ID)
	h.ok(h.RemoveTOTP(ctx, ann.ID))
	h.wants(h.RemoveTOTP(ctx, olga.ID), account.ErrLastFactor)
	for id, want := range map[int64]int{ann.ID: 0, olga.ID: 10} {
		if f, err := h.Factors(ctx, id); err != nil || f.Any != (want > 0) || f.RecoveryLeft != want {
			t.Errorf("%+v, %v", f, err)
		}
	}
	if n := len(h.told(account.NoticeTOTPOff)); n != 1 {
		t.Errorf("%d mails about one removal", n)
	}
	events, err := h.Events(ctx, ann.ID)
	if err != nil || len(events) != 2 || events[0].Kind != account.NoticeTOTPOff {
		t.Errorf("%+v, %v", events, err)
	}
}

func TestAccounts_NeedsFactor_by_policy(t *testing.T) {
	h := newMailingHouse(t)
	for policy, want := range map[account.FactorPolicy][3]bool{
		account.FactorsOff:       {false, false, false},
		account.FactorsOperators: {true, true, false},
		account.FactorsEveryone:  {true, true, true},
	} {
		h.require(policy)
		for i, role := range []string{account.RoleOperator, account.DutyReview, account.RoleCreator} {
			st := account.Standing{User: account.User{Roles: account.RolesOf(role)}}
			if h.NeedsFactor(st) != want[i] {
				t.Errorf("%s: %s", policy, role)
			}
			st.HasFactor = true
			if h.NeedsFactor(st) {
				t.Errorf("%s: %s with a factor", policy, role)
			}
		}
	}
}

// A setup that another person, or the same person before signing out everywhere, began switches nothing on.
func TestAccounts_ConfirmTOTP_of_somebody_else(t *testing.T) {
	h, ctx := newMailingHouse(t), t.Context()
	ann, bob := h.register(t, "ann@example.test"), h.register(t, "bob@example.test")
	u := h.now(t, ann.ID)
	setup, err := h.NewTOTP(u, "Shop")
	h.ok(err)
	p := app{h, setup.Secret}
	_, err = h.ConfirmTOTP(ctx, h.now(t, bob.ID), setup.Sealed, p.code(0))
	h.wants(err, account.ErrStepGone)
	_, err = h.ConfirmTOTP(ctx, u, setup.Sealed, "000000")
	h.wants(err, account.ErrWrongCode)
	_, err = h.EndAll(ctx, ann.ID)
	h.ok(err)
	_, err = h.ConfirmTOTP(ctx, u, setup.Sealed, p.code(0))
	h.wants(err, account.ErrStepGone)
	_, err = h.ConfirmTOTP(ctx, h.now(t, ann.ID), setup.Sealed, p.code(0))
	h.wants(err, account.ErrStepGone)
}

// The examples of RFC 4226, appendix D, and the codes of another implementation.
func TestHOTP(t *testing.T) {
	t.Parallel()
	const secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
	for counter, want := range []string{
		"755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489",
	} {
		if got, err := account.HOTP(secret, int64(counter)); err != nil || got != want {
			t.Errorf("%d: %s, %v, want %s", counter, got, err, want)
		}
	}
	for counter := int64(59_000_000); counter < 59_000_200; counter++ {
		want, err := hotp.GenerateCode(secret, uint64(counter))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := account.HOTP(secret, counter); err != nil || got != want {
			t.Errorf("%d: %s, %v, want %s", counter, got, err, want)
		}
	}
}
