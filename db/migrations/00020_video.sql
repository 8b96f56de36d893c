-- +goose Up
-- A creator's film, from the file that was uploaded to what is served. The original lies apart from what is served and is
-- never handed to a viewer.
create table media_video (
    id               bigint generated always as identity primary key,
    owner_id         bigint not null,
    name             text not null check (length(name) between 1 and 200), -- the file's, to be recognised by
    state            text not null default 'processing' check (state in ('processing', 'ready', 'failed', 'deleted')),
    original         text not null,  -- where the uploaded file lies in storage; empty when it was removed
    size             bigint not null check (size > 0),
    -- What is known after the probe; zero before.
    duration_seconds int not null default 0 check (duration_seconds >= 0),
    width            int not null default 0,
    height           int not null default 0,
    fingerprint      text not null default '', -- equal for equal pictures, whoever uploads them
    asset_id         bigint references media_asset (id),
    refusal          text not null default '', -- a slug: why it failed
    created_at       timestamptz not null,
    updated_at       timestamptz not null,
    constraint media_video_ready check ((state = 'ready') <= (asset_id is not null))
);
create index media_video_owner_idx on media_video (owner_id, id desc) where state <> 'deleted';
create index media_video_fingerprint_idx on media_video (fingerprint) where fingerprint <> '' and state <> 'deleted';

-- +goose Down
drop table media_video;
