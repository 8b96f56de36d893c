package webtest

import "videomall/mall/payment"

// Limited is a wrapper for Options.Provider: the sandbox as a provider that takes only what the method does.
func Limited(takes payment.Method) func(*Mall, payment.Provider) payment.Provider {
	return func(_ *Mall, p payment.Provider) payment.Provider {
		takes.Name = p.Methods()[0].Name
		return limited{p, takes}
	}
}

type limited struct {
	payment.Provider
	takes payment.Method
}

func (l limited) Methods() []payment.Method { return []payment.Method{l.takes} }
