-- +goose Up
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
-- The rows of a SKU, the normal one and those of its campaigns.
create index video_inventory_sku_idx on video_inventory (sku_id, campaign_id);

-- +goose Down
drop index video_inventory_sku_idx;
alter table video_order_item drop column campaign_id;
drop table inventory_buyer;
