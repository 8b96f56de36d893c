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
    status         text not null default 'open' check (status in ('open', 'processing', 'paid', 'failed', 'closed')),
    -- A tester's wish, made while paying: refunds of this charge are accepted and fail later.
    refunds_fail   boolean not null default false,
    expires_at     timestamptz not null,
    created_at     timestamptz not null,
    paid_at        timestamptz
);

-- What was truly taken from the payer, which a tester may make differ from what was asked, or happen twice.
create table sandbox_transaction (
    id           bigint generated always as identity primary key,
    txn_no       text not null unique,
    out_trade_no text not null references sandbox_charge (out_trade_no),
    amount       bigint not null check (amount > 0),
    currency     text not null,
    -- The refunds that are processing or succeeded.
    refunded     bigint not null default 0,
    paid_at      timestamptz not null,
    constraint sandbox_transaction_refunded_within check (refunded between 0 and amount)
);
create index sandbox_transaction_trade_idx on sandbox_transaction (out_trade_no);
create index sandbox_transaction_paid_idx on sandbox_transaction (paid_at);

create table sandbox_refund (
    id             bigint generated always as identity primary key,
    out_refund_no  text not null unique,
    out_trade_no   text not null references sandbox_charge (out_trade_no),
    txn_no         text not null references sandbox_transaction (txn_no),
    refund_txn_no  text not null unique,
    amount         bigint not null check (amount > 0),
    currency       text not null,
    status         text not null default 'processing' check (status in ('processing', 'succeeded', 'failed')),
    created_at     timestamptz not null,
    settled_at     timestamptz
);
create index sandbox_refund_trade_idx on sandbox_refund (out_trade_no);
create index sandbox_refund_settled_idx on sandbox_refund (settled_at);

-- Notices to send, each until it is acknowledged or its tries run out. A held one waits for a refund's.
create table sandbox_notice (
    id             bigint generated always as identity primary key,
    event_id       text not null unique,
    out_trade_no   text not null references sandbox_charge (out_trade_no),
    refund_no      text references sandbox_refund (out_refund_no),
    type           text not null check (type in ('payment.succeeded', 'payment.failed', 'refund.succeeded', 'refund.failed')),
    body           bytea not null,
    copies         int not null default 1 check (copies between 1 and 100),
    -- How the first try is signed, to see it turned away; every later try is signed well.
    first_signing  text not null default 'good' check (first_signing in ('good', 'bad', 'stale')),
    held           boolean not null default false,
    attempts       int not null default 0,
    acked_at       timestamptz,
    last_error     text not null default '',
    created_at     timestamptz not null
);
create index sandbox_notice_trade_idx on sandbox_notice (out_trade_no);

-- +goose Down
drop table sandbox_notice;
drop table sandbox_refund;
drop table sandbox_transaction;
drop table sandbox_charge;
