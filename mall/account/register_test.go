package account_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"videomall/db/dbtest"
	"videomall/mall/account"
	"videomall/mall/fault"
)

func TestAccounts_Register_refuses_another_spelling_of_a_taken_email(t *testing.T) {
	t.Parallel()
	h, ctx := newHouse(t, dbtest.Redis(t)), t.Context()
	u, err := h.Register(ctx, account.Registration{
		Email:    "  Ann@Example.TEST ",
		Name:     " Ann \u202e  Lee\x00 ",
		Password: goodPassword,
		Locale:   "zh-CN",
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := h.User(ctx, u.ID)
	if err != nil || got.Email != "ann@example.test" || got.Name != "Ann Lee" || len(got.Roles) != 0 ||
		got.Locale != "zh-CN" {
		t.Fatalf("kept %+v, %v", got, err)
	}
	_, err = h.Register(ctx, account.Registration{
		Email:    "ANN@example.test",
		Name:     "Ann",
		Password: goodPassword,
	})
	if !errors.Is(err, account.ErrEmailTaken) || fault.From(err).Fields["email"] != "email_taken" {
		t.Fatalf("the same email again: %v", err)
	}
	var kept string
	if err := h.pool.QueryRow(ctx, "select password_hash from account_user").Scan(&kept); err != nil ||
		!strings.HasPrefix(kept, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Fatalf("password kept as %q, %v", kept, err)
	}
}

func TestAccounts_Register_names_every_invalid_field(t *testing.T) {
	t.Parallel()
	h := newHouse(t, dbtest.Redis(t))
	good := account.Registration{
		Email:    "bob@example.test",
		Name:     "Bob",
		Password: goodPassword,
	}
	for name, c := range map[string]struct {
		change func(*account.Registration)
		want   map[string]string
	}{
		"all empty": {func(r *account.Registration) {
			*r = account.Registration{}
		}, map[string]string{"email": "email_invalid", "name": "name_missing", "password": "password_short"}},
		"no domain": {func(r *account.Registration) {
			r.Email = "bob@localhost"
		}, map[string]string{"email": "email_invalid"}},
		"display name": {func(r *account.Registration) {
			r.Email = "Bob <bob@example.test>"
		}, map[string]string{"email": "email_invalid"}},
		"two addresses": {func(r *account.Registration) {
			r.Email = "a@x.test,b@x.test"
		}, map[string]string{"email": "email_invalid"}},
		"header injection": {func(r *account.Registration) {
			r.Email = "bob@example.test\r\nBcc: all@x.test"
		}, map[string]string{"email": "email_invalid"}},
		"nul in email": {func(r *account.Registration) {
			r.Email = "bob\x00@example.test"
		}, map[string]string{"email": "email_invalid"}},
		"broken utf-8": {func(r *account.Registration) {
			r.Email = "bob\xff@example.test"
		}, map[string]string{"email": "email_invalid"}},
		"long email": {func(r *account.Registration) {
			r.Email = strings.Repeat("b", 250) + "@x.test"
		}, map[string]string{"email": "email_invalid"}},
		"invisible name": {func(r *account.Registration) {
			r.Name = "\u200b\u2060"
		}, map[string]string{"name": "name_missing"}},
		"long name": {func(r *account.Registration) {
			r.Name = strings.Repeat("名", 81)
		}, map[string]string{"name": "name_long"}},
		"nine characters": {func(r *account.Registration) {
			r.Password = "九个字符不够长啊啊"
		}, map[string]string{"password": "password_short"}},
		"endless": {func(r *account.Registration) {
			r.Password = strings.Repeat("long ", 300)
		}, map[string]string{"password": "password_long"}},
		"the email": {func(r *account.Registration) {
			r.Password = "Bob@Example.test"
		}, map[string]string{"password": "password_is_you"}},
		"email and year": {func(r *account.Registration) {
			r.Email = "roberta@example.test"
			r.Password = "roberta1987!"
		}, map[string]string{"password": "password_is_you"}},
		"well known": {func(r *account.Registration) {
			r.Password = "1q2w3e4r5t"
		}, map[string]string{"password": "password_common"}},
		"word and digits": {func(r *account.Registration) {
			r.Password = "Password2024!"
		}, map[string]string{"password": "password_common"}},
		"written as leet": {func(r *account.Registration) {
			r.Password = "P@$$w0rd99"
		}, map[string]string{"password": "password_common"}},
		"an l for a one": {func(r *account.Registration) {
			r.Password = "Basketba11"
		}, map[string]string{"password": "password_common"}},
		"one key": {func(r *account.Registration) {
			r.Password = "aaaaaaaaaaaa"
		}, map[string]string{"password": "password_common"}},
		"along the keys": {func(r *account.Registration) {
			r.Password = "qwertyuiopas"
		}, map[string]string{"password": "password_common"}},
		"locale": {func(r *account.Registration) {
			r.Locale = "xx"
		}, map[string]string{"locale": "invalid_preference"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := good
			c.change(&r)
			_, err := h.Register(context.Background(), r)
			if !errors.Is(err, account.ErrInvalidAccount) || fmt.Sprint(fault.From(err).Fields) != fmt.Sprint(c.want) {
				t.Fatalf("got %v, want %v", fault.From(err).Fields, c.want)
			}
		})
	}
}

func TestAccounts_Register_accepts_long_words_and_other_scripts(t *testing.T) {
	t.Parallel()
	h := newHouse(t, dbtest.Redis(t))
	for i, password := range []string{
		goodPassword, "十个汉字也是一个好密码", "xK9#mQ2$vL", "          x y z w",
		"correct horse battery",
	} {
		email := fmt.Sprintf("p%d@example.test", i)
		if _, err := h.Register(t.Context(), account.Registration{
			Email:    email,
			Name:     "P",
			Password: password,
		}); err != nil {
			t.Errorf("%q: %v", password, err)
			continue
		}
		if _, err := h.signIn(t.Context(), email, password, "192.0.2.1"); err != nil {
			t.Errorf("%q does not sign in: %v", password, err)
		}
	}
}

func TestAccounts_Register_same_email_at_once_succeeds_once(t *testing.T) {
	t.Parallel()
	h := newHouse(t, dbtest.Redis(t))
	var won, taken atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			_, err := h.Register(context.Background(), account.Registration{
				Email:    "race@example.test",
				Name:     "R",
				Password: goodPassword,
			})
			switch {
			case err == nil:
				won.Add(1)
			case errors.Is(err, account.ErrEmailTaken):
				taken.Add(1)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 || taken.Load() != 7 {
		t.Fatalf("%d won, %d were told it is taken", won.Load(), taken.Load())
	}
}

func TestAccounts_Register_limits_one_network(t *testing.T) {
	t.Parallel()
	h := newHouse(t, dbtest.Redis(t))
	from := func(i int, addr string) error {
		_, err := h.Register(t.Context(), account.Registration{
			Email:    fmt.Sprintf("n%d@example.test", i),
			Name:     "N",
			Password: goodPassword,
			Addr:     addr,
		})
		return err
	}
	for i := range 20 { // one customer of an IPv6 provider has a whole /64
		if err := from(i, fmt.Sprintf("2001:db8:7:7::%x", i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := from(20, "2001:db8:7:7:ffff::1"); !errors.Is(err, account.ErrThrottled) {
		t.Fatalf("the 21st registration: %v", err)
	}
	if err := from(21, "2001:db8:7:8::1"); err != nil {
		t.Fatalf("a registration from a neighbouring network: %v", err)
	}
}

func TestAccounts_Provision_again_keeps_the_password(t *testing.T) {
	t.Parallel()
	h, ctx := newHouse(t, dbtest.Redis(t)), t.Context()
	first, err := h.Provision(ctx, account.User{
		Email: "operator@example.test",
		Name:  "Op",
		Roles: account.RolesOf(account.RoleOperator),
	}, "demo-mall")
	if err != nil || !first.Roles.Same(account.Duties()) {
		t.Fatalf("%+v, %v", first, err)
	}
	again, err := h.Provision(ctx, account.User{
		Email: "operator@example.test",
		Name:  "Operator",
		Roles: account.RolesOf(account.RoleOperator),
	}, "something else")
	if err != nil || again.ID != first.ID || again.Name != "Operator" {
		t.Fatalf("again: %+v, %v", again, err)
	}
	if _, err := h.signIn(ctx, "operator@example.test", "demo-mall", "192.0.2.1"); err != nil {
		t.Fatalf("the first password was replaced: %v", err)
	}
}
