package browser_test

func signUpWrongly(p *person) {
	p.do(setValue("#name", "Robin"), setValue("#email", "robin@example.test"), setValue("#password", "short"))
	p.click(`form[action="/sign-up"] button[type=submit]`)
}

func reviewRefund(p *person) {
	p.fill(`#reason`, "changed their mind")
	p.click(`form[action$="/refund"] button[type=submit]`)
	p.at(eval[string](p, `location.pathname.replace(/\/refund$/, '') + '/refund'`))
}

func refundTooMuch(p *person) {
	p.do(setValue("#how-new", "amount"), setValue("#amount-new", "99999"), setValue("#reason", "changed their mind"))
	p.click(`form[action$="/refund"] button[type=submit]`)
}

// inCart puts videos into the person's cart, which may contain them already.
func (p *person) inCart(slugs ...string) {
	p.t.Helper()
	for _, slug := range slugs {
		p.visit("/v/" + slug)
		p.click(`button[name=next][value="/v/` + slug + `"]`)
		p.until(`document.querySelector('#cart-link span')`)
	}
	p.until(`+document.querySelector('#cart-link span').textContent >= ` + quoted(itoa(len(slugs))))
}
