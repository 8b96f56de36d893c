-- The queries of the sitemap. A part of it has the ids of one block, so that a video always stays in the same part,
-- and finding a part needs no counting.

-- name: VideoParts :many
select (id / @block::bigint)::bigint as part, max(updated_at)::timestamptz as changed_at from video_product_spu
where status = 'live' and from_amount is not null group by 1 order by 1;

-- name: CreatorParts :many
select (creator_id / @block::bigint)::bigint as part, max(updated_at)::timestamptz as changed_at from video_product_spu
where status = 'live' and from_amount is not null group by 1 order by 1;

-- name: SeriesParts :many
select (series_id / @block::bigint)::bigint as part, max(updated_at)::timestamptz as changed_at from video_product_spu
where status = 'live' and from_amount is not null and series_id is not null group by 1 order by 1;

-- name: VideosOfPart :many
select id, slug, updated_at as changed_at from video_product_spu
where id > @after and id < @below and status = 'live' and from_amount is not null order by id limit @max_rows;

-- name: CreatorsOfPart :many
select m.user_id as id, m.slug, v.changed_at::timestamptz as changed_at from catalog_creator m
cross join lateral (select max(s.updated_at) as changed_at from video_product_spu s
    where s.creator_id = m.user_id and s.status = 'live' and s.from_amount is not null) v
where m.user_id > @after and m.user_id < @below and v.changed_at is not null order by m.user_id limit @max_rows;

-- name: SeriesOfPart :many
select e.id, e.slug, v.changed_at::timestamptz as changed_at from catalog_series e
cross join lateral (select max(s.updated_at) as changed_at from video_product_spu s
    where s.series_id = e.id and s.status = 'live' and s.from_amount is not null) v
where e.id > @after and e.id < @below and v.changed_at is not null order by e.id limit @max_rows;
