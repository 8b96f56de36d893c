-- name: NoteEvent :execrows
-- Inserts no row if the event is in the sums already.
insert into insight_event (event_id, at) values (@event_id, @at) on conflict do nothing;

-- name: Summed :many
-- Takes creators, each with a day in a zone, and returns those whose sums already contain the changes of a
-- transaction: the snapshot saw it when the day was summed, or when the creator changed to the zone.
select t.creator_id::bigint as creator_id
from (select unnest(@creator_ids::bigint[]) as creator_id, unnest(@zones::text[]) as zone, unnest(@days::date[]) as day) t
where exists (select from insight_mark m
        where m.zone = t.zone and m.day = t.day and pg_visible_in_snapshot(cast(@xid::text as xid8), m.snapshot))
    or exists (select from insight_zone z
        where z.creator_id = t.creator_id and pg_visible_in_snapshot(cast(@xid::text as xid8), z.snapshot));

-- name: ZonesOf :many
select creator_id, zone from insight_zone where creator_id = any(@creator_ids::bigint[]);

-- name: ZonesInUse :many
select distinct zone from insight_zone where zone <> 'UTC' order by zone;

-- name: CreatorsIn :many
select creator_id from insight_zone where zone = @zone;

-- name: CreatorsElsewhere :many
-- Returns the creators whose zone isn't UTC.
select creator_id from insight_zone where zone <> 'UTC';

-- name: SaveZone :exec
insert into insight_zone (creator_id, zone, snapshot, at) values (@creator_id, @zone, pg_current_snapshot(), @at)
on conflict (creator_id) do update set zone = excluded.zone, snapshot = excluded.snapshot, at = excluded.at;

-- name: DropSales :exec
delete from insight_day where creator_id = @creator_id;

-- name: AddSums :exec
insert into insight_day (day, creator_id, spu_id, currency, orders, units, gross, refunds, refunded)
select unnest(@days::date[]), unnest(@creator_ids::bigint[]), unnest(@spu_ids::bigint[]), unnest(@currencies::text[]), unnest(@orders::bigint[]),
    unnest(@units::bigint[]), unnest(@gross::bigint[]), unnest(@refunds::bigint[]), unnest(@refunded::bigint[])
on conflict (day, creator_id, spu_id, currency) do update set orders = insight_day.orders + excluded.orders,
    units = insight_day.units + excluded.units, gross = insight_day.gross + excluded.gross,
    refunds = insight_day.refunds + excluded.refunds, refunded = insight_day.refunded + excluded.refunded;

-- name: SumsOfDay :many
-- Returns the sums of the creators in a zone. Those of the mall as a whole are in UTC.
select * from insight_day d
where d.day = @day and coalesce((select z.zone from insight_zone z where z.creator_id = d.creator_id), 'UTC') = @zone::text;

-- name: DropDay :exec
delete from insight_day d
where d.day = @day and coalesce((select z.zone from insight_zone z where z.creator_id = d.creator_id), 'UTC') = @zone::text;

-- name: MarkDay :exec
insert into insight_mark (zone, day, snapshot, at) values (@zone, @day, pg_current_snapshot(), @at)
on conflict (zone, day) do update set snapshot = excluded.snapshot, at = excluded.at;

-- name: TouchOf :one
select source from insight_touch where user_id = @user_id and at > @since;

-- name: AddBuyer :exec
insert into insight_buyer (creator_id, day, spu_id, source, orders)
select unnest(@creator_ids::bigint[]), unnest(@days::date[]), unnest(@spu_ids::bigint[]), @source, 1
on conflict (creator_id, day, spu_id, source) do update set orders = insight_buyer.orders + 1;

-- name: Days :many
select day, currency, orders, units, gross, refunds, refunded from insight_day
where creator_id = @creator_id and spu_id = @spu_id and day between @from_day and @to_day
order by day, currency;

-- name: TrafficDays :many
select day, views, visitors, viewers, watch_seconds from insight_traffic
where creator_id = @creator_id and spu_id = @spu_id and day between @from_day and @to_day
order by day;

-- name: TopVideos :many
-- Returns videos that were sold, those with the highest value first, a row for each currency, and, if those are too few,
-- videos that were only seen. A factor says what a minor unit of a currency is worth; what has none counts nothing.
-- Visits are summed only for the videos that are returned.
with rate as (
    select unnest(@currencies::text[]) as currency, cast(unnest(@factors::text[]) as numeric) as factor
), sold as (
    select spu_id, currency, sum(orders)::bigint as orders, sum(units)::bigint as units, sum(gross)::bigint as gross,
        sum(refunds)::bigint as refunds, sum(refunded)::bigint as refunded
    from insight_day d
    where d.creator_id = @creator_id and d.spu_id > 0 and d.day between @from_day and @to_day
    group by spu_id, currency
), ranked as (
    select spu_id, row_number() over (order by sum(gross * coalesce(factor, 0)) desc, sum(orders) desc, spu_id) as place
    from sold left join rate using (currency)
    group by spu_id
    order by 2
    limit @max_rows
), only_seen as (
    select spu_id, row_number() over (order by sum(visitors) desc, spu_id) as place
    from insight_traffic t
    where (select count(*) from ranked) < @max_rows
        and t.creator_id = @creator_id and t.spu_id > 0 and t.day between @from_day and @to_day and t.spu_id not in (select spu_id from sold)
    group by spu_id
    order by 2
    limit @max_rows
), shown as (
    select spu_id, 1 as part, place from ranked union all select spu_id, 2 as part, place from only_seen
)
select shown.spu_id, coalesce(currency, '')::text as currency, coalesce(orders, 0)::bigint as orders, coalesce(units, 0)::bigint as units,
    coalesce(gross, 0)::bigint as gross, coalesce(refunds, 0)::bigint as refunds, coalesce(refunded, 0)::bigint as refunded,
    seen.views, seen.visitors, seen.viewers, seen.watch_seconds
from shown cross join lateral (
    select coalesce(sum(views), 0)::bigint as views, coalesce(sum(visitors), 0)::bigint as visitors,
        coalesce(sum(viewers), 0)::bigint as viewers, coalesce(sum(watch_seconds), 0)::bigint as watch_seconds
    from insight_traffic t
    where t.creator_id = @creator_id and t.spu_id = shown.spu_id and t.day between @from_day and @to_day
) seen left join sold on sold.spu_id = shown.spu_id
order by shown.part, shown.place, currency;

-- name: Sources :many
with arrived as (
    select source, sum(views)::bigint as views from insight_arrival a
    where a.creator_id = @creator_id and a.spu_id = @spu_id and a.day between @from_day and @to_day group by source
), bought as (
    select source, sum(orders)::bigint as orders from insight_buyer b
    where b.creator_id = @creator_id and b.spu_id = @spu_id and b.day between @from_day and @to_day group by source
)
select coalesce(arrived.source, bought.source)::text as source, coalesce(views, 0)::bigint as views, coalesce(orders, 0)::bigint as orders
from arrived full join bought using (source)
order by 3 desc, 2 desc, 1;

-- name: Plays :one
select coalesce(sum(plays), 0)::bigint as plays from insight_retention
where creator_id = @creator_id and spu_id = @spu_id and day between @from_day and @to_day;

-- name: Reached :many
select u.n::int as bucket, sum(u.v)::bigint as plays
from insight_retention r, unnest(r.reached) with ordinality u(v, n)
where r.creator_id = @creator_id and r.spu_id = @spu_id and r.day between @from_day and @to_day
group by u.n order by u.n;

-- name: KnownSources :many
-- Returns the names of sources that each creator has on a day.
select creator_id, day, array_agg(source)::text[] as sources from insight_arrival
where creator_id = any(@creator_ids::bigint[]) and day = any(@days::date[]) and spu_id = 0
group by creator_id, day;

-- name: SeeVisits :many
-- Returns the views that count: a person's first one on that day, which counts a visitor, and those at least half an
-- hour after the last one that counted.
with told as (
    select unnest(@days::date[]) as day, unnest(@creator_ids::bigint[]) as creator_id, unnest(@spu_ids::bigint[]) as spu_id,
        unnest(@people::bigint[]) as person, unnest(@moments::timestamptz[]) as at
)
insert into insight_seen as s (day, kind, creator_id, spu_id, person, at)
select day, 'visit', creator_id, spu_id, person, at from told order by 1, 3, 4, 5
on conflict (day, kind, creator_id, spu_id, person) do update set at = excluded.at where s.at <= excluded.at - interval '30 minutes'
returning s.day, s.creator_id, s.spu_id, s.person, (xmax = 0)::boolean as fresh;

-- name: SeePlays :many
-- Returns the plays that are a person's first of the video on that day.
insert into insight_seen as s (day, kind, creator_id, spu_id, person, at)
select unnest(@days::date[]), 'play', unnest(@creator_ids::bigint[]), unnest(@spu_ids::bigint[]), unnest(@people::bigint[]), @at
on conflict do nothing
returning s.day, s.creator_id, s.spu_id;

-- name: AddTraffic :exec
insert into insight_traffic as t (creator_id, spu_id, day, views, visitors, viewers, watch_seconds)
select unnest(@creator_ids::bigint[]), unnest(@spu_ids::bigint[]), unnest(@days::date[]), unnest(@views::bigint[]), unnest(@visitors::bigint[]),
    unnest(@viewers::bigint[]), unnest(@watch_seconds::bigint[])
on conflict (creator_id, day, spu_id) do update set views = t.views + excluded.views, visitors = t.visitors + excluded.visitors,
    viewers = t.viewers + excluded.viewers, watch_seconds = t.watch_seconds + excluded.watch_seconds;

-- name: AddArrivals :exec
insert into insight_arrival as a (creator_id, day, spu_id, source, views)
select unnest(@creator_ids::bigint[]), unnest(@days::date[]), unnest(@spu_ids::bigint[]), unnest(@sources::text[]), unnest(@views::bigint[])
on conflict (creator_id, day, spu_id, source) do update set views = a.views + excluded.views;

-- name: Touch :exec
insert into insight_touch as t (user_id, source, at)
select unnest(@user_ids::bigint[]), unnest(@sources::text[]), unnest(@moments::timestamptz[])
on conflict (user_id) do update set source = excluded.source, at = excluded.at where t.at <= excluded.at;

-- name: PlaysOf :many
select * from insight_play where session = any(@sessions::text[]);

-- name: SavePlay :exec
insert into insight_play (session, creator_id, spu_id, day, position, at, reached)
values (@session, @creator_id, @spu_id, @day, @position, @at, @reached)
on conflict (session) do update set position = excluded.position, at = excluded.at, reached = excluded.reached;

-- name: AddRetention :exec
insert into insight_retention as r (creator_id, day, spu_id, plays, reached) values (@creator_id, @day, @spu_id, @plays, @reached)
on conflict (creator_id, day, spu_id) do update set plays = r.plays + excluded.plays,
    reached = (select array_agg(r.reached[n] + excluded.reached[n] order by n) from generate_series(1, 100) n);

-- name: PurgeSeen :exec
delete from insight_seen where day < @before::date;

-- name: PurgePlays :exec
delete from insight_play where at < @before::timestamptz;

-- name: PurgeTouches :exec
delete from insight_touch where at < @before::timestamptz;

-- name: PurgeEvents :exec
delete from insight_event where at < @before::timestamptz;

-- name: BestSellers :many
-- Returns the best sellers of all creators, those with the highest value first. A factor says what a minor unit of a
-- currency is worth in the one that is given; what has none counts nothing.
with rate as (
    select unnest(@currencies::text[]) as currency, cast(unnest(@factors::text[]) as numeric) as factor
)
select creator_id, spu_id
from insight_day d where spu_id > 0 and day between @from_day and @to_day
group by creator_id, spu_id
order by coalesce(sum(gross) filter (where currency = @currency), 0)
    + coalesce(sum(gross * (select factor from rate r where r.currency = d.currency)) filter (where currency <> @currency), 0) desc,
    sum(orders) desc, spu_id
limit @max_rows;

-- name: VideoDays :many
select spu_id, currency, day, orders, units, gross, refunds, refunded from insight_day d
where (creator_id, spu_id) in (select unnest(@creator_ids::bigint[]), unnest(@spu_ids::bigint[])) and day between @from_day and @to_day
order by spu_id, currency, day;
