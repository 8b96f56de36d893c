-- +goose Up
-- A coupon: a code that lowers what its videos cost. A creator's covers own videos, an operator's the whole mall.
create table promotion_coupon (
    id          bigint generated always as identity primary key,
    owner_id    bigint not null, -- the account that made it
    mall_wide   boolean not null default false,
    code        text not null constraint promotion_coupon_code unique check (code ~ '^[A-Z0-9][A-Z0-9-]{2,31}$'),
    currency    text not null check (currency ~ '^[A-Z]{3}$'),
    amount_off  bigint not null default 0 check (amount_off >= 0),
    percent_off int not null default 0 check (percent_off between 0 and 100),
    max_off     bigint not null default 0 check (max_off >= 0), -- the cap of a percentage; 0 for none
    min_spend   bigint not null default 0 check (min_spend >= 0), -- on the videos that it covers
    valid_from  timestamptz not null,
    valid_until timestamptz not null,
    total_limit int not null check (total_limit between 1 and 1000000),
    per_user    int not null check (per_user between 1 and 100),
    status      text not null default 'live' check (status in ('live', 'stopped')),
    version     int not null default 0, -- counts edits and the stop, not uses
    held        int not null default 0 check (held >= 0), -- by orders that wait for payment
    used        int not null default 0 check (used >= 0), -- by orders that were paid
    created_at  timestamptz not null,
    stopped_at  timestamptz,
    constraint promotion_coupon_off check ((amount_off > 0) <> (percent_off > 0)),
    constraint promotion_coupon_cap check (max_off = 0 or percent_off > 0),
    constraint promotion_coupon_times check (valid_from < valid_until),
    constraint promotion_coupon_limit check (held + used <= total_limit),
    constraint promotion_coupon_stopped_at check ((status = 'stopped') = (stopped_at is not null))
);
create index promotion_coupon_owner_idx on promotion_coupon (owner_id, id desc);

-- The videos that a coupon covers; none listed: all of its owner's.
create table promotion_coupon_spu (
    coupon_id bigint not null references promotion_coupon (id),
    spu_id    bigint not null,
    primary key (coupon_id, spu_id)
);

-- One use of a coupon by one order. Slot is which of the person's uses it is: with the index below, two orders that race can't both
-- have the last one.
create table promotion_coupon_use (
    order_no   text primary key,
    coupon_id  bigint not null references promotion_coupon (id),
    user_id    bigint not null,
    slot       int not null check (slot between 1 and 100),
    discount   bigint not null check (discount >= 0),
    state      text not null check (state in ('held', 'used', 'returned')),
    held_at    timestamptz not null,
    settled_at timestamptz
);
create unique index promotion_coupon_use_slot on promotion_coupon_use (coupon_id, user_id, slot) where state <> 'returned';

-- Several videos sold together for less.
create table promotion_bundle (
    id          bigint generated always as identity primary key,
    owner_id    bigint not null,
    name_zh     text not null check (length(name_zh) between 1 and 80),
    name_en     text not null check (length(name_en) between 1 and 80),
    currency    text not null check (currency ~ '^[A-Z]{3}$'),
    price       bigint not null default 0 check (price >= 0),
    percent_off int not null default 0 check (percent_off between 0 and 99),
    status      text not null default 'live' check (status in ('live', 'ended')),
    version     int not null default 0,
    created_at  timestamptz not null,
    ended_at    timestamptz,
    constraint promotion_bundle_off check ((price > 0) <> (percent_off > 0)),
    constraint promotion_bundle_ended_at check ((status = 'ended') = (ended_at is not null))
);
create index promotion_bundle_owner_idx on promotion_bundle (owner_id, id desc);

create table promotion_bundle_item (
    bundle_id bigint not null references promotion_bundle (id),
    line_no   int not null,
    sku_id    bigint not null,
    spu_id    bigint not null,
    primary key (bundle_id, line_no),
    unique (bundle_id, spu_id)
);
create index promotion_bundle_item_spu_idx on promotion_bundle_item (spu_id);

-- What an order was given. An item is paid with amount less discount, and no more than that can go back.
alter table video_order add column coupon_id bigint, add column coupon_code text not null default '', add column bundle_id bigint,
    add constraint video_order_one_offer check (coupon_id is null or bundle_id is null);
alter table video_order_item add column discount_amount bigint not null default 0,
    add constraint video_order_item_discount check (discount_amount between 0 and amount),
    drop constraint video_order_item_refunded_within,
    add constraint video_order_item_refunded_within check (refunded_amount between 0 and amount - discount_amount);
-- Who has ordered a bundle and not got it yet would pay for the same films twice.
create unique index video_order_bundle_open on video_order (user_id, bundle_id)
    where bundle_id is not null and status in ('INIT', 'PENDING_PAY', 'PAID');

-- +goose Down
drop index video_order_bundle_open;
alter table video_order_item drop constraint video_order_item_refunded_within,
    drop column discount_amount,
    add constraint video_order_item_refunded_within check (refunded_amount between 0 and amount);
alter table video_order drop column coupon_id, drop column coupon_code, drop column bundle_id;
drop table promotion_bundle_item;
drop table promotion_bundle;
drop table promotion_coupon_use;
drop table promotion_coupon_spu;
drop table promotion_coupon;
