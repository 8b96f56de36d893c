-- +goose Up
-- A payer's bank can take a payment back. A dispute is booked as a refund that the bank makes: refund_no names it, and
-- is empty if nothing was left to give back. What was withdrawn and reinstated is kept apart from how it ended, since
-- the three are told separately and in any order.
create table payment_dispute (
    id            bigint generated always as identity primary key,
    provider      text not null,
    dispute_no    text not null,
    capture_id    bigint not null references payment_capture (id),
    reference     text not null,
    refund_no     text not null default '',
    amount        bigint not null check (amount > 0),
    currency      text not null,
    status        text not null default 'open' check (status in ('open', 'won', 'lost')),
    reason        text not null default '',
    evidence_due  timestamptz,
    withdrawn_at  timestamptz,
    reinstated_at timestamptz,
    opened_at     timestamptz not null,
    closed_at     timestamptz,
    updated_at    timestamptz not null,
    constraint payment_dispute_no_key unique (provider, dispute_no),
    constraint payment_dispute_closed check ((status = 'open') = (closed_at is null)),
    constraint payment_dispute_reinstated check (reinstated_at is null or withdrawn_at is not null)
);
create index payment_dispute_reference_idx on payment_dispute (reference);
create index payment_dispute_capture_idx on payment_dispute (capture_id);
create index payment_dispute_open_idx on payment_dispute (evidence_due) where status = 'open';

alter table payment_refund add column by_bank boolean not null default false;

alter table order_refund drop constraint order_refund_cause_check;
alter table order_refund add constraint order_refund_cause_check
    check (cause in ('operator', 'creator', 'paid_after_close', 'paid_twice', 'channel', 'already_owned', 'dispute'));
alter table order_refund drop constraint order_refund_status_check;
alter table order_refund add constraint order_refund_status_check
    check (status in ('pending', 'succeeded', 'failed', 'returned', 'transferred'));
alter table order_case drop constraint order_case_kind_check;
alter table order_case add constraint order_case_kind_check
    check (kind in ('amount_mismatch', 'currency_mismatch', 'merchant_mismatch', 'unknown_order', 'refund_failed',
                    'refund_unmatched', 'refund_returned', 'refund_delayed', 'dispute', 'dispute_warning',
                    'dispute_unmatched'));

-- +goose Down
delete from order_case where kind in ('refund_returned', 'refund_delayed', 'dispute', 'dispute_warning', 'dispute_unmatched');
alter table order_case drop constraint order_case_kind_check;
alter table order_case add constraint order_case_kind_check
    check (kind in ('amount_mismatch', 'currency_mismatch', 'merchant_mismatch', 'unknown_order', 'refund_failed',
                    'refund_unmatched'));
update order_refund set status = 'succeeded' where status in ('returned', 'transferred');
alter table order_refund drop constraint order_refund_status_check;
alter table order_refund add constraint order_refund_status_check check (status in ('pending', 'succeeded', 'failed'));
update order_refund set cause = 'channel' where cause = 'dispute';
alter table order_refund drop constraint order_refund_cause_check;
alter table order_refund add constraint order_refund_cause_check
    check (cause in ('operator', 'creator', 'paid_after_close', 'paid_twice', 'channel', 'already_owned'));
alter table payment_refund drop column by_bank;
drop table payment_dispute;
