-- +goose Up
-- What a person was given (sessions, bearer tokens, play tokens) carries the epoch in which it was given and is good in that epoch alone.
alter table account_user add column access_epoch bigint not null default 1 check (access_epoch > 0);

alter table account_session
    add column epoch bigint not null default 1,
    -- However often it is used, a session is over then.
    add column ends_at timestamptz not null default now() + interval '90 days',
    -- What the browser's device cookie names, as in playback_device: to remove the device is to sign it out.
    add column device bytea;
update account_session s
set ends_at = s.created_at + case when u.role = 'operator' then interval '7 days' else interval '90 days' end
from account_user u where u.id = s.user_id;
update account_session set expires_at = ends_at where expires_at > ends_at;
alter table account_session
    alter column ends_at drop default,
    add constraint account_session_ends_check check (expires_at <= ends_at);

alter table account_token
    add column token_no bigint not null generated always as identity unique,
    add column epoch bigint not null default 1,
    add column user_agent text not null default '',
    add column used_at timestamptz;

-- +goose Down
alter table account_token
    drop column used_at,
    drop column user_agent,
    drop column epoch,
    drop column token_no;
alter table account_session
    drop constraint account_session_ends_check,
    drop column device,
    drop column ends_at,
    drop column epoch;
alter table account_user drop column access_epoch;
