-- +goose Up
-- A packaged film: encrypted segments below prefix in storage. Keys are wrapped under a key derived from
-- SECRET_KEY, so that a copy of the table alone plays nothing.
create table media_asset (
    id               bigint generated always as identity primary key,
    prefix           text not null unique check (prefix ~ '^[a-z0-9-]{1,100}$'),
    duration_seconds int not null check (duration_seconds > 0),
    renditions       jsonb not null,
    captions         jsonb not null default '[]',
    has_thumbnails   boolean not null default false,
    created_at       timestamptz not null default now()
);

create table media_key (
    asset_id bigint not null references media_asset (id) on delete cascade,
    number   int not null check (number >= 0),
    wrapped  bytea not null,
    primary key (asset_id, number)
);

-- +goose Down
drop table media_key;
drop table media_asset;
