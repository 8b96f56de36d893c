-- +goose Up
-- A page of numbers asks for one video, or for the creator as a whole, over a range of days: what it sums stands side by side. The lists
-- of videos go on reading (creator_id, day, spu_id).
create index insight_day_video_idx on insight_day (creator_id, spu_id, day);
create index insight_traffic_video_idx on insight_traffic (creator_id, spu_id, day);
alter table insight_arrival drop constraint insight_arrival_pkey, add primary key (creator_id, spu_id, day, source);
alter table insight_buyer drop constraint insight_buyer_pkey, add primary key (creator_id, spu_id, day, source);
alter table insight_retention drop constraint insight_retention_pkey, add primary key (creator_id, spu_id, day);

-- +goose Down
alter table insight_retention drop constraint insight_retention_pkey, add primary key (creator_id, day, spu_id);
alter table insight_buyer drop constraint insight_buyer_pkey, add primary key (creator_id, day, spu_id, source);
alter table insight_arrival drop constraint insight_arrival_pkey, add primary key (creator_id, day, spu_id, source);
drop index insight_traffic_video_idx;
drop index insight_day_video_idx;
