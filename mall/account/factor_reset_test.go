package account_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/mall/account"
)

// A reset by mail takes an account back from whoever signed up with an address that isn't theirs and added a factor.
func TestAccounts_ResetPassword_of_an_unconfirmed_address_drops_factors(t *testing.T) {
	h, ctx := newMailingHouse(t), t.Context()
	for name, c := range map[string]struct {
		confirmed, operator, kept bool
	}{
		"nobody": {},
		"ann":    {confirmed: true, kept: true},
		"olga":   {operator: true, kept: true},
	} {
		u := h.register(t, name+"@example.test")
		if c.confirmed {
			_, err := h.pool.Exec(ctx, "update account_user set email_verified_at = now() where id = $1", u.ID)
			h.ok(err)
		}
		if c.operator {
			_, err := h.pool.Exec(ctx, "insert into account_role (user_id, role, given_at) values ($1, 'orders', now())", u.ID)
			h.ok(err)
		}
		h.addApp(u.ID)
		before := len(h.told(account.NoticeFactorsReset))
		h.ok(h.ResetPassword(ctx, h.resetLink(u.Email), otherPassword, "192.0.2.1"))
		f, err := h.Factors(ctx, u.ID)
		if err != nil || f.Any != c.kept || (f.RecoveryLeft > 0) != c.kept {
			t.Errorf("%s: %+v, %v", name, f, err)
		}
		if told := len(h.told(account.NoticeFactorsReset)) - before; (told == 0) != c.kept {
			t.Errorf("%s: %d mails", name, told)
		}
	}
}

func TestAccounts_ResetFactors(t *testing.T) {
	h, ctx := newMailingHouse(t), t.Context()
	ann, bob := h.register(t, "ann@example.test"), h.register(t, "bob@example.test")
	h.addApp(ann.ID)
	h.addApp(bob.ID)
	noted := 0
	note := func(context.Context, pgx.Tx, account.User) error { noted++; return nil }
	before := h.now(t, ann.ID).Epoch
	_, err := h.ResetFactors(ctx, " ANN@example.test ", note)
	h.ok(err)
	if f, err := h.Factors(ctx, ann.ID); err != nil || f.Any || f.RecoveryLeft != 0 || noted != 1 ||
		h.now(t, ann.ID).Epoch != before+1 || len(h.told(account.NoticeFactorsReset)) != 1 {
		t.Errorf("%+v, %v, %d notes", f, err, noted)
	}
	if f, err := h.Factors(ctx, bob.ID); err != nil || !f.Any {
		t.Errorf("somebody else: %+v, %v", f, err)
	}
	if u, err := h.Authenticate(ctx, account.Attempt{
		Email:    ann.Email,
		Password: goodPassword,
		Addr:     "192.0.2.1",
	}); err != nil || u.ID != ann.ID {
		t.Errorf("the password alone: %v", err)
	}
	_, err = h.ResetFactors(ctx, ann.Email, note)
	h.wants(err, account.ErrNoFactor)
	_, err = h.ResetFactors(ctx, "nobody@example.test", note)
	h.wants(err, account.ErrNoUser)
	broken := errors.New("the log is away")
	_, err = h.ResetFactors(ctx, bob.Email, func(context.Context, pgx.Tx, account.User) error { return broken })
	h.wants(err, broken)
	if f, err := h.Factors(ctx, bob.ID); err != nil || !f.Any {
		t.Errorf("without a note: %+v, %v", f, err)
	}
}

// Whoever signed up with the address of a later operator has no factor left that opens the account.
func TestAccounts_MakeOperator_existing_drops_factors(t *testing.T) {
	h, ctx := newMailingHouse(t), t.Context()
	ann := h.register(t, "ann@example.test")
	h.addApp(ann.ID)
	_, err := h.MakeOperator(ctx, account.NewOperator{Email: ann.Email, Existing: true},
		func(context.Context, pgx.Tx, account.User) error { return nil })
	h.ok(err)
	if f, err := h.Factors(ctx, ann.ID); err != nil || f.Any || f.RecoveryLeft != 0 {
		t.Errorf("%+v, %v", f, err)
	}
}

// With another key no code of an app is right, and recovery codes go on.
func TestAccounts_FinishSignIn_secret_unreadable(t *testing.T) {
	h := newMailingHouse(t)
	ann := h.register(t, "ann@example.test")
	p, codes := h.addApp(ann.ID)
	_, err := h.pool.Exec(t.Context(), "update account_totp set secret = set_byte(secret, 20, 255 - get_byte(secret, 20))")
	h.ok(err)
	step := h.step(ann.Email)
	h.clock.pass(time.Minute)
	h.wants(h.finish(step, p.code(0), "192.0.2.1"), account.ErrWrongCode)
	h.ok(h.finish(step, codes[0], "192.0.2.1"))
}

// Codes of an app can't be guessed for months, and the person is told of the attempts.
func TestAccounts_FinishSignIn_many_wrong_codes(t *testing.T) {
	h, ctx := newMailingHouse(t), t.Context()
	ann := h.register(t, "ann@example.test")
	p, codes := h.addApp(ann.ID)
	wrong, refused := 0, error(nil)
	for wrong < 150 && refused == nil {
		h.clock.pass(account.StepLife)
		switch err := h.finish(h.step(ann.Email), "000000", "192.0.2.1"); {
		case errors.Is(err, account.ErrWrongCode):
			wrong++
		case errors.Is(err, account.ErrThrottled):
			if wrong == 100 {
				refused = err
			}
			h.clock.pass(account.StepLife)
		default:
			t.Fatal(err)
		}
	}
	if wrong != 100 || refused == nil {
		t.Fatalf("%d wrong codes in a month, then %v", wrong, refused)
	}
	if n := len(h.told(account.NoticeWrongCodes)); n != 1 {
		t.Errorf("%d mails", n)
	}
	h.clock.pass(2 * account.StepLife)
	h.wants(h.finish(h.step(ann.Email), p.code(0), "192.0.2.1"), account.ErrThrottled)
	h.ok(h.finish(h.step(ann.Email), codes[0], "192.0.2.1")) // a recovery code can't be guessed
	// A new password ends the guessing, and the limit with it.
	h.ok(h.ChangePassword(ctx, ann.ID, goodPassword, otherPassword))
	entry, err := h.StartSignIn(ctx, account.Attempt{
		Email:    ann.Email,
		Password: otherPassword,
		Addr:     "192.0.2.1",
	})
	h.ok(err)
	h.ok(h.finish(entry.Step, p.code(0), "192.0.2.1"))
}
