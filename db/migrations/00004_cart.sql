-- +goose Up
-- A cart belongs to a person, or to a guest who holds the token whose hash is kept here.
create table cart (
    id         bigint generated always as identity primary key,
    user_id    bigint unique,
    guest_hash bytea unique,
    updated_at timestamptz not null default now(),
    check ((user_id is null) <> (guest_hash is null))
);

create table cart_item (
    cart_id  bigint not null references cart (id) on delete cascade,
    sku_id   bigint not null,
    quantity int not null default 1 check (quantity between 1 and 100),
    added_at timestamptz not null default now(),
    primary key (cart_id, sku_id)
);

-- +goose Down
drop table cart_item;
drop table cart;
