-- +goose Up
-- What an account may do besides shopping: a person has any number of roles, each given and taken by itself. "creator" sells
-- videos; the others are duties of operators, and whoever has one of them is an operator.
create table account_role (
    user_id  bigint      not null references account_user (id) on delete cascade,
    role     text        not null check (role in ('creator', 'orders', 'money', 'review', 'people', 'settings')),
    given_by bigint      references account_user (id), -- null for the mall itself: at its setup, or before roles had names here
    given_at timestamptz not null,
    primary key (user_id, role),
    constraint account_role_not_from_oneself check (given_by <> user_id or role = 'creator')
);
create index account_role_by_role on account_role (role, user_id desc);

-- An operator could do everything, and keeps it. No role changes between reading and dropping the column.
lock table account_user in access exclusive mode;
insert into account_role (user_id, role, given_at)
select u.id, r.role, coalesce(u.role_decided_at, u.created_at)
from account_user u
cross join unnest(case u.role
    when 'operator' then array['orders', 'money', 'review', 'people', 'settings']
    when 'creator' then array['creator']
    else array[]::text[] end) as r (role);

drop index account_user_role_idx;
alter table account_user drop column role;

-- +goose Down
-- The column holds one role: an operator's comes first.
alter table account_user add column role text not null default 'shopper' check (role in ('shopper', 'creator', 'operator'));
update account_user u
set role = case when exists (select from account_role r where r.user_id = u.id and r.role <> 'creator') then 'operator' else 'creator' end
where exists (select from account_role r where r.user_id = u.id);
create index account_user_role_idx on account_user (role, id desc);
drop table account_role;
