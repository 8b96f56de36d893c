-- name: LockPrefix :exec
-- Two that pack one film meet here; the second then finds the first one's asset.
select pg_advisory_xact_lock(hashtextextended('media_asset ' || @prefix::text, 0));

-- name: UpsertAsset :one
insert into media_asset (prefix, duration_seconds, renditions, captions, has_thumbnails, created_at)
values (@prefix, @duration_seconds, @renditions, @captions, @has_thumbnails, @created_at)
on conflict (prefix) do update set duration_seconds = excluded.duration_seconds, renditions = excluded.renditions,
    captions = excluded.captions, has_thumbnails = excluded.has_thumbnails
returning id;

-- name: DeleteKeys :exec
delete from media_key where asset_id = @asset_id;

-- name: InsertKeys :exec
insert into media_key (asset_id, number, wrapped)
select @asset_id::bigint, unnest(@numbers::int[]), unnest(@wrapped::bytea[]);

-- name: AssetByID :one
select * from media_asset where id = @id;

-- name: AssetByPrefix :one
select * from media_asset where prefix = @prefix;

-- name: Key :one
select k.asset_id, k.wrapped
from media_key k join media_asset a on a.id = k.asset_id
where a.prefix = @prefix and k.number = @number;

-- name: InsertVideo :one
insert into media_video (owner_id, name, original, size, created_at, updated_at)
values (@owner_id, @name, @original, @size, @at, @at) returning id;

-- name: Video :one
select * from media_video where owner_id = @owner_id and id = @id and state <> 'deleted';

-- name: Videos :many
select * from media_video
where owner_id = @owner_id and state <> 'deleted' and (@before_id::bigint = 0 or id < @before_id)
order by id desc limit @most;

-- name: Twins :many
-- Whose other films show the same pictures.
select o.owner_id from media_video v join media_video o on o.fingerprint = v.fingerprint and o.id <> v.id and o.state <> 'deleted'
where v.id = @id and v.fingerprint <> ''
order by o.id limit 100;
