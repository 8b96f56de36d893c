package order

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/batch"
	"videomall/mall/catalog"
	"videomall/mall/fault"
	"videomall/mall/inventory"
	"videomall/mall/money"
	"videomall/mall/promotion"
)

// SaleTerms says whether a running flash sale sells a line to its buyer at the price of the sale.
type SaleTerms struct {
	promotion.Offer
	// Missed is the reason why the buyer pays the normal price: the slug of inventory.ErrSoldOut or of
	// inventory.ErrBuyerLimit. It is empty if the buyer pays the price of the sale.
	Missed string
}

// Sells reports whether the buyer gets the line at the price of the sale. The terms of a line without a running sale
// are nil.
func (t *SaleTerms) Sells() bool { return t != nil && t.Missed == "" }

// saleAsk is a line that its buyer (0 for a guest) may get in a running sale.
type saleAsk struct {
	userID int64
	Line
}

// asksOf returns a saleAsk for each line of one buyer.
func asksOf(userID int64, lines []Line) []saleAsk {
	asks := make([]saleAsk, len(lines))
	for n, l := range lines {
		asks[n] = saleAsk{userID, l}
	}
	return asks
}

// askSales finds out for each line whether a running sale sells all of its units to its buyer. Every price is chosen
// here: the prices on pages, in lists, in carts and in the API, and those that orders are placed at. The units may be
// gone a moment later; the transaction of the order decides. The terms of a SKU without a running sale are nil.
func (s *Orders) askSales(ctx context.Context, asks []saleAsk, at time.Time) (terms []*SaleTerms, err error) {
	terms = make([]*SaleTerms, len(asks))
	ids := make([]int64, len(asks))
	for n, a := range asks {
		ids[n] = a.SKUID
	}
	offers, err := s.deps.Promotions.OffersOfTx(ctx, s.deps.Pool, ids, at)
	if err != nil || len(offers) == 0 {
		return terms, err
	}
	var wanted []inventory.Reservation
	for _, a := range asks {
		if o, runs := offers[a.SKUID]; runs {
			wanted = append(wanted, a.reservation(o))
		}
	}
	var count *inventory.Count
	err = db.InTx(ctx, s.deps.Pool, func(tx pgx.Tx) (err error) {
		count, err = s.deps.Inventory.CountTx(ctx, tx, wanted, false)
		return err
	})
	if err != nil {
		return nil, err
	}
	for n, a := range asks {
		o, runs := offers[a.SKUID]
		if !runs {
			continue
		}
		terms[n] = &SaleTerms{Offer: o}
		r := []inventory.Reservation{a.reservation(o)}
		if err := count.Take(r); err != nil {
			terms[n].Missed = fault.From(err).Slug
			continue
		}
		count.PutBack(r) // each line is judged independently of the others
	}
	return terms, nil
}

func (a saleAsk) reservation(o promotion.Offer) inventory.Reservation {
	return inventory.Reservation{
		Token:  uuid.Nil,
		Stock:  inventory.StockKey{SKUID: a.SKUID, CampaignID: o.CampaignID},
		UserID: a.userID,
		Qty:    a.Quantity,
	}
}

// askSaleSet calls askSales once for all orders that are placed at the same moment.
func (s *Orders) askSaleSet(ctx context.Context, set [][]saleAsk) []batch.Result[[]*SaleTerms] {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	results := make([]batch.Result[[]*SaleTerms], len(set))
	terms, err := s.askSales(ctx, slices.Concat(set...), s.deps.Now())
	for n, asks := range set {
		if results[n].Err = err; err == nil {
			results[n].Value, terms = terms[:len(asks)], terms[len(asks):]
		}
	}
	return results
}

// lineSales are the running sales of an order's lines, by SKU: those that the lines are bought in, and those that the
// buyer misses.
type lineSales struct{ taken, missed map[int64]promotion.Offer }

// salesOf finds the running sales of what a request orders. Errors: ErrBusy.
func (s *Orders) salesOf(ctx context.Context, r PlaceRequest) (lineSales, error) {
	l := lineSales{taken: map[int64]promotion.Offer{}, missed: map[int64]promotion.Offer{}}
	if r.CampaignID != 0 || r.BundleID != 0 { // the request names its sale, or the bundle has its own price
		return l, nil
	}
	terms, err := s.sales.Do(ctx, asksOf(r.UserID, r.Items))
	if errors.Is(err, batch.ErrFull) {
		return l, ErrBusy
	}
	if err != nil {
		return l, fmt.Errorf("running sales of %d lines: %w", len(r.Items), err)
	}
	for _, t := range terms {
		switch {
		case t.Sells():
			l.taken[t.SKUID] = t.Offer
		case t != nil:
			l.missed[t.SKUID] = t.Offer
		}
	}
	return l, nil
}

// without moves the sale for which an order was refused from taken to missed: since it was chosen, it has sold out or
// ended, or the buyer has reached its limit. ok is false if the order was refused for another reason.
func (l lineSales) without(err error) (left lineSales, ok bool) {
	f := fault.From(err)
	switch f.Slug {
	case inventory.ErrSoldOut.Slug, inventory.ErrBuyerLimit.Slug, ErrNoCampaign.Slug:
	default:
		return l, false
	}
	left = lineSales{maps.Clone(l.taken), maps.Clone(l.missed)}
	for skuID, offer := range l.taken {
		if _, named := f.Fields[fmt.Sprintf("sku:%d", skuID)]; named {
			delete(left.taken, skuID)
			left.missed[skuID] = offer
		}
	}
	return left, len(left.taken) < len(l.taken)
}

// campaigns returns the campaigns that the lines are bought in, by SKU.
func (l lineSales) campaigns() map[int64]int64 {
	ids := make(map[int64]int64, len(l.taken))
	for skuID, offer := range l.taken {
		ids[skuID] = offer.CampaignID
	}
	return ids
}

// refuseUnsaid refuses to sell a line at the normal price if the buyer has missed a cheaper sale of it: nobody pays the
// higher price without having agreed to it. Errors: ErrPriceChanged, ErrCurrency.
func (l lineSales) refuseUnsaid(line QuoteLine, in pricing) error {
	offer, missed := l.missed[line.SKUID]
	if !missed {
		return nil
	}
	price, err := in.price(offer.Amount)
	if err != nil || !cheaper(price, line.Offer.Amount) {
		return err
	}
	return ErrPriceChanged.With(fmt.Sprintf("sku:%d", line.SKUID), "sale_missed")
}

// RunningSales returns, by SKU, the flash sales below the normal price, with their terms for a single unit and a person
// (0 for a guest). The terms of a sale that the person misses say why.
func (s *Orders) RunningSales(ctx context.Context, userID int64, skus []catalog.SKU) (map[int64]*SaleTerms, error) {
	normal := map[int64]money.Money{}
	var asks []saleAsk
	for _, k := range skus {
		if k.Price != nil {
			normal[k.ID] = k.Price.Amount
			asks = append(asks, saleAsk{userID, Line{k.ID, 1}})
		}
	}
	if len(asks) == 0 {
		return nil, nil
	}
	terms, err := s.askSales(ctx, asks, s.deps.Now())
	if err != nil {
		return nil, err
	}
	running := map[int64]*SaleTerms{}
	for _, t := range terms {
		if t != nil && cheaper(t.Amount, normal[t.SKUID]) {
			running[t.SKUID] = t
		}
	}
	return running, nil
}

// PriceCards sets the prices of running sales on cards, as a person (0 for a guest) would pay them. It replaces a list
// by a copy before it changes it. touched says that a sale runs for one of the videos, so that what is shown depends on
// the stock of the sale.
func (s *Orders) PriceCards(ctx context.Context, userID int64, lists ...*[]catalog.Card) (touched bool, err error) {
	bySPU, err := s.cardSales(ctx, userID)
	if err != nil || len(bySPU) == 0 {
		return false, err
	}
	for _, list := range lists {
		var priced []catalog.Card
		for n, card := range *list {
			best, runs := bySPU[card.SPUID]
			touched = touched || runs
			if best == nil {
				continue
			}
			if priced == nil {
				priced = slices.Clone(*list)
			}
			priced[n].Sale = best
			if card.From == nil || best.Amount.Amount < card.From.Amount {
				priced[n].FromSKUID = best.SKUID
				priced[n].From = &best.Amount
				priced[n].FromList = &best.Normal
			}
		}
		if priced != nil {
			*list = priced
		}
	}
	return touched, nil
}

// cardSales returns, by video, the cheapest sale in which a person can buy now; nil for a video whose sales the person
// misses.
func (s *Orders) cardSales(ctx context.Context, userID int64) (map[int64]*catalog.CardSale, error) {
	at := s.deps.Now()
	running, err := s.deps.Promotions.AllOffersTx(ctx, s.deps.Pool, at)
	if err != nil || len(running) == 0 {
		return nil, err
	}
	asks, ids := make([]saleAsk, len(running)), make([]int64, len(running))
	for n, o := range running {
		asks[n], ids[n] = saleAsk{userID, Line{o.SKUID, 1}}, o.SKUID
	}
	terms, err := s.askSales(ctx, asks, at)
	if err != nil {
		return nil, err
	}
	offers, err := s.deps.Catalog.OffersTx(ctx, s.deps.Pool, ids, at)
	if err != nil {
		return nil, err
	}
	bySPU := map[int64]*catalog.CardSale{}
	for n, t := range terms {
		o, sold := offers[ids[n]]
		if !sold || t == nil {
			continue
		}
		best := bySPU[o.SPUID]
		if t.Sells() && cheaper(t.Amount, o.Amount) && (best == nil || t.Amount.Amount < best.Amount.Amount) {
			best = &catalog.CardSale{
				CampaignID: t.CampaignID,
				SKUID:      o.SKUID,
				Amount:     t.Amount,
				Normal:     o.Amount,
				EndsAt:     t.EndsAt,
			}
		}
		bySPU[o.SPUID] = best
	}
	return bySPU, nil
}

// cheaper reports whether a sale's price is below the normal price, which may have fallen since the sale was announced.
func cheaper(sale, normal money.Money) bool {
	return sale.Currency == normal.Currency && sale.Amount < normal.Amount
}
