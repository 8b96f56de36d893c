package order

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/catalog"
	"videomall/mall/entitlement"
	"videomall/mall/exchange"
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
	return s.quoteLines(ctx, r)
}

// QuoteCoupon is like Quote, and applies the coupon to the lines that can be bought. If it can't be used, it takes
// nothing off, and refused is the fault that Place would return. Errors: ErrMixedCurrency, ErrCurrency.
func (s *Orders) QuoteCoupon(ctx context.Context, r QuoteRequest) (quote Quote, refused *fault.Fault, err error) {
	if quote, err = s.quoteLines(ctx, r); err != nil || r.Coupon == "" {
		return quote, nil, err
	}
	ask := quote.money.couponAsk(r.Coupon, r.UserID)
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
		}); l.Problem != "" || l.InSale() {
			list[n].Amount.Amount = 0
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

func (s *Orders) quoteLines(ctx context.Context, r QuoteRequest) (Quote, error) {
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

// asked is what one person (0 for a guest) wants to buy, at the normal prices or at those of a campaign or a bundle.
type asked struct {
	userID     int64
	campaignID int64           // of all lines, named by the buyer; 0 for none
	sales      map[int64]int64 // campaigns of single lines, by SKU
	agreed     bool            // the buyer agreed to the prices of sales, even if they are no lower by now
	bundleID   int64
	lines      []Line
	currency   string // empty for the currency of the prices
}

// campaignOf returns the campaign that a line is to be bought in, or 0 for the normal price.
func (a asked) campaignOf(skuID int64) int64 {
	if a.campaignID != 0 {
		return a.campaignID
	}
	return a.sales[skuID]
}

// facts is the data by which the lines of many people are judged, read together: what is for sale at a moment, and who
// owns it already.
type facts struct {
	offers  map[int64]catalog.Offer
	deals   map[promotion.Key]promotion.Offer
	bundles map[int64]promotion.Bundle
	owners  entitlement.Owners
	taxes   tax.Facts
	rates   exchange.Table                 // only if somebody buys in another currency than that of a price
	held    map[int64]entitlement.Holdings // by person, of the bundles' videos
}

func (s *Orders) factsTx(ctx context.Context, tx pgx.Tx, set []asked, at time.Time) (f facts, err error) {
	if f.bundles, err = s.bundleFactsTx(ctx, tx, set); err != nil {
		return facts{}, err
	}
	if f.taxes, err = s.taxFactsTx(ctx, tx, set, at); err != nil {
		return facts{}, err
	}
	ids, campaigns := f.wanted(set)
	if f.offers, err = s.deps.Catalog.OffersTx(ctx, tx, ids, at); err != nil {
		return facts{}, err
	}
	if len(campaigns) > 0 {
		if f.deals, err = s.deps.Promotions.OffersTx(ctx, tx, campaigns, at); err != nil {
			return facts{}, err
		}
	}
	if f.rates, err = s.ratesTx(ctx, tx, f, set, at); err != nil {
		return facts{}, err
	}
	if f.owners, err = s.deps.Entitlements.OwnersTx(ctx, tx, f.viewings(set)); err != nil || len(f.bundles) == 0 {
		return f, err
	}
	f.held, err = s.holdingsTx(ctx, tx, set, f)
	return f, err
}

// wanted returns the SKUs that these people ask for, each once, and the campaigns that they name.
func (f facts) wanted(set []asked) (skuIDs, campaigns []int64) {
	seen := map[int64]bool{}
	want := func(skuID int64) {
		if !seen[skuID] {
			seen[skuID] = true
			skuIDs = append(skuIDs, skuID)
		}
	}
	for _, a := range set {
		for _, id := range f.bundles[a.bundleID].SKUIDs { // even those that the buyer holds: the shares depend on all
			want(id)
		}
		for _, l := range a.lines {
			if k := a.campaignOf(l.SKUID); k != 0 && !slices.Contains(campaigns, k) {
				campaigns = append(campaigns, k)
			}
			want(l.SKUID)
		}
	}
	return skuIDs, campaigns
}

// viewings returns the people and the videos that they may own already.
func (f facts) viewings(set []asked) []entitlement.Viewing {
	var list []entitlement.Viewing
	for _, a := range set {
		for _, l := range a.lines {
			if offer := f.offers[l.SKUID]; a.userID != 0 && offer.SKUID != 0 {
				list = append(list, entitlement.Viewing{UserID: a.userID, SPUID: offer.SPUID})
			}
		}
	}
	return list
}

// quote prices one person's lines and sets their problems, except for those of stock. Total is the sum of all lines
// without a problem.
func (f facts) quote(a asked) (quote Quote, err error) {
	quote.terms, quote.Billing = f.taxes.Terms(a.userID), f.taxes.Profile(a.userID)
	quote.money = f.pricing(a)
	var off map[int64]int64
	if a.bundleID != 0 {
		if off, err = f.bundled(a); err != nil {
			return Quote{}, err
		}
	}
	for _, line := range a.lines {
		priced := QuoteLine{Line: line}
		if priced.Offer, err = quote.money.offer(f.offers[line.SKUID]); err != nil {
			return Quote{}, err
		}
		priced.Normal = priced.Offer.Amount
		campaignID := a.campaignOf(line.SKUID)
		deal, runs := f.deals[promotion.Key{CampaignID: campaignID, SKUID: line.SKUID}]
		if deal.Amount, err = quote.money.price(deal.Amount); err != nil {
			return Quote{}, err
		}
		if a.campaignID == 0 && !a.agreed && runs { // the mall chose the sale because it is cheaper
			runs = cheaper(deal.Amount, priced.Normal)
		}
		if runs { // a campaign has its own stock and a limit per person, even if the SKU has none
			priced.Offer.Amount, priced.Offer.StockLimited = deal.Amount, true
			priced.Sale = &SaleTerms{Offer: deal}
			if a.campaignID != 0 || a.agreed {
				priced.Offer.MaxPerOrder = deal.PerUser
			}
		}
		if priced.Problem = f.problem(a.userID, priced); campaignID != 0 && !runs && priced.Offer.SKUID != 0 {
			priced.Problem = ErrNoCampaign.Slug // the buyer has not agreed to the normal price
		}
		if priced.Offer.SKUID != 0 {
			if priced.Amount, err = priced.Offer.Amount.Times(line.Quantity); err != nil {
				return Quote{}, ErrQuantity.Because("sku %d: %w", line.SKUID, err)
			}
			priced.Discount = money.Of(off[line.SKUID], priced.Amount.Currency)
		}
		quote.Lines = append(quote.Lines, priced)
	}
	return quote, quote.sum()
}

func (f facts) problem(userID int64, l QuoteLine) string {
	switch {
	case l.Offer.SKUID == 0:
		return ErrUnavailable.Slug
	case l.Quantity < 1 || l.Quantity > l.Offer.MaxPerOrder:
		return ErrQuantity.Slug
	case userID != 0 && f.owners.Own(entitlement.Viewing{UserID: userID, SPUID: l.Offer.SPUID}, l.Offer.Quality):
		return ErrAlreadyOwned.Slug
	}
	return ""
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
