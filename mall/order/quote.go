package order

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/catalog"
	"videomall/mall/fault"
	"videomall/mall/money"
	"videomall/mall/promotion"
	"videomall/mall/tax"
)

// Quote is what an order of some lines would cost right now, and the problems that prevent it.
type Quote struct {
	Lines    []QuoteLine
	Subtotal money.Money // of the lines without a problem
	Discount money.Money // of a coupon or a bundle
	Tax      Tax
	Total    money.Money // the sum to pay: Subtotal less Discount, with what Tax adds
	Billing  tax.Profile // of the person; zero for a guest, and in a shop without tax rates

	terms tax.Terms
	money pricing
}

// QuoteLine is one line at the current price. Problem is the slug of the reason why it can't be bought, or empty;
// Offer is zero if the SKU is not for sale at all.
type QuoteLine struct {
	Line
	Offer    catalog.Offer
	Amount   money.Money
	Discount money.Money
	Tax      ItemTax
	Problem  string
	Normal   money.Money // the price of a unit outside of sales; Offer.Amount is what this buyer pays for it
	Sale     *SaleTerms  // the flash sale that runs for the SKU; nil if there is none

	set money.Money // Amount in the currency in which the price was set; of the normal price
}

// InSale reports whether the line is bought at the price of a flash sale.
func (l QuoteLine) InSale() bool { return l.Sale.Sells() }

// Price is what the line costs after the discount, as the shop states prices.
func (l QuoteLine) Price() money.Money {
	return money.Of(l.Amount.Amount-l.Discount.Amount, l.Amount.Currency)
}

// Net is the sum to pay for the line.
func (l QuoteLine) Net() money.Money {
	return money.Of(l.Price().Amount+l.Tax.Added.Amount, l.Amount.Currency)
}

// sum taxes the lines, and adds up those without a problem. Errors: ErrMixedCurrency.
func (q *Quote) sum() (err error) {
	q.Subtotal = money.Money{}
	q.Discount = money.Money{}
	q.Tax = taxOf(q.terms)
	q.Total = money.Money{}
	for n := range q.Lines {
		l := &q.Lines[n]
		l.Tax = itemTax(q.terms, l.Price())
		if l.Problem != "" {
			continue
		}
		if q.Subtotal, err = q.Subtotal.Add(l.Amount); err != nil {
			return ErrMixedCurrency.Because("%w", err)
		}
		q.Discount.Amount += l.Discount.Amount
		q.Tax.Amount.Amount += l.Tax.Amount.Amount
		q.Tax.Added.Amount += l.Tax.Added.Amount
	}
	q.Discount.Currency = q.Subtotal.Currency
	q.Tax.Amount.Currency = q.Subtotal.Currency
	q.Tax.Added.Currency = q.Subtotal.Currency
	q.Total = money.Of(q.Subtotal.Amount-q.Discount.Amount+q.Tax.Added.Amount, q.Subtotal.Currency)
	return nil
}

// Currency is the currency that was asked for; empty for that of the prices.
func (q Quote) Currency() string { return q.money.currency }

// Buyable reports whether every line can be bought.
func (q Quote) Buyable() bool {
	return len(q.Lines) > 0 && !slices.ContainsFunc(q.Lines, func(l QuoteLine) bool { return l.Problem != "" })
}

// QuoteRequest asks what some lines would cost a person, 0 for a guest.
type QuoteRequest struct {
	UserID   int64
	Lines    []Line
	Coupon   string // its code as it was typed; empty for none
	Currency string // of the order; empty for the currency of the prices
}

// Quote prices lines with the rules and the arithmetic of Place, and changes nothing. A line that can't be bought has
// its Problem set, and does not fail the others. It ignores Coupon. Errors: ErrMixedCurrency, ErrCurrency.
func (s *Orders) Quote(ctx context.Context, r QuoteRequest) (Quote, error) {
	at := s.deps.Now()
	terms, err := s.askSales(ctx, asksOf(r.UserID, r.Lines), at)
	if err != nil {
		return Quote{}, err
	}
	a := asked{
		userID:   r.UserID,
		sales:    map[int64]int64{},
		lines:    r.Lines,
		currency: r.Currency,
	}
	for n, t := range terms {
		if t.Sells() {
			a.sales[r.Lines[n].SKUID] = t.CampaignID
		}
	}
	quote, err := s.quoteInSales(ctx, a, terms, at)
	if err != nil {
		return Quote{}, err
	}
	for n := range quote.Lines {
		l := &quote.Lines[n]
		if l.Sale, err = quote.money.terms(terms[n]); err != nil {
			return Quote{}, err
		}
		if l.Sale != nil && !cheaper(l.Sale.Amount, l.Normal) {
			l.Sale = nil
		}
	}
	if err := s.markLinesSoldOut(ctx, &quote, r.Lines); err != nil {
		return Quote{}, err
	}
	return quote, quote.sum()
}

// QuoteCoupon is like Quote, and applies the coupon to the lines that can be bought. If it can't be used, it takes
// nothing off, and refused is the fault that Place would return. Errors: ErrMixedCurrency, ErrCurrency.
func (s *Orders) QuoteCoupon(ctx context.Context, r QuoteRequest) (quote Quote, refused *fault.Fault, err error) {
	if quote, err = s.Quote(ctx, r); err != nil || r.Coupon == "" {
		return quote, nil, err
	}
	ask := promotion.CouponAsk{Code: r.Coupon, UserID: r.UserID}
	count, err := s.deps.Promotions.ReadCouponsTx(ctx, s.deps.Pool, []promotion.CouponAsk{ask}, s.deps.Now(), false)
	if err != nil {
		return Quote{}, nil, err
	}
	if err := quote.takesCoupon(); err != nil {
		return quote, fault.From(err), nil
	}
	use, err := count.Take(ask, "", quote.priced())
	if err != nil {
		return quote, fault.From(err), nil
	}
	return quote, nil, quote.lower(use)
}

// takesCoupon fails if all lines that can be bought are bought in flash sales, whose prices no coupon lowers. Errors:
// ErrCouponWithSale.
func (q Quote) takesCoupon() error {
	inSale := false
	for _, l := range q.Lines {
		if l.Problem == "" && !l.InSale() {
			return nil
		}
		inSale = inSale || l.InSale()
	}
	if !inSale {
		return nil
	}
	return ErrCouponWithSale.With(promotion.CouponField, ErrCouponWithSale.Slug)
}

// priced returns all lines of the quote, in their order, as a coupon sees them: the amount is 0 for a line that can't
// be bought or is bought in a flash sale.
func (q Quote) priced() []promotion.Priced {
	list := make([]promotion.Priced, len(q.Lines))
	for n, l := range q.Lines {
		if list[n] = (promotion.Priced{
			SPUID:     l.Offer.SPUID,
			CreatorID: l.Offer.CreatorID,
			Amount:    l.Amount,
			Set:       l.set,
		}); l.Problem != "" || l.InSale() {
			list[n].Amount.Amount, list[n].Set.Amount = 0, 0
		}
	}
	return list
}

// lower takes the discounts of a coupon off the lines.
func (q *Quote) lower(use promotion.Use) error {
	for n, off := range use.Discounts {
		q.Lines[n].Discount = money.Of(off, q.Lines[n].Amount.Currency)
	}
	return q.sum()
}

// quoteInSales prices lines in the sales whose terms are given, a line each. A sale that has just ended, or is no
// cheaper, leaves the normal price, and its terms are dropped.
func (s *Orders) quoteInSales(ctx context.Context, a asked, terms []*SaleTerms, at time.Time) (quote Quote, err error) {
	err = db.InTx(ctx, s.deps.Pool, func(tx pgx.Tx) error {
		f, err := s.factsTx(ctx, tx, []asked{a}, at)
		if err != nil {
			return err
		}
		for {
			if quote, err = f.quote(a); err != nil {
				return err
			}
			over := slices.IndexFunc(quote.Lines, func(l QuoteLine) bool { return l.Problem == ErrNoCampaign.Slug })
			if over < 0 {
				return nil
			}
			delete(a.sales, a.lines[over].SKUID)
			terms[over] = nil
		}
	})
	return quote, err
}

// markLinesSoldOut marks the lines of which too few units are left. A sale has a stock of its own.
func (s *Orders) markLinesSoldOut(ctx context.Context, quote *Quote, lines []Line) error {
	left, err := s.deps.Inventory.Available(ctx, skuIDs(lines))
	if err != nil {
		return err
	}
	for i := range quote.Lines {
		l := &quote.Lines[i]
		if l.Problem != "" || l.InSale() || !l.Offer.StockLimited {
			continue
		}
		if n, limited := left[l.SKUID]; !limited || n < int64(l.Quantity) {
			l.Problem = "sold_out"
		}
	}
	return nil
}

// problemFault turns a line's problem back into the fault that Place returns.
func problemFault(l QuoteLine) error {
	for _, f := range []*fault.Fault{ErrUnavailable, ErrQuantity, ErrAlreadyOwned, ErrNoCampaign} {
		if f.Slug == l.Problem {
			return f.With(fmt.Sprintf("sku:%d", l.SKUID), l.Problem)
		}
	}
	return fmt.Errorf("sku %d: unknown problem %q", l.SKUID, l.Problem)
}

func skuIDs(lines []Line) []int64 {
	ids := make([]int64, len(lines))
	for i, l := range lines {
		ids[i] = l.SKUID
	}
	return ids
}
