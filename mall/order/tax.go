package order

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/mall/money"
	"videomall/mall/order/internal/dbsqlc"
	"videomall/mall/tax"
)

// Tax is the tax of a whole order or quote. All lines of one buyer have the same kind and rate. The zero Tax is that of
// an order from a time without tax rates.
type Tax struct {
	Kind        tax.Kind
	Country     string // where the buyer was
	Name        string // of the tax, such as VAT; empty unless Kind is tax.Standard
	Mode        tax.Mode
	BasisPoints int         // 1900 is 19 %
	Amount      money.Money // contained in the total
	Added       money.Money // the total less the prices; below zero for a contained tax that is not owed
}

// ItemTax is the tax of one line.
type ItemTax struct {
	Kind        tax.Kind
	BasisPoints int
	Amount      money.Money // contained in what is paid
	Added       money.Money // to the price less the discount
	Refunded    money.Money // contained in what was refunded
}

// itemTax returns the tax of a line whose price after the discount is net.
func itemTax(terms tax.Terms, net money.Money) ItemTax {
	l := terms.Line(net.Amount)
	return ItemTax{
		Kind:        l.Kind,
		BasisPoints: l.BasisPoints,
		Amount:      money.Of(l.Tax, net.Currency),
		Added:       money.Of(l.Added, net.Currency),
		Refunded:    money.Of(0, net.Currency),
	}
}

// taxOf returns the tax of an order without lines by now.
func taxOf(terms tax.Terms) Tax {
	return Tax{
		Kind:        cmp.Or(terms.Kind, tax.None),
		Country:     terms.Country,
		Name:        terms.Name,
		Mode:        terms.Mode,
		BasisPoints: terms.BasisPoints,
	}
}

// taxFactsTx reads how the orders of a set are taxed: in one query, and in none if the shop has no tax rates.
func (s *Orders) taxFactsTx(ctx context.Context, tx pgx.Tx, set []asked, at time.Time) (tax.Facts, error) {
	if s.deps.Taxes == nil {
		return tax.Facts{}, nil
	}
	people := make([]int64, len(set))
	for n, a := range set {
		people[n] = a.userID
	}
	return s.deps.Taxes.FactsTx(ctx, tx, people, at)
}

// sumTax sets what the tax of an order has from its items.
func (o *Order) sumTax() {
	o.Tax.Kind, o.Tax.BasisPoints = tax.None, 0
	o.Tax.Added = money.Of(0, o.Total.Currency)
	for _, i := range o.Items {
		o.Tax.Kind, o.Tax.BasisPoints = i.Tax.Kind, i.Tax.BasisPoints
		o.Tax.Added.Amount += i.Tax.Added.Amount
	}
}

// billingJSON returns the billing details as an order keeps them, or "" if there are none.
func billingJSON(p tax.Profile) (string, error) {
	if p.IsZero() {
		return "", nil
	}
	body, err := json.Marshal(p)
	if err != nil {
		return "", fmt.Errorf("billing details: %w", err)
	}
	return string(body), nil
}

// billingOf reads the billing details that an order keeps. The zero Profile stands for none.
func billingOf(body []byte) (p tax.Profile) {
	if len(body) > 0 {
		_ = json.Unmarshal(body, &p) // only billingJSON writes it
	}
	return p
}

// taxBackTx returns the shares of a refund with the tax in each. The caller has locked the order.
func (s *Refunds) taxBackTx(ctx context.Context, tx pgx.Tx, o Order, shares []RefundItem) ([]RefundItem, error) {
	taken := map[int64]dbsqlc.PendingItemRefundsRow{}
	if !o.Tax.Amount.IsZero() {
		rows, err := s.q.PendingItemRefunds(ctx, tx, o.OrderNo)
		if err != nil {
			return nil, fmt.Errorf("tax in the pending refunds of %s: %w", o.OrderNo, err)
		}
		for _, r := range rows {
			taken[r.ItemID] = r
		}
	}
	out := slices.Clone(shares)
	for n, share := range out {
		out[n].Tax = money.Of(0, share.Amount.Currency)
		if i, ok := o.Item(share.ItemID); ok && !i.Tax.Amount.IsZero() {
			pending := taken[i.ID]
			out[n].Tax.Amount = tax.Back(i.Net().Amount, i.Tax.Amount.Amount,
				i.Refunded.Amount+pending.Amount, i.Tax.Refunded.Amount+pending.TaxAmount, share.Amount.Amount)
		}
	}
	return out, nil
}

// sharedBack reads what a refund gives back for an item.
func sharedBack(r dbsqlc.OrderRefundItem, currency string) RefundItem {
	return RefundItem{
		ItemID: r.ItemID,
		Amount: money.Of(r.Amount, currency),
		Tax:    money.Of(r.TaxAmount, currency),
	}
}
