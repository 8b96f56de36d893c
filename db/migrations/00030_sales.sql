-- +goose Up
-- Who bought from whom: counted anew from the orders whenever one of theirs is paid or refunded.
create table order_customer (
    creator_id bigint not null,
    user_id    bigint not null,
    currency   text not null,
    orders     int not null check (orders > 0),
    spent      bigint not null check (spent >= 0),    -- minor units, refunds not yet taken off
    refunded   bigint not null check (refunded >= 0),
    first_at   timestamptz not null,
    last_at    timestamptz not null,
    primary key (creator_id, user_id, currency)
);
create index order_customer_latest_idx on order_customer (creator_id, last_at desc, user_id desc);
insert into order_customer
select i.creator_id, o.user_id, o.currency, count(distinct o.order_no), sum(i.amount - i.discount_amount), sum(i.refunded_amount), min(o.paid_at), max(o.paid_at)
from video_order o join video_order_item i using (order_no)
where o.paid_at is not null group by 1, 2, 3;

alter table order_refund drop constraint order_refund_cause_check;
alter table order_refund add constraint order_refund_cause_check check (cause in ('operator', 'creator', 'paid_after_close', 'paid_twice', 'channel'));

-- A creator's answer below a review.
alter table catalog_review add column reply text not null default '' check (length(reply) <= 2000);
alter table catalog_review add column replied_at timestamptz;
alter table catalog_review add constraint catalog_review_reply check ((reply = '') = (replied_at is null));

-- +goose Down
alter table catalog_review drop column replied_at;
alter table catalog_review drop column reply;
update order_refund set cause = 'operator' where cause = 'creator';
alter table order_refund drop constraint order_refund_cause_check;
alter table order_refund add constraint order_refund_cause_check check (cause in ('operator', 'paid_after_close', 'paid_twice', 'channel'));
drop table order_customer;
