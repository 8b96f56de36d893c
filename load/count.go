package load

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Check is one line of the exact count. With AtMost, Got may be less than Want; otherwise both must be equal.
type Check struct {
	Name      string
	Want, Got int64
	AtMost    bool
}

// OK reports whether the numbers agree.
func (c Check) OK() bool { return c.Got == c.Want || c.AtMost && c.Got < c.Want }

// String says what was found, and what is wrong with it.
func (c Check) String() string {
	switch {
	case !c.OK() && c.AtMost:
		return fmt.Sprintf("%s: %d, and at most %d are right", c.Name, c.Got, c.Want)
	case !c.OK():
		return fmt.Sprintf("%s: %d, and %d are right", c.Name, c.Got, c.Want)
	case c.AtMost:
		return fmt.Sprintf("%s: %d of at most %d", c.Name, c.Got, c.Want)
	}
	return fmt.Sprintf("%s: %d", c.Name, c.Got)
}

// Count holds what the crowd was told against what the database says, in one snapshot. An order in doubt, whose answer
// never came, may be there or not; it is counted apart.
func (c *Crowd) Count(ctx context.Context, pool *pgxpool.Pool) (checks []Check, err error) {
	err = pgx.BeginTxFunc(ctx, pool, pgx.TxOptions{
		IsoLevel:   pgx.RepeatableRead,
		AccessMode: pgx.ReadOnly,
	}, func(tx pgx.Tx) error {
		for _, count := range []func(context.Context, pgx.Tx) ([]Check, error){
			c.countOrders, c.countStock,
			c.countPayments,
		} {
			found, err := count(ctx, tx)
			if err != nil {
				return fmt.Errorf("count: %w", err)
			}
			checks = append(checks, found...)
		}
		return nil
	})
	return checks, err
}

// countOrders compares the orders that were answered with 201 with those in the table under the keys of this run.
func (c *Crowd) countOrders(ctx context.Context, tx pgx.Tx) ([]Check, error) {
	var people []int64
	var keys []string
	answered, doubtful := map[string]bool{}, map[string]bool{}
	for _, e := range c.book.entries {
		people, keys = append(people, e.person.UserID), append(keys, e.key)
		switch e.end {
		case placed:
			answered[e.orderNo] = true
		case inDoubt, gaveUp:
			doubtful[e.key] = true
		}
	}
	rows, err := tx.Query(ctx, `select o.order_no, o.idempotency_key
		from unnest($1::bigint[], $2::text[]) k (user_id, key)
		join video_order o on o.user_id = k.user_id and o.idempotency_key = k.key`, people, keys)
	if err != nil {
		return nil, err
	}
	orders, err := pgx.CollectRows(rows, pgx.RowToStructByPos[struct{ OrderNo, Key string }])
	if err != nil {
		return nil, err
	}
	var told, doubted, untold int64
	for _, o := range orders {
		switch {
		case answered[o.OrderNo]:
			told++
		case doubtful[o.Key]:
			doubted++
		default:
			untold++
		}
	}
	checks := []Check{
		{
			Name: "orders answered 201 that are in the table",
			Want: int64(len(answered)),
			Got:  told,
		},
		{Name: "orders in the table of which nobody was told", Got: untold},
	}
	if len(doubtful) > 0 {
		checks = append(checks, Check{
			Name:   "orders whose answer was lost, and which were placed",
			Want:   int64(len(doubtful)),
			Got:    doubted,
			AtMost: true,
		})
	}
	if c.stage.Units > 0 {
		checks = append(checks, Check{
			Name:   "units that this crowd ordered",
			Want:   c.stage.Units,
			Got:    int64(len(orders)),
			AtMost: true,
		})
	}
	return checks, nil
}

// countStock looks at every stock row that this crowd's orders touched: the buckets make up the total, and the
// reservations make up the buckets.
func (c *Crowd) countStock(ctx context.Context, tx pgx.Tx) (checks []Check, err error) {
	var numbers []string
	for _, e := range c.book.entries {
		if e.orderNo != "" {
			numbers = append(numbers, e.orderNo)
		}
	}
	rows, err := tx.Query(ctx, `select i.sku_id, coalesce(i.campaign_id, 0), i.total, i.available, i.frozen, i.sold,
		    coalesce(sum(r.qty) filter (where r.state = 'held'), 0)::bigint,
		coalesce(sum(r.qty) filter (where r.state = 'sold'), 0)::bigint
		from video_inventory i left join inventory_reservation r on r.inventory_id = i.id
		where i.sku_id = $1 or i.sku_id in (select sku_id from video_order_item where order_no = any($2::text[]))
		group by i.id order by i.sku_id, i.campaign_id`, c.stage.SKU, numbers)
	if err != nil {
		return nil, err
	}
	stocks, err := pgx.CollectRows(rows,
		pgx.RowToStructByPos[struct{ SKU, Campaign, Total, Available, Frozen, Sold, Held, Reserved int64 }])
	for _, s := range stocks {
		name := fmt.Sprintf("SKU %d", s.SKU)
		if s.Campaign != 0 {
			name += fmt.Sprintf(" in campaign %d", s.Campaign)
		}
		checks = append(checks,
			Check{
				Name: name + ": units available, frozen and sold",
				Want: s.Total,
				Got:  s.Available + s.Frozen + s.Sold,
			},
			Check{
				Name: name + ": units that reservations hold, against those frozen",
				Want: s.Frozen,
				Got:  s.Held,
			},
			Check{
				Name: name + ": units that reservations sold, against those sold",
				Want: s.Sold,
				Got:  s.Reserved,
			},
			Check{
				Name:   name + ": units that left the shelf, against all there are",
				Want:   s.Total,
				Got:    s.Held + s.Reserved,
				AtMost: true,
			})
	}
	return checks, err
}

// countPayments is for notices: each order of whose payment the mall has acknowledged to hear is paid, once.
func (c *Crowd) countPayments(ctx context.Context, tx pgx.Tx) ([]Check, error) {
	if !c.scenario.NeedsSign {
		return nil, nil
	}
	heard := slices.Collect(maps.Keys(c.book.heard))
	var paid, captured, surplus int64
	err := tx.QueryRow(ctx, `select (select count(*) from video_order where order_no = any($1::text[])
		and paid_at is not null),
		count(distinct reference) filter (where state = 'consumed'), count(*) filter (where state <> 'consumed')
		from payment_capture where reference = any($1::text[])`, heard).Scan(&paid, &captured, &surplus)
	told := int64(len(heard))
	return []Check{
		{
			Name: "orders that are paid, of those whose payment was acknowledged",
			Want: told,
			Got:  paid,
		},
		{
			Name: "payments that count, of the same",
			Want: told,
			Got:  captured,
		},
		{Name: "payments that count a second time", Got: surplus},
	}, err
}
