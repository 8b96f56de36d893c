-- name: InsertOrders :many
-- No order is ever stored as INIT: it is inserted as PENDING_PAY, and InsertPlacings records the transition from
-- INIT. If a row is missing in the result, the person has used that key before.
insert into video_order (order_no, user_id, status, version, total_amount, currency, idempotency_key, request_hash, coupon_id, coupon_code,
    bundle_id, pay_before, created_at, refund_seconds, refund_watched, refund_by_rule, tax_amount, tax_country, tax_name, tax_mode, billing)
select unnest(@order_nos::text[]), unnest(@user_ids::bigint[]), 'PENDING_PAY', 1, unnest(@total_amounts::bigint[]), unnest(@currencies::text[]),
    unnest(@idempotency_keys::text[]), unnest(@request_hashes::bytea[]), nullif(unnest(@coupon_ids::bigint[]), 0), unnest(@coupon_codes::text[]),
    nullif(unnest(@bundle_ids::bigint[]), 0), @pay_before, @created_at, @refund_seconds, @refund_watched, @refund_by_rule,
    unnest(@tax_amounts::bigint[]), unnest(@tax_countries::text[]), unnest(@tax_names::text[]), unnest(@tax_modes::text[]),
    nullif(unnest(@billings::text[]), '')::jsonb
on conflict (user_id, idempotency_key) do nothing
returning order_no, id;

-- name: InsertPlacings :exec
insert into order_transition (order_no, from_status, to_status, version, cause, actor, at)
select unnest(@order_nos::text[]), 'INIT', 'PENDING_PAY', 1, 'placed', unnest(@actors::text[]), @at;

-- name: InsertItems :many
insert into video_order_item (order_no, line_no, sku_id, spu_id, creator_id, title_zh, title_en, slug, cover, kind, quality,
    rent_hours, quantity, price_id, campaign_id, unit_amount, amount, discount_amount, reservation_token, tax_kind, tax_rate, tax_amount,
    tax_added)
select unnest(@order_nos::text[]), unnest(@line_nos::int[]), unnest(@sku_ids::bigint[]), unnest(@spu_ids::bigint[]),
    unnest(@creator_ids::bigint[]), unnest(@titles_zh::text[]), unnest(@titles_en::text[]), unnest(@slugs::text[]), unnest(@covers::text[]),
    unnest(@kinds::text[]), unnest(@qualities::text[]), unnest(@rent_hours::int[]), unnest(@quantities::int[]), unnest(@price_ids::bigint[]),
    nullif(unnest(@campaign_ids::bigint[]), 0), unnest(@unit_amounts::bigint[]), unnest(@amounts::bigint[]),
    unnest(@discounts::bigint[]), nullif(unnest(@reservation_tokens::uuid[]), '00000000-0000-0000-0000-000000000000'),
    unnest(@tax_kinds::text[]), unnest(@tax_rates::int[]), unnest(@tax_amounts::bigint[]), unnest(@taxes_added::bigint[])
returning order_no, line_no, id;

-- name: MoveOrder :one
-- The guard: no row means that the order has moved since it was read.
update video_order set status = @to_status, version = version + 1,
    paid_at = case when @to_status = 'PAID' then @at::timestamptz else paid_at end,
    delivered_at = case when @to_status = 'DELIVERED' then @at else delivered_at end,
    closed_at = case when @to_status = 'CLOSED' then @at else closed_at end,
    refunded_at = case when @to_status = 'REFUNDED' then @at else refunded_at end
where order_no = @order_no and status = @from_status and version = @version
returning *;

-- name: InsertTransition :exec
insert into order_transition (order_no, from_status, to_status, version, cause, actor, at)
values (@order_no, @from_status, @to_status, @version, @cause, @actor, @at);

-- name: OrdersByKeys :many
select o.* from (select unnest(@user_ids::bigint[]) as user_id, unnest(@idempotency_keys::text[]) as idempotency_key) w
join video_order o using (user_id, idempotency_key);

-- name: AwaitingPayment :one
-- Returns how many orders of a person can still be paid, and the newest of them. It counts up to a hundred.
select count(*) as orders, coalesce((array_agg(order_no order by id desc))[1], '')::text as newest
from (select id, order_no from video_order
      where user_id = @user_id and status = 'PENDING_PAY' and pay_before > @at::timestamptz order by id desc limit 100) waiting;

-- name: RemindWaiting :many
-- Marks orders whose buyer should be reminded to pay and returns them, each once: half of their time is over, and what
-- is left still suffices.
update video_order set reminded_at = @at where order_no in (
    select w.order_no from video_order w
    where w.status = 'PENDING_PAY' and w.reminded_at is null and w.pay_before > @left_after
      and extract(epoch from w.pay_before - w.created_at) >= @least_seconds::float8
      and w.pay_before - cast(@at as timestamptz) <= cast(@at as timestamptz) - w.created_at
    order by w.pay_before limit @max_rows
    for update skip locked)
returning order_no, user_id, video_order.pay_before;

-- name: OrderByNo :one
select * from video_order where order_no = @order_no;

-- name: LockOrder :one
select * from video_order where order_no = @order_no for update;

-- name: ItemsOf :many
select * from video_order_item where order_no = any(@order_nos::text[]) order by order_no, line_no;

-- name: GrantItem :exec
update video_order_item set granted_at = @at::timestamptz where id = @id and granted_at is null;

-- name: RevokeItem :exec
update video_order_item set revoked_at = @at::timestamptz where id = @id and revoked_at is null;

-- name: RestoreItem :exec
update video_order_item set revoked_at = null where id = @id;

-- name: RestoreReservation :exec
update video_order_item set reservation_token = @token::uuid where id = @id;

-- name: AddItemRefund :exec
update video_order_item set refunded_amount = refunded_amount + @amount, tax_refunded = tax_refunded + @tax where id = @id;

-- name: AddOrderRefund :one
update video_order set refunded_amount = refunded_amount + @amount where order_no = @order_no returning *;

-- name: OrdersOf :many
select * from video_order
where user_id = @user_id and (@before_id::bigint = 0 or id < @before_id)
order by id desc limit @max_rows;

-- name: SearchOrders :many
select * from video_order
where (@status::text = '' or status = @status)
  and (@order_no::text = '' or order_no = @order_no)
  and (@user_id::bigint = 0 or user_id = @user_id)
  and (@before_id::bigint = 0 or id < @before_id)
order by id desc limit @max_rows;

-- name: Overdue :many
select order_no from video_order
where status in ('INIT', 'PENDING_PAY') and pay_before < @at::timestamptz
order by pay_before limit @max_rows;

-- name: Undelivered :many
-- An order whose items are all being refunded has nothing to deliver.
select order_no from video_order o
where status = 'PAID' and paid_at < @at::timestamptz
  and exists (select 1 from video_order_item i where i.order_no = o.order_no and i.revoked_at is null)
order by paid_at limit @max_rows;

-- name: LockBuyer :exec
-- Orders of one person are granted one after another.
select pg_advisory_xact_lock(hashtextextended('order_buyer ' || @user_id::bigint, 0));

-- name: PaidElsewhere :many
-- Returns what a person has paid for in other orders and has not been granted yet.
select i.spu_id, i.kind, i.quality
from video_order o join video_order_item i using (order_no)
where o.user_id = @user_id and o.status = 'PAID' and o.order_no <> @order_no
  and i.spu_id = any(@spu_ids::bigint[]) and i.revoked_at is null;

-- name: WaitingWith :many
-- Returns a person's orders that wait for payment and contain one of these videos.
select o.order_no from video_order o
where o.user_id = @user_id and o.status = 'PENDING_PAY'
  and exists (select 1 from video_order_item i where i.order_no = o.order_no and i.spu_id = any(@spu_ids::bigint[]))
order by o.id;

-- name: Transitions :many
select * from order_transition where order_no = @order_no order by version;

-- name: InsertRefund :one
insert into order_refund (refund_no, order_no, amount, currency, cause, request_key, reason, actor, created_at)
values (@refund_no, @order_no, @amount, @currency, @cause, @request_key, @reason, @actor, @created_at)
on conflict (order_no, request_key) do nothing
returning *;

-- name: InsertRefundItem :exec
insert into order_refund_item (refund_no, item_id, amount, tax_amount) values (@refund_no, @item_id, @amount, @tax_amount);

-- name: RefundByKey :one
select * from order_refund where order_no = @order_no and request_key = @request_key;

-- name: RefundByNo :one
select * from order_refund where refund_no = @refund_no;

-- name: RefundsOf :many
select * from order_refund where order_no = @order_no order by created_at, refund_no;

-- name: RefundNosByCause :many
select refund_no from order_refund where order_no = @order_no and cause = @cause;

-- name: RefundItemsOf :many
select * from order_refund_item where refund_no = any(@refund_nos::text[]) order by refund_no, item_id;

-- name: PendingItemRefunds :many
select i.item_id, sum(i.amount)::bigint as amount, sum(i.tax_amount)::bigint as tax_amount
from order_refund_item i join order_refund r using (refund_no)
where r.order_no = @order_no and r.status = 'pending'
group by i.item_id;

-- name: SettleRefund :one
update order_refund set status = @status, settled_at = @at::timestamptz where refund_no = @refund_no and status = 'pending'
returning *;

-- name: ChangeSettledRefund :execrows
-- What was settled as succeeded came back, or was paid in another way after that.
update order_refund set status = @to_status where refund_no = @refund_no and status = @from_status;

-- name: PendingRefunds :many
select refund_no from order_refund where status = 'pending' and cause <> 'dispute' and created_at < @before::timestamptz order by created_at limit @max_rows;

-- name: CountPendingRefunds :one
select count(*) from order_refund where status = 'pending';

-- name: OpenCase :exec
insert into order_case (kind, order_no, reference, detail, created_at)
values (@kind, @order_no, @reference, @detail, @created_at)
on conflict (kind, reference) do nothing;

-- name: OpenCases :many
select * from order_case where closed_at is null order by created_at desc, id desc limit @max_rows;

-- name: CasesOf :many
select * from order_case where order_no = @order_no order by id;

-- name: CountOpenCases :one
select count(*) from order_case where closed_at is null;

-- name: CloseCase :one
update order_case set closed_at = @at::timestamptz, closed_by = @closed_by::text,
    detail = detail || jsonb_build_object('note', @note::text)
where id = @id and closed_at is null returning id;

-- name: HasOpenBundle :one
select exists (select 1 from video_order
    where user_id = @user_id and bundle_id = @bundle_id::bigint and status in ('INIT', 'PENDING_PAY', 'PAID'));

-- name: ItemsOfListing :many
-- Returns the items of a listing that were paid for and can still be watched, order by order.
select o.id as order_id, i.order_no, i.line_no, i.id as item_id
from video_order_item i join video_order o using (order_no)
where i.spu_id = @spu_id and i.revoked_at is null and o.status in ('PAID', 'DELIVERED')
  and o.id in (
    select o2.id from video_order_item i2 join video_order o2 using (order_no)
    where i2.spu_id = @spu_id and i2.revoked_at is null and o2.status in ('PAID', 'DELIVERED') and o2.id > @after_id
    order by o2.id limit @max_orders)
order by o.id, i.line_no;

-- name: FirstPaid :one
select paid_at from video_order where paid_at is not null order by paid_at limit 1;

-- name: SalesByDay :many
-- Returns sales and refunds by creator and video between two moments, by day. Days begin at the moments of starts,
-- the first of which is number 1. A row with spu_id 0 is the sum of a creator. A row with creator_id 0 is the sum of
-- everybody, or of the creators asked for. A sale counts on the day it was paid, a refund on the day it succeeded, both
-- without tax.
with sold as (
    select width_bucket(o.paid_at, @starts::timestamptz[]) as day, i.creator_id, i.spu_id, o.currency, o.order_no, i.quantity,
        i.amount - i.discount_amount + i.tax_added - i.tax_amount as amount
    from video_order o join video_order_item i using (order_no)
    where o.paid_at >= @since::timestamptz and o.paid_at < @until::timestamptz
        and (@everybody::boolean or i.creator_id = any(@creator_ids::bigint[]))
), back as (
    select width_bucket(r.settled_at, @starts::timestamptz[]) as day, i.creator_id, i.spu_id, r.currency, r.refund_no, s.amount - s.tax_amount as amount
    from order_refund r join order_refund_item s using (refund_no) join video_order_item i on i.id = s.item_id
    where r.status = 'succeeded' and r.settled_at >= @since::timestamptz and r.settled_at < @until::timestamptz
        and (@everybody::boolean or i.creator_id = any(@creator_ids::bigint[]))
), sums as (
    select day, coalesce(creator_id, 0) as creator_id, coalesce(spu_id, 0) as spu_id, currency, count(distinct order_no) as orders,
        sum(quantity) as units, sum(amount) as gross, 0 as refunds, 0 as refunded
    from sold group by grouping sets ((day, creator_id, spu_id, currency), (day, creator_id, currency), (day, currency))
    union all
    select day, coalesce(creator_id, 0), coalesce(spu_id, 0), currency, 0, 0, 0, count(distinct refund_no), sum(amount)
    from back group by grouping sets ((day, creator_id, spu_id, currency), (day, creator_id, currency), (day, currency))
)
select day::int as day, creator_id::bigint as creator_id, spu_id::bigint as spu_id, currency::text as currency, sum(orders)::bigint as orders,
    sum(units)::bigint as units, sum(gross)::bigint as gross, sum(refunds)::bigint as refunds, sum(refunded)::bigint as refunded
from sums group by day, creator_id, spu_id, currency;

-- name: SoldLines :many
-- Amounts are without tax.
select i.id, o.order_no, o.paid_at::timestamptz as paid_at, i.spu_id, i.title_zh, i.title_en, i.kind, i.quality, i.quantity, (i.amount - i.discount_amount + i.tax_added - i.tax_amount)::bigint as amount,
    (i.refunded_amount - i.tax_refunded)::bigint as refunded_amount, o.currency
from video_order_item i join video_order o using (order_no)
where i.creator_id = @creator_id and i.id > @after_id and o.paid_at >= @since::timestamptz and o.paid_at < @until::timestamptz
  and (@spu_id::bigint = 0 or i.spu_id = @spu_id)
order by i.id limit @max_rows;

-- name: LookupOrders :many
-- Finds orders by the beginning of their number. Numbers have 26 letters and digits, which all collations sort alike.
select order_no, user_id, status, total_amount, currency, created_at from video_order
where order_no between rpad(@prefix::text, 26, '0') and rpad(@prefix, 26, 'Z')
order by order_no desc limit @most;

-- name: FailuresByDay :many
-- Counts orders that nobody paid in time and refunds that the provider refused, by days of UTC.
select date_trunc('day', f.at, 'UTC')::timestamptz as day, count(*) from (
    select closed_at as at from video_order where status = 'CLOSED' and closed_at >= @since::timestamptz and closed_at < @until::timestamptz
    union all
    select settled_at from order_refund where status = 'failed' and settled_at >= @since::timestamptz and settled_at < @until::timestamptz
) f group by 1 order by 1;

-- name: CountWaiting :many
-- Counts the orders that wait for their payment or for their grant.
select status, count(*) from video_order where status in ('INIT', 'PENDING_PAY', 'PAID') group by status;

-- name: OrdersOfVideo :many
-- Order numbers sort by time, so the index of a video's items returns the newest orders first.
select o.* from video_order o join (
    select distinct order_no from video_order_item
    where spu_id = @spu_id and (@before_no::text = '' or order_no < @before_no) order by order_no desc limit @max_rows
) i using (order_no)
order by o.order_no desc;

-- name: CasesOfBuyer :many
select c.* from order_case c join video_order o using (order_no)
where o.user_id = @user_id and c.order_no <> '' order by c.id desc limit @max_rows;

-- name: OrdersByNo :many
select * from video_order where order_no = any(@order_nos::text[]);

-- name: InsertDecisions :exec
-- Keeps the first decision of each rule on each occasion.
insert into order_decision (order_no, occasion, rule, outcome, reason, facts, at)
select unnest(@order_nos::text[]), @occasion, unnest(@rules::text[]), unnest(@outcomes::text[]), unnest(@reasons::text[]),
    unnest(@facts::text[])::jsonb, unnest(@moments::timestamptz[])
on conflict do nothing;

-- name: DecisionsOfOrder :many
select * from order_decision where order_no = @order_no order by at, occasion, rule, outcome;
