-- +goose Up
create table video_order (
    id              bigint generated always as identity primary key,
    order_no        text not null unique check (order_no ~ '^[0-9A-Z]{26}$'),
    user_id         bigint not null,
    status          text not null check (status in ('INIT', 'PENDING_PAY', 'PAID', 'DELIVERED', 'CLOSED', 'REFUNDED')),
    version         int not null default 0,
    total_amount    bigint not null check (total_amount >= 0),
    refunded_amount bigint not null default 0,
    currency        text not null check (currency ~ '^[A-Z]{3}$'),
    idempotency_key text not null check (length(idempotency_key) between 1 and 200),
    request_hash    bytea not null,
    pay_before      timestamptz not null,
    created_at      timestamptz not null default now(),
    paid_at         timestamptz,
    delivered_at    timestamptz,
    closed_at       timestamptz,
    refunded_at     timestamptz,
    constraint video_order_idempotency_key unique (user_id, idempotency_key),
    constraint video_order_refunded_within check (refunded_amount between 0 and total_amount),
    -- What a status promises, so that no statement can claim it alone.
    constraint video_order_paid_at check (status not in ('PAID', 'DELIVERED') or paid_at is not null),
    constraint video_order_delivered_at check (status <> 'DELIVERED' or delivered_at is not null),
    constraint video_order_closed_at check (status <> 'CLOSED' or closed_at is not null),
    constraint video_order_refunded_at check (status <> 'REFUNDED' or refunded_at is not null)
);
create index video_order_user_idx on video_order (user_id, id desc);
create index video_order_pending_idx on video_order (pay_before) where status in ('INIT', 'PENDING_PAY');
create index video_order_paid_idx on video_order (paid_at) where status = 'PAID';
create index video_order_status_idx on video_order (status, id desc);

-- What was bought, as it was sold: later edits of the listing don't reach it.
create table video_order_item (
    id                bigint generated always as identity primary key,
    order_no          text not null references video_order (order_no),
    line_no           int not null,
    sku_id            bigint not null,
    spu_id            bigint not null,
    creator_id        bigint not null,
    title_zh          text not null,
    title_en          text not null,
    slug              text not null,
    cover             text not null default '',
    kind              text not null check (kind in ('rent', 'own')),
    quality           text not null,
    rent_hours        int not null,
    quantity          int not null check (quantity > 0),
    price_id          bigint not null,
    unit_amount       bigint not null check (unit_amount >= 0),
    amount            bigint not null check (amount = unit_amount * quantity),
    refunded_amount   bigint not null default 0,
    reservation_token uuid,
    granted_at        timestamptz,
    revoked_at        timestamptz,
    unique (order_no, line_no),
    unique (order_no, sku_id),
    constraint video_order_item_refunded_within check (refunded_amount between 0 and amount)
);
create index video_order_item_creator_idx on video_order_item (creator_id, id desc);
create index video_order_item_sku_idx on video_order_item (sku_id);

-- Every move with its cause. The CHECK is the state machine's SQL side; a test holds it against the Go table
-- and the drawn diagram.
create table order_transition (
    id          bigint generated always as identity primary key,
    order_no    text not null references video_order (order_no),
    from_status text not null,
    to_status   text not null,
    version     int not null,
    cause       text not null,
    actor       text not null,
    at          timestamptz not null default now(),
    unique (order_no, version),
    constraint order_transition_allowed check ((from_status, to_status) in (
        ('INIT', 'PENDING_PAY'),
        ('INIT', 'CLOSED'),
        ('PENDING_PAY', 'PAID'),
        ('PENDING_PAY', 'CLOSED'),
        ('PAID', 'DELIVERED'),
        ('PAID', 'REFUNDED'),
        ('DELIVERED', 'REFUNDED'),
        ('CLOSED', 'PAID'),
        ('CLOSED', 'REFUNDED')
    ))
);

-- A refund decided by the mall: the payment module moves the money, this row says which items it pays back.
create table order_refund (
    refund_no  text primary key,
    order_no   text not null references video_order (order_no),
    amount     bigint not null check (amount > 0),
    currency   text not null,
    cause      text not null check (cause in ('operator', 'paid_after_close', 'paid_twice', 'channel')),
    -- One request refunds once: the operator's form key, or the capture that was surplus.
    request_key text not null,
    reason     text not null default '',
    actor      text not null,
    status     text not null default 'pending' check (status in ('pending', 'succeeded', 'failed')),
    created_at timestamptz not null default now(),
    settled_at timestamptz,
    constraint order_refund_request_key unique (order_no, request_key)
);
create index order_refund_pending_idx on order_refund (created_at) where status = 'pending';

create table order_refund_item (
    refund_no text not null references order_refund (refund_no),
    item_id   bigint not null references video_order_item (id),
    amount    bigint not null check (amount > 0),
    primary key (refund_no, item_id)
);

-- What only an operator can settle: money that fits no order, or fits one wrongly.
create table order_case (
    id         bigint generated always as identity primary key,
    kind       text not null check (kind in ('amount_mismatch', 'currency_mismatch', 'merchant_mismatch', 'unknown_order', 'refund_failed', 'refund_unmatched')),
    order_no   text not null default '',
    reference  text not null,
    detail     jsonb not null default '{}',
    created_at timestamptz not null default now(),
    closed_at  timestamptz,
    closed_by  text,
    unique (kind, reference)
);
create index order_case_open_idx on order_case (created_at) where closed_at is null;

-- +goose Down
drop table order_case;
drop table order_refund_item;
drop table order_refund;
drop table order_transition;
drop table video_order_item;
drop table video_order;
