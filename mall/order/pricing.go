package order

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/mall/catalog"
	"videomall/mall/exchange"
	"videomall/mall/money"
	"videomall/mall/promotion"
)

// pricing turns prices into the currency of one order. With an empty currency prices stay as they are.
type pricing struct {
	currency string
	rates    exchange.Table
}

func (f facts) pricing(a asked) pricing { return pricing{a.currency, f.rates} }

// foreign reports whether a price is in another currency than the order.
func (p pricing) foreign(price money.Money) bool {
	return p.currency != "" && price.Currency != "" && price.Currency != p.currency
}

// price returns a price as the shop writes it in the currency of the order. Errors: ErrCurrency.
func (p pricing) price(price money.Money) (money.Money, error) {
	if !p.foreign(price) {
		return price, nil
	}
	if !p.rates.Offers(p.currency) {
		return money.Money{}, ErrCurrency.Because("%s is not offered", p.currency)
	}
	converted, err := p.rates.Price(price, p.currency)
	if err != nil {
		return money.Money{}, ErrCurrency.Because("%w", err)
	}
	return converted, nil
}

// offer returns an offer at its price in the currency of the order. Errors: ErrCurrency.
func (p pricing) offer(o catalog.Offer) (catalog.Offer, error) {
	var err error
	if o.Amount, err = p.price(o.Amount); err != nil || o.ListAmount == nil {
		return o, err
	}
	list, err := p.price(*o.ListAmount)
	if o.ListAmount = &list; list.Amount <= o.Amount.Amount { // both were rounded to the same price
		o.ListAmount = nil
	}
	return o, err
}

// terms returns the terms of a sale, or nil, at its price in the currency of the order. Errors: ErrCurrency.
func (p pricing) terms(t *SaleTerms) (*SaleTerms, error) {
	if t == nil || !p.foreign(t.Amount) {
		return t, nil
	}
	converted := *t
	var err error
	converted.Amount, err = p.price(t.Amount)
	return &converted, err
}

// bundle returns a bundle at its price in the currency of the order. Errors: ErrCurrency.
func (p pricing) bundle(b promotion.Bundle) (promotion.Bundle, error) {
	price := money.Of(b.Price, b.Currency)
	if !p.foreign(price) {
		return b, nil
	}
	price, err := p.price(price)
	b.Price, b.Currency = price.Amount, price.Currency
	return b, err
}

// couponAsk asks for a coupon for an order in this currency.
func (p pricing) couponAsk(code string, userID int64) promotion.CouponAsk {
	return promotion.CouponAsk{
		Code:     code,
		UserID:   userID,
		Currency: p.currency,
		Rates:    p.rates,
	}
}

// ratesTx reads the exchange rates if somebody wants to pay in another currency than that of what is asked for. The
// currency of a coupon is one of these as well, since it covers prices of its own currency.
func (s *Orders) ratesTx(ctx context.Context, tx pgx.Tx, f facts, set []asked, at time.Time) (exchange.Table, error) {
	if s.deps.Exchange == nil || !f.foreign(set) {
		return exchange.Table{}, nil
	}
	return s.deps.Exchange.TableTx(ctx, tx, at)
}

// foreign reports whether somebody wants to pay in another currency than that of a price.
func (f facts) foreign(set []asked) bool {
	for _, a := range set {
		p := pricing{currency: a.currency}
		b := f.bundles[a.bundleID]
		if p.foreign(money.Of(b.Price, b.Currency)) {
			return true
		}
		for _, l := range a.lines {
			deal := f.deals[promotion.Key{CampaignID: a.campaignOf(l.SKUID), SKUID: l.SKUID}]
			if p.foreign(f.offers[l.SKUID].Amount) || p.foreign(deal.Amount) {
				return true
			}
		}
		for _, id := range b.SKUIDs {
			if p.foreign(f.offers[id].Amount) {
				return true
			}
		}
	}
	return false
}
