-- name: LockListing :one
-- Everything that changes a listing locks its SPU first, so that edits, reviews and prices change one after another.
select id, slug, creator_id, category_id, status, published_at, asset_id, duration_seconds, video_id, taken_by_creator, off_before from video_product_spu
where id = @id for no key update;

-- name: ListingFacts :one
-- Returns the same columns as LockListing, without the lock.
select id, slug, creator_id, category_id, status, published_at, asset_id, duration_seconds, video_id, taken_by_creator, off_before from video_product_spu
where id = @id;

-- name: SPUIDByRevision :one
select spu_id from catalog_revision where id = @id;

-- name: LatestRevision :one
select * from catalog_revision where spu_id = @spu_id order by number desc limit 1;

-- name: RevisionByID :one
select sqlc.embed(r), s.creator_id, s.status, s.published_at from catalog_revision r join video_product_spu s on s.id = r.spu_id where r.id = @id;

-- name: RevisionsOf :many
select * from catalog_revision where spu_id = @spu_id order by number desc limit @most;

-- name: InsertRevision :one
insert into catalog_revision (spu_id, number, version, content, editor, created_at, updated_at)
values (@spu_id, @number, @version, @content, @editor, @at, @at)
returning *;

-- name: UpdateRevision :one
update catalog_revision set content = @content, editor = @editor, version = version + 1, updated_at = @at
where id = @id and state = 'draft' and version = @version
returning *;

-- name: SubmitRevision :execrows
update catalog_revision set state = 'in_review', version = version + 1, editor = '', submitted_at = @at::timestamptz, updated_at = @at::timestamptz
where id = @id and state = 'draft' and version = @version;

-- name: WithdrawRevision :execrows
update catalog_revision set state = 'withdrawn', version = version + 1, updated_at = @at where id = @id and state = 'in_review';

-- name: DecideRevision :execrows
update catalog_revision set state = @state, note = @note, version = version + 1, decided_at = @at::timestamptz, updated_at = @at::timestamptz
where id = @id and state = 'in_review';

-- name: ReopenRevision :execrows
-- Changes nothing if the creator has begun or submitted a newer revision since this one was returned.
update catalog_revision r set state = 'in_review', note = '', version = version + 1, decided_at = null, updated_at = @at
where r.id = @id and r.state = 'returned' and not exists (select 1 from catalog_revision n where n.spu_id = r.spu_id and n.number > r.number);

-- name: DeleteRevisions :exec
delete from catalog_revision where spu_id = @spu_id;

-- name: ListingState :one
select s.status, s.taken_by_creator, (exists (select 1 from catalog_revision r where r.spu_id = s.id and r.submitted_at is not null)
    or exists (select 1 from video_product_sku k where k.spu_id = s.id))::boolean as submitted
from video_product_spu s where s.id = @id;

-- name: DeleteDraft :exec
delete from video_product_spu where id = @id and status = 'draft' and published_at is null;

-- name: SlugTaken :one
select exists (select 1 from video_product_spu where slug = @slug and id <> @spu_id);

-- name: CategoryExists :one
select exists (select 1 from catalog_category where id = @id);

-- name: PutContent :exec
update video_product_spu
set slug = @slug, title_zh = @title_zh, title_en = @title_en, description_zh = @description_zh, description_en = @description_en,
    category_id = @category_id, tags = @tags, cover = @cover, series_id = nullif(@series_id::bigint, 0), episode = nullif(@episode::int, 0),
    video_id = nullif(@video_id::bigint, 0), asset_id = sqlc.narg(asset_id), duration_seconds = @duration_seconds,
    free_seconds = @free_seconds,
    status = case when status = 'in_review' then 'live' else status end,
    published_at = case when status = 'in_review' then coalesce(published_at, @at::timestamptz) else published_at end,
    version = version + 1, updated_at = @at::timestamptz
where id = @id;

-- name: MarkTakenBy :exec
update video_product_spu set taken_by_creator = @by_creator, off_before = @off_before where id = @id;

-- name: PutSKU :one
-- A SKU that was retired and is offered again is the same SKU.
insert into video_product_sku (spu_id, kind, quality, rent_hours, stock_limited, max_per_order, created_at)
values (@spu_id, @kind, @quality, @rent_hours, @stock_limited, @max_per_order, @at)
on conflict (spu_id, kind, quality, rent_hours) do update
set stock_limited = excluded.stock_limited, max_per_order = excluded.max_per_order, status = 'active'
returning id;

-- name: RetireOthers :exec
update video_product_sku set status = 'retired' where spu_id = @spu_id and status = 'active' and id <> all(@keep::bigint[]);

-- name: NextPrice :one
-- Returns when the next price of a SKU begins, and no row if there is none.
select valid_from from sku_price where sku_id = @sku_id and valid_from > @at::timestamptz order by valid_from limit 1;

-- name: EndPrices :exec
-- Ends the price that is valid, and calls off those that were scheduled.
with ahead as (
    delete from sku_price where sku_id = @sku_id and valid_from >= @at::timestamptz
    returning id, sku_id, version, amount, list_amount, currency, valid_from, valid_until, created_at, created_by
), kept as (
    insert into sku_price_cancelled (id, sku_id, version, amount, list_amount, currency, valid_from, valid_until, created_at, created_by, cancelled_at, cancelled_by)
    select ahead.*, @at::timestamptz, @by::bigint from ahead
)
update sku_price p set valid_until = @at::timestamptz where p.sku_id = @sku_id and p.valid_from < @at::timestamptz and (p.valid_until is null or p.valid_until > @at::timestamptz);

-- name: SKUsOfListing :many
-- Returns all SKUs of a listing, with the price valid at a moment.
select k.*, p.amount, p.list_amount, p.currency
from video_product_sku k
left join sku_price p on p.sku_id = k.id and p.valid @> @at::timestamptz
where k.spu_id = @spu_id
order by k.kind desc, k.quality desc, k.rent_hours, k.id;

-- name: Listings :many
-- Returns a creator's listings, with the latest revision of each.
select s.id, s.slug, s.status, s.title_zh, s.title_en, s.cover, s.from_amount, s.from_currency, s.sold_count, s.updated_at, s.published_at,
       s.taken_by_creator, coalesce(r.state, '') as revision_state, r.content as revision_content, coalesce(r.updated_at, s.updated_at)::timestamptz as revised_at
from video_product_spu s
left join lateral (select state, content, updated_at from catalog_revision where spu_id = s.id order by number desc limit 1) r on true
where s.creator_id = @creator_id and (@before_id::bigint = 0 or s.id < @before_id)
  and (@state::text = '' or s.status = @state or (@state = 'in_review' and r.state = 'in_review'))
order by s.id desc limit @most;

-- name: InsertSeries :one
insert into catalog_series (creator_id, slug, title_zh, title_en, created_at) values (@creator_id, @slug, @title_zh, @title_en, @at) returning id;

-- name: SeriesOf :many
select e.id, e.slug, e.title_zh, e.title_en,
       (select count(*) from video_product_spu s where s.series_id = e.id and s.status = 'live') as episodes
from catalog_series e where e.creator_id = @creator_id order by e.id desc;

-- name: SeriesBySlug :one
select e.id, e.creator_id, e.slug, e.title_zh, e.title_en, m.slug as creator_slug, m.name_zh as creator_zh, m.name_en as creator_en
from catalog_series e join catalog_creator m on m.user_id = e.creator_id where e.slug = @slug;

-- name: SeriesByID :one
select e.id, e.creator_id, e.slug, e.title_zh, e.title_en, m.slug as creator_slug, m.name_zh as creator_zh, m.name_en as creator_en
from catalog_series e join catalog_creator m on m.user_id = e.creator_id where e.id = @id;

-- name: Episodes :many
select id, episode from video_product_spu where series_id = @series_id and status = 'live' order by episode, id;

-- name: EpisodeTaken :one
-- Reports whether another video of the series is that episode, or will be once it is approved.
select exists (select 1 from video_product_spu s where s.series_id = @series_id::bigint and s.episode = @episode::int and s.id <> @spu_id and s.status <> 'draft');

-- name: PriceOwner :one
select sqlc.embed(p), k.spu_id, s.creator_id from sku_price p
join video_product_sku k on k.id = p.sku_id join video_product_spu s on s.id = k.spu_id
where p.id = @id;

-- name: SKUOwner :one
select k.id, k.spu_id, k.stock_limited, k.status, s.creator_id from video_product_sku k join video_product_spu s on s.id = k.spu_id where k.id = @id;

-- name: PriceEndingAt :one
select * from sku_price where sku_id = @sku_id and valid_until = @at::timestamptz;

-- name: PriceBeginningAt :one
select * from sku_price where sku_id = @sku_id and valid_from = @at::timestamptz;

-- name: KeepCancelled :exec
insert into sku_price_cancelled (id, sku_id, version, amount, list_amount, currency, valid_from, valid_until, created_at, created_by, cancelled_at, cancelled_by)
select id, sku_id, version, amount, list_amount, currency, valid_from, valid_until, created_at, created_by, @at, @by
from sku_price p where p.id = @id;

-- name: DeletePrice :exec
delete from sku_price where id = @id;

-- name: StretchPrice :exec
update sku_price set valid_until = sqlc.narg(valid_until) where id = @id;

-- name: PriceHistory :many
-- Returns every price version of a listing's SKUs, including those that were called off. The latest come first.
select p.sku_id, p.id, p.version, p.amount, p.list_amount, p.currency, p.valid_from, p.valid_until, p.created_at, p.created_by,
       null::timestamptz as cancelled_at
from sku_price p join video_product_sku k on k.id = p.sku_id where k.spu_id = @spu_id
union all
select p.sku_id, p.id, p.version, p.amount, p.list_amount, p.currency, p.valid_from, p.valid_until, p.created_at, p.created_by, p.cancelled_at
from sku_price_cancelled p join video_product_sku k on k.id = p.sku_id where k.spu_id = @spu_id
order by sku_id, valid_from desc, version desc;

-- name: PriceBand :one
-- Returns what the best sellers of a category cost now, for one kind of SKU. Free ones are left out.
with known as (
    select s.id from video_product_spu s
    where s.category_id = @category_id and s.status = 'live' order by s.sold_count desc, s.id desc limit 1000
)
select count(*) as n, coalesce(percentile_disc(0.1) within group (order by p.amount), 0)::bigint as p10,
       coalesce(percentile_disc(0.5) within group (order by p.amount), 0)::bigint as median,
       coalesce(percentile_disc(0.9) within group (order by p.amount), 0)::bigint as p90
from known
join video_product_sku k on k.spu_id = known.id and k.status = 'active' and k.kind = @kind
join sku_price p on p.sku_id = k.id and p.valid @> @at::timestamptz and p.currency = @currency and p.amount > 0;

-- name: CreatorByUser :one
select * from catalog_creator where user_id = @user_id;

-- name: UpdateCreator :exec
update catalog_creator set name_zh = @name_zh, name_en = @name_en, bio_zh = @bio_zh, bio_en = @bio_en where user_id = @user_id;

-- name: LookupListings :many
-- Finds listings by id, or by the beginning of a title: the title of what is or was on sale, and that of an open
-- revision.
select s.id, s.slug, s.creator_id, s.status, coalesce(nullif(o.content ->> 'titleZh', ''), s.title_zh)::text as title_zh,
    coalesce(nullif(o.content ->> 'titleEn', ''), s.title_en)::text as title_en
from video_product_spu s
left join catalog_revision o on o.spu_id = s.id and o.state in ('draft', 'in_review') and s.published_at is null
where s.id = any(array(
    select f.id from (
        (select p.id from video_product_spu p where p.id = @id::bigint)
        union (select p.id from video_product_spu p where lower(p.title_zh) ~>=~ @begins::text and lower(p.title_zh) ~<~ @ends::text limit @most)
        union (select p.id from video_product_spu p where lower(p.title_en) ~>=~ @begins and lower(p.title_en) ~<~ @ends limit @most)
        union (select r.spu_id from catalog_revision r where r.state in ('draft', 'in_review')
            and lower(r.content ->> 'titleZh') ~>=~ @begins and lower(r.content ->> 'titleZh') ~<~ @ends limit @most)
        union (select r.spu_id from catalog_revision r where r.state in ('draft', 'in_review')
            and lower(r.content ->> 'titleEn') ~>=~ @begins and lower(r.content ->> 'titleEn') ~<~ @ends limit @most)
    ) f limit @most));
