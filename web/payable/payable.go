// Package payable owns whether what a desk prices can be paid: which of a price's sums no provider takes, in the
// currencies in which buyers see it. It refuses to forbid such a price, since a provider may be set up later.
package payable

import (
	"context"
	"slices"

	"videomall/mall/exchange"
	"videomall/mall/money"
	"videomall/mall/payment"
	"videomall/mall/promotion"
)

// Judge knows the rates of one moment and the providers that shoppers are offered.
type Judge struct {
	table  exchange.Table
	takers func(currency string) []payment.Taker
}

// New returns a Judge of present rates and providers.
func New(ctx context.Context, rates *exchange.Exchange, payments *payment.Payments) (Judge, error) {
	table, err := rates.Table(ctx)
	return Judge{table: table, takers: payments.Takers}, err
}

// Of returns a Judge of a table of rates and of the providers that take a currency.
func Of(table exchange.Table, takers func(currency string) []payment.Taker) Judge {
	return Judge{table: table, takers: takers}
}

// Untaken lists what a price is in each currency in which no provider takes it: in its own as it was set, and in those
// that viewers may choose. What is free needs no provider, and a sum below 0 is no price.
func (j Judge) Untaken(price money.Money) []money.Money {
	if price.Amount <= 0 {
		return nil
	}
	return j.untaken(price.Currency, func(code string) (money.Money, error) { return j.table.Price(price, code) })
}

// untaken is Untaken of a price with a rule of its own for each currency. One in which it has no price is left out.
func (j Judge) untaken(own string, in func(code string) (money.Money, error)) (list []money.Money) {
	codes := j.table.Offered()
	if !slices.Contains(codes, own) {
		codes = append([]string{own}, codes...)
	}
	for _, code := range codes {
		sum, err := in(code)
		if err == nil && sum.Amount > 0 && !slices.ContainsFunc(j.takers(code), func(t payment.Taker) bool {
			return t.Takes(sum.Amount)
		}) {
			list = append(list, sum)
		}
	}
	return list
}

// Bundle is Untaken of a bundle, given what each of its videos costs by itself, in the order of its SKUs.
func (j Judge) Bundle(b promotion.Bundle, parts []money.Money) []money.Money {
	if b.PercentOff == 0 && b.Price <= 0 {
		return nil
	}
	return j.untaken(b.Currency, func(code string) (money.Money, error) {
		sum, err := j.table.Price(money.Of(b.Price, b.Currency), code)
		if err != nil {
			return money.Money{}, err
		}
		prices := make([]int64, len(parts))
		for n, part := range parts {
			own, err := j.table.Price(part, code)
			if err != nil {
				return money.Money{}, err
			}
			prices[n] = own.Amount
		}
		there := b
		there.Price = sum.Amount
		return money.Of(total(there.Shares(prices)), code), nil
	})
}

func total(shares []int64) (sum int64) {
	for _, share := range shares {
		sum += share
	}
	return sum
}
