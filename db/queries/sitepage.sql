-- name: Current :one
select * from site_page_version where slug = @slug order by version desc limit 1;

-- name: CurrentOfAll :many
select distinct on (slug) * from site_page_version order by slug, version desc;

-- name: Version :one
select * from site_page_version where slug = @slug and version = @version;

-- name: Versions :many
select version, saved_at, saved_by from site_page_version where slug = @slug order by version desc limit @max_rows;

-- name: AddVersion :execrows
-- Adds the version after the one that was edited, unless another one was added meanwhile. Of two at once, the primary
-- key lets only one through.
insert into site_page_version (slug, version, body_zh, body_en, saved_at, saved_by)
select e.slug, e.version + 1, e.body_zh, e.body_en, e.saved_at, e.saved_by
from (select @slug::text as slug, @after::int as version, @body_zh::text as body_zh, @body_en::text as body_en,
    @saved_at::timestamptz as saved_at, @saved_by::bigint as saved_by) e
where (select coalesce(max(v.version), 0) from site_page_version v where v.slug = e.slug) = e.version
on conflict do nothing;
