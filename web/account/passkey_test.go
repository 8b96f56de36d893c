package account_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/descope/virtualwebauthn"

	"videomall/mall/malltest"
	"videomall/web/webtest"
)

// key is a person's authenticator, with one passkey of the mall.
type key struct {
	v    *visitor
	rp   virtualwebauthn.RelyingParty
	auth virtualwebauthn.Authenticator
	made virtualwebauthn.Credential
}

func (v *visitor) ask(path string) webtest.Response {
	v.t.Helper()
	a := v.post(path)
	if a.Status != http.StatusOK || a.Header.Get("Cache-Control") != "no-store" {
		v.t.Fatalf("%s: %d %s", path, a.Status, a.Body)
	}
	return a
}

// addPasskey adds a passkey in the pages, and returns the answer to the form.
func (v *visitor) addPasskey(name string) (*key, webtest.Response) {
	v.t.Helper()
	k := &key{
		v:    v,
		rp:   virtualwebauthn.RelyingParty{ID: "localhost", Origin: "http://localhost"},
		auth: virtualwebauthn.NewAuthenticator(),
		made: malltest.NewPasskey(),
	}
	options, err := virtualwebauthn.ParseAttestationOptions(v.ask("/account/security/passkeys/new/ask").Body)
	if err != nil {
		v.t.Fatal(err)
	}
	if k.auth.Options.UserHandle, err = base64.RawURLEncoding.DecodeString(options.UserID); err != nil {
		k.auth.Options.UserHandle = []byte(options.UserID)
	}
	return k, v.post("/account/security/passkeys", "passkeyName", name, "passkey",
		virtualwebauthn.CreateAttestationResponse(k.rp, k.auth, k.made, *options))
}

// sign answers what the mall asks at an address.
func (k *key) sign(v *visitor, path string) string {
	v.t.Helper()
	options, err := virtualwebauthn.ParseAssertionOptions(v.ask(path).Body)
	if err != nil {
		v.t.Fatal(err)
	}
	k.made.Counter++
	return virtualwebauthn.CreateAssertionResponse(k.rp, k.auth, k.made, *options)
}

func TestPasskey_signs_in(t *testing.T) {
	t.Parallel()
	m := openLocal(t)
	ann, elsewhere := m.visitor(t), m.visitor(t)
	ann.signUp("ann@example.test")
	if a := ann.post("/account/security/passkeys/new"); a.Status != 200 || !strings.Contains(a.Body, "passkey.") {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	phone, a := ann.addPasskey("Phone")
	if a.Status != 200 || len(codesShown.FindAllString(a.Body, -1)) != 10 || !ann.signedIn() {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	if a := ann.get("/account/security"); !strings.Contains(a.Body, "Phone") || !strings.Contains(a.Body, "Not used yet") {
		t.Errorf("the passkey is not listed: %s", a.Body)
	}
	ann.post("/sign-out")

	// Without a password.
	if a := ann.get("/sign-in"); !strings.Contains(a.Body, "/sign-in/passkey/ask") {
		t.Error("nobody offers to sign in by passkey")
	}
	answer := phone.sign(ann, "/sign-in/passkey/ask")
	if a := elsewhere.post("/sign-in/passkey", "passkey", answer); a.Status != 401 || elsewhere.signedIn() {
		t.Errorf("another browser, with the answer to this one: %d", a.Status)
	}
	elsewhere.ask("/sign-in/passkey/ask")
	if a := elsewhere.post("/sign-in/passkey", "passkey", answer); a.Status != 401 || elsewhere.signedIn() {
		t.Errorf("another browser, with a question of its own: %d", a.Status)
	}
	ann.wants(ann.post("/sign-in/passkey", "passkey", answer, "next", "/library"), 303, "/library")
	if !ann.signedIn() {
		t.Fatal("not signed in")
	}
	ann.post("/sign-out")
	if a := ann.post("/sign-in/passkey", "passkey", answer); a.Status != 401 || ann.signedIn() {
		t.Errorf("the same answer again: %d", a.Status)
	}

	// As the second step.
	ann.password("/library")
	if a := ann.get("/sign-in/step"); !strings.Contains(a.Body, "/sign-in/step/ask") {
		t.Error("the second step does not offer the passkey")
	}
	ann.wants(ann.post("/sign-in/step", "passkey", phone.sign(ann, "/sign-in/step/ask"), "next", "/library"), 303,
		"/library")
	if !ann.signedIn() {
		t.Fatal("not signed in by the second step")
	}

	// As a proof of who somebody is.
	if _, err := m.pool.Exec(t.Context(), `update account_session set factor_at = now() - interval '1 hour'`); err != nil {
		t.Fatal(err)
	}
	if a := ann.post("/account/security/recovery"); a.Status != 403 ||
		!strings.Contains(a.Body, "/account/security/passkeys/ask") {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	proof := phone.sign(ann, "/account/security/passkeys/ask")
	if a := ann.post("/account/security/recovery", "confirm_passkey", proof); a.Status != 200 {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
}

func TestPasskey_of_others(t *testing.T) {
	t.Parallel()
	m := openLocal(t)
	ann, bob := m.visitor(t), m.visitor(t)
	ann.signUp("ann@example.test")
	bob.signUp("bob@example.test")
	ann.addPasskey("Phone")
	bob.addPasskey("Key")
	var hers int64
	if err := m.pool.QueryRow(t.Context(), `select id from account_passkey where name = 'Phone'`).Scan(&hers); err != nil {
		t.Fatal(err)
	}
	if a := bob.post(fmt.Sprintf("/account/security/passkeys/%d/remove", hers)); a.Status != http.StatusNotFound {
		t.Errorf("%d", a.Status)
	}
	if f := ann.get("/account/security"); !strings.Contains(f.Body, "Phone") || strings.Contains(f.Body, ">Key<") {
		t.Error("her page lacks her passkey, or has his")
	}
	// Without https browsers make passkeys for localhost alone.
	m = open(t, false)
	if a := m.visitor(t).get("/sign-in"); strings.Contains(a.Body, "/sign-in/passkey/ask") {
		t.Error("passkeys without https")
	}
	if a := m.visitor(t).post("/sign-in/passkey/ask"); a.Status != http.StatusServiceUnavailable {
		t.Errorf("%d", a.Status)
	}
}
