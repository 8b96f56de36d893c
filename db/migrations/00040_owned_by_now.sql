-- +goose Up

-- An item whose buyer has got it otherwise before its payment came is paid back by itself.
alter table order_refund drop constraint order_refund_cause_check;
alter table order_refund add constraint order_refund_cause_check
    check (cause in ('operator', 'creator', 'paid_after_close', 'paid_twice', 'channel', 'already_owned'));

-- What one person has not paid or not got yet: counted in the header of every page, and looked at whenever something is granted.
create index video_order_unfinished on video_order (user_id, id) where status in ('PENDING_PAY', 'PAID');

-- +goose Down

drop index video_order_unfinished;
update order_refund set cause = 'operator' where cause = 'already_owned';
alter table order_refund drop constraint order_refund_cause_check;
alter table order_refund add constraint order_refund_cause_check
    check (cause in ('operator', 'creator', 'paid_after_close', 'paid_twice', 'channel'));
