package settings_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"videomall/db/dbtest"
	"videomall/mall/fault"
	"videomall/mall/money"
	"videomall/mall/payment"
	"videomall/mall/payment/settings"
	"videomall/telemetry"
)

// bank is a provider that knows the settings it was made of.
type bank struct {
	payment.Provider
	name   string
	values map[string]string
}

func (b *bank) Name() string              { return b.name }
func (b *bank) Methods() []payment.Method { return []payment.Method{{Name: "page"}} }

// Query answers with the setting whose name is the number of the attempt.
func (b *bank) Query(_ context.Context, c payment.ChargeRef) (payment.Charge, error) {
	return payment.Charge{ProviderRef: b.values[c.AttemptNo]}, nil
}

func kind(name string) settings.Kind {
	return settings.Kind{
		Provider: name,
		Fields: []settings.Field{
			{Name: "shop"},
			{Name: "key", Secret: true},
			{Name: "certificate", Lines: true, Optional: true},
		},
		Open: func(values map[string]string) (payment.Provider, error) {
			if !strings.HasPrefix(values["key"], "sk_") {
				return nil, errors.New("the key is none of ours")
			}
			return &bank{name: name, values: values}, nil
		},
	}
}

// office is one process of a mall.
type office struct {
	*settings.Settings
	payments *payment.Payments
	audited  []string
}

func open(t *testing.T, pool *pgxpool.Pool, key byte) *office {
	t.Helper()
	o := &office{payments: payment.New(payment.Deps{
		Pool:      pool,
		Now:       time.Now,
		Metrics:   telemetry.NewMetrics(),
		Providers: []payment.Provider{&bank{name: "fixed"}},
	})}
	var err error
	o.Settings, err = settings.New(settings.Deps{
		Pool:     pool,
		Now:      time.Now,
		Log:      slog.New(slog.DiscardHandler),
		Key:      bytes.Repeat([]byte{key}, 32),
		Kinds:    []settings.Kind{kind("first"), kind("fixed"), kind("second")},
		Payments: o.payments,
		Audit: func(_ context.Context, _ pgx.Tx, actorID int64, verb, subject string, detail any) error {
			o.audited = append(o.audited, fmt.Sprint(actorID, " ", verb, " ", subject, " ", detail))
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func (o *office) value(t *testing.T, provider, name string) string {
	t.Helper()
	p, err := o.payments.Provider(provider)
	if err != nil {
		return err.Error()
	}
	charge, err := p.Query(t.Context(), payment.ChargeRef{CreateRequest: payment.CreateRequest{AttemptNo: name}})
	if err != nil {
		t.Fatal(err)
	}
	return charge.ProviderRef
}

func TestSettings_Save(t *testing.T) {
	t.Parallel()
	ctx, pool := t.Context(), dbtest.New(t)
	one, two := open(t, pool, 1), open(t, pool, 1)
	good := map[string]string{"shop": " ours ", "key": "sk_verysecret", "certificate": "a\r\nb"}
	if err := one.Save(ctx, 7, "second", 0, good); err != nil {
		t.Fatal(err)
	}
	var sealed []byte
	if err := pool.QueryRow(ctx, "select sealed from payment_setting").Scan(&sealed); err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, []byte("verysecret")) || bytes.Contains(sealed, []byte("ours")) {
		t.Error("the settings are stored as they are")
	}
	if got := one.value(t, "second", "certificate"); got != "a\nb" {
		t.Errorf("the certificate is %q", got)
	}
	if names := one.payments.Offered(payment.DeviceDesktop, money.Of(990, "CNY")); !slices.Equal(names, []string{"fixed"}) {
		t.Errorf("offered before anybody said so: %v", names)
	}
	set, err := one.Of(ctx, "second")
	if err != nil || set.Version != 1 || set.Values["shop"] != "ours" || !set.Set["key"] || set.Offered {
		t.Errorf("%+v, %v", set, err)
	}
	if _, shown := set.Values["key"]; shown {
		t.Error("the secret is shown")
	}

	// An empty secret is kept, and what others hold is seen by them without a restart.
	if err := one.Save(ctx, 7, "second", 1, map[string]string{"shop": "theirs"}); err != nil {
		t.Fatal(err)
	}
	if err := two.Apply(ctx); err != nil {
		t.Fatal(err)
	}
	if got := two.value(t, "second", "key") + two.value(t, "second", "shop"); got != "sk_verysecrettheirs" {
		t.Errorf("the other process has %q", got)
	}
	before, _ := two.payments.Provider("second")
	if err := one.Offer(ctx, 7, "second", 2, true); err != nil {
		t.Fatal(err)
	}
	if err := two.Apply(ctx); err != nil {
		t.Fatal(err)
	}
	if after, _ := two.payments.Provider("second"); after != before {
		t.Error("a provider whose settings are the same was made anew")
	}
	if names := two.payments.Offered(payment.DeviceDesktop, money.Of(990, "CNY")); !slices.Equal(names, []string{"second", "fixed"}) {
		t.Errorf("offered: %v", names)
	}
	want := []string{
		"7 payment.settings payment_provider:second map[changed:[shop key certificate]]",
		"7 payment.settings payment_provider:second map[changed:[shop certificate]]",
		"7 payment.offer payment_provider:second map[offered:true]",
	}
	if diff := cmp.Diff(want, one.audited); diff != "" {
		t.Error(diff)
	}
}

func TestSettings_Save_refused(t *testing.T) {
	t.Parallel()
	ctx, pool := t.Context(), dbtest.New(t)
	o := open(t, pool, 1)
	good := map[string]string{"shop": "ours", "key": "sk_verysecret"}
	if err := o.Save(ctx, 7, "first", 0, good); err != nil {
		t.Fatal(err)
	}
	type form = map[string]string
	for name, c := range map[string]struct {
		provider string
		version  int
		values   form
		want     *fault.Fault
		fields   map[string]string
	}{
		"unknown": {"nobody", 0, good, settings.ErrUnknownProvider, nil},
		"fixed":   {"fixed", 0, good, settings.ErrFixed, nil},
		"stale":   {"first", 0, good, settings.ErrMoved, nil},
		"from 0":  {"second", 3, good, settings.ErrMoved, nil},
		"no key":  {"second", 0, form{"shop": "x"}, settings.ErrInvalid, form{"key": "required"}},
		"no shop": {"first", 1, form{}, settings.ErrInvalid, form{"shop": "required"}},
		"lines":   {"first", 1, form{"shop": "a\nb"}, settings.ErrInvalid, form{"shop": "lines"}},
		"too long": {
			"first", 1,
			form{"shop": strings.Repeat("x", 40<<10)},
			settings.ErrInvalid,
			form{"shop": "long"},
		},
		"not ours": {
			"first", 1,
			form{"shop": "x", "key": "pk"},
			settings.ErrInvalid,
			form{"": "the key is none of ours"},
		},
	} {
		err := o.Save(ctx, 7, c.provider, c.version, c.values)
		if !errors.Is(err, c.want) || c.fields != nil && !cmp.Equal(fault.From(err).Fields, c.fields) {
			t.Errorf("%s: %v %v", name, err, fault.From(err).Fields)
		}
	}
	if got := o.value(t, "first", "shop"); got != "ours" {
		t.Errorf("refused settings count: %q", got)
	}
	if err := o.Offer(ctx, 7, "second", 0, true); !errors.Is(err, settings.ErrNotSet) {
		t.Errorf("offered without settings: %v", err)
	}
}

// TestSettings_Apply_other_key: settings that can't be read any more are said to be, and can be entered anew.
func TestSettings_Apply_other_key(t *testing.T) {
	t.Parallel()
	ctx, pool := t.Context(), dbtest.New(t)
	good := map[string]string{"shop": "ours", "key": "sk_verysecret"}
	if err := open(t, pool, 1).Save(ctx, 7, "first", 0, good); err != nil {
		t.Fatal(err)
	}
	o := open(t, pool, 2)
	if err := o.Apply(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := o.payments.Provider("first"); !errors.Is(err, payment.ErrUnknownProvider) {
		t.Errorf("a provider of unreadable settings: %v", err)
	}
	if set, err := o.Of(ctx, "first"); err != nil || set.Problem == "" || set.Version != 1 {
		t.Errorf("%+v, %v", set, err)
	}
	if err := o.Save(ctx, 7, "first", 1, good); err != nil {
		t.Errorf("entered anew: %v", err)
	}
}
