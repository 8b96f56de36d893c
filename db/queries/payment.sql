-- name: InsertAttempt :one
insert into video_payment (attempt_no, reference, provider, method, amount, currency, request, expires_at, ask_at, created_at, updated_at)
values (@attempt_no, @reference, @provider, @method, @amount, @currency, @request, @expires_at, @ask_at::timestamptz, @at, @at)
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
    provider_ref = coalesce(nullif(provider_ref, ''), @provider_ref),
    status = case status when 'created' then 'pending' else status end,
    updated_at = @at
where attempt_no = @attempt_no
returning *;

-- name: EndAttempt :execrows
update video_payment set status = @status, updated_at = @at
where attempt_no = @attempt_no and provider = @provider and status in ('created', 'pending');

-- name: CloseAttempt :one
-- Closes an open attempt, unless its money is being taken. It returns how the attempt stands.
with closed as (
    update video_payment set status = 'closed', capturing_until = null, updated_at = @at
    where attempt_no = @attempt_no and provider = @provider and status in ('created', 'pending')
      and (capturing_until is null or capturing_until <= @at::timestamptz)
    returning status
)
select coalesce((select status from closed), p.status)::text from video_payment p
where p.attempt_no = @attempt_no and p.provider = @provider;

-- name: ClaimCapture :execrows
-- One request at a time takes the money of an open attempt, and none does for what has been paid.
update video_payment p set capturing_until = @until::timestamptz
where p.attempt_no = @attempt_no and p.provider = @provider and p.status in ('created', 'pending')
  and (p.capturing_until is null or p.capturing_until <= @at::timestamptz)
  and not exists (select from payment_capture c where c.reference = p.reference and c.state = 'consumed');

-- name: ReleaseCapture :exec
update video_payment set capturing_until = null where attempt_no = @attempt_no and provider = @provider;

-- name: SucceedAttempt :execrows
-- A payment that has arrived overrides a close or a failure that was recorded before.
update video_payment
set status = 'succeeded', channel_txn_no = coalesce(channel_txn_no, @channel_txn_no), ask_at = null, updated_at = @at
where attempt_no = @attempt_no and provider = @provider and status <> 'succeeded';

-- name: SilentAttempts :many
-- Returns attempts whose time is over, which were not paid as far as we know, and about which the provider is to be
-- asked once more.
select * from video_payment where ask_at <= @at::timestamptz order by ask_at limit @max_rows;

-- name: AskAgain :exec
update video_payment set asks = @asks, ask_at = sqlc.narg(ask_at) where attempt_no = @attempt_no and ask_at is not null;

-- name: AttemptOfTxn :one
-- Finds the attempt of a payment by the provider's number of it, for notices that repeat none of ours.
select attempt_no from payment_capture where provider = @provider and channel_txn_no = @channel_txn_no and attempt_no <> '';

-- name: RecordNotice :one
-- xmax is 0 on a row that this statement inserted.
insert into payment_notice (provider, event_id, type, attempt_no, channel_txn_no, refund_no, amount, currency, raw, occurred_at, received_at)
values (@provider, @event_id, @type, @attempt_no, @channel_txn_no, @refund_no, @amount, @currency, @raw, @occurred_at, @received_at)
on conflict (provider, event_id) do update set replays = payment_notice.replays + 1
returning (xmax = 0)::boolean as fresh;

-- name: SetNoticeOutcome :execrows
update payment_notice set outcome = @outcome where provider = @provider and event_id = @event_id;

-- name: Notices :many
-- Returns the latest notices of a reference: those of its attempts, and those that name only a transaction of it.
select n.* from payment_notice n where n.id in (
    select a.id from video_payment p join payment_notice a on a.attempt_no = p.attempt_no and a.provider = p.provider
    where p.reference = @reference
    union all
    select t.id from payment_capture c join payment_notice t on t.provider = c.provider and t.channel_txn_no = c.channel_txn_no
    where c.reference = @reference and t.attempt_no = '')
order by n.id desc limit @max_rows;

-- name: CountNotices :one
select ((select count(*) from video_payment p join payment_notice a on a.attempt_no = p.attempt_no and a.provider = p.provider
         where p.reference = @reference)
    + (select count(*) from payment_capture c join payment_notice t on t.provider = c.provider and t.channel_txn_no = c.channel_txn_no
       where c.reference = @reference and t.attempt_no = ''))::bigint;

-- name: NoticeOf :one
-- Returns a notice if it is one of the reference's.
select n.* from payment_notice n where n.id = @id and (
    exists (select from video_payment p where p.attempt_no = n.attempt_no and p.provider = n.provider and p.reference = @reference)
    or n.attempt_no = '' and exists (select from payment_capture c
        where c.provider = n.provider and c.channel_txn_no = n.channel_txn_no and c.reference = @reference));

-- name: ForgetNotice :exec
delete from payment_notice where provider = @provider and event_id = @event_id;

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
insert into payment_refund (refund_no, capture_id, reference, provider, amount, currency, reason, by_bank, created_at, updated_at)
values (@refund_no, @capture_id, @reference, @provider, @amount, @currency, @reason, @by_bank, @at, @at);

-- name: Refund :one
select sqlc.embed(r), sqlc.embed(c), p.request, coalesce(p.provider_ref, '')::text as provider_ref
from payment_refund r join payment_capture c on c.id = r.capture_id
left join video_payment p on p.provider = c.provider and p.attempt_no = c.attempt_no
where r.refund_no = @refund_no;

-- name: Refunds :many
select sqlc.embed(r), sqlc.embed(c), p.request, coalesce(p.provider_ref, '')::text as provider_ref
from payment_refund r join payment_capture c on c.id = r.capture_id
left join video_payment p on p.provider = c.provider and p.attempt_no = c.attempt_no
where r.reference = @reference order by r.id;

-- name: OpenRefunds :many
select sqlc.embed(r), sqlc.embed(c), p.request, coalesce(p.provider_ref, '')::text as provider_ref
from payment_refund r join payment_capture c on c.id = r.capture_id
left join video_payment p on p.provider = c.provider and p.attempt_no = c.attempt_no
where r.status in ('pending', 'submitted') and not r.by_bank and r.created_at < @before
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

-- name: NameRefund :exec
update payment_refund set channel_refund_no = sqlc.narg(channel_refund_no) where refund_no = @refund_no and channel_refund_no is null;

-- name: ReturnRefund :execrows
-- A refund that has succeeded has failed after all.
update payment_refund set status = 'returned', last_error = @last_error, updated_at = @at
where refund_no = @refund_no and status = 'succeeded';

-- name: TransferRefund :execrows
update payment_refund set status = 'transferred', transfer = @transfer, updated_at = @at
where refund_no = @refund_no and status = 'returned';

-- name: Held :many
select provider, currency, saturated(sum(amount - refunded))::bigint as amount from payment_capture
group by provider, currency order by provider, currency;

-- name: MovedBetween :many
-- Returns captures less refunds and withdrawals of one provider. A capture counts when the provider took the money, a refund when we learned that it
-- succeeded.
select currency, saturated(sum(amount))::bigint as amount from (
    select c.currency, c.amount from payment_capture c
        where c.provider = @provider and c.captured_at >= @since and c.captured_at < @until
    union all
    select r.currency, -r.amount from payment_refund r
        where r.provider = @provider and r.status = 'succeeded' and not r.by_bank and r.updated_at >= @since and r.updated_at < @until
    union all
    select w.currency, -w.amount from payment_dispute w
        where w.provider = @provider and w.refund_no <> '' and w.withdrawn_at >= @since and w.withdrawn_at < @until
    union all
    select b.currency, b.amount from payment_dispute b
        where b.provider = @provider and b.refund_no <> '' and b.reinstated_at >= @since and b.reinstated_at < @until) m
group by currency order by currency;

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

-- name: InsertDispute :one
insert into payment_dispute (provider, dispute_no, capture_id, reference, refund_no, amount, currency, reason, evidence_due, opened_at, updated_at)
values (@provider, @dispute_no, @capture_id, @reference, @refund_no, @amount, @currency, @reason, sqlc.narg(evidence_due), @opened_at, @at)
on conflict (provider, dispute_no) do nothing
returning *;

-- name: LockDispute :one
select * from payment_dispute where provider = @provider and dispute_no = @dispute_no for update;

-- name: UpdateDispute :exec
update payment_dispute
set status = @status, withdrawn_at = sqlc.narg(withdrawn_at), reinstated_at = sqlc.narg(reinstated_at),
    closed_at = sqlc.narg(closed_at), evidence_due = coalesce(sqlc.narg(evidence_due), evidence_due), updated_at = @at
where id = @id;

-- name: Disputes :many
select * from payment_dispute where reference = @reference order by id;

-- name: OpenDisputes :many
select * from payment_dispute where status = 'open' order by evidence_due nulls last, id limit @max_rows;

-- name: CountOpenDisputes :one
select count(*) from payment_dispute where status = 'open';

-- name: DisputeByID :one
select * from payment_dispute where id = @id;

-- name: TestAttempts :many
-- Returns the test payments of a provider, or the one with a reference, the newest first.
select sqlc.embed(p),
       exists (select 1 from payment_capture c where c.reference = p.reference) as paid,
       exists (select 1 from payment_notice n where n.provider = p.provider and n.attempt_no = p.attempt_no
                 and n.type = 'payment.succeeded') as noticed,
       coalesce((select r.status from payment_refund r where r.reference = p.reference order by r.id limit 1), '')::text as refund
from video_payment p
where p.reference like 'TEST-%'
  and (@provider::text = '' or p.provider = @provider)
  and (@reference::text = '' or p.reference = @reference)
order by p.id desc
limit @max_rows;
