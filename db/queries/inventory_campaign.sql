-- name: TakeFromNormal :execrows
-- The update locks the row. No row means that too few units are left, or that the SKU has no limited stock.
update video_inventory set total = total - @units, available = available - @units, updated_at = now()
where sku_id = @sku_id and campaign_id is null and available >= @units;

-- name: HasNormal :one
select exists (select 1 from video_inventory where sku_id = @sku_id and campaign_id is null);

-- name: InsertCampaignStock :exec
insert into video_inventory (sku_id, campaign_id, total, available, from_normal, per_user)
values (@sku_id, @campaign_id::bigint, @units, @units, @from_normal, nullif(@per_user::int, 0));

-- name: CampaignSKUs :many
select sku_id from video_inventory where campaign_id = @campaign_id::bigint;

-- name: LockCampaignStock :many
-- Locks a campaign's stocks and the normal ones of the same SKUs. Each SKU's normal stock comes first, as in every
-- transaction that locks stocks.
select i.id, i.sku_id, i.campaign_id, i.available, i.from_normal
from video_inventory i
where i.sku_id in (select c.sku_id from video_inventory c where c.campaign_id = @campaign_id::bigint)
  and (i.campaign_id is null or i.campaign_id = @campaign_id::bigint)
order by i.sku_id, i.campaign_id nulls first
for update of i;

-- name: TakeAvailable :exec
update video_inventory set total = total - @units, available = available - @units, updated_at = now() where id = @id;

-- name: AddAvailable :exec
update video_inventory set total = total + @units, available = available + @units, updated_at = now() where id = @id;

-- name: CampaignCounts :many
select campaign_id::bigint as campaign_id, sku_id, total, available, frozen, sold from video_inventory
where campaign_id = any(@campaign_ids::bigint[])
order by campaign_id, sku_id;

-- name: CampaignsWithStock :many
select distinct campaign_id::bigint as campaign_id from video_inventory
where campaign_id is not null and available > 0
order by 1;
