-- +goose Up
-- In which zone a creator's days are cut; without a row it is UTC's. The snapshot is of the moment in which the creator's sales were summed
-- by those days: an event of a transaction that it sees is in the sums already.
create table insight_zone (
    creator_id bigint primary key,
    zone       text not null check (length(zone) between 1 and 100), -- a name of the tz database
    snapshot   pg_snapshot not null,
    at         timestamptz not null
);
create index insight_zone_zone_idx on insight_zone (zone, creator_id);

-- A day is summed from the rows of orders zone by zone, each for the creators in it; the mall as a whole is in UTC.
alter table insight_mark add column zone text not null default 'UTC', drop constraint insight_mark_pkey, add primary key (zone, day);
alter table insight_mark alter column zone drop default;

-- +goose Down
-- What creators of other zones sold stands on days of theirs until the next `videomall rebuild`.
delete from insight_mark where zone <> 'UTC';
alter table insight_mark drop constraint insight_mark_pkey, drop column zone, add primary key (day);
drop table insight_zone;
