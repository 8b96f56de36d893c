-- +goose Up
-- What creators see of their business, summed by day. A day is one of UTC. A row with spu_id 0 is the creator as a whole, where an
-- order of two films is one order and a person who saw two films is one visitor.
create table insight_day (
    day        date not null,
    creator_id bigint not null,
    spu_id     bigint not null,
    currency   text not null check (currency ~ '^[A-Z]{3}$'),
    orders     bigint not null default 0 check (orders >= 0),   -- paid that day
    units      bigint not null default 0 check (units >= 0),
    gross      bigint not null default 0 check (gross >= 0),    -- what was paid for them, minor units
    refunds    bigint not null default 0 check (refunds >= 0),  -- that went through that day, whenever was paid
    refunded   bigint not null default 0 check (refunded >= 0), -- minor units
    primary key (day, creator_id, spu_id, currency)
);
create index insight_day_creator_idx on insight_day (creator_id, day, spu_id);

-- Up to where a day was summed from the rows of orders: an event of a transaction that this snapshot sees is in the sums already.
-- Whoever changes insight_day locks this table first, so that sums and snapshot agree.
create table insight_mark (
    day      date primary key,
    snapshot pg_snapshot not null,
    at       timestamptz not null
);

-- Events that are in the sums, for as long as one may come twice.
create table insight_event (
    event_id bigint primary key,
    at       timestamptz not null
);
create index insight_event_at_idx on insight_event (at);

-- Visits and plays by day.
create table insight_traffic (
    creator_id    bigint not null,
    spu_id        bigint not null,
    day           date not null,
    views         bigint not null default 0, -- of the video's page
    visitors      bigint not null default 0, -- browsers that saw it that day
    viewers       bigint not null default 0, -- accounts that played it that day
    watch_seconds bigint not null default 0,
    primary key (creator_id, day, spu_id)
);

-- Where the browsers of those views came from, and where the buyers of those orders did.
create table insight_arrival (
    creator_id bigint not null,
    day        date not null,
    spu_id     bigint not null,
    source     text not null check (length(source) between 1 and 60),
    views      bigint not null default 0,
    primary key (creator_id, day, spu_id, source)
);
create table insight_buyer (
    creator_id bigint not null,
    day        date not null,
    spu_id     bigint not null,
    source     text not null check (length(source) between 1 and 60),
    orders     bigint not null default 0,
    primary key (creator_id, day, spu_id, source)
);

-- How far the plays that began on a day got: the nth number counts those that showed the nth hundredth of the film.
create table insight_retention (
    creator_id bigint not null,
    day        date not null,
    spu_id     bigint not null,
    plays      bigint not null default 0,
    reached    bigint[] not null check (cardinality(reached) = 100),
    primary key (creator_id, day, spu_id)
);

-- What is kept only until it is counted. Who was here today, by a number that means nothing tomorrow; plays that may go on; the
-- source that led a signed-in person here, for the week in which it may lead to an order.
create table insight_seen (
    day        date not null,
    kind       text not null check (kind in ('visit', 'play')),
    creator_id bigint not null,
    spu_id     bigint not null,
    person     bigint not null,
    at         timestamptz not null, -- the last view that counted
    primary key (day, kind, creator_id, spu_id, person)
);
create table insight_play (
    session    text primary key,
    creator_id bigint not null,
    spu_id     bigint not null,
    day        date not null,
    position   double precision not null,
    at         timestamptz not null,
    reached    boolean[] not null check (cardinality(reached) = 100)
);
create index insight_play_at_idx on insight_play (at);
create table insight_touch (
    user_id bigint primary key,
    source  text not null check (length(source) between 1 and 60),
    at      timestamptz not null
);
create index insight_touch_at_idx on insight_touch (at);

-- What the sums of a day are held against.
create index video_order_paid_at_idx on video_order (paid_at) where paid_at is not null;
create index order_refund_settled_at_idx on order_refund (settled_at) where status = 'succeeded';

-- +goose Down
drop index order_refund_settled_at_idx;
drop index video_order_paid_at_idx;
drop table insight_touch;
drop table insight_play;
drop table insight_seen;
drop table insight_retention;
drop table insight_buyer;
drop table insight_arrival;
drop table insight_traffic;
drop table insight_event;
drop table insight_mark;
drop table insight_day;
