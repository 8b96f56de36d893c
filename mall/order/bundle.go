package order

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/catalog"
	"videomall/mall/entitlement"
	"videomall/mall/fault"
	"videomall/mall/inventory"
	"videomall/mall/money"
	"videomall/mall/promotion"
)

// The faults of buying a bundle.
var (
	ErrBundleUnavailable = fault.New(fault.Conflict, "bundle_unavailable", "This bundle is not for sale.")
	ErrBundleHeld        = fault.New(fault.Conflict, "bundle_held", "You have everything of this bundle already.")
	ErrBundleOpen        = fault.New(fault.Conflict, "bundle_open",
		"You have an order for this bundle that is not finished yet.")
)

// BundleQuote is what a bundle costs a person right now: the parts that the person does not have yet, at their shares
// of its price.
type BundleQuote struct {
	Bundle  promotion.Bundle
	Parts   []BundlePart // empty if one of them is not for sale
	Full    money.Money  // what the parts that would be bought cost one by one
	Tax     Tax          // of the parts that would be bought
	Total   money.Money  // what they cost in the bundle, with what tax adds
	Problem string       // the slug of the reason why it can't be bought, or empty
}

// BundlePart is one SKU of a bundle. Share is its part of the bundle's price. A part that the person holds already is
// not sold, and its share is not charged.
type BundlePart struct {
	Offer catalog.Offer
	Share money.Money
	Held  bool
}

// Price is what the parts cost in the bundle, as the shop states prices.
func (q BundleQuote) Price() money.Money {
	return money.Of(q.Total.Amount-q.Tax.Added.Amount, q.Full.Currency)
}

// Saved is the difference between the prices of the parts and the price of the bundle.
func (q BundleQuote) Saved() money.Money {
	return money.Of(q.Full.Amount-q.Price().Amount, q.Full.Currency)
}

// Lines returns the lines that an order of the bundle consists of.
func (q BundleQuote) Lines() (lines []Line) {
	for _, p := range q.Parts {
		if !p.Held {
			lines = append(lines, Line{SKUID: p.Offer.SKUID, Quantity: 1})
		}
	}
	return lines
}

// QuoteBundles prices bundles for a person (0 for a guest), with the rules and the arithmetic of Place, and changes
// nothing. An empty currency means that of the prices. Errors: ErrCurrency.
func (s *Orders) QuoteBundles(ctx context.Context, userID int64, currency string,
	bundles []promotion.Bundle,
) (quotes []BundleQuote, err error) {
	if len(bundles) == 0 {
		return nil, nil
	}
	set := make([]asked, len(bundles))
	for n, b := range bundles {
		set[n] = asked{
			userID:   userID,
			bundleID: b.ID,
			currency: currency,
		}
	}
	err = db.InTx(ctx, s.deps.Pool, func(tx pgx.Tx) error {
		f, err := s.factsTx(ctx, tx, set, s.deps.Now())
		if err != nil {
			return err
		}
		quotes = make([]BundleQuote, len(bundles))
		for n, b := range bundles {
			if quotes[n], err = f.bundle(set[n], b); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return quotes, s.markSoldOut(ctx, quotes)
}

func (s *Orders) markSoldOut(ctx context.Context, quotes []BundleQuote) error {
	var limited []int64
	for _, q := range quotes {
		for _, p := range q.Parts {
			if p.Offer.StockLimited && !p.Held {
				limited = append(limited, p.Offer.SKUID)
			}
		}
	}
	if len(limited) == 0 {
		return nil
	}
	left, err := s.deps.Inventory.Available(ctx, limited)
	if err != nil {
		return err
	}
	for n, q := range quotes {
		if q.Problem == "" && slices.ContainsFunc(q.Parts, func(p BundlePart) bool {
			return p.Offer.StockLimited && !p.Held && left[p.Offer.SKUID] < 1
		}) {
			quotes[n].Problem = inventory.ErrSoldOut.Slug
		}
	}
	return nil
}

// bundle prices one bundle for a person. Errors: ErrCurrency.
func (f facts) bundle(a asked, b promotion.Bundle) (BundleQuote, error) {
	terms, in := f.taxes.TermsOf(f.billing(a)), f.pricing(a)
	b, err := in.bundle(b)
	if err != nil {
		return BundleQuote{}, err
	}
	q := BundleQuote{
		Bundle: b,
		Full:   money.Of(0, b.Currency),
		Tax:    taxOf(terms),
		Total:  money.Of(0, b.Currency),
	}
	q.Tax.Amount.Currency, q.Tax.Added.Currency = b.Currency, b.Currency
	prices := make([]int64, len(b.SKUIDs))
	for n, id := range b.SKUIDs {
		o, sold := f.offers[id]
		if o, err = in.offer(o); err != nil {
			return BundleQuote{}, err
		}
		if !sold || o.Amount.Currency != b.Currency {
			return BundleQuote{
				Bundle:  b,
				Full:    q.Full,
				Tax:     q.Tax,
				Total:   q.Total,
				Problem: ErrBundleUnavailable.Slug,
			}, nil
		}
		prices[n] = o.Amount.Amount
		q.Parts = append(q.Parts, BundlePart{Offer: o, Held: f.held[a.userID].Cover(o.SPUID, o.Kind, o.Quality)})
	}
	for n, amount := range b.Shares(prices) {
		p := &q.Parts[n]
		if p.Share = money.Of(amount, b.Currency); !p.Held {
			l := terms.Line(amount)
			q.Full.Amount += prices[n]
			q.Tax.Amount.Amount += l.Tax
			q.Tax.Added.Amount += l.Added
			q.Total.Amount += amount + l.Added
		}
	}
	switch {
	case b.Status != promotion.BundleLive:
		q.Problem = ErrBundleUnavailable.Slug
	case len(q.Lines()) == 0:
		q.Problem = ErrBundleHeld.Slug
	}
	return q, nil
}

// bundled returns, by SKU, what the bundle takes off the price of each line. Errors: ErrBundleUnavailable,
// ErrBundleHeld, ErrCurrency, and ErrPriceChanged if the lines are no longer those that the buyer lacks.
func (f facts) bundled(a asked) (map[int64]int64, error) {
	b, known := f.bundles[a.bundleID]
	if !known {
		return nil, ErrBundleUnavailable.Because("no bundle %d", a.bundleID)
	}
	q, err := f.bundle(a, b)
	if err != nil {
		return nil, err
	}
	if err := bundleFault(q.Problem); err != nil {
		return nil, err
	}
	if !slices.Equal(q.Lines(), a.lines) {
		return nil, ErrPriceChanged.Because("bundle %d: %v was asked for, %v is to be had", b.ID, a.lines, q.Lines())
	}
	off := map[int64]int64{}
	for _, p := range q.Parts {
		off[p.Offer.SKUID] = p.Offer.Amount.Amount - p.Share.Amount
	}
	return off, nil
}

func bundleFault(problem string) error {
	for _, f := range []*fault.Fault{ErrBundleUnavailable, ErrBundleHeld} {
		if f.Slug == problem {
			return f
		}
	}
	return nil
}

// bundleLines returns lines for the parts of a bundle that a person lacks. Errors: ErrBundleUnavailable, ErrBundleHeld.
func (s *Orders) bundleLines(ctx context.Context, userID, bundleID int64) ([]Line, error) {
	found, err := s.deps.Promotions.BundlesTx(ctx, s.deps.Pool, []int64{bundleID})
	if err != nil {
		return nil, err
	}
	b, known := found[bundleID]
	if !known {
		return nil, ErrBundleUnavailable.Because("no bundle %d", bundleID)
	}
	quotes, err := s.QuoteBundles(ctx, userID, "", []promotion.Bundle{b})
	if err != nil {
		return nil, err
	}
	if err := bundleFault(quotes[0].Problem); err != nil {
		return nil, err
	}
	return quotes[0].Lines(), nil
}

// bundleFactsTx reads the bundles that a set asks for.
func (s *Orders) bundleFactsTx(ctx context.Context, tx pgx.Tx, set []asked) (map[int64]promotion.Bundle, error) {
	var ids []int64
	for _, a := range set {
		if a.bundleID != 0 && !slices.Contains(ids, a.bundleID) {
			ids = append(ids, a.bundleID)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	return s.deps.Promotions.BundlesTx(ctx, tx, ids)
}

// holdingsTx reads, by person, what the buyers of bundles hold of the bundles' videos already.
func (s *Orders) holdingsTx(ctx context.Context, tx pgx.Tx, set []asked,
	f facts,
) (map[int64]entitlement.Holdings, error) {
	videos := map[int64][]int64{}
	for _, a := range set {
		for _, id := range f.bundles[a.bundleID].SKUIDs {
			if o, sold := f.offers[id]; sold && a.userID != 0 {
				videos[a.userID] = append(videos[a.userID], o.SPUID)
			}
		}
	}
	held := make(map[int64]entitlement.Holdings, len(videos))
	for userID, spuIDs := range videos {
		h, err := s.deps.Entitlements.HoldingsTx(ctx, tx, userID, spuIDs)
		if err != nil {
			return nil, err
		}
		held[userID] = h
	}
	return held, nil
}
