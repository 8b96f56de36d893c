package invoice

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"videomall/mall/locale"
	"videomall/mall/money"
	"videomall/mall/order"
	"videomall/mall/payment"
	"videomall/mall/tax"
)

// Facts are all that a document says besides its number, date and sums. They are kept with it, so that it never changes
// with the order, the account or the configuration.
type Facts struct {
	Seller     Party      `json:"seller"`
	Buyer      Party      `json:"buyer"`
	Formal     bool       `json:"formal,omitempty"` // an invoice, not only a receipt
	Lines      []Line     `json:"lines"`
	Totals     []Total    `json:"totals"` // by kind and rate of tax
	TaxName    string     `json:"taxName,omitempty"`
	TaxCountry string     `json:"taxCountry,omitempty"`
	Zone       string     `json:"zone"` // of its dates
	OrderedAt  time.Time  `json:"orderedAt"`
	PaidAt     time.Time  `json:"paidAt"`
	SuppliedAt *time.Time `json:"suppliedAt,omitempty"` // unknown if nothing was delivered when it was issued
	Provider   string     `json:"provider,omitempty"`   // took the money
	Reference  string     `json:"reference,omitempty"`  // the provider's number of the payment

	// Of credit notes, and InvoiceNo also of an invoice that replaces that one.
	InvoiceNo  string     `json:"invoiceNo,omitempty"`
	InvoicedAt *time.Time `json:"invoicedAt,omitempty"`
	RefundedAt *time.Time `json:"refundedAt,omitempty"`
}

// Party is the seller or the buyer.
type Party struct {
	Name    string   `json:"name"`
	Address []string `json:"address,omitempty"` // lines, without the country
	Country string   `json:"country,omitempty"` // ISO 3166-1 alpha-2
	VATID   string   `json:"vatId,omitempty"`
}

// Line is what one item was sold for, or what of it went back. Sums are in minor units of the document's currency.
type Line struct {
	Title       locale.Text `json:"title"`
	Kind        string      `json:"kind"` // of the SKU
	Quality     string      `json:"quality"`
	RentHours   int         `json:"rentHours,omitempty"`
	Quantity    int         `json:"quantity"`
	Discount    int64       `json:"discount,omitempty"` // taken off before the tax
	TaxKind     tax.Kind    `json:"taxKind"`
	BasisPoints int         `json:"basisPoints"`
	Net         int64       `json:"net"`
	Tax         int64       `json:"tax"`
	Gross       int64       `json:"gross"`
}

// Total is the sum of the lines with one kind and rate of tax.
type Total struct {
	TaxKind     tax.Kind `json:"taxKind"`
	BasisPoints int      `json:"basisPoints"`
	Net         int64    `json:"net"`
	Tax         int64    `json:"tax"`
	Gross       int64    `json:"gross"`
}

// ReverseCharge reports whether the buyer owes the tax.
func (f Facts) ReverseCharge() bool {
	return slices.ContainsFunc(f.Totals, func(t Total) bool { return t.TaxKind == tax.ReverseCharge })
}

// sums returns net, tax and gross of the lines.
func (f Facts) sums() (sum Total) {
	for _, t := range f.Totals {
		sum.Net += t.Net
		sum.Tax += t.Tax
		sum.Gross += t.Gross
	}
	return sum
}

// Billable reports whether an order has an invoice: it was paid, and not for nothing, and here.
func Billable(o order.Order) bool { return o.PaidAt != nil && !o.Total.IsZero() && !o.Imported }

// Left is what was paid for an order and has not gone back.
func Left(o order.Order) money.Money {
	return money.Of(o.Total.Amount-o.Refunded.Amount, o.Total.Currency)
}

// factsOf describes a paid order.
func (s *Invoices) factsOf(ctx context.Context, o order.Order) (Facts, error) {
	f := Facts{
		Seller:     s.seller(),
		Buyer:      buyerOf(o.Billing),
		TaxName:    o.Tax.Name,
		TaxCountry: o.Tax.Country,
		Zone:       s.Zone().Name(),
		OrderedAt:  o.CreatedAt.UTC(),
		PaidAt:     o.PaidAt.UTC(),
	}
	if o.DeliveredAt != nil {
		at := o.DeliveredAt.UTC()
		f.SuppliedAt = &at
	}
	if f.Buyer.Name == "" {
		name, err := s.deps.Buyer(ctx, o.UserID)
		if err != nil {
			return Facts{}, fmt.Errorf("buyer of %s: %w", o.OrderNo, err)
		}
		f.Buyer.Name = name
	}
	captures, err := s.deps.Payments.Captures(ctx, o.OrderNo)
	if err != nil {
		return Facts{}, err
	}
	for _, c := range captures {
		if c.State == payment.Consumed {
			f.Provider, f.Reference = c.Provider, c.ChannelTxnNo
		}
	}
	for _, i := range o.Items {
		line := lineOf(i)
		line.Discount = i.Discount.Amount
		line.Gross, line.Tax = i.Net().Amount, i.Tax.Amount.Amount
		f.add(line)
	}
	f.Formal = formal(f)
	return f, nil
}

// formal reports whether a document says enough to be an invoice: who sells and where, and with a tax the id under
// which the seller pays it. Otherwise it is called a receipt.
func formal(f Facts) bool {
	taxed := f.sums().Tax > 0 || f.ReverseCharge()
	return f.Seller.Name != "" && len(f.Seller.Address) > 0 && (!taxed || f.Seller.VATID != "")
}

func lineOf(i order.Item) Line {
	return Line{
		Title:       i.Title,
		Kind:        i.Kind,
		Quality:     i.Quality,
		RentHours:   i.RentHours,
		Quantity:    i.Quantity,
		TaxKind:     cmp.Or(i.Tax.Kind, tax.None),
		BasisPoints: i.Tax.BasisPoints,
	}
}

// add adds a line, whose Net follows from Gross and Tax, and sums it up.
func (f *Facts) add(l Line) {
	l.Net = l.Gross - l.Tax
	f.Lines = append(f.Lines, l)
	at := slices.IndexFunc(f.Totals, func(t Total) bool {
		return t.TaxKind == l.TaxKind && t.BasisPoints == l.BasisPoints
	})
	if at < 0 {
		at = len(f.Totals)
		f.Totals = append(f.Totals, Total{TaxKind: l.TaxKind, BasisPoints: l.BasisPoints})
	}
	t := &f.Totals[at]
	t.Net += l.Net
	t.Tax += l.Tax
	t.Gross += l.Gross
}

// creditOf describes what a refund took back of an invoice.
func creditOf(of Document, o order.Order, r order.Refund) Facts {
	f := of.Facts
	f.Lines, f.Totals = nil, nil
	issued, back := of.IssuedAt.UTC(), r.SettledAt.UTC()
	f.InvoiceNo, f.InvoicedAt, f.RefundedAt = of.No(), &issued, &back
	for _, share := range r.Items {
		for _, i := range o.Items {
			if i.ID == share.ItemID && !share.Amount.IsZero() {
				line := lineOf(i)
				line.Gross, line.Tax = share.Amount.Amount, share.Tax.Amount
				f.add(line)
			}
		}
	}
	return f
}

func (s *Invoices) seller() Party {
	return Party{
		Name:    s.deps.Seller.Name,
		Address: s.deps.Seller.Address,
		Country: s.deps.Tax.Country,
		VATID:   s.deps.Tax.VATID,
	}
}

func buyerOf(p tax.Profile) Party {
	return Party{
		Name:    p.Company,
		Address: p.AddressLines(),
		Country: p.Country,
		VATID:   p.VATID,
	}
}

// equal reports whether two parties are written alike.
func (p Party) equal(q Party) bool {
	return p.Name == q.Name && p.Country == q.Country && p.VATID == q.VATID &&
		slices.Equal(p.Address, q.Address)
}
