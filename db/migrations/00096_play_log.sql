-- +goose Up
-- The hundredths of a video from one position to another, as bits. The last is that of the end itself.
-- +goose StatementBegin
create function playback_parts(begin_at int, end_at int, duration int) returns bit(100) language sql immutable as $$
    select (repeat('0', a) || repeat('1', b - a + 1) || repeat('0', 99 - b))::bit(100)
    from (select least(begin_at * 100::bigint / greatest(duration, 1), end_at * 100::bigint / greatest(duration, 1), 99)::int as a,
                 least(end_at * 100::bigint / greatest(duration, 1), 99)::int as b) parts
$$;
-- +goose StatementEnd

-- The hundredths of a video that a viewer has been shown, whichever way they moved through it: the position alone goes
-- back with the viewer. What was watched before this is taken from the position.
alter table playback_progress add column reached bit(100) not null default repeat('0', 100)::bit(100);
update playback_progress set reached = playback_parts(0, position_seconds, duration_seconds) where duration_seconds > 0;

-- One play of a video that was bought, for as long as a payer's bank may ask for it. seconds is how long it ran.
create table playback_play (
    session     text primary key,
    user_id     bigint not null,
    spu_id      bigint not null,
    device_hash bytea not null,
    started_at  timestamptz not null,
    last_at     timestamptz not null,
    position    int not null check (position >= 0),
    seconds     int not null check (seconds >= 0),
    check (last_at >= started_at)
);
create index playback_play_viewer_idx on playback_play (user_id, spu_id, started_at);
create index playback_play_last_idx on playback_play (last_at);

-- +goose Down
drop table playback_play;
alter table playback_progress drop column reached;
drop function playback_parts(int, int, int);
