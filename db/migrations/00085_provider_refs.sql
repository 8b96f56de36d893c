-- +goose Up
-- provider_ref is the provider's own number of the charge. request is what opened it, since some providers find a
-- charge only by the very same request. ask_at is when a silent attempt is asked about next.
alter table video_payment
    add column method       text not null default '',
    add column provider_ref text not null default '',
    add column request      jsonb,
    add column asks         int not null default 0,
    add column ask_at       timestamptz;
create index video_payment_ask_idx on video_payment (ask_at) where ask_at is not null;
create index video_payment_provider_ref_idx on video_payment (provider, provider_ref) where provider_ref <> '';

-- A refund that has succeeded can fail later: the provider holds its sum again, and we owe it to the buyer. It is then
-- paid in another way, or not.
alter table payment_refund drop constraint payment_refund_status_check;
alter table payment_refund add constraint payment_refund_status_check
    check (status in ('pending', 'submitted', 'succeeded', 'failed', 'returned', 'transferred'));
alter table payment_refund add column transfer text not null default '';

-- +goose Down
alter table payment_refund drop column transfer;
update payment_refund set status = 'failed' where status in ('returned', 'transferred');
alter table payment_refund drop constraint payment_refund_status_check;
alter table payment_refund add constraint payment_refund_status_check
    check (status in ('pending', 'submitted', 'succeeded', 'failed'));
drop index video_payment_provider_ref_idx;
drop index video_payment_ask_idx;
alter table video_payment
    drop column ask_at,
    drop column asks,
    drop column request,
    drop column provider_ref,
    drop column method;
