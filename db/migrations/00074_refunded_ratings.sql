-- +goose Up
-- When the last purchase behind a review was paid back: since then its rating does not count. Null while it counts.
alter table catalog_review add column refunded_at timestamptz;

-- What was paid back before.
update catalog_review r set refunded_at = e.at
from (
    select user_id, spu_id, max(revoked_at) as at from video_entitlement
    group by user_id, spu_id having bool_and(state = 'revoked')
) e
where e.user_id = r.user_id and e.spu_id = r.spu_id;

update video_product_spu s set rating_sum = r.sum, rating_count = r.count, rating_counts = r.counts
from (
    select spu_id, coalesce(sum(rating) filter (where refunded_at is null), 0) as sum, count(*) filter (where refunded_at is null) as count, array[
            count(*) filter (where rating = 1 and refunded_at is null),
            count(*) filter (where rating = 2 and refunded_at is null),
            count(*) filter (where rating = 3 and refunded_at is null),
            count(*) filter (where rating = 4 and refunded_at is null),
            count(*) filter (where rating = 5 and refunded_at is null)] as counts
    from catalog_review group by spu_id having bool_or(refunded_at is not null)
) r
where r.spu_id = s.id;

-- +goose Down
update video_product_spu s set rating_sum = r.sum, rating_count = r.count, rating_counts = r.counts
from (
    select spu_id, coalesce(sum(rating), 0) as sum, count(*) as count, array[
            count(*) filter (where rating = 1),
            count(*) filter (where rating = 2),
            count(*) filter (where rating = 3),
            count(*) filter (where rating = 4),
            count(*) filter (where rating = 5)] as counts
    from catalog_review group by spu_id having bool_or(refunded_at is not null)
) r
where r.spu_id = s.id;

alter table catalog_review drop column refunded_at;
