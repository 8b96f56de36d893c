package browser_test

import (
	"fmt"
	"strings"
	"testing"

	"videomall/mall/account"
)

// TestMail_from_sign_up_to_a_new_password follows somebody who registers, confirms the address by the mail, forgets the
// password, and gets back in; and who then moves to another address. Mails are read in the demo's mailbox.
func TestMail_from_sign_up_to_a_new_password(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		lang    string
		width   int64
		subject map[string]string // of the mails
	}{
		{"en", 1280, map[string]string{
			"verify": "Confirm your email address", "reset": "Set a new password", "change": "Confirm your new address",
		}},
		{"zh-CN", 390, map[string]string{"verify": "请确认您的邮箱", "reset": "设置新密码", "change": "请确认新邮箱"}},
	} {
		t.Run(c.lang, func(t *testing.T) {
			t.Parallel()
			require(t)
			p := newPerson(t, look{lang: c.lang, width: c.width})
			who := strings.ToLower(c.lang)
			email, moved := "letters-"+who+"@example.test", "moved-"+who+"@example.test"
			const first, second = "three quiet herons", "four loud magpies"

			p.visit("/sign-up")
			p.fill(`[name=name]`, "Ann 安")
			p.fill(`[name=email]`, email)
			p.fill(`[name=password]`, first)
			p.click(`form[action="/sign-up"] button[type=submit]`)
			p.until(`location.pathname === '/' && document.readyState === 'complete'`)
			p.visit("/account")
			p.has(`form[action="/account/verify"]`)
			p.shot("account, address not confirmed")
			p.followMail(email, c.subject["verify"])
			p.at("/verify-email")
			p.shot("confirm the address")
			p.click(`form[action="/verify-email"] button[type=submit]`)
			p.at("/account")
			p.until(`!document.querySelector('form[action="/account/verify"]')`)

			p.until(`(document.querySelector('form[action="/sign-out"]').requestSubmit(), true)`)
			p.until(`location.pathname === '/' && document.readyState === 'complete'`)
			p.visit("/sign-in")
			p.click(`a[href="/forgot-password"]`)
			p.at("/forgot-password")
			p.fill(`[name=email]`, email)
			p.click(`form[action="/forgot-password"] button[type=submit]`)
			p.has(`a[href="/mailbox"]`)
			p.shot("a link was asked for")
			p.followMail(email, c.subject["reset"])
			p.at("/reset-password")
			p.fill(`[name=password]`, second)
			p.shot("choose a new password")
			p.click(`form[action="/reset-password"] button[type=submit]`)
			p.at("/sign-in")
			p.fill(`[name=email]`, email)
			p.fill(`form:has([autofocus], [name=email]) [name=password]`, second)
			p.click(`form[action="/sign-in"] button[type=submit]`)
			p.until(`location.pathname === '/' && document.readyState === 'complete'`)

			p.visit("/account")
			p.click(`#address details > summary`)
			p.fill(`#new-email`, moved)
			p.fill(`#email-password`, second)
			p.click(`form[action="/account/email"] button[type=submit]:last-of-type`)
			p.until(`location.hash === '#address' && document.readyState === 'complete'`)
			p.followMail(moved, c.subject["change"])
			p.at("/change-email")
			p.click(`form[action="/change-email"] button[type=submit]`)
			p.at("/sign-in")
		})
	}
}

// followMail opens the latest mail to an address with that subject, and presses its button.
func (p *person) followMail(to, subject string) {
	p.t.Helper()
	find := fmt.Sprintf(`[...document.querySelectorAll('li')].find(
		li => li.innerText.includes(%q) && li.querySelector('a')?.innerText.trim() === %q)`, to, subject)
	eventually(p.t, "the mail arrives", func() bool {
		p.visit("/mailbox")
		return eval[bool](p, "!!("+find+")")
	})
	p.shot("mailbox")
	p.until(`(` + find + `.querySelector('a').click(), true)`)
	p.has(`iframe`)
	p.painted()
	p.shot("mail " + subject)
	p.until(`(location.href = document.querySelector('pre').textContent.match(/https?:\S+token=\S+/)[0], true)`)
}

// TestMail_receipt_of_a_purchase buys a video and reads the receipt with its PDF in the demo's mailbox.
func TestMail_receipt_of_a_purchase(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		lang    string
		width   int64
		subject string
	}{{"en", 1280, "Your receipt for"}, {"zh-CN", 390, "您的收据："}} {
		t.Run(c.lang, func(t *testing.T) {
			t.Parallel()
			h, _ := require(t)
			buyer := h.account(t, "Receipt "+c.lang, account.RoleShopper)
			if err := h.Accounts.SetLocale(t.Context(), buyer.ID, c.lang); err != nil {
				t.Fatal(err)
			}
			h.bought(t, buyer.ID, h.sku(t, "ink-mountains", "own", "HD"))
			p := newPerson(t, look{lang: c.lang, width: c.width})
			find := fmt.Sprintf(`[...document.querySelectorAll('li')].find(
				li => li.innerText.includes(%q) && li.querySelector('a')?.innerText.includes(%q))`, buyer.Email, c.subject)
			eventually(p.t, "the receipt arrives", func() bool {
				p.visit("/mailbox")
				return eval[bool](p, "!!("+find+")")
			})
			p.until(`(` + find + `.querySelector('a').click(), true)`)
			p.has(`iframe`)
			p.until(`[...document.querySelectorAll("a[href*=\"/files/\"]")].some(a => a.innerText.endsWith(".pdf"))`)
			p.painted()
			p.shot("mail receipt")
		})
	}
}
