package browser_test

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
	"github.com/pquerna/otp/hotp"
)

// TestPasskey_from_the_first_to_a_proof follows somebody who makes a passkey, signs in with it, adds an authenticator
// app, and proves by the passkey who they are before they make new recovery codes.
func TestPasskey_from_the_first_to_a_proof(t *testing.T) {
	t.Parallel()
	_, root := require(t)
	// Browsers make no passkeys for the number by which the other tests know the mall.
	address, err := freeAddress()
	if err != nil {
		t.Fatal(err)
	}
	h, err := openMall(address, "PUBLIC_URL=http://"+strings.Replace(address, "127.0.0.1", "localhost", 1))
	t.Cleanup(func() {
		if err := h.close(); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	h.url = strings.Replace(h.url, "127.0.0.1", "localhost", 1)
	for _, l := range []look{{lang: "en", width: 1280}, {lang: "zh-CN", width: 390}} {
		t.Run(l.lang, func(t *testing.T) {
			p := visitor(t, h, root, l)
			p.expect(`another host: http://localhost`)
			p.expect(`403 \(Forbidden\)`) // the page that asks for a proof
			_, err := chromedp.Call(p.ctx, webauthn.Enable, webauthn.EnableParams{})
			p.ok(err)
			_, err = chromedp.Call(p.ctx, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{
				Options: &webauthn.VirtualAuthenticatorOptions{
					Protocol:                    webauthn.AuthenticatorProtocolCtap2,
					Transport:                   webauthn.AuthenticatorTransportInternal,
					HasResidentKey:              true,
					HasUserVerification:         true,
					IsUserVerified:              true,
					AutomaticPresenceSimulation: true,
				},
			})
			p.ok(err)
			email := "passkey-" + strings.ToLower(l.lang) + "@example.test"
			send := func(action string) {
				p.until(`(document.querySelector('form[action="` + action + `"]').requestSubmit(), true)`)
			}

			p.visit("/sign-up")
			p.fill(`[name=name]`, "Ann 安")
			p.fill(`[name=email]`, email)
			p.fill(`[name=password]`, "three quiet herons")
			p.click(`form[action="/sign-up"] button[type=submit]`)
			p.until(`location.pathname === '/' && document.readyState === 'complete'`)
			p.visit("/account/security")
			p.shot("security, without a factor")
			send("/account/security/passkeys/new")
			p.at("/account/security/passkeys/new")
			p.shot("add a passkey")
			p.click(`[data-passkey]`)
			p.has(`[data-codes]`)
			p.shot("recovery codes")

			p.visit("/account/security")
			send("/sign-out")
			p.until(`location.pathname === '/' && document.readyState === 'complete'`)
			p.visit("/sign-in?next=%2Faccount%2Fsecurity")
			p.shot("sign in, with a passkey")
			p.click(`[data-passkey]`)
			p.at("/account/security")
			p.shot("security, with a passkey")

			send("/account/security/app/new")
			p.at("/account/security/app/new")
			p.shot("set up an app")
			secret := strings.ReplaceAll(eval[string](p, `document.querySelector('[data-secret]').textContent`), " ", "")
			code, err := hotp.GenerateCode(secret, uint64(time.Now().Unix()/30))
			p.ok(err)
			p.fill(`[name=code]`, code)
			p.click(`form[action="/account/security/app"] button[type=submit]`)
			p.at("/account/security")
			p.has(`form[action="/account/security/app/remove"]`)
			p.shot("security, with both")

			send("/sign-out")
			p.until(`location.pathname === '/' && document.readyState === 'complete'`)
			p.visit("/sign-in")
			p.fill(`[name=email]`, email)
			p.fill(`[name=password]`, "three quiet herons")
			p.click(`form[action="/sign-in"] button[type=submit]`)
			p.at("/sign-in/step")
			p.shot("second step")
			p.click(`[data-passkey]`)
			p.until(`location.pathname === '/' && document.readyState === 'complete'`)

			h.exec(t, `update account_session s set factor_at = factor_at - interval '1 hour' from account_user u
				where u.id = s.user_id and u.email = $1`, email)
			p.visit("/account/security")
			send("/account/security/recovery")
			p.at("/account/security/recovery")
			p.has(`[name=confirm_code]`)
			p.shot("prove who you are")
			p.click(`[data-passkey]`)
			p.has(`[data-codes]`)
		})
	}
}
