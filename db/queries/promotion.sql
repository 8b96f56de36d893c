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
-- The guard of every move: no row says that somebody else moved the campaign first. An end before its time shortens it.
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
-- One owner's campaigns, or everybody's, the newest first.
select * from promotion_campaign
where (@everybodys::boolean or owner_id = @owner_id) and (@before::bigint = 0 or id < @before)
order by id desc limit @most;

-- name: OpenCampaigns :many
-- What a visitor may look at now: what runs, the next to end first, then what comes, the next to start first.
select * from promotion_campaign
where status in ('scheduled', 'running') and ends_at > @at::timestamptz
order by status, case when status = 'running' then ends_at else starts_at end, id
limit @most;

-- name: Offers :many
select i.campaign_id, i.sku_id, i.amount, i.currency, i.per_user, c.starts_at, c.ends_at
from promotion_campaign_item i
join promotion_campaign c on c.id = i.campaign_id
where c.id = any(@campaign_ids::bigint[]) and c.status = 'running' and c.starts_at <= @at::timestamptz and c.ends_at > @at::timestamptz;

-- name: DueCampaigns :many
select id from promotion_campaign
where (status = 'scheduled' and starts_at <= @at::timestamptz) or (status = 'running' and ends_at <= @at::timestamptz)
order by id;

-- name: OverAmong :many
select id from promotion_campaign where id = any(@ids::bigint[]) and status in ('ended', 'cancelled') order by id;

-- name: BusySKUs :many
-- Those that another campaign is selling, or is about to.
select sku_id from promotion_campaign_item
where sku_id = any(@sku_ids::bigint[]) and status in ('scheduled', 'running') and campaign_id <> @campaign_id
order by sku_id;

-- name: NamedOpen :one
-- Whether an owner has an open campaign of that name.
select exists (select 1 from promotion_campaign
    where owner_id = @owner_id and name_en = @name_en and status in ('scheduled', 'running') and ends_at > @at::timestamptz);
