-- +goose Up
-- What a country takes of the price of a video, from a moment on. Half of the price is the bound of an entry that was mistyped.
create table tax_rate (
    id           bigint generated always as identity primary key,
    country      text not null check (country ~ '^[A-Z]{2}$'), -- ISO 3166-1 alpha-2
    name         text not null check (char_length(name) between 1 and 30), -- as receipts call it: VAT, 增值税
    basis_points int not null check (basis_points between 1 and 5000), -- 1900 is 19 %
    valid_from   timestamptz not null,
    valid_until  timestamptz check (valid_until > valid_from),
    valid        tstzrange not null generated always as (tstzrange(valid_from, valid_until)) stored,
    created_at   timestamptz not null,
    -- A country has one rate at a time, whoever enters them.
    constraint tax_rate_no_overlap exclude using gist (country with =, valid with &&)
);
-- Whom a buyer's receipts name, and where the buyer is taxed. Orders keep a copy.
create table billing_profile (
    user_id    bigint primary key,
    country    text not null check (country ~ '^[A-Z]{2}$'),
    company    text not null default '' check (char_length(company) <= 120),
    address    text not null default '' check (char_length(address) <= 300), -- lines, without the country
    vat_id     text not null default '' check (vat_id ~ '^[A-Z0-9*+]{0,20}$'), -- with the prefix of its country
    updated_at timestamptz not null
);
-- +goose Down
drop table billing_profile;
drop table tax_rate;
