-- +goose Up
-- Mails that became necessary. The row is written in the transaction that makes the mail necessary, and (cause,
-- recipient) keeps one cause from being told twice to the same address.
create table mail (
    id         bigint generated always as identity primary key,
    kind       text        not null check (kind ~ '^[a-z_]{1,40}$'),
    cause      text        not null check (length(cause) between 1 and 200),
    recipient  text        not null check (length(recipient) between 3 and 254),
    user_id    bigint      references account_user (id),
    locale     text        not null check (locale in ('zh-CN', 'en')),
    data       jsonb       not null,
    secret     bytea,                             -- sealed; what only the recipient may know, gone once it has left
    state      text        not null default 'waiting'
               check (state in ('waiting', 'sending', 'sent', 'unclear', 'dropped', 'failed')),
    reason     text        not null default '',   -- why it was dropped, failed, or is unclear
    attempts   integer     not null default 0 check (attempts >= 0),
    created_at timestamptz not null,
    expires_at timestamptz not null,              -- after it the mail would only confuse
    moved_at   timestamptz not null,
    unique (cause, recipient),
    check (secret is null or state in ('waiting', 'sending', 'unclear'))
);
create index mail_by_user on mail (user_id, id desc);
create index mail_unfinished on mail (moved_at) where state in ('waiting', 'sending');
create index mail_troubled on mail (id desc) where state in ('unclear', 'failed');

-- The demo has no mail server: its mails are kept as they would have been sent, for the mailbox page.
create table mail_kept (
    mail_id  bigint      primary key references mail (id) on delete cascade,
    raw      bytea       not null,
    kept_at  timestamptz not null
);

-- +goose Down
drop table mail_kept, mail;
