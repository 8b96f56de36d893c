-- +goose Up
create table playback_device (
    id           bigint generated always as identity primary key,
    user_id      bigint not null,
    device_hash  bytea not null,
    label        text not null default '',
    created_at   timestamptz not null default now(),
    last_seen_at timestamptz not null default now(),
    removed_at   timestamptz,
    unique (user_id, device_hash)
);
create index playback_device_living_idx on playback_device (user_id) where removed_at is null;

create table playback_progress (
    user_id          bigint not null,
    spu_id           bigint not null,
    position_seconds int not null check (position_seconds >= 0),
    duration_seconds int not null check (duration_seconds >= 0),
    updated_at       timestamptz not null,
    primary key (user_id, spu_id)
);
create index playback_progress_recent_idx on playback_progress (user_id, updated_at desc);

-- +goose Down
drop table playback_progress;
drop table playback_device;
