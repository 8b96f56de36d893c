-- +goose Up
-- When somebody first signed in to the account: they are not told of that, but of every later browser that they have
-- never used. Of accounts from before it is not known, and they are told from now on.
-- A default that is a constant is stored without rewriting the table, which every request reads.
alter table account_user add column first_signed_in_at timestamptz default now();
alter table account_user alter column first_signed_in_at drop default;

-- Mails follow from events. What happened before there were any mails is not told now.
insert into outbox_cursor (subscriber, xid, event_id) values ('mails', pg_current_xact_id(), 0);

-- +goose Down
delete from outbox_delivery where subscriber = 'mails';
delete from outbox_cursor where subscriber = 'mails';
alter table account_user drop column first_signed_in_at;
