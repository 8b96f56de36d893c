-- name: TaxSums :many
-- Sums what was sold and refunded between two moments by orders that were placed while the shop had tax rates: by the
-- buyer's country, the rate and the currency. Amounts are without tax. A sale counts when it was paid. A refund counts
-- when it was recorded, as in the ledger; one that failed counts against that when it failed.
with sold as (
    select o.tax_country as country, o.currency, i.tax_kind as kind, i.tax_rate as rate,
        i.amount - i.discount_amount + i.tax_added - i.tax_amount as amount, i.tax_amount as tax, 0::bigint as back, 0::bigint as tax_back
    from video_order o join video_order_item i using (order_no)
    where o.paid_at >= @since::timestamptz and o.paid_at < @until::timestamptz and o.tax_mode <> ''
), moved as (
    select refund_no, order_no, 1 as sign from order_refund where created_at >= @since and created_at < @until
    union all
    select refund_no, order_no, -1 from order_refund where status = 'failed' and settled_at >= @since and settled_at < @until
), returned as (
    select o.tax_country as country, o.currency, i.tax_kind as kind, i.tax_rate as rate,
        0::bigint as amount, 0::bigint as tax, m.sign * (s.amount - s.tax_amount) as back, m.sign * s.tax_amount as tax_back
    from moved m join order_refund_item s using (refund_no) join video_order_item i on i.id = s.item_id
    join video_order o on o.order_no = m.order_no
    where o.paid_at is not null and o.tax_mode <> ''
)
select country, kind, rate, currency, saturated(sum(amount))::bigint as amount, saturated(sum(tax))::bigint as tax,
    saturated(sum(back))::bigint as back, saturated(sum(tax_back))::bigint as tax_back
from (select * from sold union all select * from returned) s
group by country, kind, rate, currency
having sum(amount) <> 0 or sum(tax) <> 0 or sum(back) <> 0 or sum(tax_back) <> 0
order by country, currency, kind desc, rate desc;
