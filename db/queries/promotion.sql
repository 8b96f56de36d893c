-- name: InsertCampaign :one
insert into promotion_campaign (owner_id, name_zh, name_en, starts_at, ends_at, created_at)
values (@owner_id, @name_zh, @name_en, @starts_at, @ends_at, @at)
returning *;

-- name: InsertItem :exec
insert into promotion_campaign_item (campaign_id, line_no, sku_id, amount, currency, units, per_user, status)
values (@campaign_id, @line_no, @sku_id, @amount, @currency, @units, @per_user, 'drafted');

-- name: DeleteItems :exec
delete from promotion_campaign_item where campaign_id = @campaign_id;

-- name: UpdateDraft :one
update promotion_campaign set name_zh = @name_zh, name_en = @name_en, starts_at = @starts_at, ends_at = @ends_at, version = version + 1
where id = @id and status = 'drafted' and version = @version
returning *;

-- name: MoveCampaign :one
-- The guard of every move: no row means that somebody else moved the campaign first. A campaign that is ended
-- early gets that moment as its end.
update promotion_campaign
set status = @to_status, version = version + 1,
    scheduled_at = case when @to_status::text = 'scheduled' then @at::timestamptz else scheduled_at end,
    started_at = case when @to_status::text = 'running' then @at::timestamptz else started_at end,
    over_at = case when @to_status::text in ('ended', 'cancelled') then @at::timestamptz else over_at end,
    ends_at = case when @to_status::text = 'ended' and @at::timestamptz > starts_at then least(ends_at, @at::timestamptz) else ends_at end
where id = @id and status = @from_status and version = @version
returning *;

-- name: InsertTransition :exec
insert into promotion_transition (campaign_id, from_status, to_status, version, cause, actor, at)
values (@campaign_id, @from_status, @to_status, @version, @cause, @actor, @at);

-- name: LockCampaign :one
select * from promotion_campaign where id = @id for update;

-- name: Campaigns :many
select * from promotion_campaign where id = any(@ids::bigint[]) order by id;

-- name: Items :many
select campaign_id, sku_id, amount, currency, units, per_user from promotion_campaign_item
where campaign_id = any(@campaign_ids::bigint[])
order by campaign_id, line_no;

-- name: CampaignsOf :many
-- Returns one owner's campaigns, or everybody's, the newest first.
select * from promotion_campaign
where (@everybodys::boolean or owner_id = @owner_id) and (@before::bigint = 0 or id < @before)
order by id desc limit @most;

-- name: OpenCampaigns :many
-- Returns the campaigns that visitors may see: first those that are running, by their end, then the scheduled ones,
-- by their start.
select * from promotion_campaign
where status in ('scheduled', 'running') and ends_at > @at::timestamptz
order by status, case when status = 'running' then ends_at else starts_at end, id
limit @most;

-- name: Offers :many
select i.campaign_id, i.sku_id, i.amount, i.currency, i.per_user, c.starts_at, c.ends_at
from promotion_campaign_item i
join promotion_campaign c on c.id = i.campaign_id
where c.id = any(@campaign_ids::bigint[]) and c.status = 'running' and c.starts_at <= @at::timestamptz and c.ends_at > @at::timestamptz;

-- name: OffersOf :many
-- Returns the offers of running campaigns for some SKUs. A SKU is in at most one of them.
select i.campaign_id, i.sku_id, i.amount, i.currency, i.per_user, c.starts_at, c.ends_at
from promotion_campaign_item i
join promotion_campaign c on c.id = i.campaign_id
where i.sku_id = any(@sku_ids::bigint[]) and i.status = 'running' and c.starts_at <= @at::timestamptz and c.ends_at > @at::timestamptz;

-- name: AllOffers :many
-- Returns the offers of all running campaigns. Those of the campaign that ends first come first.
select i.campaign_id, i.sku_id, i.amount, i.currency, i.per_user, c.starts_at, c.ends_at
from promotion_campaign c
join promotion_campaign_item i on i.campaign_id = c.id
where c.status = 'running' and c.starts_at <= @at::timestamptz and c.ends_at > @at::timestamptz
order by c.ends_at, i.campaign_id, i.line_no
limit @most;

-- name: DueCampaigns :many
select id from promotion_campaign
where (status = 'scheduled' and starts_at <= @at::timestamptz) or (status = 'running' and ends_at <= @at::timestamptz)
order by id;

-- name: OverAmong :many
select id from promotion_campaign where id = any(@ids::bigint[]) and status in ('ended', 'cancelled') order by id;

-- name: BusySKUs :many
-- Returns the SKUs that another running or scheduled campaign sells.
select sku_id from promotion_campaign_item
where sku_id = any(@sku_ids::bigint[]) and status in ('scheduled', 'running') and campaign_id <> @campaign_id
order by sku_id;

-- name: NamedOpen :one
-- Reports whether an owner has an open campaign of that name.
select exists (select 1 from promotion_campaign
    where owner_id = @owner_id and name_en = @name_en and status in ('scheduled', 'running') and ends_at > @at::timestamptz);

-- name: InsertCoupon :one
insert into promotion_coupon (owner_id, mall_wide, code, currency, amount_off, percent_off, max_off, min_spend, valid_from, valid_until,
    total_limit, per_user, created_at)
values (@owner_id, @mall_wide, @code, @currency, @amount_off, @percent_off, @max_off, @min_spend, @valid_from, @valid_until,
    @total_limit, @per_user, @at)
returning id;

-- name: EditCoupon :execrows
-- The code does not change, because people have it. No row means that somebody else edited or stopped the coupon
-- first.
update promotion_coupon set currency = @currency, amount_off = @amount_off, percent_off = @percent_off, max_off = @max_off,
    min_spend = @min_spend, valid_from = @valid_from, valid_until = @valid_until, total_limit = @total_limit, per_user = @per_user,
    version = version + 1
where id = @id and status = 'live' and version = @version;

-- name: StopCoupon :execrows
update promotion_coupon set status = 'stopped', stopped_at = @at::timestamptz, version = version + 1
where id = @id and status = 'live' and version = @version;

-- name: InsertCouponSPUs :exec
insert into promotion_coupon_spu (coupon_id, spu_id) select @coupon_id, unnest(@spu_ids::bigint[]);

-- name: DeleteCouponSPUs :exec
delete from promotion_coupon_spu where coupon_id = @coupon_id;

-- name: CouponsByCode :many
select sqlc.embed(c), array(select s.spu_id from promotion_coupon_spu s where s.coupon_id = c.id order by s.spu_id)::bigint[] as spu_ids
from promotion_coupon c where c.code = any(@codes::text[]);

-- name: CouponByID :one
select sqlc.embed(c), array(select s.spu_id from promotion_coupon_spu s where s.coupon_id = c.id order by s.spu_id)::bigint[] as spu_ids
from promotion_coupon c where c.id = @id;

-- name: CouponsOf :many
-- Returns one creator's coupons, or those of the mall, the newest first.
select sqlc.embed(c), array(select s.spu_id from promotion_coupon_spu s where s.coupon_id = c.id order by s.spu_id)::bigint[] as spu_ids
from promotion_coupon c
where c.mall_wide = @mall_wide and (@mall_wide::boolean or c.owner_id = @owner_id) and (@before::bigint = 0 or c.id < @before)
order by c.id desc limit @most;

-- name: LockCoupons :many
-- A transaction locks coupons after stock, in the order of their ids.
select id from promotion_coupon where code = any(@codes::text[]) order by id for update;

-- name: LockCoupon :one
select id from promotion_coupon where id = @id for update;

-- name: CouponSlots :many
select u.coupon_id, u.user_id, u.slot
from (select unnest(@coupon_ids::bigint[]) as coupon_id, unnest(@user_ids::bigint[]) as user_id) w
join promotion_coupon_use u using (coupon_id, user_id)
where u.state <> 'returned';

-- name: HoldCoupon :execrows
-- The guard of the limit: no row means that the coupon was edited, stopped or used up since its uses were counted.
update promotion_coupon set held = held + @uses
where id = @id and status = 'live' and version = @version and held + used + @uses <= total_limit;

-- name: InsertCouponUses :execrows
insert into promotion_coupon_use (order_no, coupon_id, user_id, slot, discount, state, held_at)
select unnest(@order_nos::text[]), unnest(@coupon_ids::bigint[]), unnest(@user_ids::bigint[]), unnest(@slots::int[]),
    unnest(@discounts::bigint[]), 'held', @at::timestamptz
on conflict do nothing;

-- name: HoldCouponAgain :execrows
update promotion_coupon_use set state = 'held', slot = @slot, held_at = @at::timestamptz, settled_at = null
where order_no = @order_no and state = 'returned';

-- name: SettleCoupon :exec
-- Moves one use, if it is in from_state, and updates the counts of its coupon.
with moved as (
    update promotion_coupon_use u set state = @to_state, settled_at = @at::timestamptz
    where u.order_no = @order_no and u.state = @from_state returning u.coupon_id)
update promotion_coupon c set held = c.held - (@from_state::text = 'held')::int,
    used = c.used + (@to_state::text = 'used')::int - (@from_state::text = 'used')::int
from moved where c.id = moved.coupon_id;

-- name: InsertBundle :one
insert into promotion_bundle (owner_id, name_zh, name_en, currency, price, percent_off, created_at)
values (@owner_id, @name_zh, @name_en, @currency, @price, @percent_off, @at)
returning id;

-- name: EditBundle :execrows
update promotion_bundle set name_zh = @name_zh, name_en = @name_en, currency = @currency, price = @price, percent_off = @percent_off,
    version = version + 1
where id = @id and status = 'live' and version = @version;

-- name: EndBundle :execrows
update promotion_bundle set status = 'ended', ended_at = @at::timestamptz, version = version + 1
where id = @id and status = 'live' and version = @version;

-- name: InsertBundleItems :exec
insert into promotion_bundle_item (bundle_id, line_no, sku_id, spu_id)
select @bundle_id, unnest(@line_nos::int[]), unnest(@sku_ids::bigint[]), unnest(@spu_ids::bigint[]);

-- name: DeleteBundleItems :exec
delete from promotion_bundle_item where bundle_id = @bundle_id;

-- name: LockBundle :one
select id from promotion_bundle where id = @id for update;

-- name: Bundles :many
select sqlc.embed(b), array(select i.sku_id from promotion_bundle_item i where i.bundle_id = b.id order by i.line_no)::bigint[] as sku_ids
from promotion_bundle b where b.id = any(@ids::bigint[]) order by b.id;

-- name: BundlesOf :many
select sqlc.embed(b), array(select i.sku_id from promotion_bundle_item i where i.bundle_id = b.id order by i.line_no)::bigint[] as sku_ids
from promotion_bundle b
where b.owner_id = @owner_id and (@before::bigint = 0 or b.id < @before)
order by b.id desc limit @most;

-- name: BundlesWith :many
-- Returns the bundles that are on sale and contain one of these videos, the newest first.
select sqlc.embed(b), array(select i.sku_id from promotion_bundle_item i where i.bundle_id = b.id order by i.line_no)::bigint[] as sku_ids
from promotion_bundle b
where b.status = 'live' and exists (select 1 from promotion_bundle_item w where w.bundle_id = b.id and w.spu_id = any(@spu_ids::bigint[]))
order by b.id desc limit @most;

-- name: LookupCampaigns :many
(select * from promotion_campaign where id = @id::bigint)
union
(select * from promotion_campaign where lower(name_zh) ~>=~ @begins::text and lower(name_zh) ~<~ @ends::text limit @most)
union
(select * from promotion_campaign where lower(name_en) ~>=~ @begins and lower(name_en) ~<~ @ends limit @most);

-- name: LookupCoupons :many
select * from promotion_coupon where code ~>=~ @begins::text and code ~<~ @ends::text limit @most;
