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
	"videomall/mall/fault"
	"videomall/mall/money"
	"videomall/mall/promotion"
)

// Quote is what an order of some lines would cost right now, and what stands in its way.
type Quote struct {
	Lines []QuoteLine
	Total money.Money // of the lines without a problem
}

// QuoteLine is one line at today's price. Problem is the slug of what keeps it from being bought, or empty;
// Offer is zero when the SKU is not for sale at all.
type QuoteLine struct {
	Line
	Offer   catalog.Offer
	Amount  money.Money
	Problem string
}

// Buyable says that every line can be bought.
func (q Quote) Buyable() bool {
	return len(q.Lines) > 0 && !slices.ContainsFunc(q.Lines, func(l QuoteLine) bool { return l.Problem != "" })
}

// Quote prices lines for a person (0 for a guest) with the rules and the arithmetic of Place, and changes nothing.
// A line that can't be bought carries its problem instead of failing the rest. Errors: ErrMixedCurrency.
func (s *Orders) Quote(ctx context.Context, userID int64, lines []Line) (Quote, error) {
	var quote Quote
	err := db.InTx(ctx, s.Pool, func(tx pgx.Tx) error {
		f, err := s.factsTx(ctx, tx, []asked{{userID: userID, lines: lines}}, s.Now())
		if err != nil {
			return err
		}
		quote, err = f.quote(asked{userID: userID, lines: lines})
		return err
	})
	if err != nil {
		return Quote{}, err
	}
	left, err := s.Inventory.Available(ctx, skuIDs(lines))
	if err != nil {
		return Quote{}, err
	}
	quote.Total = money.Money{}
	for i := range quote.Lines {
		l := &quote.Lines[i]
		if n, limited := left[l.SKUID]; l.Problem == "" && l.Offer.StockLimited && (!limited || n < int64(l.Quantity)) {
			l.Problem = "sold_out"
		}
		if l.Problem != "" {
			continue
		}
		if quote.Total, err = quote.Total.Add(l.Amount); err != nil {
			return Quote{}, ErrMixedCurrency.Because("%w", err)
		}
	}
	return quote, nil
}

// asked is what one person (0 for a guest) wants, at the normal prices or, where one is named, at a campaign's.
type asked struct {
	userID     int64
	campaignID int64
	lines      []Line
}

// facts are what the lines of many people are judged by, read together: what is for sale at a moment, and who owns it already.
type facts struct {
	offers map[int64]catalog.Offer
	deals  map[promotion.Key]promotion.Offer
	owners entitlement.Owners
}

func (s *Orders) factsTx(ctx context.Context, tx pgx.Tx, set []asked, at time.Time) (f facts, err error) {
	seen := map[int64]bool{}
	var ids, campaigns []int64
	for _, a := range set {
		if a.campaignID != 0 && !slices.Contains(campaigns, a.campaignID) {
			campaigns = append(campaigns, a.campaignID)
		}
		for _, l := range a.lines {
			if !seen[l.SKUID] {
				seen[l.SKUID] = true
				ids = append(ids, l.SKUID)
			}
		}
	}
	if f.offers, err = s.Catalog.OffersTx(ctx, tx, ids, at); err != nil {
		return facts{}, err
	}
	if len(campaigns) > 0 {
		if f.deals, err = s.Promotions.OffersTx(ctx, tx, campaigns, at); err != nil {
			return facts{}, err
		}
	}
	var viewings []entitlement.Viewing
	for _, a := range set {
		for _, l := range a.lines {
			if offer := f.offers[l.SKUID]; a.userID != 0 && offer.SKUID != 0 {
				viewings = append(viewings, entitlement.Viewing{UserID: a.userID, SPUID: offer.SPUID})
			}
		}
	}
	f.owners, err = s.Entitlements.OwnersTx(ctx, tx, viewings)
	return f, err
}

// quote prices one person's lines and names what forbids their sale, stock apart. Total is the sum of all lines without a problem.
func (f facts) quote(a asked) (quote Quote, err error) {
	for _, line := range a.lines {
		priced := QuoteLine{Line: line, Offer: f.offers[line.SKUID]}
		deal, runs := f.deals[promotion.Key{CampaignID: a.campaignID, SKUID: line.SKUID}]
		if runs { // a campaign has a stock of its own and a limit a person, also where the SKU has none
			priced.Offer.Amount, priced.Offer.StockLimited, priced.Offer.MaxPerOrder = deal.Amount, true, deal.PerUser
		}
		if priced.Problem = f.problem(a.userID, priced); a.campaignID != 0 && !runs {
			priced.Problem = ErrNoCampaign.Slug // never the normal price instead
		}
		if priced.Offer.SKUID != 0 {
			if priced.Amount, err = priced.Offer.Amount.Times(line.Quantity); err != nil {
				return Quote{}, ErrQuantity.Because("sku %d: %w", line.SKUID, err)
			}
		}
		if priced.Problem == "" {
			if quote.Total, err = quote.Total.Add(priced.Amount); err != nil {
				return Quote{}, ErrMixedCurrency.Because("%w", err)
			}
		}
		quote.Lines = append(quote.Lines, priced)
	}
	return quote, nil
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

// problemFault turns a line's problem back into the fault that Place answers with.
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
