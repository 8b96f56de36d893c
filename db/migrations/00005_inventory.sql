-- +goose Up
-- A SKU with unlimited stock has no row. campaign_id null is the normal stock; a flash sale has its own row.
create table video_inventory (
    id          bigint generated always as identity primary key,
    sku_id      bigint not null,
    campaign_id bigint,
    total       bigint not null check (total >= 0),
    available   bigint not null check (available >= 0),
    frozen      bigint not null default 0 check (frozen >= 0),
    sold        bigint not null default 0 check (sold >= 0),
    updated_at  timestamptz not null default now(),
    constraint video_inventory_whole check (available + frozen + sold = total)
);
create unique index video_inventory_normal_key on video_inventory (sku_id) where campaign_id is null;
create unique index video_inventory_campaign_key on video_inventory (sku_id, campaign_id) where campaign_id is not null;

create table inventory_reservation (
    id           bigint generated always as identity primary key,
    token        uuid not null unique,
    inventory_id bigint not null references video_inventory (id),
    order_no     text not null,
    sku_id       bigint not null,
    campaign_id  bigint,
    user_id      bigint not null,
    qty          int not null check (qty > 0),
    state        text not null default 'held' check (state in ('held', 'sold', 'released')),
    created_at   timestamptz not null default now(),
    expires_at   timestamptz not null,
    settled_at   timestamptz
);
create index inventory_reservation_order_idx on inventory_reservation (order_no);
create index inventory_reservation_held_idx on inventory_reservation (expires_at) where state = 'held';
create index inventory_reservation_buyer_idx on inventory_reservation (sku_id, user_id) where state <> 'released';

-- +goose Down
drop table inventory_reservation;
drop table video_inventory;
