-- +goose Up
-- How an uploaded file becomes a film: one row a stage, in the order of position. Jobs only say that it may be time to look; what is
-- to be done, by whom and until when stands here, so that a stage is worked by one process at a time and never lost.
create table media_stage (
    video_id    bigint not null references media_video (id) on delete cascade,
    stage       text not null check (stage in ('probe', 'transcode', 'images', 'package')),
    position    smallint not null,
    state       text not null default 'waiting' check (state in ('waiting', 'running', 'done', 'failed', 'cancelled')),
    percent     int not null default 0 check (percent between 0 and 100),
    eta_seconds int,                      -- null while nobody can tell
    attempts    int not null default 0,
    refusal     text not null default '', -- a slug: why it failed, or what it waits for
    holder      text not null default '', -- who works it; a dead one's lease runs out
    lease_until timestamptz,
    enqueued_at timestamptz not null,     -- when a job was last inserted for it
    started_at  timestamptz,
    ended_at    timestamptz,
    primary key (video_id, stage),
    constraint media_stage_held check ((holder = '') = (lease_until is null) and (state <> 'running' or holder <> ''))
);
create index media_stage_open_idx on media_stage (video_id) where state in ('waiting', 'running');

alter table media_video
    add column folder       text not null default '' check (folder ~ '^[a-z0-9-]{0,100}$'), -- of what is made of it; nobody can guess it
    add column posters      int not null default 0 check (posters >= 0),                     -- pictures to choose a cover from
    add column trailer_from int not null default 0 check (trailer_from >= 0),                -- seconds
    add column trailer_to   int not null default 12,
    add constraint media_video_trailer check (trailer_to > trailer_from and trailer_to - trailer_from <= 60);

alter table media_asset add column chapters jsonb not null default '[]'; -- [{"start": seconds, "en": title, "zh": title}]

-- +goose Down
alter table media_asset drop column chapters;
alter table media_video drop constraint media_video_trailer, drop column trailer_to, drop column trailer_from, drop column posters, drop column folder;
drop table media_stage;
