// Package price puts what the catalogue and the flash sales ask into the currency in which a viewer sees prices. It
// never changes what it is given, which may be cached and shared, and refuses to decide what somebody pays: orders do.
package price

import (
	"slices"

	"videomall/mall/catalog"
	"videomall/mall/money"
	"videomall/mall/order"
	saleview "videomall/views/sale"
	"videomall/web/page"
)

// Cards converts the prices on cards. It replaces a list by a copy before it changes it.
func Cards(c *page.Ctx, lists ...*[]catalog.Card) {
	if c.Currency() == "" {
		return
	}
	for _, list := range lists {
		*list = slices.Clone(*list)
		for n := range *list {
			card := &(*list)[n]
			card.From, card.FromList = Pair(c, card.From, card.FromList)
			if card.Sale != nil {
				sale := *card.Sale
				sale.Amount, sale.Normal = c.Price(sale.Amount), c.Price(sale.Normal)
				card.Sale = &sale
			}
		}
	}
}

// SKUs returns SKUs with their prices converted.
func SKUs(c *page.Ctx, skus []catalog.SKU) []catalog.SKU {
	if c.Currency() == "" {
		return skus
	}
	skus = slices.Clone(skus)
	for n := range skus {
		if skus[n].Price == nil {
			continue
		}
		p := *skus[n].Price
		var now *money.Money
		now, p.List = Pair(c, &p.Amount, p.List)
		p.Amount = *now
		skus[n].Price = &p
	}
	return skus
}

// Sale returns the terms of a flash sale with its price converted. It is nil without a sale, and if its price is no
// lower than the normal one once both are written in the viewer's currency.
func Sale(c *page.Ctx, terms *order.SaleTerms, normal money.Money) *order.SaleTerms {
	if terms == nil || c.Currency() == "" {
		return terms
	}
	converted := *terms
	converted.Amount = c.Price(terms.Amount)
	seen := c.Price(normal)
	if converted.Amount.Currency == seen.Currency && converted.Amount.Amount >= seen.Amount {
		return nil
	}
	return &converted
}

// Teaser returns a flash sale with the prices of its lots converted, the normal ones as well.
func Teaser(c *page.Ctx, s saleview.Teaser) saleview.Teaser {
	if c.Currency() == "" {
		return s
	}
	s.Lots = slices.Clone(s.Lots)
	for n := range s.Lots {
		s.Lots[n] = s.Lots[n].Priced(c.Price)
	}
	return s
}

// Pair converts a price and the one that is struck out beside it, either of which may be nil. Where both are written
// alike in the viewer's currency, nothing is struck out.
func Pair(c *page.Ctx, now, list *money.Money) (converted, convertedList *money.Money) {
	if now != nil {
		converted = new(c.Price(*now))
	}
	if list != nil {
		convertedList = new(c.Price(*list))
	}
	if converted != nil && convertedList != nil && *converted == *convertedList {
		return converted, nil
	}
	return converted, convertedList
}
