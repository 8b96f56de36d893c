-- name: LockOwner :exec
-- An owner's endpoints are added one after another, so that two at once can't both take the last free place.
select pg_advisory_xact_lock(hashtextextended('webhook_owner', @owner_id::bigint));

-- name: CountEndpoints :one
select count(*) from webhook_endpoint where owner_id = @owner_id;

-- name: NextEndpointID :one
select nextval('webhook_endpoint_id_seq')::bigint;

-- name: InsertEndpoint :one
insert into webhook_endpoint (id, owner_id, url, types, secret, rests_until, created_at)
values (@id, @owner_id, @url, @types, @secret, @at, @at)
on conflict (owner_id, url) do nothing
returning *;

-- name: Endpoints :many
select * from webhook_endpoint where owner_id = @owner_id order by id;

-- name: Endpoint :one
select * from webhook_endpoint where id = @id and owner_id = @owner_id;

-- name: LockEndpoint :one
-- The lock does not block rows that refer to the endpoint, so that events are fanned out while something is being
-- sent.
select * from webhook_endpoint where id = @id for no key update;

-- name: SameURL :one
select exists (select from webhook_endpoint where owner_id = @owner_id and url = @url and id <> @id);

-- name: UpdateEndpoint :execrows
update webhook_endpoint set url = @url, types = @types, version = version + 1
where id = @id and version = @version;

-- name: RotateSecret :execrows
update webhook_endpoint set old_secret = secret, old_until = @old_until::timestamptz, secret = @secret, version = version + 1
where id = @id and version = @version;

-- name: SwitchEndpoint :execrows
update webhook_endpoint set state = @state, failing_since = null, failures = 0, rests_until = @at, version = version + 1
where id = @id and version = @version;

-- name: DeleteEndpoint :execrows
delete from webhook_endpoint where id = @id and version = @version;

-- name: MarkTested :execrows
-- Limits how often an endpoint is tested, however fast somebody presses the button.
update webhook_endpoint set tested_at = @at::timestamptz where id = @id and (tested_at is null or tested_at <= @before::timestamptz);

-- name: NoteSuccess :exec
update webhook_endpoint set failing_since = null, failures = 0, rests_until = @at where id = @id;

-- name: NoteFailure :exec
update webhook_endpoint set failing_since = coalesce(failing_since, @at::timestamptz), failures = failures + 1, rests_until = @rests_until where id = @id;

-- name: Listening :many
-- Returns the endpoints that subscribe to a type of event. An endpoint gets no events from before it was created.
select id from webhook_endpoint
where owner_id = @owner_id and state = 'on' and @type::text = any(types) and created_at <= @at order by id;

-- name: InsertDelivery :exec
insert into webhook_delivery (endpoint_id, event_id, message_id, type, aggregate, body, next_at, created_at)
values (@endpoint_id, @event_id, @message_id, @type, @aggregate, @body, @at, @at)
on conflict (endpoint_id, event_id) do nothing;

-- name: InsertTest :one
-- A test is stored when it is over. It is sent once, immediately, and is not queued.
insert into webhook_delivery (endpoint_id, message_id, type, aggregate, body, state, attempts, next_at, created_at, settled_at)
values (@endpoint_id, @message_id, @type, @message_id, @body, @state, 1, @at, @at, @settled_at::timestamptz)
returning id;

-- name: DueEndpoints :many
-- Returns the endpoints for which ClaimDelivery would find a delivery. One that waits behind another of its aggregate
-- does not count.
select distinct d.endpoint_id from webhook_delivery d join webhook_endpoint e on e.id = d.endpoint_id
where d.state = 'pending' and d.next_at <= @at::timestamptz and e.state = 'on' and e.rests_until <= @at::timestamptz
  and not exists (select from webhook_delivery p
    where p.endpoint_id = d.endpoint_id and p.aggregate = d.aggregate and p.state = 'pending' and p.id < d.id)
  and not exists (select from webhook_delivery p
    where p.endpoint_id = d.endpoint_id and p.aggregate = d.aggregate and p.state = 'pending' and p.leased_to > @at::timestamptz);

-- name: ClaimDelivery :one
-- Claims the first waiting delivery of an aggregate of which nothing is being sent. The caller holds the endpoint's
-- lock, so that nobody else claims at the same time.
update webhook_delivery set leased_to = @leased_to::timestamptz where id = (
  select d.id from webhook_delivery d
  where d.endpoint_id = @endpoint_id and d.state = 'pending' and d.next_at <= @at::timestamptz
    and not exists (select from webhook_delivery p
      where p.endpoint_id = d.endpoint_id and p.aggregate = d.aggregate and p.state = 'pending' and p.id < d.id)
    and not exists (select from webhook_delivery p
      where p.endpoint_id = d.endpoint_id and p.aggregate = d.aggregate and p.state = 'pending' and p.leased_to > @at::timestamptz)
  order by d.next_at, d.id limit 1)
returning *;

-- name: InsertAttempt :exec
insert into webhook_attempt (delivery_id, at, headers, status, millis, answer, failure)
values (@delivery_id, @at, @headers, @status, @millis, @answer, @failure);

-- name: SettleDelivery :execrows
-- No row means that our lease had expired and another worker has the delivery, or that the endpoint was switched off
-- meanwhile.
update webhook_delivery set state = @state, attempts = attempts + 1, settled_at = @at::timestamptz, leased_to = null
where id = @id and state = 'pending' and leased_to = @leased_to::timestamptz;

-- name: DelayDelivery :execrows
update webhook_delivery set attempts = attempts + 1, next_at = @next_at, leased_to = null
where id = @id and state = 'pending' and leased_to = @leased_to::timestamptz;

-- name: BuryPending :exec
update webhook_delivery set state = 'dead', settled_at = @at::timestamptz, leased_to = null where endpoint_id = @endpoint_id and state = 'pending';

-- name: Deliveries :many
select d.id, d.endpoint_id, d.event_id, d.message_id, d.type, d.aggregate, d.state, d.attempts, d.next_at, d.created_at, d.settled_at,
  coalesce(a.status, 0)::int as status, coalesce(a.millis, 0)::int as millis, coalesce(a.failure, '')::text as failure
from webhook_delivery d
left join lateral (select status, millis, failure from webhook_attempt where delivery_id = d.id order by id desc limit 1) a on true
where d.endpoint_id = @endpoint_id and (@state::text = '' or d.state = @state) and (@before::bigint = 0 or d.id < @before)
order by d.id desc limit @most;

-- name: Delivery :one
select * from webhook_delivery where id = @id and endpoint_id = @endpoint_id;

-- name: Attempts :many
select * from webhook_attempt where delivery_id = @delivery_id order by id;

-- name: ReviveDelivery :execrows
update webhook_delivery set state = 'pending', attempts = 0, next_at = @at::timestamptz, settled_at = null
where id = @id and endpoint_id = @endpoint_id and state <> 'pending' and event_id is not null;

-- name: Purge :execrows
delete from webhook_delivery where state <> 'pending' and settled_at < @before::timestamptz;

-- name: LookupEndpoints :many
select * from webhook_endpoint
where owner_id between @least_owner::bigint and @most_owner::bigint
  and ((url ~>=~ @begins::text and url ~<~ @ends::text) or (url ~>=~ @plain_begins::text and url ~<~ @plain_ends::text))
limit @most;

-- name: SwitchOffAll :many
update webhook_endpoint set state = 'off', failing_since = null, failures = 0, version = version + 1
where owner_id = @owner_id returning id;
