-- +goose Up
-- A cart belongs to a person, or to a guest who holds the token whose SHA-256 is kept here.
create table cart (
    id         bigint generated always as identity primary key,
    user_id    bigint,
    guest_hash bytea check (length(guest_hash) = 32),
    updated_at timestamptz not null default now(),
    constraint cart_user_key unique (user_id),
    constraint cart_guest_key unique (guest_hash),
    constraint cart_one_owner check ((user_id is null) <> (guest_hash is null))
);
-- The purge of guests who never came back.
create index cart_guest_stale_idx on cart (updated_at) where guest_hash is not null;

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
