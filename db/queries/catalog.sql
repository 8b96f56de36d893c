-- name: Offers :many
-- Returns what can be sold at a moment: active SKUs of live SPUs, with the price valid then.
select k.id as sku_id, s.id as spu_id, s.creator_id, p.id as price_id, s.slug, s.title_zh, s.title_en, s.cover,
       k.kind, k.quality, k.rent_hours, k.stock_limited, k.max_per_order, p.amount, p.list_amount, p.currency
from video_product_sku k
join video_product_spu s on s.id = k.spu_id and s.status = 'live'
join sku_price p on p.sku_id = k.id and p.valid @> @at::timestamptz
where k.id = any(@sku_ids::bigint[]) and k.status = 'active';

-- name: InsertCategory :one
insert into catalog_category (slug, name_zh, name_en, position) values (@slug, @name_zh, @name_en, @position) returning id;

-- name: InsertCreator :exec
insert into catalog_creator (user_id, slug, name_zh, name_en, bio_zh, bio_en, avatar, created_at)
values (@user_id, @slug, @name_zh, @name_en, @bio_zh, @bio_en, @avatar, @created_at);

-- name: InsertSPU :one
insert into video_product_spu (slug, creator_id, category_id, title_zh, title_en, description_zh, description_en, tags,
    cover, asset_id, duration_seconds, free_seconds, series_id, episode, published_at, created_at, updated_at)
values (@slug, @creator_id, @category_id, @title_zh, @title_en, @description_zh, @description_en, @tags,
    @cover, sqlc.narg(asset_id), @duration_seconds, @free_seconds, nullif(@series_id::bigint, 0), nullif(@episode::int, 0),
    sqlc.narg(published_at), @at, @at)
returning id;

-- name: InsertSKU :one
insert into video_product_sku (spu_id, kind, quality, rent_hours, stock_limited, max_per_order, created_at)
values (@spu_id, @kind, @quality, @rent_hours, @stock_limited, @max_per_order, @at)
returning id;

-- name: InsertPrice :exec
-- A version's number is never used again, even if the version was called off.
insert into sku_price (sku_id, version, amount, list_amount, currency, valid_from, valid_until, created_at, created_by)
select @sku_id, greatest(coalesce(max(version), 0), (select coalesce(max(c.version), 0) from sku_price_cancelled c where c.sku_id = @sku_id)) + 1,
       @amount, sqlc.narg(list_amount), @currency, @valid_from::timestamptz, sqlc.narg(valid_until)::timestamptz, @at::timestamptz,
       nullif(@created_by::bigint, 0)
from sku_price where sku_price.sku_id = @sku_id;

-- name: SetStatus :execrows
-- The guard is the list of states that the new one may follow.
update video_product_spu
set status = @status, published_at = case when @status::text = 'live' then coalesce(published_at, @at::timestamptz) else published_at end,
    version = version + 1, updated_at = @at::timestamptz
where id = @id and status = any(@from_statuses::text[]);

-- name: SetAsset :execrows
update video_product_spu set asset_id = @asset_id, duration_seconds = @duration_seconds, updated_at = @at where id = @id;

-- name: FreeMinutes :one
-- Returns the part of a listing that anybody may watch, if the listing is on sale.
select asset_id, duration_seconds, free_seconds from video_product_spu
where id = @id and status = 'live' and asset_id is not null and free_seconds > 0;

-- name: NeedsAsset :one
select exists (select 1 from video_product_spu where asset_id = @asset_id::bigint);

-- name: LockSPUOfSKU :one
-- The lock makes changes of one SPU's prices run one after another.
select s.id from video_product_spu s
where s.id = (select k.spu_id from video_product_sku k where k.id = @sku_id)
for no key update;

-- name: ForeignCurrency :one
select exists (
    select 1 from video_product_sku k join sku_price p on p.sku_id = k.id
    where k.spu_id = @spu_id and p.currency <> @currency
);

-- name: OpenPrice :one
-- Returns the version without an end that is valid at a moment.
select id, amount, list_amount, currency, valid_from from sku_price
where sku_id = @sku_id and valid_until is null and valid_from <= @at::timestamptz;

-- name: EndPrice :exec
update sku_price set valid_until = @valid_until::timestamptz where id = @id;

-- name: Reprice :exec
with running as (
    select k.id as sku_id, p.amount, p.list_amount, p.currency
    from video_product_sku k join sku_price p on p.sku_id = k.id and p.valid @> @at::timestamptz
    where k.spu_id = @spu_id and k.status = 'active'
    order by p.amount, k.id limit 1
), boundary as (
    select min(case when p.valid_from > @at::timestamptz then p.valid_from else p.valid_until end) as at
    from video_product_sku k join sku_price p on p.sku_id = k.id
    where k.spu_id = @spu_id and k.status = 'active'
      and (p.valid_from > @at::timestamptz or p.valid_until > @at::timestamptz)
)
update video_product_spu s
set from_sku_id = (select sku_id from running), from_amount = (select amount from running),
    from_list_amount = (select list_amount from running), from_currency = (select currency from running),
    reprice_at = (select at from boundary), updated_at = @at::timestamptz
where s.id = @spu_id;

-- name: LockRepriceDue :many
select id from video_product_spu where reprice_at <= @at::timestamptz order by reprice_at, id limit @most
for no key update skip locked;

-- name: CountSale :execrows
-- A refund takes back no more than was counted, because it may concern an order that was never delivered.
update video_product_spu set sold_count = greatest(0, sold_count + @n::bigint) where id = @spu_id;

-- name: ProductByID :one
select sqlc.embed(s), c.slug as category_slug, c.name_zh as category_zh, c.name_en as category_en,
       m.slug as creator_slug, m.name_zh as creator_zh, m.name_en as creator_en, m.avatar as creator_avatar,
       e.slug as series_slug, e.title_zh as series_zh, e.title_en as series_en
from video_product_spu s
join catalog_category c on c.id = s.category_id
join catalog_creator m on m.user_id = s.creator_id
left join catalog_series e on e.id = s.series_id
where s.id = @id;

-- name: SPUIDBySlug :one
select id from video_product_spu where slug = @slug;

-- name: SPUIDBySKU :one
select spu_id from video_product_sku where id = @sku_id;

-- name: SKUs :many
select k.id, k.kind, k.quality, k.rent_hours, k.stock_limited, k.max_per_order,
       p.id as price_id, p.amount, p.list_amount, p.currency, p.valid_until
from video_product_sku k
left join sku_price p on p.sku_id = k.id and p.valid @> @at::timestamptz
where k.spu_id = @spu_id and k.status = 'active'
order by k.kind desc, k.quality desc, k.rent_hours, k.id;

-- name: Cards :many
select s.id, s.slug, s.title_zh, s.title_en, s.cover, s.duration_seconds, s.status, s.rating_sum, s.rating_count,
       s.sold_count, s.from_sku_id, s.from_amount, s.from_list_amount, s.from_currency, s.published_at,
       s.creator_id, m.slug as creator_slug, m.name_zh as creator_zh, m.name_en as creator_en,
       c.slug as category_slug, c.name_zh as category_zh, c.name_en as category_en
from video_product_spu s
join catalog_category c on c.id = s.category_id
join catalog_creator m on m.user_id = s.creator_id
where s.id = any(@ids::bigint[]);

-- name: RelatedIDs :many
-- Returns videos of the same creator and best sellers of the same category. Those that share the most tags come
-- first.
with me as (
    select id, category_id, creator_id, tags from video_product_spu where video_product_spu.id = @spu_id
), near as (
    (select s.id, s.tags, s.creator_id, s.sold_count from video_product_spu s
     where s.category_id = (select category_id from me) and s.status = 'live' and s.from_amount is not null
     order by s.sold_count desc, s.id desc limit 60)
    union
    (select s.id, s.tags, s.creator_id, s.sold_count from video_product_spu s
     where s.creator_id = (select creator_id from me) and s.status = 'live' and s.from_amount is not null
     order by s.id desc limit 20)
)
select near.id from near, me
where near.id <> me.id
order by (select count(*) from unnest(near.tags) t where t = any(me.tags))
         + case when near.creator_id = me.creator_id then 1 else 0 end desc, near.sold_count desc, near.id desc
limit @most;

-- name: Categories :many
select c.id, c.slug, c.name_zh, c.name_en, coalesce(n.videos, 0)::bigint as videos
from catalog_category c
left join (
    select category_id, count(*) as videos from video_product_spu
    where status = 'live' and from_amount is not null group by category_id
) n on n.category_id = c.id
order by c.position, c.id;

-- name: CreatorBySlug :one
select m.*, (select count(*) from video_product_spu s
             where s.creator_id = m.user_id and s.status = 'live' and s.from_amount is not null) as videos
from catalog_creator m where m.slug = @slug;

-- name: Creators :many
select m.*, coalesce(n.videos, 0)::bigint as videos
from catalog_creator m
join (select creator_id, count(*) as videos, sum(sold_count) as sold from video_product_spu
      where status = 'live' and from_amount is not null group by creator_id) n on n.creator_id = m.user_id
order by n.sold desc, m.user_id
limit @most;

-- name: InsertReview :one
insert into catalog_review (spu_id, user_id, author, rating, body, locale, created_at)
values (@spu_id, @user_id, @author, @rating, @body, @locale, @at)
returning id;

-- name: CountRating :one
update video_product_spu
set rating_sum = rating_sum + @rating::int, rating_count = rating_count + 1,
    rating_counts[@rating::int] = rating_counts[@rating::int] + 1
where id = @spu_id
returning creator_id;

-- name: UncountRating :exec
update video_product_spu
set rating_sum = rating_sum - @rating::int, rating_count = rating_count - 1,
    rating_counts[@rating::int] = rating_counts[@rating::int] - 1
where id = @spu_id;

-- name: ReviewedOf :many
select spu_id from catalog_review where user_id = @user_id and spu_id = any(@spu_ids::bigint[]);

-- name: LockProducts :exec
select 1 from video_product_spu where id = any(@ids::bigint[]) order by id for no key update;

-- name: RefundReview :one
update catalog_review set refunded_at = @at::timestamptz
where user_id = @user_id and spu_id = @spu_id and refunded_at is null
returning rating;

-- name: RestoreReview :one
update catalog_review set refunded_at = null
where user_id = @user_id and spu_id = @spu_id and refunded_at is not null
returning rating;

-- name: ReviewBy :one
select * from catalog_review where spu_id = @spu_id and user_id = @user_id;

-- name: Reviews :many
select * from catalog_review where spu_id = @spu_id order by created_at desc, id desc limit @most;

-- name: ReviewsAfter :many
select * from catalog_review
where spu_id = @spu_id and (created_at, id) < (@created_at::timestamptz, @id::bigint)
order by created_at desc, id desc limit @most;

-- name: Texts :many
-- Returns the texts that a search may find, of those SPUs that are live.
select s.id, s.title_zh, s.title_en, s.description_zh, s.description_en, s.tags, s.sold_count, s.rating_sum, s.rating_count,
       m.name_zh as creator_zh, m.name_en as creator_en, c.name_zh as category_zh, c.name_en as category_en
from video_product_spu s
join catalog_category c on c.id = s.category_id
join catalog_creator m on m.user_id = s.creator_id
where s.id = any(@ids::bigint[]) and s.status = 'live'
order by s.id;

-- name: LiveIDs :many
select id from video_product_spu where status = 'live' and id > @after order by id limit @most;

-- name: SellableIDs :many
select k.id from video_product_sku k
join video_product_spu s on s.id = k.spu_id and s.status = 'live'
where k.status = 'active' and (@creator_id::bigint = 0 or s.creator_id = @creator_id)
order by s.published_at desc, s.id desc, k.kind desc, k.quality desc, k.rent_hours, k.id
limit @most;

-- name: PublishedPrices :many
-- Returns each price above zero at which something is sold now, with how many SKUs have it.
select p.currency, p.amount, count(*) as skus from video_product_spu s
join video_product_sku k on k.spu_id = s.id and k.status = 'active'
join sku_price p on p.sku_id = k.id and p.valid @> @at::timestamptz
where s.status = 'live' and p.amount > 0
group by p.currency, p.amount order by p.currency, p.amount;

-- name: NextPriceChange :one
-- Returns the next moment at which a price of an SPU begins or ends, and no row if nothing is scheduled.
select (case when p.valid_from > @at::timestamptz then p.valid_from else p.valid_until end)::timestamptz as change_at
from video_product_sku k join sku_price p on p.sku_id = k.id
where k.spu_id = @spu_id and k.status = 'active'
  and (p.valid_from > @at::timestamptz or p.valid_until > @at::timestamptz)
order by change_at limit 1;

-- name: CreatorsOf :many
select id, creator_id from video_product_spu where id = any(@spu_ids::bigint[]);

-- name: LiveOf :one
-- Returns how many of a creator's listings are on sale, and when the first of them was published.
select count(*) as live, coalesce(min(published_at), 'epoch')::timestamptz as since
from video_product_spu where creator_id = @creator_id and status = 'live' and published_at is not null;
