-- name: TryLockPrefix :one
-- Two that pack one film meet here; the second then finds the first one's asset. The lock is the session's.
select pg_try_advisory_lock(hashtextextended('media_asset ' || @prefix::text, 0));

-- name: UnlockPrefix :exec
select pg_advisory_unlock(hashtextextended('media_asset ' || @prefix::text, 0));

-- name: UpsertAsset :one
insert into media_asset (prefix, duration_seconds, renditions, captions, has_thumbnails, created_at)
values (@prefix, @duration_seconds, @renditions, @captions, @has_thumbnails, @created_at)
on conflict (prefix) do update set duration_seconds = excluded.duration_seconds, renditions = excluded.renditions,
    captions = excluded.captions, has_thumbnails = excluded.has_thumbnails
returning id;

-- name: DeleteKeysOf :exec
delete from media_key k using media_asset a where a.id = k.asset_id and a.prefix = @prefix;

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

-- name: LockUploader :exec
-- Whoever begins an upload meets the same creator's other beginnings here: two at once can't pass one quota.
select pg_advisory_xact_lock(hashtextextended('media_upload ' || @owner_id::bigint, 0));

-- name: UploadsOf :one
-- What a creator's uploads that run or are being cleared away will take, and how many they are.
select coalesce(sum(size), 0)::bigint as bytes, count(*) as number from media_upload where owner_id = @owner_id and state <> 'complete';

-- name: OriginalsOf :one
select coalesce(sum(size), 0)::bigint from media_video where owner_id = @owner_id and original <> '';

-- name: InsertUpload :exec
insert into media_upload (id, owner_id, name, size, part_size, created_at, expires_at)
values (@id, @owner_id, @name, @size, @part_size, @created_at, @expires_at);

-- name: SetMultipart :execrows
update media_upload set multipart = @multipart where id = @id and state = 'running';

-- name: Upload :one
select * from media_upload where id = @id and owner_id = @owner_id and state <> 'ending' and expires_at > @at;

-- name: LockUpload :one
select * from media_upload where id = @id and owner_id = @owner_id and state <> 'ending' for update;

-- name: ProlongUpload :execrows
update media_upload set expires_at = @expires_at where id = @id and state = 'running';

-- name: CompleteUpload :execrows
update media_upload set state = 'complete', video_id = @video_id::bigint where id = @id and state = 'running';

-- name: EndUpload :execrows
update media_upload set state = 'ending' where id = @id and owner_id = @owner_id and state = 'running';

-- name: ExpireUploads :execrows
update media_upload set state = 'ending' where state = 'running' and expires_at <= @at;

-- name: EndingUploads :many
select * from media_upload where state = 'ending' order by id limit @most;

-- name: DeleteUpload :exec
delete from media_upload where id = @id and state = 'ending';

-- name: ForgetUploads :execrows
delete from media_upload where state = 'complete' and expires_at <= @at;

-- name: CoversSince :one
select count(*) from media_cover where owner_id = @owner_id and created_at > @since;

-- name: InsertCover :exec
insert into media_cover (stem, owner_id, created_at) values (@stem, @owner_id, @created_at);

-- name: InsertVideo :one
insert into media_video (owner_id, name, original, size, created_at, updated_at)
values (@owner_id, @name, @original, @size, @at, @at) returning id;

-- name: Video :one
select * from media_video where owner_id = @owner_id and id = @id and state <> 'deleted';

-- name: Videos :many
select * from media_video
where owner_id = @owner_id and state <> 'deleted' and (@before_id::bigint = 0 or id < @before_id)
order by id desc limit @most;
