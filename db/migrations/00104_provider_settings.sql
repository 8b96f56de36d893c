-- +goose Up
-- What operators entered about a payment provider. sealed is a JSON object of all fields, encrypted for its provider.
create table payment_setting (
    provider   text primary key check (provider ~ '^[a-z]{2,30}$'),
    sealed     bytea not null,
    offered    boolean not null default false,
    version    int not null default 1 check (version > 0),
    updated_by bigint not null,
    updated_at timestamptz not null
);

create index video_payment_test_idx on video_payment (provider, id desc) where reference like 'TEST-%';

-- +goose Down
drop index video_payment_test_idx;
drop table payment_setting;
