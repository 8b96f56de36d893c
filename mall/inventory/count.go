package inventory

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"videomall/mall/inventory/internal/dbsqlc"
)

// buyer is one person at one stock.
type buyer struct {
	stock  StockKey
	userID int64
}

// Count is what a set of reservations can be served from, and what is left of it while they are taken one by one. It is
// one transaction's own and not safe for concurrent use.
type Count struct {
	stocks map[StockKey]counted
	locked bool
	left   map[StockKey]int64
	most   map[StockKey]int64 // that one person may have; absent without a limit
	has    map[buyer]int64
}

// CountTx counts the stocks of some reservations, and what their limited buyers have. With lock nobody else takes from
// these stocks until the transaction ends, so that ReserveTx is sure to be right; without it nobody waits.
func (i *Inventory) CountTx(ctx context.Context, tx pgx.Tx, rs []Reservation, lock bool) (*Count, error) {
	c := &Count{
		locked: lock,
		left:   map[StockKey]int64{},
		most:   map[StockKey]int64{},
		has:    map[buyer]int64{},
	}
	stocks, err := i.stocksTx(ctx, tx, rs, lock)
	c.stocks = stocks
	if err != nil || len(stocks) == 0 {
		return c, err
	}
	named := make(map[int64]StockKey, len(stocks))
	for stockKey, s := range stocks {
		c.left[stockKey], named[s.id] = s.available, stockKey
		if s.perUser > 0 {
			c.most[stockKey] = int64(s.perUser)
		}
	}
	var ids, users []int64
	asked := map[buyer]bool{}
	for _, r := range rs {
		b, s := buyer{r.Stock, r.UserID}, stocks[r.Stock]
		if s.perUser > 0 && !asked[b] {
			asked[b] = true
			ids, users = append(ids, s.id), append(users, r.UserID)
		}
	}
	if len(ids) == 0 {
		return c, nil
	}
	rows, err := i.q.BuyerUnits(ctx, tx, dbsqlc.BuyerUnitsParams{InventoryIds: ids, UserIds: users})
	if err != nil {
		return nil, fmt.Errorf("units of buyers %v: %w", users, err)
	}
	for _, r := range rows {
		c.has[buyer{named[r.InventoryID], r.UserID}] = int64(r.Units)
	}
	return c, nil
}

// Take counts off the units of one order, all of them or none. Errors: ErrBuyerLimit, ErrSoldOut, each naming the SKU.
func (c *Count) Take(rs []Reservation) error {
	for n, r := range rs {
		b, qty := buyer{r.Stock, r.UserID}, int64(r.Qty)
		f := ErrSoldOut
		switch most, limited := c.most[r.Stock]; {
		case limited && c.has[b]+qty > most:
			f = ErrBuyerLimit
		case c.left[r.Stock] >= qty:
			c.left[r.Stock] -= qty
			c.has[b] += qty
			continue
		}
		c.PutBack(rs[:n])
		return f.With(fmt.Sprintf("sku:%d", r.Stock.SKUID), f.Slug).
			Because("%d wanted by user %d, %d left", r.Qty, r.UserID, c.left[r.Stock])
	}
	return nil
}

// PutBack undoes a Take of the same units.
func (c *Count) PutBack(rs []Reservation) {
	for _, r := range rs {
		c.left[r.Stock] += int64(r.Qty)
		c.has[buyer{r.Stock, r.UserID}] -= int64(r.Qty)
	}
}

// counted is a stock's row.
type counted struct {
	id        int64
	available int64
	perUser   int32 // 0 without a limit
}

// stocksTx reads the stocks of some reservations; one that does not exist is absent, and has nothing to give.
func (i *Inventory) stocksTx(ctx context.Context, tx pgx.Tx, rs []Reservation,
	lock bool,
) (map[StockKey]counted, error) {
	set := map[StockKey]bool{}
	for _, r := range rs {
		set[r.Stock] = true
	}
	if len(set) == 0 {
		return nil, nil
	}
	var arg dbsqlc.StocksParams
	for _, s := range slices.SortedFunc(maps.Keys(set), bySKU) {
		arg.SkuIds, arg.CampaignIds = append(arg.SkuIds, s.SKUID), append(arg.CampaignIds, s.CampaignID)
	}
	found := make(map[StockKey]counted, len(set))
	if lock {
		rows, err := i.q.LockStocks(ctx, tx, dbsqlc.LockStocksParams(arg))
		if err != nil {
			return nil, fmt.Errorf("lock the stock of skus %v: %w", arg.SkuIds, err)
		}
		for _, r := range rows {
			found[StockKey{r.SkuID, r.CampaignID}] = counted{r.ID, r.Available, r.PerUser}
		}
		return found, nil
	}
	rows, err := i.q.Stocks(ctx, tx, arg)
	if err != nil {
		return nil, fmt.Errorf("stock of skus %v: %w", arg.SkuIds, err)
	}
	for _, r := range rows {
		found[StockKey{r.SkuID, r.CampaignID}] = counted{r.ID, r.Available, r.PerUser}
	}
	return found, nil
}

// bySKU is the one order in which stocks are locked, so that no two orders wait for each other.
func bySKU(a, b StockKey) int {
	return cmp.Or(cmp.Compare(a.SKUID, b.SKUID), cmp.Compare(a.CampaignID, b.CampaignID))
}
