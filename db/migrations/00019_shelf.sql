-- +goose Up
-- How many units of this shelf one person may hold and have bought altogether; null is no limit.
alter table video_inventory add column per_user int check (per_user > 0);
-- How many units of a shelf one person holds or has bought, where a limit was set: the limit is this row's, so that two orders of
-- one person can't both pass it.
create table inventory_buyer (
    inventory_id bigint not null references video_inventory (id),
    user_id      bigint not null,
    units        int not null check (units >= 0),
    most         int not null check (most > 0),
    primary key (inventory_id, user_id),
    constraint inventory_buyer_within check (units <= most)
);
-- Which flash sale an item was bought in; null for the normal price.
alter table video_order_item add column campaign_id bigint;
-- What came back lately, for the count in Redis.
create index inventory_reservation_returned_idx on inventory_reservation (settled_at) where state = 'released';
-- The rows of a SKU, the normal one and those of its campaigns.
create index video_inventory_sku_idx on video_inventory (sku_id, campaign_id);

-- +goose Down
drop index video_inventory_sku_idx;
drop index inventory_reservation_returned_idx;
alter table video_order_item drop column campaign_id;
drop table inventory_buyer;
alter table video_inventory drop column per_user;
