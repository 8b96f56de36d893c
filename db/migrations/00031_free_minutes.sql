-- +goose Up
-- How much of a video's film, from its begin, anybody may watch without buying it.
alter table video_product_spu add column free_seconds int not null default 0 check (free_seconds between 0 and 1800);

-- +goose Down
alter table video_product_spu drop column free_seconds;
