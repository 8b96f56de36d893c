-- +goose Up
-- What people chose about the topics of mails that can be switched off. Without a row a topic is on.
create table mail_preference (
    user_id    bigint      not null references account_user (id),
    topic      text        not null check (topic in ('reminders', 'work', 'followed')),
    wanted     boolean     not null,
    changed_at timestamptz not null,
    primary key (user_id, topic)
);

-- Addresses that mail came back from, or whose readers called it unwanted. One more try can be asked for; once its
-- mail was confirmed, the row is deleted.
create table mail_suppression (
    address    text        primary key check (length(address) between 3 and 254),
    cause      text        not null check (cause in ('bounce', 'complaint')),
    detail     text        not null default '' check (length(detail) <= 300),
    created_at timestamptz not null,
    trial_at   timestamptz,                       -- when one more try was asked for
    trial_mail bigint      unique,                -- the mail of that try
    check (trial_mail is null or trial_at is not null)
);
create index mail_suppression_by_age on mail_suppression (created_at desc, address);

-- Messages of the mail provider's hook: each takes effect once.
create table mail_hook (
    id          text        primary key check (length(id) between 1 and 200),
    received_at timestamptz not null
);
create index mail_hook_by_age on mail_hook (received_at);

-- creator_id: whose follower is mailed. linked: the mail held a secret, even if it is gone by now.
alter table mail add column creator_id bigint references catalog_creator (user_id),
    add column linked boolean not null default false;
update mail set linked = true where secret is not null or kind in ('verify_email', 'reset_password', 'email_change');
create index mail_by_state on mail (state, id desc);
create index mail_by_kind on mail (kind, id desc);
create index mail_by_recipient on mail (recipient collate "C", id desc);
drop index mail_troubled;

-- Every state that a mail was in, and what its recipient's server reported afterwards.
create table mail_history (
    id      bigint      generated always as identity primary key,
    mail_id bigint      not null references mail (id) on delete cascade,
    at      timestamptz not null,
    event   text        not null check (event in ('waiting', 'sending', 'sent', 'unclear', 'dropped', 'failed',
                            'delivered', 'bounced_hard', 'bounced_soft', 'complained')),
    detail  text        not null default ''
);
create index mail_history_by_mail on mail_history (mail_id, id);
insert into mail_history (mail_id, at, event, detail) select id, moved_at, state, reason from mail order by id;

-- +goose StatementBegin
create function mail_remember() returns trigger language plpgsql as $$
begin
    insert into mail_history (mail_id, at, event, detail) values (new.id, new.moved_at, new.state, new.reason);
    return null;
end $$;
-- +goose StatementEnd
create trigger mail_written after insert on mail for each row execute function mail_remember();
create trigger mail_moved after update on mail for each row when (old.state <> new.state)
    execute function mail_remember();

-- +goose Down
drop trigger mail_moved on mail;
drop trigger mail_written on mail;
drop function mail_remember;
create index mail_troubled on mail (id desc) where state in ('unclear', 'failed');
drop index mail_by_recipient, mail_by_kind, mail_by_state;
alter table mail drop column linked, drop column creator_id;
drop table mail_history, mail_hook, mail_suppression, mail_preference;
