-- name: TryLockPrefix :one
-- Only one worker at a time packages a video; a second one then finds the first one's asset. The lock belongs to the
-- database session.
select pg_try_advisory_lock(hashtextextended('media_asset ' || @prefix::text, 0));

-- name: UnlockPrefix :exec
select pg_advisory_unlock(hashtextextended('media_asset ' || @prefix::text, 0));

-- name: UpsertAsset :one
insert into media_asset (prefix, duration_seconds, renditions, sounds, captions, has_thumbnails, created_at)
values (@prefix, @duration_seconds, @renditions, @sounds, @captions, @has_thumbnails, @created_at)
on conflict (prefix) do update set duration_seconds = excluded.duration_seconds, renditions = excluded.renditions,
    sounds = excluded.sounds, captions = excluded.captions, has_thumbnails = excluded.has_thumbnails
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
-- A creator's uploads begin one after another, so that two at once can't both use the rest of the quota.
select pg_advisory_xact_lock(hashtextextended('media_upload ' || @owner_id::bigint, 0));

-- name: UploadsOf :one
-- Returns the size and the number of a creator's uploads that are running or being removed.
select coalesce(sum(size), 0)::bigint as bytes, count(*) as number from media_upload where owner_id = @owner_id and state <> 'complete';

-- name: OriginalsOf :one
select coalesce(sum(size), 0)::bigint from media_video where owner_id = @owner_id and original <> '';

-- name: VideosInTheMaking :one
select count(*) from media_video where owner_id = @owner_id and state = 'processing';

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

-- name: CountCoverTry :one
with past as (
    delete from media_cover_try where owner_id = @owner_id and day < @day::date
)
insert into media_cover_try (owner_id, day, tries) values (@owner_id, @day::date, 1)
on conflict (owner_id, day) do update set tries = media_cover_try.tries + 1
returning tries;

-- name: InsertCover :exec
insert into media_cover (stem, owner_id, created_at) values (@stem, @owner_id, @created_at);

-- name: InsertVideo :one
insert into media_video (owner_id, name, original, size, folder, created_at, updated_at)
values (@owner_id, @name, @original, @size, @folder, @at, @at) returning id;

-- name: Video :one
select * from media_video where owner_id = @owner_id and id = @id and state <> 'deleted';

-- name: Videos :many
select * from media_video
where owner_id = @owner_id and state <> 'deleted' and (@before_id::bigint = 0 or id < @before_id)
order by id desc limit @most;

-- name: InsertStages :exec
insert into media_stage (video_id, stage, position, enqueued_at)
select @video_id, unnest(@stages::text[]), generate_subscripts(@stages::text[], 1), @at;

-- name: Stages :many
select s.* from media_stage s join media_video v on v.id = s.video_id
where v.owner_id = @owner_id and s.video_id = any(@video_ids::bigint[]) and v.state <> 'deleted'
order by s.video_id desc, s.position;

-- name: LeavesToOthers :one
-- Reports whether another video of the same owner is being transcoded while a video waits whose owner has nothing in
-- work.
select (exists (
    select 1 from media_stage s join media_video v on v.id = s.video_id
    where s.stage = 'transcode' and s.state = 'running' and s.lease_until > @at::timestamptz and v.owner_id = f.owner_id and v.id <> f.id
) and exists (
    select 1 from media_stage s join media_video v on v.id = s.video_id
    where s.state = 'waiting' and v.state = 'processing' and v.owner_id <> f.owner_id
        and not exists (select 1 from media_stage b where b.video_id = s.video_id and b.position < s.position and b.state <> 'done')
        and not exists (select 1 from media_stage r join media_video o on o.id = r.video_id
            where r.state = 'running' and r.lease_until > @at::timestamptz and o.owner_id = v.owner_id)
))::boolean
from media_video f where f.id = @video_id;

-- name: ClaimStage :one
-- A stage can be claimed if it waits, or if its worker's lease has expired, and if all stages before it are done.
update media_stage s
set state = 'running', holder = @holder::text, lease_until = @until::timestamptz, attempts = attempts + 1, percent = 0, eta_seconds = null,
    refusal = '', started_at = @at::timestamptz, ended_at = null
from media_video v
where s.video_id = @video_id and s.stage = @stage and v.id = s.video_id and v.state = 'processing'
    and (s.state = 'waiting' or (s.state = 'running' and s.lease_until < @at::timestamptz))
    and not exists (select 1 from media_stage b where b.video_id = s.video_id and b.position < s.position and b.state <> 'done')
returning s.attempts;

-- name: VideoByID :one
select * from media_video where id = @id;

-- name: LockVideo :one
select * from media_video where id = @id for update;

-- name: KeepStage :execrows
update media_stage set percent = @percent, eta_seconds = sqlc.narg(eta_seconds), lease_until = @until::timestamptz
where video_id = @video_id and stage = @stage and holder = @holder and state = 'running';

-- name: EndStage :execrows
update media_stage
set state = @state, percent = case when @state = 'done' then 100 else percent end, eta_seconds = null, refusal = @refusal,
    holder = '', lease_until = null, enqueued_at = @at::timestamptz, ended_at = @at::timestamptz,
    attempts = case when @forgotten::boolean then attempts - 1 else attempts end
where video_id = @video_id and stage = @stage and holder = @holder and state = 'running';

-- name: ReleaseStage :exec
-- Ends a stage that was cancelled while a worker ran it.
update media_stage set holder = '', lease_until = null where video_id = @video_id and stage = @stage and holder = @holder;

-- name: NoteWaiting :exec
-- Notes that the stage's job has run and will run again, so that it does not count as lost.
update media_stage set refusal = @refusal, enqueued_at = @at where video_id = @video_id and stage = @stage and state = 'waiting';

-- name: NextStage :one
select stage from media_stage where video_id = @video_id and state <> 'done' order by position limit 1;

-- name: RedoFrom :execrows
-- Resets a stage that was done or failed, and all stages after it, so that they run again.
update media_stage s
set state = 'waiting', percent = 0, eta_seconds = null, attempts = 0, refusal = '', holder = '', lease_until = null,
    enqueued_at = @at, started_at = null, ended_at = null
from media_stage f
where f.video_id = @video_id and f.stage = @stage and f.state in ('done', 'failed') and s.video_id = f.video_id and s.position >= f.position;

-- name: CancelStages :exec
update media_stage set state = 'cancelled', ended_at = @at::timestamptz
where video_id = @video_id and state in ('waiting', 'running', 'failed');

-- name: HeldStages :one
select count(*) from media_stage where video_id = @video_id and lease_until > @at::timestamptz;

-- name: LostStages :many
-- Returns stages whose worker is gone, and waiting ones whose job is long overdue.
select s.video_id, s.stage, s.state from media_stage s join media_video v on v.id = s.video_id
where v.state = 'processing' and ((s.state = 'running' and s.lease_until < @at::timestamptz) or (s.state = 'waiting' and s.enqueued_at < @stale::timestamptz))
    and not exists (select 1 from media_stage b where b.video_id = s.video_id and b.position < s.position and b.state <> 'done')
order by s.video_id limit 100
for update of s skip locked;

-- name: FreeStage :exec
update media_stage set state = 'waiting', holder = '', lease_until = null, enqueued_at = @at where video_id = @video_id and stage = @stage;

-- name: ProbedVideo :exec
update media_video set duration_seconds = @duration_seconds, width = @width, height = @height, updated_at = @at where id = @id;

-- name: NoteConversion :exec
update media_video set conversion = @conversion where id = @id;

-- name: PicturedVideo :exec
update media_video set fingerprint = @fingerprint, posters = @posters, updated_at = @at where id = @id;

-- name: ReadyVideo :exec
update media_video set state = 'ready', asset_id = @asset_id::bigint, duration_seconds = @duration_seconds, refusal = '', updated_at = @at
where id = @id and state = 'processing';

-- name: FailedVideo :exec
update media_video set state = 'failed', refusal = @refusal, updated_at = @at where id = @id and state = 'processing';

-- name: ProcessVideo :exec
update media_video set state = 'processing', refusal = '', updated_at = @at where id = @id and state in ('failed', 'processing');

-- name: DeleteVideo :execrows
update media_video set state = 'deleted', updated_at = @at where owner_id = @owner_id and id = @id and state <> 'deleted';

-- name: ForgetFiles :exec
update media_video set original = '', posters = 0, updated_at = @at where id = @id;

-- name: UnlinkAsset :exec
update media_video set asset_id = null where asset_id = @asset_id::bigint and state = 'deleted';

-- name: DeleteAsset :exec
delete from media_asset where id = @id;

-- name: AssetsOfDeleted :many
-- Returns packaged videos that their creator has deleted, but that were still in use then.
select v.id as video_id, a.id as asset_id, a.prefix from media_video v join media_asset a on a.prefix = v.folder
where v.state = 'deleted' and v.original = '' and v.id > @after_id
order by v.id limit @most;

-- name: AssetOwner :one
select owner_id from media_video where asset_id = @asset_id::bigint and state <> 'deleted' limit 1;

-- name: SetTrailer :execrows
update media_video set trailer_from = @trailer_from, trailer_to = @trailer_to, updated_at = @at
where owner_id = @owner_id and id = @id and state <> 'deleted';

-- name: ResetTrailer :exec
-- Resets the trailer to the automatic one, unless the creator has chosen another one meanwhile.
update media_video set trailer_from = 0, trailer_to = @trailer_to, updated_at = @at
where id = @id and trailer_from = @was_from and trailer_to = @was_to;

-- name: SetCaptions :exec
update media_asset set captions = @captions where id = @id;

-- name: LockAsset :one
select * from media_asset where id = @id for update;

-- name: SetChapters :exec
update media_asset set chapters = @chapters where id = @id;

-- name: Duplicates :many
-- Returns the owners of other videos that show the same pictures.
select o.owner_id from media_video v join media_video o on o.fingerprint = v.fingerprint and o.id <> v.id and o.state <> 'deleted'
where v.id = @id and v.fingerprint <> ''
order by o.id limit 100;

-- name: LookupVideos :many
-- Finds videos by the beginning of the file's name, or by the whole fingerprint.
(select * from media_video v where v.state <> 'deleted' and lower(v.name) ~>=~ @begins::text and lower(v.name) ~<~ @ends::text limit @most)
union
(select * from media_video v where v.state <> 'deleted' and v.fingerprint <> '' and v.fingerprint = @q::text limit @most);

-- name: AdoptVideo :exec
insert into media_video (owner_id, name, state, original, size, duration_seconds, width, height, asset_id, folder, created_at, updated_at)
select @owner_id::bigint, @name::text, 'ready', '', @size::bigint, @duration_seconds::int, @width::int, @height::int, sqlc.narg(asset_id)::bigint,
    @folder::text, @at::timestamptz, @at::timestamptz
where not exists (select from media_video where owner_id = @owner_id::bigint and asset_id = sqlc.narg(asset_id)::bigint);
