-- name: SalesOf :many
-- Returns what a creator sold, the newest first. Amounts are without tax, here and below.
select i.id, i.order_no, i.title_zh, i.title_en, i.slug, i.kind, i.quality, i.rent_hours, i.quantity, (i.amount - i.discount_amount + i.tax_added - i.tax_amount)::bigint as amount, (i.refunded_amount - i.tax_refunded)::bigint as refunded_amount, i.revoked_at,
       o.user_id, o.currency, o.status, o.paid_at::timestamptz as paid_at
from video_order_item i join video_order o using (order_no)
where i.creator_id = @creator_id and o.paid_at is not null and (@before_id::bigint = 0 or i.id < @before_id)
order by i.id desc limit @most;

-- name: SalesTo :many
-- Returns what a creator sold to one buyer. It starts from the buyer's orders, which are few.
select i.id, i.order_no, i.title_zh, i.title_en, i.slug, i.kind, i.quality, i.rent_hours, i.quantity, (i.amount - i.discount_amount + i.tax_added - i.tax_amount)::bigint as amount, (i.refunded_amount - i.tax_refunded)::bigint as refunded_amount, i.revoked_at,
       o.user_id, o.currency, o.status, o.paid_at::timestamptz as paid_at
from video_order o join video_order_item i using (order_no)
where o.user_id = @user_id and i.creator_id = @creator_id and o.paid_at is not null and (@before_id::bigint = 0 or i.id < @before_id)
order by i.id desc limit @most;

-- name: RecountCustomers :exec
insert into order_customer (creator_id, user_id, currency, orders, spent, refunded, first_at, last_at)
select i.creator_id, o.user_id, o.currency, count(distinct o.order_no), sum(i.amount - i.discount_amount + i.tax_added - i.tax_amount), sum(i.refunded_amount - i.tax_refunded), min(o.paid_at), max(o.paid_at)
from video_order o join video_order_item i using (order_no)
where o.user_id = @user_id and i.creator_id = any(@creator_ids::bigint[]) and o.paid_at is not null
group by 1, 2, 3
order by 1, 2, 3
on conflict (creator_id, user_id, currency) do update
set orders = excluded.orders, spent = excluded.spent, refunded = excluded.refunded, first_at = excluded.first_at, last_at = excluded.last_at;

-- name: CustomersOf :many
select user_id, currency, orders, spent, refunded, first_at, last_at from order_customer
where creator_id = @creator_id and (last_at, user_id) < (@before::timestamptz, @before_id::bigint)
order by last_at desc, user_id desc limit @most;

-- name: CustomerTotals :many
select user_id, currency, orders, spent, refunded, first_at, last_at from order_customer
where creator_id = @creator_id and user_id = @user_id order by currency;
