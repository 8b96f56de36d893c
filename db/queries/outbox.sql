-- name: InsertEvents :exec
insert into outbox_event (type, aggregate, payload, created_at)
select @type, unnest(@aggregates::text[]), unnest(@payloads::jsonb[]), @created_at;

-- name: AddCursor :exec
insert into outbox_cursor (subscriber) values (@subscriber) on conflict do nothing;

-- name: LockCursor :one
-- No row means that another process is fanning out for this subscriber right now.
select xid::text as xid, event_id from outbox_cursor where subscriber = @subscriber for update skip locked;

-- name: EventsAfter :many
-- Returns only events below the oldest running transaction. Events that commit later have a higher xid, so none is
-- skipped.
select id, xid::text as xid, type, aggregate from outbox_event
where (xid, id) > (cast(@stream_xid::text as xid8), @event_id::bigint) and xid < pg_snapshot_xmin(pg_current_snapshot())
order by outbox_event.xid, id limit @max_rows;

-- name: MoveCursor :exec
update outbox_cursor set xid = cast(@stream_xid::text as xid8), event_id = @event_id where subscriber = @subscriber;

-- name: InsertDeliveries :exec
insert into outbox_delivery (subscriber, event_id, aggregate, next_at)
select @subscriber, unnest(@event_ids::bigint[]), unnest(@aggregates::text[]), @next_at
on conflict do nothing;

-- name: DueDeliveries :many
-- Returns the first waiting delivery of each aggregate. One that another process has locked still waits, so those
-- behind it wait, too. An earlier event of the aggregate may not have been fanned out yet: a transaction may get its
-- number before it waits for a lock, so that the later one of two transactions may have the lower number.
select d.event_id, d.attempts, e.xid::text as xid, e.type, e.aggregate, e.payload, e.created_at
from outbox_delivery d join outbox_event e on e.id = d.event_id
where d.subscriber = @subscriber and d.state = 'pending' and d.next_at <= @at::timestamptz
  and not exists (select from outbox_delivery p
    where p.subscriber = d.subscriber and p.aggregate = d.aggregate and p.state = 'pending' and p.event_id < d.event_id)
  and not exists (select from outbox_event b, outbox_cursor c
    where b.aggregate = d.aggregate and b.id < d.event_id and c.subscriber = d.subscriber and (b.xid, b.id) > (c.xid, c.event_id))
order by d.event_id limit @max_rows
for update of d skip locked;

-- name: CountWaiting :one
-- Returns how many events, as far as this transaction sees, were not delivered to a subscriber yet, and -1 for a
-- subscriber that the relay has never seen.
select coalesce((select (select count(*) from outbox_event e where (e.xid, e.id) > (c.xid, c.event_id) and e.type = any(@types::text[]))
    + (select count(*) from outbox_delivery d where d.subscriber = c.subscriber and d.state = 'pending')
from outbox_cursor c where c.subscriber = @subscriber), -1)::bigint;

-- name: SettleDelivery :exec
update outbox_delivery set state = @state, attempts = attempts + 1, last_error = @last_error, settled_at = @at::timestamptz
where subscriber = @subscriber and event_id = @event_id;

-- name: DelayDelivery :exec
update outbox_delivery set attempts = attempts + 1, last_error = @last_error, next_at = @next_at
where subscriber = @subscriber and event_id = @event_id;

-- name: DeadDeliveries :many
select d.subscriber, d.event_id, d.attempts, d.last_error, d.next_at, d.settled_at, e.type, e.aggregate, e.payload, e.created_at
from outbox_delivery d join outbox_event e on e.id = d.event_id
where d.state = 'dead' order by d.settled_at desc, d.event_id desc limit @max_rows;

-- name: CountDead :one
select count(*) from outbox_delivery where state = 'dead';

-- name: ReviveDelivery :execrows
update outbox_delivery set state = 'pending', attempts = 0, next_at = @next_at, settled_at = null
where subscriber = @subscriber and event_id = @event_id and state = 'dead';

-- name: DiscardDelivery :execrows
delete from outbox_delivery where subscriber = @subscriber and event_id = @event_id and state = 'dead';

-- name: PurgeDeliveries :exec
delete from outbox_delivery where state = 'delivered' and settled_at < @before::timestamptz;

-- name: PurgeEvents :execrows
-- Deletes an event once every subscriber has read past it and no delivery of it is left.
delete from outbox_event e
where e.created_at < @before::timestamptz
  and not exists (select from outbox_delivery d where d.event_id = e.id)
  and not exists (select from outbox_cursor c where c.subscriber = any(@subscribers::text[]) and (c.xid, c.event_id) < (e.xid, e.id));

-- name: RefusedDeliveries :many
-- Returns deliveries that were refused at least once and will be tried again, the next one first.
select d.subscriber, d.event_id, d.attempts, d.last_error, d.next_at, d.settled_at, e.type, e.aggregate, e.payload, e.created_at
from outbox_delivery d join outbox_event e on e.id = d.event_id
where d.state = 'pending' and d.attempts > 0 order by d.next_at, d.event_id limit @max_rows;

-- name: LettersOf :many
-- Returns the deliveries of one event that are dead, or that were refused and will be tried again.
select d.subscriber, d.event_id, d.attempts, d.last_error, d.next_at, d.settled_at, e.type, e.aggregate, e.payload, e.created_at
from outbox_delivery d join outbox_event e on e.id = d.event_id
where d.event_id = @event_id and (d.state = 'dead' or (d.state = 'pending' and d.attempts > 0)) order by d.subscriber;

-- name: CancelDelivery :execrows
-- A delivery that a relay is making right now is locked, so this waits until that has ended.
delete from outbox_delivery where subscriber = @subscriber and event_id = @event_id and state = 'pending' and attempts > 0;

-- name: ImportRefusal :exec
with e as (
    insert into outbox_event (type, aggregate, payload, created_at) values (@type, @aggregate, @payload, @created_at)
    returning id, aggregate
)
insert into outbox_delivery (subscriber, event_id, aggregate, state, attempts, last_error, next_at, settled_at)
select @subscriber, id, aggregate, 'dead', @attempts, @last_error, @died_at, @died_at::timestamptz from e;

-- name: OfAggregate :many
-- Returns the latest events of an aggregate, with how many subscribers have still to be handed them, and have refused
-- them for good.
select e.id, e.type, e.created_at, d.pending, d.delivered, d.dead
from outbox_event e cross join lateral (
    select count(*) filter (where state = 'pending') as pending,
        count(*) filter (where state = 'delivered') as delivered,
        count(*) filter (where state = 'dead') as dead
    from outbox_delivery where event_id = e.id
) d
where e.aggregate = @aggregate order by e.id desc limit @max_rows;

-- name: WrittenHere :many
-- Returns the types of the events that this transaction has written.
select type from outbox_event where xid = pg_current_xact_id() order by id;
