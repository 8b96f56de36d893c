-- name: ReplyToReview :one
update catalog_review r set reply = @reply, replied_at = case when @reply::text = '' then null else @at::timestamptz end
from video_product_spu s
where r.id = @id and s.id = r.spu_id and s.creator_id = @creator_id
returning r.spu_id;

-- name: ReviewsFor :many
select sqlc.embed(r), s.slug, s.title_zh, s.title_en
from catalog_review r join video_product_spu s on s.id = r.spu_id
where s.creator_id = @creator_id and (not @unanswered::boolean or r.replied_at is null) and (@before_id::bigint = 0 or r.id < @before_id)
order by r.id desc limit @most;

-- name: ReviewsOf :many
select sqlc.embed(r), s.slug, s.title_zh, s.title_en
from catalog_review r join video_product_spu s on s.id = r.spu_id
where r.user_id = @user_id order by r.id desc limit @most;
