-- +goose Up
-- What people prove besides a password. has_factor says that the person has an authenticator app or a passkey, and is
-- set in the transaction that adds or removes one; passkey_handle names the person to their passkeys, at random.
alter table account_user
    add column has_factor boolean not null default false,
    add column passkey_handle bytea unique check (length(passkey_handle) = 32);

-- When the person last proved a second factor in the session.
alter table account_session add column factor_at timestamptz;

-- An authenticator app. last_step is the period of 30 seconds whose code was accepted last, so that each code works
-- once.
create table account_totp (
    user_id    bigint      primary key references account_user (id),
    secret     bytea       not null,              -- sealed
    last_step  bigint      not null check (last_step > 0),
    created_at timestamptz not null,
    used_at    timestamptz not null
);

-- Codes that replace a factor that was lost. Whoever uses one deletes its row. The database knows only the SHA-256.
create table account_recovery_code (
    user_id    bigint      not null references account_user (id),
    code_hash  bytea       not null check (length(code_hash) = 32),
    created_at timestamptz not null,
    primary key (user_id, code_hash)
);

create table account_passkey (
    id            bigint      generated always as identity primary key,
    user_id       bigint      not null references account_user (id),
    credential_id bytea       not null unique check (length(credential_id) between 1 and 1023),
    credential    jsonb       not null,            -- the public key, the counter and the flags
    name          text        not null check (length(name) between 1 and 60),
    created_at    timestamptz not null,
    used_at       timestamptz,
    user_agent    text        not null default ''  -- of the browser that used it last
);
create index account_passkey_by_user on account_passkey (user_id, id);

-- What the mall has asked a browser to answer: a second step of signing in, or a signature of a passkey. The browser
-- holds the token, the database its SHA-256. Whoever gives the answer deletes the row.
create table account_challenge (
    token_hash bytea       primary key check (length(token_hash) = 32),
    purpose    text        not null
               check (purpose in ('second_step', 'passkey_sign_in', 'passkey_step', 'passkey_prove', 'passkey_add')),
    user_id    bigint      references account_user (id),
    epoch      bigint      not null,               -- of the person's access when it was asked
    data       bytea       not null,
    created_at timestamptz not null,
    expires_at timestamptz not null check (expires_at > created_at),
    check ((user_id is null) = (purpose = 'passkey_sign_in'))
);
create index account_challenge_by_user on account_challenge (user_id);
create index account_challenge_expiry on account_challenge (expires_at);

-- What has happened to the safety of an account, as its person sees it.
create table account_event (
    id      bigint      generated always as identity primary key,
    user_id bigint      not null references account_user (id),
    kind    text        not null check (kind ~ '^[a-z_]{1,40}$'),
    detail  text        not null default '' check (length(detail) <= 254),
    at      timestamptz not null
);
create index account_event_by_user on account_event (user_id, id desc);

-- +goose Down
drop table account_event, account_challenge, account_passkey, account_recovery_code, account_totp;
alter table account_session drop column factor_at;
alter table account_user drop column passkey_handle, drop column has_factor;
