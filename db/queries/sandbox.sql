-- name: InsertCharge :exec
insert into sandbox_charge (out_trade_no, page_token, amount, currency, subject, return_url, expires_at, created_at)
values (@out_trade_no, @page_token, @amount, @currency, @subject, @return_url, @expires_at, @at)
on conflict (out_trade_no) do nothing;

-- name: Charge :one
select * from sandbox_charge where out_trade_no = @out_trade_no;

-- name: ChargeByToken :one
select * from sandbox_charge where page_token = @page_token;

-- name: CloseCharge :execrows
update sandbox_charge set status = 'closed' where out_trade_no = @out_trade_no and status = 'open';

-- name: PayCharge :one
update sandbox_charge
set status = @status, refunds_fail = @refunds_fail, refunds_return = @refunds_return,
    paid_at = case when @status::text = 'paid' then @at::timestamptz end
where page_token = @page_token and status = 'open' and expires_at > @at
returning *;

-- name: FailCharge :one
update sandbox_charge set status = 'failed'
where page_token = @page_token and status = 'open' and expires_at > @at
returning *;

-- name: SettleCharge :exec
with charge as (
    update sandbox_charge c set status = 'paid', paid_at = @at where c.out_trade_no = @out_trade_no and c.status = 'processing'
    returning c.out_trade_no
)
update sandbox_transaction t set paid_at = @at from charge where t.out_trade_no = charge.out_trade_no;

-- name: InsertTransaction :exec
insert into sandbox_transaction (txn_no, out_trade_no, amount, currency, paid_at)
values (@txn_no, @out_trade_no, @amount, @currency, @paid_at);

-- name: FirstTransaction :one
select * from sandbox_transaction where out_trade_no = @out_trade_no order by id limit 1;

-- name: LockTransaction :one
select * from sandbox_transaction where txn_no = @txn_no and out_trade_no = @out_trade_no for update;

-- name: AddRefunded :exec
update sandbox_transaction set refunded = refunded + @amount where txn_no = @txn_no;

-- name: InsertRefund :exec
insert into sandbox_refund (out_refund_no, out_trade_no, txn_no, refund_txn_no, amount, currency, created_at)
values (@out_refund_no, @out_trade_no, @txn_no, @refund_txn_no, @amount, @currency, @at);

-- name: Refund :one
select * from sandbox_refund where out_refund_no = @out_refund_no;

-- name: SettleRefund :one
update sandbox_refund set status = @status, settled_at = @at
where out_refund_no = @out_refund_no and status = 'processing'
returning *;

-- name: ReturnRefund :one
update sandbox_refund set status = 'failed', returned_at = @at::timestamptz
where out_refund_no = @out_refund_no and status = 'succeeded'
returning *;

-- name: ReturnedRefunds :many
select * from sandbox_refund where returned_at >= @from_time::timestamptz and returned_at < @to_time::timestamptz
order by returned_at, id;

-- name: InsertDispute :one
insert into sandbox_dispute (dispute_no, out_trade_no, txn_no, amount, currency, evidence_due, opened_at)
select @dispute_no, t.out_trade_no, t.txn_no, t.amount - t.refunded, t.currency, @evidence_due, @at
from sandbox_transaction t join sandbox_charge c on c.out_trade_no = t.out_trade_no
where t.out_trade_no = @out_trade_no and c.status = 'paid' and t.amount > t.refunded
order by t.id limit 1
on conflict (txn_no) do nothing
returning *;

-- name: HasOpenDispute :one
select exists (select from sandbox_dispute where txn_no = @txn_no and status = 'open');

-- name: LockDispute :one
select * from sandbox_dispute where out_trade_no = @out_trade_no order by id limit 1 for update;

-- name: UpdateDispute :exec
update sandbox_dispute set status = @status, withdrawn_at = sqlc.narg(withdrawn_at),
    reinstated_at = sqlc.narg(reinstated_at), closed_at = sqlc.narg(closed_at)
where id = @id;

-- name: DisputeMoves :many
-- Lists what was taken for disputes and given back after them.
select 'dispute'::text as kind, withdrawn_at::timestamptz as at, dispute_no, out_trade_no, txn_no, amount, currency
from sandbox_dispute where withdrawn_at >= @from_time::timestamptz and withdrawn_at < @to_time::timestamptz
union all
select 'dispute_won', reinstated_at::timestamptz, dispute_no, out_trade_no, txn_no, amount, currency
from sandbox_dispute where reinstated_at >= @from_time and reinstated_at < @to_time
order by at, dispute_no;

-- name: InsertNotice :one
insert into sandbox_notice (event_id, out_trade_no, refund_no, type, body, copies, first_signing, held, created_at)
values (@event_id, @out_trade_no, sqlc.narg(refund_no), @type, @body, @copies, @first_signing, @held, @at)
returning id;

-- name: TryNotice :one
-- A try is counted before it is sent, so that the try after an interrupted one does not repeat the bad signature of
-- the first.
update sandbox_notice set attempts = attempts + 1 where id = @id and acked_at is null and not held returning *;

-- name: NoticeExists :one
select exists (select from sandbox_notice where id = @id);

-- name: AckNotice :exec
update sandbox_notice set acked_at = @at, last_error = '' where id = @id;

-- name: NoteNotice :exec
update sandbox_notice set last_error = @last_error where id = @id;

-- name: ReleaseNotices :many
update sandbox_notice set held = false where out_trade_no = @out_trade_no and held returning id;

-- name: Notices :many
select * from sandbox_notice where out_trade_no = @out_trade_no order by id;

-- name: Payments :many
select t.* from sandbox_transaction t
join sandbox_charge c on c.out_trade_no = t.out_trade_no
where t.paid_at >= @from_time and t.paid_at < @to_time and c.status = 'paid'
order by t.paid_at, t.id;

-- name: Refunds :many
select * from sandbox_refund
where (status = 'succeeded' or returned_at is not null) and settled_at >= @from_time and settled_at < @to_time
order by settled_at, id;

-- name: DisputeStatus :one
select status from sandbox_dispute where out_trade_no = @out_trade_no order by id limit 1;
