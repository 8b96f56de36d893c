// Package invariant reads the whole database and reports which invariants of the mall are broken. Only tests use it,
// since it reads the tables of all modules, which no module may do.
package invariant

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// rules name the invariants and select the rows that break them, as one text column.
var rules = []struct{ promise, broken string }{
	{
		"available + frozen + sold = total, none negative",
		`select format('sku %s: %s + %s + %s <> %s', sku_id, available, frozen, sold, total) from video_inventory
		 where available + frozen + sold <> total or least(available, frozen, sold) < 0`,
	},
	{
		"frozen and sold units are those of the reservations",
		`select format('sku %s: frozen %s, held %s, sold %s, reserved as sold %s', i.sku_id, i.frozen, r.held, i.sold,
			r.sold)
		 from video_inventory i cross join lateral (
		   select coalesce(sum(qty) filter (where state = 'held'), 0) as held,
		coalesce(sum(qty) filter (where state = 'sold'), 0) as sold
		   from inventory_reservation where inventory_id = i.id) r
		 where i.frozen <> r.held or i.sold <> r.sold`,
	},
	{
		"a held unit has an order that waits for payment, a sold one an order that was paid",
		`select format('%s of %s is %s while the order is %s', r.token, r.order_no, r.state, coalesce(o.status,
			'missing'))
		 from inventory_reservation r left join video_order o using (order_no)
		 where (r.state = 'held' and o.status is distinct from 'PENDING_PAY')
		    or (r.state = 'sold' and coalesce(o.status, '') not in ('PAID', 'DELIVERED'))`,
	},
	{
		"an order's total is what its items cost less their discounts, with what tax adds, and its tax is theirs",
		`select format('%s: %s with a tax of %s, its items %s and %s', o.order_no, o.total_amount, o.tax_amount,
			sum(i.amount - i.discount_amount + i.tax_added), sum(i.tax_amount))
		 from video_order o join video_order_item i using (order_no)
		 group by o.order_no, o.total_amount, o.tax_amount
		 having o.total_amount <> sum(i.amount - i.discount_amount + i.tax_added) or o.tax_amount <> sum(i.tax_amount)`,
	},
	{
		"a product's rating is that of its reviews, without those whose purchase was paid back",
		`select format('product %s: %s of %s shown, %s of %s written', s.id, s.rating_sum, s.rating_count, r.sum, r.n)
		 from video_product_spu s cross join lateral (
		   select coalesce(sum(rating), 0) as sum, count(*) as n, array[count(*) filter (where rating = 1),
		count(*) filter (where rating = 2),
		     count(*) filter (where rating = 3), count(*) filter (where rating = 4),
		count(*) filter (where rating = 5)] as each
		   from catalog_review where spu_id = s.id and refunded_at is null) r
		 where (s.rating_sum, s.rating_count, s.rating_counts) is distinct from (r.sum, r.n, r.each)
		 union all
		 select format('the review of product %s by %s is refunded: %s', r.spu_id, r.user_id, r.refunded_at is not null)
		 from catalog_review r join lateral (
		   select bool_and(state = 'revoked') as over from video_entitlement where user_id = r.user_id
		and spu_id = r.spu_id) e on true
		 where (r.refunded_at is not null) <> e.over`,
	},
	{
		"a coupon counts its uses, and each stands as its order does",
		`select format('coupon %s: held %s, used %s, rows %s and %s', c.code, c.held, c.used, u.held, u.used)
		 from promotion_coupon c cross join lateral (
		   select count(*) filter (where state = 'held') as held, count(*) filter (where state = 'used') as used
		   from promotion_coupon_use where coupon_id = c.id) u
		 where c.held <> u.held or c.used <> u.used
		 union all
		 select format('the use of %s is %s while the order is %s', u.order_no, u.state, coalesce(o.status, 'missing'))
		 from promotion_coupon_use u left join video_order o using (order_no)
		 where u.state <> case when o.status = 'PENDING_PAY' then 'held' when o.status in ('PAID',
		'DELIVERED') then 'used' else 'returned' end
		    or u.discount is distinct from (select sum(discount_amount)::bigint from video_order_item i
		where i.order_no = u.order_no)`,
	},
	{
		"an order's status is the last of its recorded moves, which follow each other",
		`select format('%s is %s at %s, recorded as %s at %s', o.order_no, o.status, o.version, t.to_status, t.version)
		 from video_order o left join lateral (
		   select to_status, version from order_transition where order_no = o.order_no order by version desc
		limit 1) t on true
		 where o.status is distinct from t.to_status or o.version is distinct from t.version
		 union all
		 select format('%s: move %s begins at %s after %s', order_no, version, from_status, before) from (
		   select *, lag(to_status, 1, 'INIT') over (partition by order_no order by version) as before
		from order_transition) m
		 where from_status <> before`,
	},
	{
		"an order that was paid has exactly one consumed capture of its total, and no other order has one",
		`select format('%s is %s with %s consumed captures of %s', o.order_no, o.status, count(c.id), sum(c.amount))
		 from video_order o left join payment_capture c on c.reference = o.order_no and c.state = 'consumed'
		 group by o.order_no, o.status, o.total_amount, o.paid_at
		 having (o.paid_at is not null and o.total_amount > 0) <> (count(c.id) = 1 and sum(c.amount) = o.total_amount)`,
	},
	{
		"refunds never exceed what was captured",
		`select format('capture %s of %s: %s refunded or on the way', c.id, c.amount, sum(r.amount))
		 from payment_capture c join payment_refund r on r.capture_id = c.id and r.status <> 'failed'
		 group by c.id having sum(r.amount) > c.amount`,
	},
	{
		"the ledger's channel accounts hold captures less refunds, besides providers' fees and settlements",
		`select format('%s %s: ledger %s, captures less refunds %s', provider, currency, booked, taken) from (
		   select c.provider, c.currency, sum(c.amount - c.refunded) as taken,
		     (select coalesce(sum(amount), 0) from ledger_line l join ledger_posting p on p.id = l.posting_id
		where l.account = 'channel:' || c.provider and l.currency = c.currency
		and p.kind not in ('provider_fee', 'settlement')) as booked
		   from payment_capture c group by c.provider, c.currency) s where booked <> taken`,
	},
	{
		"invoices and credit notes are numbered without gaps, by a counter for each kind and year",
		`select format('%s %s: %s given, %s there up to %s', c.kind, c.year, c.last, count(i.id), max(i.number))
		 from invoice_counter c left join invoice i using (kind, year) group by c.kind, c.year, c.last
		 having c.last <> count(i.id) or c.last is distinct from max(i.number)`,
	},
	{
		"an order has an invoice of what was paid and of its tax, if it was paid at all, and one of them stands at most",
		`select format('%s: invoice %s of %s with %s', i.order_no, i.id, i.gross, i.tax)
		 from invoice i left join video_order o using (order_no)
		 where i.kind = 'invoice' and (o.paid_at is null or (i.gross, i.tax, i.currency, i.user_id)
		is distinct from (o.total_amount, o.tax_amount, o.currency, o.user_id))
		 union all
		 select format('%s: %s invoices stand', order_no, count(*)) from invoice i
		 where kind = 'invoice' and not exists (select from invoice r where r.replaces_id = i.id)
		 group by order_no having count(*) > 1`,
	},
	{
		"a credit note is of a refund that succeeded, with its tax, and credit notes never exceed their invoice",
		`select format('credit note %s: %s with %s, refund %s has %s with %s', i.id, i.gross, i.tax, i.refund_no, r.amount, s.tax)
		 from invoice i left join order_refund r on r.refund_no = i.refund_no and r.settled_at is not null and r.status <> 'failed'
		 cross join lateral (select coalesce(sum(tax_amount), 0) as tax from order_refund_item where refund_no = i.refund_no) s
		 where i.refund_no <> '' and (i.gross, i.tax, i.order_no) is distinct from (r.amount, s.tax::bigint, r.order_no)
		 union all
		 select format('invoice %s of %s: %s credited', i.id, i.gross, sum(c.gross)) from invoice i
		 join invoice c on c.invoice_id = i.id
		 group by i.id having sum(c.gross) > i.gross or sum(c.tax) > i.tax`,
	},
	{
		"all accounts of the ledger sum to zero",
		`select format('%s: %s', currency, sum(amount)) from ledger_line group by currency having sum(amount) <> 0`,
	},
	{
		"each item that was paid for has its earning, of what was paid without tax, and nothing else has one",
		`select format('%s/%s: paid %s, earned %s', order_no, line_no, paid, earned) from (
		   select i.order_no, i.line_no, e.amount as earned,
		case when c.id is not null then nullif(i.amount - i.discount_amount + i.tax_added - i.tax_amount, 0) end as paid
		   from video_order_item i left join payment_capture c on c.reference = i.order_no and c.state = 'consumed'
		   left join ledger_earning e on e.source = i.order_no || '/' || i.line_no) s
		 where paid is distinct from earned`,
	},
	{
		"what earnings gave back is what is refunded or being refunded of their items",
		`select format('%s/%s: %s with a tax of %s refunded or on the way, %s with %s given back', order_no, line_no, back,
			tax, amount_back + tax_back, tax_back) from (
		   select i.order_no, i.line_no, e.amount_back, e.tax_back, b.back, b.tax
		   from video_order_item i join ledger_earning e on e.source = i.order_no || '/' || i.line_no
		   cross join lateral (
		     select coalesce(sum(ri.amount), 0) as back, coalesce(sum(ri.tax_amount), 0) as tax
		     from order_refund_item ri join order_refund r using (refund_no)
		     where ri.item_id = i.id and r.status <> 'failed') b) s
		 where (back, tax) <> (amount_back + tax_back, tax_back)`,
	},
	{
		"the tax in what is refunded of an item is that of its refunds that succeeded",
		`select format('%s/%s: %s with a tax of %s, its refunds %s with %s', i.order_no, i.line_no, i.refunded_amount,
			i.tax_refunded, b.back, b.tax)
		 from video_order_item i join video_order o using (order_no) cross join lateral (
		   select coalesce(sum(ri.amount), 0) as back, coalesce(sum(ri.tax_amount), 0) as tax
		   from order_refund_item ri join order_refund r using (refund_no)
		   where ri.item_id = i.id and r.status not in ('failed', 'pending')) b
		 where (i.refunded_amount, i.tax_refunded) <> (b.back, b.tax)`,
	},
	{
		"a country's account holds the tax of paid orders less the tax in their refunds, as the earnings say",
		`with l as (
		   select split_part(account, ':', 2) as country, currency, -sum(amount) as owed
		   from ledger_line where account like 'tax:%' group by 1, 2
		 ), e as (
		   select tax_country as country, currency, sum(tax - tax_back) as owed
		   from ledger_earning where tax_country <> '' group by 1, 2
		 ), o as (
		   select o.tax_country as country, o.currency, sum(i.tax_amount - b.tax) as owed
		   from video_order o join video_order_item i using (order_no) cross join lateral (
		     select coalesce(sum(ri.tax_amount), 0) as tax from order_refund_item ri join order_refund r using (refund_no)
		     where ri.item_id = i.id and r.status <> 'failed') b
		   where o.paid_at is not null and i.tax_amount > 0 group by 1, 2
		 )
		 select format('%s %s: ledger %s, earnings %s, orders %s', country, currency, l.owed, e.owed, o.owed)
		 from l full join e using (country, currency) full join o using (country, currency)
		 where l.owed is distinct from e.owed or l.owed is distinct from o.owed`,
	},
	{
		"what earnings gave back is the sum of their reversals that stand",
		`select format('%s: %s of which fee %s, and tax %s, reversals %s of which fee %s, and tax %s', source, amount_back,
			fee_back, tax_back, amount, fee, tax) from (
		   select e.source, e.amount_back, e.fee_back, e.tax_back, coalesce(sum(r.amount), 0) as amount,
		     coalesce(sum(r.fee), 0) as fee, coalesce(sum(r.tax), 0) as tax
		   from ledger_earning e left join ledger_reversal r on r.source = e.source and r.undone_at is null
		group by e.id) s
		 where (amount_back, fee_back, tax_back) <> (amount, fee, tax)`,
	},
	{
		"a creator's accounts hold the shares of what was paid less refunds and payouts, and each stage its own",
		`with l as (
		   select split_part(account, ':', 2)::bigint as creator_id, currency, -sum(amount) as owed,
		     -coalesce(sum(amount) filter (where account like 'creator_held:%'), 0) as held,
		     -coalesce(sum(amount) filter (where account like 'payout_reserved:%'), 0) as reserved
		   from ledger_line where account ~ '^(creator_held|creator_available|payout_reserved):' group by 1, 2
		 ), e as (
		   select creator_id, coalesce(settled_currency, currency) as currency,
		     sum(coalesce(settled - settled_back, amount - fee - amount_back + fee_back)) as earned,
		     coalesce(sum(amount - fee - amount_back + fee_back) filter (where cleared_at is null), 0) as held
		   from ledger_earning group by 1, 2
		 ), p as (
		   select creator_id, currency, coalesce(sum(amount) filter (where state = 'paid'), 0) as paid,
		     coalesce(sum(amount) filter (where state in ('requested', 'approved')), 0) as reserved
		   from ledger_payout group by 1, 2
		 ), a as (select creator_id, currency, sum(amount) as amount from ledger_adjustment group by 1, 2)
		 select format('creator %s: owed %s of %s, held %s of %s, reserved %s of %s %s', creator_id, l.owed,
		   coalesce(e.earned, 0) - coalesce(p.paid, 0) + coalesce(a.amount, 0), l.held, e.held, l.reserved, p.reserved,
		currency)
		 from l full join e using (creator_id, currency) full join p using (creator_id, currency) full
		join a using (creator_id, currency)
		 where coalesce(l.owed, 0) <> coalesce(e.earned, 0) - coalesce(p.paid, 0) + coalesce(a.amount, 0)
		    or coalesce(l.held, 0) <> coalesce(e.held, 0) or coalesce(l.reserved, 0) <> coalesce(p.reserved, 0)`,
	},
	{
		"the exchange account has the other side of each converted share, of banks' exchanges and of revaluations",
		`with l as (
		   select l.currency, sum(l.amount) filter (where p.kind <> 'revaluation') as booked,
		     coalesce(sum(l.amount) filter (where p.kind = 'revaluation'), 0) as revalued
		   from ledger_line l join ledger_posting p on p.id = l.posting_id where l.account = 'exchange' group by 1
		 ), e as (
		   select currency, sum(amount) as amount from (
		     select currency, amount_back - fee_back - (amount - fee) as amount
		     from ledger_earning where settled_currency is not null
		     union all select settled_currency, settled - settled_back
		     from ledger_earning where settled_currency is not null
		     union all select sold_currency, sold from ledger_exchange
		     union all select bought_currency, -bought from ledger_exchange) m group by 1
		 ), r as (select currency, -sum(amount) as result from ledger_line where account = 'exchange_result' group by 1)
		 select format('%s: booked %s, converted %s, revalued %s, result %s', currency, l.booked, e.amount, l.revalued,
		   r.result)
		 from l full join e using (currency) full join r using (currency)
		 where coalesce(l.booked, 0) <> coalesce(e.amount, 0) or coalesce(l.revalued, 0) <> coalesce(r.result, 0)`,
	},
	{
		"what went back of a converted share is the sum of its refunds' parts that stand, and each of them has its part",
		`select format('%s: %s of %s went back, refunds %s', source, settled_back, settled, back) from (
		   select e.source, e.settled, e.settled_back, e.amount - e.fee - e.amount_back + e.fee_back as rest,
		     coalesce(sum(r.settled), 0) as back, count(*) filter (where r.source is not null and r.settled is null) as unset
		   from ledger_earning e left join ledger_reversal r on r.source = e.source and r.undone_at is null
		   group by e.id) s
		 where settled_back <> back or settled is not null and (unset > 0 or (rest = 0 and settled_back <> settled))`,
	},
	{
		"what the sandbox took less what it gave back is what the ledger says it holds",
		`select format('%s: sandbox %s, ledger %s', currency, held, booked) from (
		   select currency, sum(amount - refunded) as held,
		     (select coalesce(sum(amount), 0) from ledger_line l join ledger_posting p on p.id = l.posting_id
		where l.account = 'channel:sandbox' and l.currency = t.currency
		and p.kind not in ('provider_fee', 'settlement')) as booked
		   from sandbox_transaction t group by currency) s where held <> booked`,
	},
	{
		"a delivered order's items are granted once, and nothing unpaid is granted",
		`select format('%s/%s granted %s times, order %s', i.order_no, i.line_no, count(e.id), o.status)
		 from video_order_item i join video_order o using (order_no)
		 left join video_entitlement e on e.source = i.order_no || '/' || i.line_no
		 group by i.order_no, i.line_no, o.status, o.delivered_at, i.revoked_at
		 having count(e.id) > 1 or (o.status = 'DELIVERED' and i.revoked_at is null and count(e.id) <> 1)
		     or (o.delivered_at is null and count(e.id) > 0)`,
	},
	{
		"nobody owns a video twice in one quality by two orders",
		`select format('user %s owns film %s in %s by %s and by %s', a.user_id, a.spu_id, a.quality, a.source, b.source)
		 from video_entitlement a join video_entitlement b using (user_id, spu_id)
		 where a.kind = 'own' and b.kind = 'own' and a.state = 'active' and b.state = 'active' and a.id < b.id
		   and a.reference <> b.reference and a.quality = b.quality`,
	},
	{
		"what is refunded or being refunded can't be watched, what is not can",
		`select format('%s is %s while the item is revoked at %s', e.source, e.state, i.revoked_at)
		 from video_entitlement e join video_order_item i on e.source = i.order_no || '/' || i.line_no
		 where (e.state = 'revoked') <> (i.revoked_at is not null)`,
	},
	{
		"a refunded order got everything back",
		`select format('%s: %s of %s', order_no, refunded_amount, total_amount) from video_order
		 where (status = 'REFUNDED') <> (refunded_amount = total_amount and refunded_at is not null
		and status = 'REFUNDED')`,
	},
}

// Check fails the test for every invariant that the database breaks. It compares the books of the sandbox only if
// settled says that no notice is pending, since the two differ while money is in transit.
func Check(t testing.TB, pool *pgxpool.Pool, settled bool) {
	t.Helper()
	for _, r := range rules {
		if !settled && r.promise == "what the sandbox took less what it gave back is what the ledger says it holds" {
			continue
		}
		rows, err := pool.Query(context.Background(), r.broken)
		if err != nil {
			t.Fatalf("%s: %v", r.promise, err)
		}
		broken, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatalf("%s: %v", r.promise, err)
		}
		for _, row := range broken {
			t.Errorf("broken: %s: %s", r.promise, row)
		}
	}
}
