-- name: DeviceSeen :one
select last_seen_at from playback_device
where user_id = @user_id and device_hash = @device_hash and removed_at is null;

-- name: SeeDevice :exec
update playback_device set last_seen_at = @at where user_id = @user_id and device_hash = @device_hash;

-- name: LockDevices :exec
-- New devices of one account are added one after another, so that two can't both take the last free place.
select pg_advisory_xact_lock(hashtextextended('playback_device ' || @user_id::bigint, 0));

-- name: CountDevices :one
select count(*) from playback_device where user_id = @user_id and removed_at is null;

-- name: AddDevice :exec
insert into playback_device (user_id, device_hash, label, created_at, last_seen_at)
values (@user_id, @device_hash, @label, @at, @at)
on conflict (user_id, device_hash) do update
set removed_at = null, label = excluded.label, created_at = excluded.created_at, last_seen_at = excluded.last_seen_at;

-- name: Devices :many
select id, device_hash, label, created_at, last_seen_at from playback_device
where user_id = @user_id and removed_at is null
order by last_seen_at desc, id desc;

-- name: RemoveDevice :one
update playback_device set removed_at = @at::timestamptz
where user_id = @user_id and id = @id and removed_at is null
returning device_hash;

-- name: SaveProgress :exec
insert into playback_progress (user_id, spu_id, position_seconds, duration_seconds, updated_at)
values (@user_id, @spu_id, @position_seconds, @duration_seconds, @updated_at)
on conflict (user_id, spu_id) do update
set position_seconds = excluded.position_seconds, duration_seconds = excluded.duration_seconds, updated_at = excluded.updated_at;

-- name: Progress :many
select * from playback_progress where user_id = @user_id and spu_id = any(@spu_ids::bigint[]);

-- name: RecentProgress :many
select * from playback_progress where user_id = @user_id order by updated_at desc limit @max_rows;
