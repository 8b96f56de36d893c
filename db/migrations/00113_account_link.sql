-- +goose Up
-- Links that were mailed to people. Each works once: whoever uses it deletes its row. The database knows only the
-- SHA-256 of what the link holds.
create table account_link (
    token_hash bytea       primary key check (length(token_hash) = 32),
    purpose    text        not null check (purpose in ('verify_email', 'reset_password', 'change_email')),
    user_id    bigint      not null references account_user (id),
    email      text        not null,             -- the address that reads the link
    epoch      bigint      not null,             -- of the person's access when the link was made
    created_at timestamptz not null,
    expires_at timestamptz not null check (expires_at > created_at)
);
create index account_link_by_user on account_link (user_id, purpose);
create index account_link_expiry on account_link (expires_at);

-- When the person last proved that they read what is sent to their address, and the last language that they chose,
-- in which mails are written to those who leave pages to their browser.
alter table account_user add column email_verified_at timestamptz,
    add column mail_locale text check (mail_locale in ('zh-CN', 'en'));

-- +goose Down
alter table account_user drop column mail_locale, drop column email_verified_at;
drop table account_link;
