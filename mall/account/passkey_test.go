package account_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"

	"videomall/mall/account"
	"videomall/mall/malltest"
)

const origin = "https://mall.example"

// device is an authenticator with one passkey.
type device struct {
	h    *mailingHouse
	rp   virtualwebauthn.RelyingParty
	auth virtualwebauthn.Authenticator
	key  virtualwebauthn.Credential
}

func (h *mailingHouse) device() *device {
	return &device{
		h:    h,
		rp:   virtualwebauthn.RelyingParty{ID: "mall.example", Origin: origin},
		auth: virtualwebauthn.NewAuthenticator(),
		key:  malltest.NewPasskey(),
	}
}

func (d *device) made(q account.Question) account.Answer {
	d.h.t.Helper()
	options, err := virtualwebauthn.ParseAttestationOptions(string(q.Options))
	d.h.ok(err)
	handle, err := base64.RawURLEncoding.DecodeString(options.UserID)
	if err != nil {
		handle = []byte(options.UserID)
	}
	d.auth.Options.UserHandle = handle
	return account.Answer{
		Token:    q.Token,
		Response: virtualwebauthn.CreateAttestationResponse(d.rp, d.auth, d.key, *options),
		Origin:   origin,
	}
}

// signed answers a question; the counter grows each time.
func (d *device) signed(q account.Question) account.Answer {
	d.h.t.Helper()
	options, err := virtualwebauthn.ParseAssertionOptions(string(q.Options))
	d.h.ok(err)
	d.key.Counter++
	return account.Answer{
		Token:    q.Token,
		Response: virtualwebauthn.CreateAssertionResponse(d.rp, d.auth, d.key, *options),
		Origin:   origin,
	}
}

// typed signs an answer again with another type.
func (d *device) typed(a account.Answer, kind string) account.Answer {
	d.h.t.Helper()
	var whole map[string]any
	d.h.ok(json.Unmarshal([]byte(a.Response), &whole))
	response := whole["response"].(map[string]any)
	raw := func(name string) []byte {
		b, err := base64.RawURLEncoding.DecodeString(response[name].(string))
		d.h.ok(err)
		return b
	}
	var client map[string]any
	d.h.ok(json.Unmarshal(raw("clientDataJSON"), &client))
	client["type"] = kind
	changed, err := json.Marshal(client)
	d.h.ok(err)
	sum := sha256.Sum256(changed)
	digest := sha256.Sum256(append(raw("authenticatorData"), sum[:]...))
	signature, err := d.key.Key.Sign(digest[:])
	d.h.ok(err)
	response["clientDataJSON"] = base64.RawURLEncoding.EncodeToString(changed)
	response["signature"] = base64.RawURLEncoding.EncodeToString(signature)
	again, err := json.Marshal(whole)
	d.h.ok(err)
	a.Response = string(again)
	return a
}

// addPasskey gives a person a passkey.
func (h *mailingHouse) addPasskey(id int64, name string) (d *device, codes []string) {
	h.t.Helper()
	d = h.device()
	q, err := h.NewPasskey(h.t.Context(), h.now(h.t, id), origin)
	h.ok(err)
	codes, err = h.AddPasskey(h.t.Context(), h.now(h.t, id), name, d.made(q))
	h.ok(err)
	return d, codes
}

func (h *mailingHouse) askAnybody() account.Question {
	h.t.Helper()
	q, err := h.AskPasskey(h.t.Context(), origin, "192.0.2.1")
	h.ok(err)
	return q
}

func TestAccounts_SignInByPasskey_once(t *testing.T) {
	h, ctx := newMailingHouse(t), t.Context()
	ann, bob := h.register(t, "ann@example.test"), h.register(t, "bob@example.test")
	phone, codes := h.addPasskey(ann.ID, "Phone")
	if len(codes) != 10 || len(h.told(account.NoticePasskeyAdded)) != 1 {
		t.Fatalf("%d recovery codes", len(codes))
	}
	if _, more := h.addPasskey(ann.ID, "Key"); more != nil {
		t.Error("a second passkey made new recovery codes")
	}
	h.addPasskey(bob.ID, "Phone")
	answer := phone.signed(h.askAnybody())
	if u, err := h.SignInByPasskey(ctx, answer); err != nil || u.ID != ann.ID {
		t.Fatalf("%+v, %v", u, err)
	}
	_, err := h.SignInByPasskey(ctx, answer)
	h.wants(err, account.ErrStepGone) // the question was answered
	answer.Token = h.askAnybody().Token
	_, err = h.SignInByPasskey(ctx, answer)
	h.wants(err, account.ErrPasskeyRefused) // the answer of another question
	late := phone.signed(h.askAnybody())
	h.clock.pass(account.ChallengeLife + time.Second)
	_, err = h.SignInByPasskey(ctx, late)
	h.wants(err, account.ErrStepGone)
	f, err := h.Factors(ctx, ann.ID)
	if err != nil || len(f.Passkeys) != 2 || f.Passkeys[0].Used == nil || f.Passkeys[1].Used != nil {
		t.Fatalf("%+v, %v", f, err)
	}
	h.wants(h.RemovePasskey(ctx, bob.ID, f.Passkeys[0].Number), account.ErrNoFactor)
	h.ok(h.RemovePasskey(ctx, ann.ID, f.Passkeys[0].Number))
	_, err = h.SignInByPasskey(ctx, phone.signed(h.askAnybody()))
	h.wants(err, account.ErrPasskeyRefused)
	if n := len(h.told(account.NoticePasskeyRemoved)); n != 1 {
		t.Errorf("%d mails about one removal", n)
	}
}

func TestAccounts_SignInByPasskey_refuses(t *testing.T) {
	h, ctx := newMailingHouse(t), t.Context()
	ann := h.register(t, "ann@example.test")
	good, _ := h.addPasskey(ann.ID, "Phone")
	for name, bad := range map[string]func(d *device) account.Answer{
		"another origin": func(d *device) account.Answer {
			d.rp.Origin = "https://mall.example.evil.example"
			return d.signed(h.askAnybody())
		},
		"another port": func(d *device) account.Answer {
			d.rp.Origin = origin + ":8443"
			return d.signed(h.askAnybody())
		},
		"another site": func(d *device) account.Answer {
			d.rp.ID = "evil.example"
			return d.signed(h.askAnybody())
		},
		"another type": func(d *device) account.Answer {
			return d.typed(d.signed(h.askAnybody()), "webauthn.create")
		},
		"another key": func(d *device) account.Answer {
			d.key.Key = malltest.NewPasskey().Key
			return d.signed(h.askAnybody())
		},
		"nobody recognized": func(d *device) account.Answer {
			d.auth.Options.UserNotVerified = true
			return d.signed(h.askAnybody())
		},
		"nobody there": func(d *device) account.Answer {
			d.auth.Options.UserNotPresent = true
			return d.signed(h.askAnybody())
		},
		"another person": func(d *device) account.Answer {
			d.auth.Options.UserHandle = []byte("00000000000000000000000000000000")
			return d.signed(h.askAnybody())
		},
		"unknown passkey": func(d *device) account.Answer {
			d.key.ID = []byte("unknown")
			return d.signed(h.askAnybody())
		},
		"no answer": func(*device) account.Answer {
			return account.Answer{Token: h.askAnybody().Token, Response: `{"type":"public-key"}`, Origin: origin}
		},
	} {
		copied := *good
		copied.key.Counter += 100
		if _, err := h.SignInByPasskey(ctx, bad(&copied)); !isRefused(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// The same signature with the right type is taken, so that the refusal above is one of the type.
	_, err := h.SignInByPasskey(ctx, good.typed(good.signed(h.askAnybody()), "webauthn.get"))
	h.ok(err)
}

// A counter that did not grow is one of a copy.
func TestAccounts_SignInByPasskey_counter(t *testing.T) {
	h, ctx := newMailingHouse(t), t.Context()
	ann := h.register(t, "ann@example.test")
	d, _ := h.addPasskey(ann.ID, "Phone")
	d.key.Counter = 7
	_, err := h.SignInByPasskey(ctx, d.signed(h.askAnybody()))
	h.ok(err)
	d.key.Counter = 3
	_, err = h.SignInByPasskey(ctx, d.signed(h.askAnybody()))
	h.wants(err, account.ErrPasskeyCopied)
	if n := len(h.told(account.NoticePasskeyCopied)); n != 1 {
		t.Errorf("%d mails about the copy", n)
	}
	d.key.Counter = 8
	_, err = h.SignInByPasskey(ctx, d.signed(h.askAnybody()))
	h.ok(err)
}

func TestAccounts_FinishSignInByPasskey_own_alone(t *testing.T) {
	h, ctx := newMailingHouse(t), t.Context()
	ann, bob := h.register(t, "ann@example.test"), h.register(t, "bob@example.test")
	hers, _ := h.addPasskey(ann.ID, "Phone")
	his, _ := h.addPasskey(bob.ID, "Phone")
	step := h.step(ann.Email)
	ask := func() account.Question {
		q, err := h.AskStepPasskey(ctx, step, origin)
		h.ok(err)
		return q
	}
	_, err := h.FinishSignInByPasskey(ctx, step, his.signed(ask()))
	h.wants(err, account.ErrPasskeyRefused)
	_, err = h.FinishSignInByPasskey(ctx, step, hers.signed(h.askAnybody()))
	h.wants(err, account.ErrStepGone) // a question of another purpose
	_, err = h.FinishSignInByPasskey(ctx, h.step(bob.Email), his.signed(ask()))
	h.wants(err, account.ErrStepGone) // her question, his step
	answer := hers.signed(ask())
	u, err := h.FinishSignInByPasskey(ctx, step, answer)
	if err != nil || u.ID != ann.ID {
		t.Fatalf("%+v, %v", u, err)
	}
	_, err = h.FinishSignInByPasskey(ctx, step, answer)
	h.wants(err, account.ErrStepGone)
	_, err = h.AskStepPasskey(ctx, step, origin)
	h.wants(err, account.ErrStepGone)
}

func TestAccounts_ProvePasskey(t *testing.T) {
	h, ctx := newMailingHouse(t), t.Context()
	ann, bob := h.register(t, "ann@example.test"), h.register(t, "bob@example.test")
	hers, _ := h.addPasskey(ann.ID, "Phone")
	his, _ := h.addPasskey(bob.ID, "Phone")
	u := h.now(t, ann.ID)
	q, err := h.AskOwnPasskey(ctx, u, origin)
	h.ok(err)
	h.wants(h.ProvePasskey(ctx, u, his.signed(q)), account.ErrPasskeyRefused)
	q, err = h.AskOwnPasskey(ctx, u, origin)
	h.ok(err)
	answer := hers.signed(q)
	h.wants(h.ProvePasskey(ctx, h.now(t, bob.ID), answer), account.ErrStepGone)
	q, err = h.AskOwnPasskey(ctx, u, origin)
	h.ok(err)
	answer = hers.signed(q)
	h.ok(h.ProvePasskey(ctx, u, answer))
	h.wants(h.ProvePasskey(ctx, u, answer), account.ErrStepGone)
}

func TestAccounts_AddPasskey_refuses(t *testing.T) {
	h, ctx := newMailingHouse(t), t.Context()
	ann, bob := h.register(t, "ann@example.test"), h.register(t, "bob@example.test")
	ask := func() account.Question {
		q, err := h.NewPasskey(ctx, h.now(t, ann.ID), origin)
		h.ok(err)
		return q
	}
	add := func(id int64, name string, a account.Answer) error {
		_, err := h.AddPasskey(ctx, h.now(t, id), name, a)
		return err
	}
	evil := h.device()
	evil.rp.Origin = "https://evil.example"
	h.wants(add(ann.ID, "Phone", evil.made(ask())), account.ErrPasskeyRefused)
	unsure := h.device()
	unsure.auth.Options.UserNotVerified = true
	h.wants(add(ann.ID, "Phone", unsure.made(ask())), account.ErrPasskeyRefused)
	d := h.device()
	h.wants(add(bob.ID, "Phone", d.made(ask())), account.ErrStepGone)
	h.wants(add(ann.ID, " ", d.made(ask())), account.ErrInvalidAccount)
	q := ask()
	h.ok(add(ann.ID, "Phone", d.made(q)))
	h.wants(add(ann.ID, "Phone", d.made(q)), account.ErrStepGone)
	h.wants(add(ann.ID, "Again", d.made(ask())), account.ErrPasskeyKnown)
	if _, err := h.NewPasskey(ctx, h.now(t, ann.ID), "http://192.0.2.1"); err == nil {
		t.Error("passkeys for an IP address")
	}
}

func TestCanPasskey(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		origin: true, "http://localhost:8080": true, "http://mall.example": false, "https://192.0.2.1": false,
		"http://127.0.0.1:8080": false, "": false, "https://[::1]": false,
	} {
		if account.CanPasskey(address) != want {
			t.Errorf("%q: %v", address, !want)
		}
	}
}

func isRefused(err error) bool { return errors.Is(err, account.ErrPasskeyRefused) }
