-- +goose Up
-- Orders that were placed through a partner's link.
create table order_referral (
    order_no   text   primary key references video_order (order_no),
    partner_id bigint not null references partner (id),
    link_id    bigint not null references partner_link (id),
    reference  text   not null -- the partner's own, as in the link
);
create index order_referral_by_partner on order_referral (partner_id, order_no desc);
create index order_referral_by_reference on order_referral (partner_id, reference);
create index order_referral_by_link on order_referral (link_id);

-- Partners are told of their orders at addresses of their own; owner_id is then the partner's id below zero, so that
-- processes of an older version neither show such an address to a creator nor choose it for a creator's events.
alter table webhook_endpoint add constraint webhook_endpoint_owner check (owner_id <> 0);

-- +goose Down
delete from webhook_endpoint where owner_id < 0;
alter table webhook_endpoint drop constraint webhook_endpoint_owner;
drop table order_referral;
