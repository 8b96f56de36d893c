-- name: Grant :execrows
insert into video_entitlement (user_id, spu_id, sku_id, reference, source, kind, quality, rent_hours, granted_at)
values (@user_id, @spu_id, @sku_id, @reference, @source, @kind, @quality, @rent_hours, @granted_at)
on conflict (source) do nothing;

-- name: Revoke :execrows
update video_entitlement set state = 'revoked', revoked_at = @revoked_at::timestamptz, revoked_cause = @revoked_cause
where source = @source and state = 'active';

-- name: Restore :execrows
update video_entitlement set state = 'active', revoked_at = null, revoked_cause = ''
where source = @source and state = 'revoked' and revoked_cause = @revoked_cause;

-- name: Start :one
update video_entitlement
set first_played_at = @at::timestamptz, expires_at = @expires_at
where id = @id and state = 'active' and first_played_at is null
returning *;

-- name: ByID :one
select * from video_entitlement where id = @id;

-- name: BestLiving :one
-- The better picture comes first, since an owner of HD who rents 4K has paid for 4K; then what does not expire; then
-- a rental that has begun, so that a second rental begins only after the first is over.
select * from video_entitlement
where user_id = @user_id and spu_id = @spu_id and state = 'active' and (expires_at is null or expires_at > @at::timestamptz)
order by (quality = '4K') desc, (kind = 'own') desc, (expires_at is not null) desc, expires_at, id
limit 1;

-- name: LatestOver :one
select * from video_entitlement
where user_id = @user_id and spu_id = @spu_id
order by coalesce(revoked_at, expires_at, granted_at) desc, id desc
limit 1;

-- name: OwnedOf :many
-- Returns which of these videos these people own, and in which quality.
select e.user_id, e.spu_id, e.quality
from (select unnest(@user_ids::bigint[]) as user_id, unnest(@spu_ids::bigint[]) as spu_id) w
join video_entitlement e on e.user_id = w.user_id and e.spu_id = w.spu_id
where e.kind = 'own' and e.state = 'active';

-- name: Living :many
select * from video_entitlement
where user_id = @user_id and spu_id = any(@spu_ids::bigint[]) and state = 'active'
  and (expires_at is null or expires_at > @at::timestamptz)
order by spu_id, (quality = '4K') desc, (kind = 'own') desc, (expires_at is not null) desc, expires_at, id;

-- name: List :many
select * from video_entitlement
where user_id = @user_id and (granted_at, id) < (@before::timestamptz, @before_id::bigint)
order by granted_at desc, id desc
limit @max_rows;

-- name: Over :many
-- Returns which of these sources gave a rental that has expired.
select source from video_entitlement
where source = any(@sources::text[]) and state = 'active' and expires_at <= @at::timestamptz;

-- name: Held :many
-- Returns which of these videos were granted to a person and not refunded, including rentals that are over.
select distinct spu_id from video_entitlement
where user_id = @user_id and spu_id = any(@spu_ids::bigint[]) and state = 'active';

-- name: LockHeld :many
-- Returns a person's active entitlements to a video. The lock keeps them from being revoked until the transaction
-- ends.
select id from video_entitlement
where user_id = @user_id and spu_id = @spu_id and state = 'active'
order by id for share;

-- name: OfReference :many
select * from video_entitlement where reference = @reference order by id;

-- name: TellEnding :many
-- Marks rentals that end soon and returns them, each once: only those that last longer than some hours, and whose
-- holder has nothing else by which they may go on watching.
update video_entitlement set end_told_at = @at::timestamptz where id in (
    select e.id from video_entitlement e
    where e.kind = 'rent' and e.state = 'active' and e.end_told_at is null and e.rent_hours > @longer::int
      and e.expires_at > @at::timestamptz and e.expires_at <= @until::timestamptz
      and not exists (select from video_entitlement o
        where o.user_id = e.user_id and o.spu_id = e.spu_id and o.state = 'active' and o.id <> e.id
          and (o.expires_at is null or o.expires_at > e.expires_at))
    order by e.expires_at limit @max_rows
    for update skip locked)
returning *;
