-- +goose Up
-- source is what granted it (an order item), once. A rental's window opens at first play.
create table video_entitlement (
    id              bigint generated always as identity primary key,
    user_id         bigint not null,
    spu_id          bigint not null,
    sku_id          bigint not null,
    reference       text not null,
    source          text not null unique,
    kind            text not null check (kind in ('rent', 'own')),
    quality         text not null check (quality in ('HD', '4K')),
    rent_hours      int not null default 0,
    state           text not null default 'active' check (state in ('active', 'revoked')),
    granted_at      timestamptz not null,
    first_played_at timestamptz,
    expires_at      timestamptz,
    revoked_at      timestamptz,
    revoked_cause   text not null default '',
    check ((state = 'revoked') = (revoked_at is not null)),
    check ((kind = 'rent') = (rent_hours > 0)),
    check (kind = 'rent' or expires_at is null)
);
create index video_entitlement_user_idx on video_entitlement (user_id, granted_at desc, id desc);
create index video_entitlement_watch_idx on video_entitlement (user_id, spu_id) where state = 'active';
create index video_entitlement_reference_idx on video_entitlement (reference);

-- +goose Down
drop table video_entitlement;
