package tax

import (
	"cmp"

	"videomall/mall/money"
)

// Terms say how an order of one buyer is taxed. The zero Terms tax nothing.
type Terms struct {
	Kind        Kind
	Country     string // where the buyer is; empty if that is unknown
	Name        string // of the tax; empty unless Kind is Standard
	Mode        Mode
	BasisPoints int // 0 unless Kind is Standard

	// contained is the rate, in basis points, that an inclusive price has for buyers of this country who are no
	// businesses. Reverse charge takes it off.
	contained int
}

// Line is the tax of one line: what is paid for it contains Tax, and is its price and Added.
type Line struct {
	Kind        Kind
	BasisPoints int
	Tax         int64 // minor units, at least 0
	Added       int64 // Tax if prices exclude it; below zero if reverse charge takes a contained tax off; otherwise 0
}

// Rule returns how a shop taxes a buyer: video on demand is taxed where its buyer is. rate is the rate of that country
// and its zero value if the country has none. A buyer who has named no country is where the shop is.
//
//   - In another country of the European Union than the shop, which is in the Union as well, a buyer with a valid VAT
//     id owes the tax: nothing is charged.
//   - Otherwise a country with a rate takes that rate, and one without takes nothing.
func Rule(shop Shop, buyer Profile, rate Rate) Terms {
	t := Terms{
		Kind:    None,
		Country: cmp.Or(buyer.Country, shop.Country),
		Mode:    shop.Mode,
	}
	switch {
	case t.Country != shop.Country && InUnion(t.Country) && InUnion(shop.Country) &&
		ValidVATID(t.Country, buyer.VATID):
		t.Kind = ReverseCharge
		t.contained = rate.BasisPoints
	case rate.BasisPoints > 0:
		t.Kind = Standard
		t.Name = rate.Name
		t.BasisPoints = rate.BasisPoints
	}
	return t
}

// whole is the number of basis points of a price.
const whole = 10_000

// Line returns the tax of a line whose price, after all discounts, is a sum of minor units, at least 0. Half a minor
// unit is rounded up, line by line.
func (t Terms) Line(price int64) Line {
	l := Line{Kind: cmp.Or(t.Kind, None), BasisPoints: t.BasisPoints}
	switch {
	case t.Kind == Standard && t.Mode == Exclusive:
		l.Tax = money.Share(price, int64(t.BasisPoints), whole)
		l.Added = l.Tax
	case t.Kind == Standard:
		l.Tax = within(price, t.BasisPoints)
	case t.Kind == ReverseCharge && t.Mode == Inclusive:
		l.Added = -within(price, t.contained)
	}
	return l
}

// within returns the tax that a sum contains at a rate.
func within(sum int64, basisPoints int) int64 {
	return money.Share(sum, int64(basisPoints), int64(whole+basisPoints))
}

// Back returns how much of the tax in a sum that was paid goes back with a refund. refunded and taxBack are the sums of
// the refunds before it that stand. It is the tax's part of everything refunded so far, half a minor unit rounded up,
// less what went back before: the last refund gives back all that is left, whatever the order of the parts. After
// refunds that failed in between this may be off by a minor unit, and is then bounded by 0 and the refund. paid must be
// above 0, and refund at most paid less refunded.
func Back(paid, tax, refunded, taxBack, refund int64) int64 {
	return max(min(money.Share(tax, refunded+refund, paid)-taxBack, refund), 0)
}
