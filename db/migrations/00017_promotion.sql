-- +goose Up
-- A flash sale: several SKUs, cheaper and in a stock of their own, between two moments.
create table promotion_campaign (
    id           bigint generated always as identity primary key,
    owner_id     bigint not null, -- the account that made it; of its items' makers when that is a creator
    name_zh      text not null check (length(name_zh) between 1 and 80),
    name_en      text not null check (length(name_en) between 1 and 80),
    starts_at    timestamptz not null,
    ends_at      timestamptz not null,
    status       text not null default 'drafted' check (status in ('drafted', 'scheduled', 'running', 'ended', 'cancelled')),
    version      int not null default 0,
    created_at   timestamptz not null default now(),
    scheduled_at timestamptz,
    started_at   timestamptz,
    over_at      timestamptz, -- ended or cancelled
    unique (id, status), -- for the items below
    constraint promotion_campaign_times check (starts_at < ends_at),
    -- What a status promises, so that no statement can claim it alone.
    constraint promotion_campaign_scheduled_at check (status in ('drafted', 'cancelled') or scheduled_at is not null),
    constraint promotion_campaign_started_at check (status not in ('running', 'ended') or started_at is not null),
    constraint promotion_campaign_over_at check ((status in ('ended', 'cancelled')) = (over_at is not null))
);
create index promotion_campaign_owner_idx on promotion_campaign (owner_id, id desc);
create index promotion_campaign_open_idx on promotion_campaign (starts_at) where status in ('scheduled', 'running');

create table promotion_campaign_item (
    campaign_id bigint not null,
    line_no     int not null,
    sku_id      bigint not null,
    amount      bigint not null check (amount > 0),
    currency    text not null check (currency ~ '^[A-Z]{3}$'),
    units       int not null check (units between 1 and 1000000),
    per_user    int not null check (per_user between 1 and 100),
    -- The campaign's own, which the cascade below keeps: so an index can see that a SKU is in one open campaign at a time.
    status      text not null,
    primary key (campaign_id, line_no),
    unique (campaign_id, sku_id),
    constraint promotion_campaign_item_status foreign key (campaign_id, status) references promotion_campaign (id, status) on update cascade
);
create unique index promotion_campaign_item_once on promotion_campaign_item (sku_id) where status in ('scheduled', 'running');

-- Every move with its cause. The CHECK is the state machine's SQL side; a test holds it against the Go table and the
-- drawn diagram.
create table promotion_transition (
    id          bigint generated always as identity primary key,
    campaign_id bigint not null references promotion_campaign (id),
    from_status text not null,
    to_status   text not null,
    version     int not null,
    cause       text not null,
    actor       text not null,
    at          timestamptz not null default now(),
    unique (campaign_id, version),
    constraint promotion_transition_allowed check ((from_status, to_status) in (
        ('drafted', 'scheduled'),
        ('drafted', 'cancelled'),
        ('scheduled', 'running'),
        ('scheduled', 'cancelled'),
        ('running', 'ended')
    ))
);

-- Whether a campaign's units were taken from the SKU's normal stock, and go back there. Those of a SKU without a limit were
-- made from nothing, and must not become a part of a limit that it is given later.
alter table video_inventory add column from_normal boolean not null default false;

-- +goose Down
alter table video_inventory drop column from_normal;
drop table promotion_transition;
drop table promotion_campaign_item;
drop table promotion_campaign;
