-- name: SetStock :one
-- A new total keeps what is frozen and sold; the difference goes to or comes from what is available.
insert into video_inventory (sku_id, total, available) values (@sku_id, @total, @total)
on conflict (sku_id) where campaign_id is null do update
set available = video_inventory.available + excluded.total - video_inventory.total,
    total = excluded.total, updated_at = now()
returning id, total, available, frozen, sold;

-- name: AvailableBySKU :many
select sku_id, available from video_inventory where sku_id = any(@sku_ids::bigint[]) and campaign_id is null;

-- name: Counts :one
select total, available, frozen, sold from video_inventory where sku_id = @sku_id and campaign_id is null;

-- name: Freeze :one
update video_inventory set available = available - @qty, frozen = frozen + @qty, updated_at = now()
where sku_id = @sku_id and campaign_id is null and available >= @qty
returning id;

-- name: InsertReservation :exec
insert into inventory_reservation (token, inventory_id, order_no, sku_id, user_id, qty, created_at, expires_at)
values (@token, @inventory_id, @order_no, @sku_id, @user_id, @qty, @created_at, @expires_at);

-- name: SettleReservation :one
update inventory_reservation set state = @to_state, settled_at = @settled_at::timestamptz
where token = @token and state = @from_state
returning inventory_id, qty;

-- name: SellFrozen :exec
update video_inventory set frozen = frozen - @qty, sold = sold + @qty, updated_at = now() where id = @id;

-- name: ReturnFrozen :exec
update video_inventory set frozen = frozen - @qty, available = available + @qty, updated_at = now() where id = @id;

-- name: ReturnSold :exec
update video_inventory set sold = sold - @qty, available = available + @qty, updated_at = now() where id = @id;
