package program

import (
	"context"

	"videomall/mall/account"
	"videomall/mall/fault"
)

// MakeOperator gives an account all duties. Without a password, which an existing account loses, it returns the address
// of the page on which one is set. Errors: those of account.MakeOperator.
func (p *Program) MakeOperator(ctx context.Context, email, name, password string, existing bool) (link string, err error) {
	u, err := p.Mall.People.MakeOperator(ctx, account.NewOperator{
		Email:    email,
		Name:     name,
		Password: password,
		Existing: existing,
	})
	if err != nil || password != "" {
		return "", err
	}
	token, err := p.Mall.Accounts.OperatorLink(ctx, u)
	if err != nil {
		return "", err
	}
	return p.cfg.PublicURL + "/reset-password?token=" + token, nil
}

// ResetFactors removes all second factors of an account. Errors: those of account.ResetFactors.
func (p *Program) ResetFactors(ctx context.Context, email string) error {
	_, err := p.Mall.People.ResetFactors(ctx, email)
	return err
}

// Fields returns what is wrong with the fields of a refused command, as "field: slug".
func (*Program) Fields(err error) (list []string) {
	for field, slug := range fault.From(err).Fields {
		list = append(list, field+": "+slug)
	}
	return list
}
