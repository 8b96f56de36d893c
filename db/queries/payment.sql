-- name: InsertAttempt :one
insert into video_payment (attempt_no, reference, provider, amount, currency, expires_at, created_at, updated_at)
values (@attempt_no, @reference, @provider, @amount, @currency, @expires_at, @at, @at)
on conflict (reference, provider) where status in ('created', 'pending') do nothing
returning *;

-- name: LivingAttempt :one
select * from video_payment where reference = @reference and provider = @provider and status in ('created', 'pending');

-- name: Attempt :one
select * from video_payment where attempt_no = @attempt_no;

-- name: LockAttempt :one
select * from video_payment where provider = @provider and attempt_no = @attempt_no for update;

-- name: Attempts :many
select * from video_payment where reference = @reference order by id;

-- name: LivingAttempts :many
select * from video_payment where reference = @reference and status in ('created', 'pending') order by id;

-- name: PayableAttempts :many
-- Returns the attempts that the payer may have paid: open ones, and those that ended recently, since a payment may
-- have been made while they ended.
select * from video_payment
where reference = @reference
  and (status in ('created', 'pending') or (status in ('closed', 'failed') and updated_at > @ended_after))
order by id;

-- name: FillAttempt :one
-- A late answer fills only what is null and never moves an attempt that has ended.
update video_payment
set action = coalesce(action, @action),
    status = case status when 'created' then 'pending' else status end,
    updated_at = @at
where attempt_no = @attempt_no
returning *;

-- name: EndAttempt :execrows
update video_payment set status = @status, updated_at = @at
where attempt_no = @attempt_no and provider = @provider and status in ('created', 'pending');

-- name: SucceedAttempt :execrows
-- A payment that has arrived overrides a close or a failure that was recorded before.
update video_payment
set status = 'succeeded', channel_txn_no = coalesce(channel_txn_no, @channel_txn_no), updated_at = @at
where attempt_no = @attempt_no and provider = @provider and status <> 'succeeded';

-- name: RecordNotice :one
-- xmax is 0 on a row that this statement inserted.
insert into payment_notice (provider, event_id, type, attempt_no, channel_txn_no, refund_no, amount, currency, raw, occurred_at, received_at)
values (@provider, @event_id, @type, @attempt_no, @channel_txn_no, @refund_no, @amount, @currency, @raw, @occurred_at, @received_at)
on conflict (provider, event_id) do update set replays = payment_notice.replays + 1
returning (xmax = 0)::boolean as fresh;

-- name: SetNoticeOutcome :execrows
update payment_notice set outcome = @outcome where provider = @provider and event_id = @event_id;

-- name: Notices :many
select n.* from payment_notice n
join video_payment p on p.attempt_no = n.attempt_no and p.provider = n.provider
where p.reference = @reference
order by n.id;

-- name: InsertCapture :one
-- There is no conflict target, so that both a transaction seen before and a reference paid before return no row.
insert into payment_capture (provider, channel_txn_no, attempt_no, reference, amount, currency, state, captured_at, created_at)
values (@provider, @channel_txn_no, @attempt_no, @reference, @amount, @currency, @state, @captured_at, @at)
on conflict do nothing
returning *;

-- name: CaptureByTxn :one
select * from payment_capture where provider = @provider and channel_txn_no = @channel_txn_no;

-- name: LockCapture :one
select * from payment_capture where id = @id for update;

-- name: Captures :many
select sqlc.embed(c), (c.amount - coalesce((select sum(r.amount) from payment_refund r
    where r.capture_id = c.id and r.status <> 'failed'), 0))::bigint as refundable
from payment_capture c where c.reference = @reference order by c.id;

-- name: IsConsumed :one
select exists (select from payment_capture where reference = @reference and state = 'consumed');

-- name: AddRefunded :exec
update payment_capture set refunded = refunded + @amount where id = @id;

-- name: ClaimedByRefunds :one
-- Every refund that has not failed counts: its money has been paid back, or will be.
select coalesce(sum(amount), 0)::bigint from payment_refund where capture_id = @capture_id and status <> 'failed';

-- name: InsertRefund :exec
insert into payment_refund (refund_no, capture_id, reference, provider, amount, currency, reason, created_at, updated_at)
values (@refund_no, @capture_id, @reference, @provider, @amount, @currency, @reason, @at, @at);

-- name: Refund :one
select sqlc.embed(r), c.attempt_no, c.channel_txn_no
from payment_refund r join payment_capture c on c.id = r.capture_id
where r.refund_no = @refund_no;

-- name: Refunds :many
select sqlc.embed(r), c.attempt_no, c.channel_txn_no
from payment_refund r join payment_capture c on c.id = r.capture_id
where r.reference = @reference order by r.id;

-- name: OpenRefunds :many
select sqlc.embed(r), c.attempt_no, c.channel_txn_no
from payment_refund r join payment_capture c on c.id = r.capture_id
where r.status in ('pending', 'submitted') and r.created_at < @before
order by r.created_at limit @max;

-- name: CountRefundTry :exec
update payment_refund set attempts = attempts + 1, last_error = @last_error, updated_at = @at where refund_no = @refund_no;

-- name: SubmitRefund :exec
-- The guard: the provider's notice may have settled the refund before its answer to the request arrives.
update payment_refund
set status = 'submitted', channel_refund_no = coalesce(channel_refund_no, sqlc.narg(channel_refund_no)), updated_at = @at
where refund_no = @refund_no and status in ('pending', 'submitted');

-- name: SettleRefund :execrows
update payment_refund
set status = @status, channel_refund_no = coalesce(channel_refund_no, sqlc.narg(channel_refund_no)), updated_at = @at
where refund_no = @refund_no and status in ('pending', 'submitted');

-- name: Held :many
select provider, currency, saturated(sum(amount - refunded))::bigint as amount from payment_capture
group by provider, currency order by provider, currency;

-- name: MovedBetween :many
-- Returns captures less refunds. A capture counts when the provider took the money, a refund when we learned that it
-- succeeded.
select provider, currency, saturated(sum(amount))::bigint as amount from (
    select provider, currency, amount from payment_capture where captured_at >= @since and captured_at < @until
    union all
    select provider, currency, -amount from payment_refund where status = 'succeeded' and updated_at >= @since and updated_at < @until) m
group by provider, currency order by provider, currency;

-- name: LookupReferences :many
-- Finds payments and refunds by our numbers, which must match in full, or by the beginning of the provider's.
(select 'attempt'::text as kind, attempt_no as number, reference, provider, amount, currency, status from video_payment where attempt_no = upper(@q::text))
union
(select 'capture', channel_txn_no, reference, provider, amount, currency, state from payment_capture
    where channel_txn_no ~>=~ @begins::text and channel_txn_no ~<~ @ends::text limit @most)
union
(select 'refund', refund_no, reference, provider, amount, currency, status from payment_refund where refund_no = upper(@q))
union
(select 'channel_refund', channel_refund_no::text, reference, provider, amount, currency, status from payment_refund
    where channel_refund_no is not null and channel_refund_no ~>=~ @begins and channel_refund_no ~<~ @ends limit @most);

-- name: ConsumedOf :many
select reference, id from payment_capture where state = 'consumed' and reference = any(@order_references::text[]);
