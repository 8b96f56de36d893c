-- +goose Up
create table account_user (
    id            bigint generated always as identity primary key,
    email         text not null check (email = lower(email) and length(email) between 3 and 254),
    name          text not null check (length(name) between 1 and 80),
    password_hash text not null,
    role          text not null default 'shopper' check (role in ('shopper', 'creator', 'operator')),
    locale        text not null default '' check (locale in ('', 'zh-CN', 'en')),
    status        text not null default 'active' check (status in ('active', 'locked')),
    created_at    timestamptz not null default now(),
    constraint account_user_email_key unique (email)
);

-- A person is signed in while the row of the session lives; Redis holds the session's other values, and may lose them.
create table account_session (
    id_hash    bytea primary key,
    session_no bigint not null generated always as identity unique,
    user_id    bigint not null references account_user (id) on delete cascade,
    user_agent text not null default '',
    created_at timestamptz not null default now(),
    seen_at    timestamptz not null default now(),
    expires_at timestamptz not null
);
create index account_session_user_idx on account_session (user_id);
create index account_session_expires_idx on account_session (expires_at);

create table account_token (
    token_hash bytea primary key,
    user_id    bigint not null references account_user (id) on delete cascade,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    revoked_at timestamptz
);
create index account_token_user_idx on account_token (user_id);
create index account_token_expires_idx on account_token (expires_at);

-- +goose Down
drop table account_token;
drop table account_session;
drop table account_user;
