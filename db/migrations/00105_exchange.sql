-- +goose Up
-- A currency in which viewers may see prices and pay, besides the one of the price. Shop prices end like 9.99: they are a multiple of
-- price_step less price_less, in minor units.
create table exchange_currency (
    code       text primary key check (code ~ '^[A-Z]{3}$'),
    price_step bigint not null check (price_step between 1 and 1000000),
    price_less bigint not null check (price_less >= 0 and price_less < price_step),
    offered    boolean not null,
    updated_at timestamptz not null
);
-- How many units of a currency one unit of base is worth, from a moment until the next rate begins. What has begun is history.
create table exchange_rate (
    id         bigint generated always as identity primary key,
    currency   text not null references exchange_currency (code),
    base       text not null check (base ~ '^[A-Z]{3}$'),
    rate       numeric(21, 12) not null check (rate > 0),
    source     text not null check (char_length(source) <= 60), -- where it comes from: ECB, or a bank
    valid_from timestamptz not null,
    created_by bigint not null,
    created_at timestamptz not null,
    constraint exchange_rate_from unique (base, currency, valid_from),
    constraint exchange_rate_other check (base <> currency)
);
-- +goose Down
drop table exchange_rate;
drop table exchange_currency;
