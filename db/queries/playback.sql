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
-- Marks the parts from the last position to this one as shown if the viewer can have watched them since then, and
-- otherwise, as after a jump, only the part of this position. A play's first sign comes 15 s after its begin.
insert into playback_progress as p (user_id, spu_id, position_seconds, duration_seconds, updated_at, reached)
values (@user_id, @spu_id, @position_seconds, @duration_seconds, @updated_at, playback_parts(@begin_seconds, @position_seconds, @duration_seconds))
on conflict (user_id, spu_id) do update
set position_seconds = excluded.position_seconds, duration_seconds = excluded.duration_seconds, updated_at = excluded.updated_at,
    reached = p.reached | case
        when excluded.position_seconds >= p.position_seconds
            and extract(epoch from excluded.updated_at - p.updated_at) between 0 and 45
            and excluded.position_seconds - p.position_seconds <= 2.5 * extract(epoch from excluded.updated_at - p.updated_at) + 5
        then playback_parts(p.position_seconds, excluded.position_seconds, excluded.duration_seconds)
        else excluded.reached end;

-- name: SavePlay :exec
insert into playback_play as p (session, user_id, spu_id, device_hash, started_at, last_at, position, seconds)
values (@session, @user_id, @spu_id, @device_hash, @started_at, @last_at, @position, @seconds)
on conflict (session) do update
set last_at = greatest(p.last_at, excluded.last_at), position = excluded.position,
    seconds = p.seconds + least(greatest(extract(epoch from excluded.last_at - p.last_at), 0), 45)::int;

-- name: Plays :many
-- Returns the first and the last plays of each of some videos since a moment, with the number of all and how long they ran.
select p.spu_id, p.started_at, p.last_at, p.position, p.seconds, p.total, p.played, coalesce(d.label, '')::text as label
from (
    select g.user_id, g.device_hash, g.session, g.spu_id, g.started_at, g.last_at, g.position, g.seconds,
        row_number() over (partition by g.spu_id order by g.started_at, g.session) as n,
        count(*) over (partition by g.spu_id) as total,
        (sum(g.seconds) over (partition by g.spu_id))::bigint as played
    from playback_play g
    where g.user_id = @user_id and g.spu_id = any(@spu_ids::bigint[]) and g.last_at >= @since
) p
left join playback_device d on d.user_id = p.user_id and d.device_hash = p.device_hash
where p.n <= @first_rows::bigint or p.n > p.total - @last_rows::bigint
order by p.spu_id, p.started_at, p.session;

-- name: DropPlays :execrows
delete from playback_play where session in (
    select o.session from playback_play o where o.last_at < @before order by o.last_at limit @max_rows);

-- name: Progress :many
select user_id, spu_id, position_seconds, duration_seconds, updated_at from playback_progress
where user_id = @user_id and spu_id = any(@spu_ids::bigint[]);

-- name: Watched :many
select spu_id, bit_count(reached)::int as percent from playback_progress where user_id = @user_id and spu_id = any(@spu_ids::bigint[]);

-- name: RecentProgress :many
select user_id, spu_id, position_seconds, duration_seconds, updated_at from playback_progress
where user_id = @user_id order by updated_at desc limit @max_rows;

-- name: PlayDays :many
-- Sums up the plays of some videos by a viewer since a moment: a row for each video and day, the latest days first.
select spu_id, min(started_at)::timestamptz as first_at, max(last_at)::timestamptz as last_at, count(*) as plays,
    count(distinct device_hash) as devices, coalesce(sum(seconds), 0)::bigint as seconds
from playback_play
where user_id = @user_id and spu_id = any(@spu_ids::bigint[]) and last_at >= @since::timestamptz
group by spu_id, (started_at at time zone 'UTC')::date
order by first_at desc limit @max_rows;
