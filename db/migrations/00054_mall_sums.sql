-- +goose Up
-- What the operators' overview reads. The mall as a whole is creator 0 in the sums of sales: an order of two creators' films is one there.
insert into insight_day (day, creator_id, spu_id, currency, orders, units, gross)
select (o.paid_at at time zone 'UTC')::date, 0, 0, o.currency, count(distinct o.order_no), sum(i.quantity), sum(i.amount - i.discount_amount)
from video_order o join video_order_item i using (order_no)
where o.paid_at is not null group by 1, 4
on conflict do nothing;

insert into insight_day (day, creator_id, spu_id, currency, refunds, refunded)
select (r.settled_at at time zone 'UTC')::date, 0, 0, r.currency, count(distinct r.refund_no), sum(s.amount)
from order_refund r join order_refund_item s using (refund_no)
where r.status = 'succeeded' group by 1, 4
on conflict (day, creator_id, spu_id, currency) do update set refunds = excluded.refunds, refunded = excluded.refunded;

create index insight_day_film_idx on insight_day (day, spu_id, creator_id, currency) include (orders, gross, refunded) where spu_id > 0;
create index account_user_created_idx on account_user (created_at);
create index video_order_unpaid_idx on video_order (closed_at) where status = 'CLOSED';
create index order_refund_failed_idx on order_refund (settled_at) where status = 'failed';

-- What the console's pages of a person and of an order lead to.
create index order_case_order_idx on order_case (order_no) where order_no <> '';
create index catalog_review_user_idx on catalog_review (user_id, id desc);

-- +goose Down
drop index catalog_review_user_idx;
drop index order_case_order_idx;
drop index order_refund_failed_idx;
drop index video_order_unpaid_idx;
drop index account_user_created_idx;
drop index insight_day_film_idx;
delete from insight_day where creator_id = 0;
