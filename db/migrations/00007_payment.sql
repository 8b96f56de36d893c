-- +goose Up
-- One row an attempt: attempt_no is the out_trade_no that the provider sees. reference is the payer's
-- purpose (an order number), which this module never looks into.
create table video_payment (
    id              bigint generated always as identity primary key,
    attempt_no      text not null unique check (length(attempt_no) between 8 and 64),
    reference       text not null,
    provider        text not null,
    amount          bigint not null check (amount > 0),
    currency        text not null check (currency ~ '^[A-Z]{3}$'),
    status          text not null default 'created' check (status in ('created', 'pending', 'succeeded', 'failed', 'closed')),
    action          jsonb,
    channel_txn_no  text,
    expires_at      timestamptz not null,
    created_at      timestamptz not null default now(),
    updated_at      timestamptz not null default now()
);
create index video_payment_reference_idx on video_payment (reference, id);
-- One living attempt a reference and provider: a second click gets the first one's page.
create unique index video_payment_living_key on video_payment (reference, provider) where status in ('created', 'pending');

-- Each notice as it came, once per provider event.
create table payment_notice (
    id             bigint generated always as identity primary key,
    provider       text not null,
    event_id       text not null,
    type           text not null,
    attempt_no     text not null default '',
    channel_txn_no text not null default '',
    refund_no      text not null default '',
    amount         bigint,
    currency       text not null default '',
    raw            bytea not null,
    outcome        text not null default '',
    replays        int not null default 0,
    occurred_at    timestamptz not null,
    received_at    timestamptz not null default now(),
    unique (provider, event_id)
);
create index payment_notice_attempt_idx on payment_notice (attempt_no);

-- Money that a provider says it took. Every captured sum ends consumed or refunded. refunded is the sum
-- of the settled refunds; what is on its way is counted from payment_refund.
create table payment_capture (
    id             bigint generated always as identity primary key,
    provider       text not null,
    channel_txn_no text not null,
    attempt_no     text not null default '',
    reference      text not null default '',
    amount         bigint not null check (amount > 0),
    currency       text not null,
    state          text not null check (state in ('consumed', 'surplus', 'suspense')),
    refunded       bigint not null default 0,
    captured_at    timestamptz not null,
    created_at     timestamptz not null default now(),
    constraint payment_capture_provider_txn_key unique (provider, channel_txn_no),
    constraint payment_capture_refunded_within check (refunded between 0 and amount)
);
-- A transaction pays one reference once. Money that nobody asked for has no reference to be unique in.
create unique index payment_capture_reference_txn_key on payment_capture (reference, channel_txn_no) where reference <> '';
-- One capture pays a reference; every further one is surplus.
create unique index payment_capture_consumed_key on payment_capture (reference) where state = 'consumed';

create table payment_refund (
    id                bigint generated always as identity primary key,
    refund_no         text not null unique check (length(refund_no) between 8 and 64),
    capture_id        bigint not null references payment_capture (id),
    reference         text not null,
    provider          text not null,
    amount            bigint not null check (amount > 0),
    currency          text not null,
    status            text not null default 'pending' check (status in ('pending', 'submitted', 'succeeded', 'failed')),
    channel_refund_no text,
    reason            text not null default '',
    attempts          int not null default 0,
    last_error        text not null default '',
    created_at        timestamptz not null default now(),
    updated_at        timestamptz not null default now()
);
create index payment_refund_capture_idx on payment_refund (capture_id);
create index payment_refund_reference_idx on payment_refund (reference);
create index payment_refund_open_idx on payment_refund (created_at) where status in ('pending', 'submitted');

-- +goose Down
drop table payment_refund;
drop table payment_capture;
drop table payment_notice;
drop table video_payment;
