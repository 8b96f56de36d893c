-- +goose Up
-- id orders events within a transaction; xid orders the transactions, so that the relay, which reads only
-- below the oldest running one, never skips an event that commits late.
create table outbox_event (
    id         bigint generated always as identity primary key,
    xid        xid8 not null default pg_current_xact_id(),
    type       text not null,
    aggregate  text not null,
    payload    jsonb not null,
    created_at timestamptz not null default now()
);
create index outbox_event_order_idx on outbox_event (xid, id);

create table outbox_cursor (
    subscriber text primary key,
    xid        xid8 not null default '0',
    event_id   bigint not null default 0
);

create table outbox_delivery (
    subscriber   text not null,
    event_id     bigint not null references outbox_event (id),
    aggregate    text not null,
    state        text not null default 'pending' check (state in ('pending', 'delivered', 'dead')),
    attempts     int not null default 0,
    next_at      timestamptz not null default now(),
    last_error   text not null default '',
    settled_at   timestamptz,
    primary key (subscriber, event_id)
);
create index outbox_delivery_due_idx on outbox_delivery (subscriber, aggregate, event_id) where state = 'pending';
create index outbox_delivery_dead_idx on outbox_delivery (settled_at) where state = 'dead';
create index outbox_delivery_done_idx on outbox_delivery (settled_at) where state = 'delivered';
create index outbox_delivery_event_idx on outbox_delivery (event_id);

-- +goose Down
drop table outbox_delivery;
drop table outbox_cursor;
drop table outbox_event;
