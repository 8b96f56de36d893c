package payment

import (
	"context"

	"videomall/mall/money"
)

// PayerURL returns where the browser of a payer with the device goes before this sum can be paid in the provider's
// preferred way, and comes back to returnURL with a code for Identify. It is empty if that way does not need to know the
// payer, and while nobody is there to exchange the code: Prepay then finds another way without the payer's number.
// state is 1 to 128 letters and digits. Errors: ErrUnknownProvider.
func (p *Payments) PayerURL(provider string, d Device, sum money.Money, returnURL, state string) (string, error) {
	g, err := p.guarded(provider)
	if err != nil {
		return "", err
	}
	identifier, is := g.Provider.(Identifier)
	if !is || p.Hidden(provider) || rests(g.identify) {
		return "", nil
	}
	for _, m := range g.Methods() {
		if m.Fits(d, sum.Currency) && m.Takes(sum) {
			if !m.NeedsPayer {
				return "", nil
			}
			return identifier.PayerURL(returnURL, state), nil
		}
	}
	return "", nil
}

// Identify exchanges the code that a browser brought from PayerURL for the payer's number at the provider. Errors:
// ErrUnknownProvider, ErrRejected, ErrRetryLater, ErrProviderDown.
func (p *Payments) Identify(ctx context.Context, provider, code string) (payerID string, err error) {
	g, err := p.guarded(provider)
	if err != nil {
		return "", err
	}
	identifier, is := g.Provider.(Identifier)
	if !is {
		return "", ErrRejected.Because("%s identifies nobody", provider)
	}
	err = g.callVia(ctx, g.identify, "identify", func(ctx context.Context) error {
		payerID, err = identifier.Identify(ctx, code)
		return err
	})
	return payerID, err
}
