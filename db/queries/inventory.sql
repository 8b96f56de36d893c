-- name: SetStock :one
-- A new total leaves the frozen and sold units as they are. The difference changes the available units.
insert into video_inventory (sku_id, total, available) values (@sku_id, @total, @total)
on conflict (sku_id) where campaign_id is null do update
set available = video_inventory.available + excluded.total - video_inventory.total,
    total = excluded.total, updated_at = now()
returning id, total, available, frozen, sold;

-- name: AvailableBySKU :many
select sku_id, available from video_inventory where sku_id = any(@sku_ids::bigint[]) and campaign_id is null;

-- name: Counts :many
select sku_id, total, available, frozen, sold from video_inventory where sku_id = any(@sku_ids::bigint[]) and campaign_id is null;

-- name: Stocks :many
-- Returns what is left of some stocks, as far as other transactions have committed. It takes no lock, because Freeze
-- decides again.
select v.id, v.sku_id, coalesce(v.campaign_id, 0)::bigint as campaign_id, v.available, coalesce(v.per_user, 0)::int as per_user
from (select unnest(@sku_ids::bigint[]) as sku_id, unnest(@campaign_ids::bigint[]) as campaign_id) w
join video_inventory v on v.sku_id = w.sku_id and v.campaign_id is not distinct from nullif(w.campaign_id, 0)
order by v.sku_id, v.campaign_id nulls first;

-- name: LockStocks :many
-- A transaction that takes units of several stocks locks them in the order of their SKUs, the normal stock first.
select v.id, v.sku_id, coalesce(v.campaign_id, 0)::bigint as campaign_id, v.available, coalesce(v.per_user, 0)::int as per_user
from (select unnest(@sku_ids::bigint[]) as sku_id, unnest(@campaign_ids::bigint[]) as campaign_id) w
join video_inventory v on v.sku_id = w.sku_id and v.campaign_id is not distinct from nullif(w.campaign_id, 0)
order by v.sku_id, v.campaign_id nulls first
for update of v;

-- name: Freeze :execrows
-- This decides whether there are enough units. A stock that has too few is not among the counted rows, and the caller
-- rolls everything back.
update video_inventory v set available = v.available - w.qty, frozen = v.frozen + w.qty, updated_at = now()
from (select unnest(@ids::bigint[]) as id, unnest(@qtys::bigint[]) as qty) w
where v.id = w.id and v.available >= w.qty;

-- name: BuyerUnits :many
select b.inventory_id, b.user_id, b.units
from (select unnest(@inventory_ids::bigint[]) as inventory_id, unnest(@user_ids::bigint[]) as user_id) w
join inventory_buyer b using (inventory_id, user_id);

-- name: TakeShares :execrows
-- A person who would exceed the limit is not among the counted rows, and the caller rolls everything back.
insert into inventory_buyer (inventory_id, user_id, units, most)
select w.inventory_id, w.user_id, w.units, w.most
from (select unnest(@inventory_ids::bigint[]) as inventory_id, unnest(@user_ids::bigint[]) as user_id,
             unnest(@units::int[]) as units, unnest(@mosts::int[]) as most) w
where w.units <= w.most
order by w.inventory_id, w.user_id
on conflict (inventory_id, user_id) do update set units = inventory_buyer.units + excluded.units, most = excluded.most
where inventory_buyer.units + excluded.units <= excluded.most;

-- name: ReturnShare :exec
update inventory_buyer set units = units - @units where inventory_id = @inventory_id and user_id = @user_id;

-- name: InsertReservations :exec
insert into inventory_reservation (token, inventory_id, order_no, sku_id, campaign_id, user_id, qty, created_at, expires_at)
select unnest(@tokens::uuid[]), unnest(@inventory_ids::bigint[]), unnest(@order_nos::text[]), unnest(@sku_ids::bigint[]),
    nullif(unnest(@campaign_ids::bigint[]), 0), unnest(@user_ids::bigint[]), unnest(@qtys::int[]), @created_at, unnest(@expires_ats::timestamptz[]);

-- name: SettleReservation :one
update inventory_reservation set state = @to_state, settled_at = @settled_at::timestamptz
where token = @token and state = @from_state
returning inventory_id, user_id, qty;

-- name: SellFrozen :exec
update video_inventory set frozen = frozen - @qty, sold = sold + @qty, updated_at = now() where id = @id;

-- name: ReturnFrozen :exec
update video_inventory set frozen = frozen - @qty, available = available + @qty, updated_at = now() where id = @id;

-- name: ReturnSold :exec
update video_inventory set sold = sold - @qty, available = available + @qty, updated_at = now() where id = @id;

-- name: Recount :one
-- Returns what Redis should know about a stock, and which of the tokens in Redis have a reservation by now. It is one
-- statement, so that both are from the same moment.
select v.available, coalesce(v.per_user, 0)::int as per_user,
    coalesce((select array_agg(r.token) from inventory_reservation r where r.token = any(@tokens::uuid[])), '{}')::uuid[] as written
from video_inventory v where v.sku_id = @sku_id and v.campaign_id is not distinct from nullif(@campaign_id::bigint, 0);

-- name: UnitsOf :one
-- Returns how many units of a stock a person has.
select b.units from inventory_buyer b join video_inventory v on v.id = b.inventory_id
where v.sku_id = @sku_id and v.campaign_id is not distinct from nullif(@campaign_id::bigint, 0) and b.user_id = @user_id;

-- name: ReturnedStocks :many
-- Returns the stocks to which units came back after that moment, by a closed order or a refund.
select distinct sku_id, coalesce(campaign_id, 0)::bigint as campaign_id from inventory_reservation
where state = 'released' and settled_at > @after::timestamptz limit 1000;

-- name: ReservationsOf :many
select sku_id, qty, state, created_at, expires_at, settled_at, coalesce(campaign_id, 0)::bigint as campaign_id
from inventory_reservation where order_no = @order_no order by id limit @max_rows;
