package api

import (
	"videomall/mall/money"
	"videomall/mall/order"
)

// taxAnswer is the tax of an order. What is empty is null.
type taxAnswer struct {
	Kind        string      `json:"kind"`
	Country     *string     `json:"country"`
	Name        *string     `json:"name"`
	Mode        *string     `json:"mode"`
	BasisPoints int         `json:"basisPoints"`
	Amount      money.Money `json:"amount"`
	Added       money.Money `json:"added"`
}

type itemTax struct {
	Amount money.Money `json:"amount"`
	Added  money.Money `json:"added"`
}

func taxOf(t order.Tax) taxAnswer {
	some := func(s string) *string {
		if s == "" {
			return nil
		}
		return &s
	}
	return taxAnswer{
		Kind:        string(t.Kind),
		Country:     some(t.Country),
		Name:        some(t.Name),
		Mode:        some(string(t.Mode)),
		BasisPoints: t.BasisPoints,
		Amount:      t.Amount,
		Added:       t.Added,
	}
}
