package order

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/mall/catalog"
	"videomall/mall/entitlement"
	"videomall/mall/exchange"
	"videomall/mall/money"
	"videomall/mall/promotion"
	"videomall/mall/tax"
)

// asked is what one person (0 for a guest) wants to buy, at the normal prices or at those of a campaign or a bundle.
type asked struct {
	userID     int64
	campaignID int64           // of all lines, named by the buyer; 0 for none
	sales      map[int64]int64 // campaigns of single lines, by SKU
	agreed     bool            // the buyer agreed to the prices of sales, even if they are no lower by now
	bundleID   int64
	lines      []Line
	currency   string       // empty for the currency of the prices
	billing    *tax.Profile // nil for what the person has saved
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
	quote.Billing = f.billing(a)
	quote.terms = f.taxes.TermsOf(quote.Billing)
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
			if priced.set, err = f.offers[line.SKUID].Amount.Times(line.Quantity); err != nil {
				return Quote{}, ErrQuantity.Because("sku %d: %w", line.SKUID, err)
			}
			priced.Discount = money.Of(off[line.SKUID], priced.Amount.Currency)
		}
		quote.Lines = append(quote.Lines, priced)
	}
	return quote, quote.sum()
}

// billing returns the details that a request names, or those that its person has saved.
func (f facts) billing(a asked) tax.Profile {
	if a.billing != nil {
		return *a.billing
	}
	return f.taxes.Profile(a.userID)
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
