-- +goose Up
-- A creator's file on its way in. Its bytes lie at originals/<id> from the first on; what is complete belongs to media_video, and the
-- row stays for a while so that a browser that missed the answer gets it again.
create table media_upload (
    id         text primary key check (id ~ '^[a-z0-9]{26}$'), -- nobody can guess it
    owner_id   bigint not null,
    name       text not null check (length(name) between 1 and 200),
    size       bigint not null check (size > 0),
    part_size  bigint not null default 0,  -- of a direct upload to a bucket; 0 when the bytes pass through the mall
    multipart  text not null default '',   -- the bucket's name for a direct upload
    state      text not null default 'running' check (state in ('running', 'complete', 'ending')),
    video_id   bigint references media_video (id),
    created_at timestamptz not null,
    expires_at timestamptz not null,
    constraint media_upload_complete check ((state = 'complete') = (video_id is not null))
);
create index media_upload_owner_idx on media_upload (owner_id) where state <> 'complete';
create index media_upload_expiry_idx on media_upload (expires_at);

-- A cover that a creator uploaded, or that was taken from a film.
create table media_cover (
    stem       text primary key check (stem ~ '^[a-z0-9]{26}$'),
    owner_id   bigint not null,
    created_at timestamptz not null
);
create index media_cover_owner_idx on media_cover (owner_id, created_at);

-- +goose Down
drop table media_cover;
drop table media_upload;
