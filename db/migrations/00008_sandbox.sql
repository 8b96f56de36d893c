-- +goose Up
-- The sandbox provider's own books, as a bank would keep them. No other module reads them.
create table sandbox_charge (
    id             bigint generated always as identity primary key,
    out_trade_no   text not null unique,
    page_token     text not null unique,
    amount         bigint not null check (amount > 0),
    currency       text not null,
    subject        text not null default '',
    return_url     text not null,
    notify_url     text not null,
    status         text not null default 'open' check (status in ('open', 'processing', 'paid', 'failed', 'closed')),
    channel_txn_no text unique,
    refunded       bigint not null default 0,
    expires_at     timestamptz not null,
    created_at     timestamptz not null default now(),
    paid_at        timestamptz,
    constraint sandbox_charge_refunded_within check (refunded between 0 and amount)
);

create table sandbox_refund (
    id             bigint generated always as identity primary key,
    out_refund_no  text not null unique,
    out_trade_no   text not null references sandbox_charge (out_trade_no),
    refund_txn_no  text not null unique,
    amount         bigint not null check (amount > 0),
    currency       text not null,
    status         text not null default 'processing' check (status in ('processing', 'succeeded', 'failed')),
    created_at     timestamptz not null default now()
);
create index sandbox_refund_trade_idx on sandbox_refund (out_trade_no);

-- Notices to send, each until it is acknowledged or its tries run out.
create table sandbox_notice (
    id           bigint generated always as identity primary key,
    event_id     text not null unique,
    notify_url   text not null,
    body         bytea not null,
    copies       int not null default 1 check (copies between 1 and 100),
    attempts     int not null default 0,
    acked_at     timestamptz,
    last_error   text not null default '',
    created_at   timestamptz not null default now()
);

-- +goose Down
drop table sandbox_notice;
drop table sandbox_refund;
drop table sandbox_charge;
