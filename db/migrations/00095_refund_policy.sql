-- +goose Up
-- The refund policy that was shown before an order was placed applies to it for good. Zero seconds: none was shown, so
-- that the staff decides on every request.
alter table video_order
    add column refund_seconds int not null default 0 check (refund_seconds >= 0),
    add column refund_watched int not null default 0 check (refund_watched between 0 and 100),
    add column refund_by_rule boolean not null default false;

-- What a buyer asks to have back. by_rule says that it was within the policy; outside says why it waited for the staff.
-- answer is what the staff says to the buyer.
create table order_refund_request (
    id          bigint generated always as identity primary key,
    order_no    text not null references video_order (order_no),
    request_key text not null check (char_length(request_key) between 1 and 200),
    reason      text not null check (char_length(reason) <= 500),
    status      text not null default 'requested' check (status in ('requested', 'approved', 'declined', 'withdrawn')),
    by_rule     boolean not null default false,
    outside     text not null default '' check (outside in ('', 'no_policy', 'late', 'watched', 'staff')),
    refund_no   text references order_refund (refund_no),
    answer      text not null default '' check (char_length(answer) <= 500),
    decided_by  text not null default '',
    created_at  timestamptz not null,
    decided_at  timestamptz,
    constraint order_refund_request_key_once unique (order_no, request_key),
    constraint order_refund_request_decided check ((status = 'requested') = (decided_at is null)),
    constraint order_refund_request_refund check ((status = 'approved') = (refund_no is not null)),
    constraint order_refund_request_answer check (status <> 'declined' or answer <> ''),
    constraint order_refund_request_rule check (not by_rule or status = 'approved' and outside = '')
);
create index order_refund_request_open_idx on order_refund_request (created_at) where status = 'requested';

-- open holds while the request waits: no item is in two requests that wait.
create table order_refund_request_item (
    request_id bigint not null references order_refund_request (id),
    item_id    bigint not null references video_order_item (id),
    watched    int not null check (watched between 0 and 100),
    open       boolean not null,
    primary key (request_id, item_id)
);
create unique index order_refund_request_item_open on order_refund_request_item (item_id) where open;

alter table order_refund drop constraint order_refund_cause_check;
alter table order_refund add constraint order_refund_cause_check
    check (cause in ('operator', 'creator', 'shopper', 'paid_after_close', 'paid_twice', 'channel', 'already_owned', 'dispute'));

-- +goose Down
drop table order_refund_request_item;
drop table order_refund_request;
update order_refund set cause = 'operator' where cause = 'shopper';
alter table order_refund drop constraint order_refund_cause_check;
alter table order_refund add constraint order_refund_cause_check
    check (cause in ('operator', 'creator', 'paid_after_close', 'paid_twice', 'channel', 'already_owned', 'dispute'));
alter table video_order
    drop column refund_by_rule,
    drop column refund_watched,
    drop column refund_seconds;
