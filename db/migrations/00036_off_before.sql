-- +goose Up
-- Whether its creator had taken a listing off sale before the mall took it down: what the mall puts back is as it was.
alter table video_product_spu add column off_before boolean not null default false;

-- +goose Down
alter table video_product_spu drop column off_before;
