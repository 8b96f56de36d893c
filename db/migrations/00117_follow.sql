-- +goose Up
-- Who follows which creator. mail_since: since when they want mails about the creator; null for none.
create table follow (
    user_id     bigint      not null references account_user (id),
    creator_id  bigint      not null references catalog_creator (user_id),
    followed_at timestamptz not null,
    mail_since  timestamptz,
    primary key (user_id, creator_id),
    constraint follow_not_oneself check (user_id <> creator_id)
);
create index follow_mailed on follow (creator_id, user_id) where mail_since is not null;

-- What creators write to their followers. reasons: why a message waits for an operator.
create table follow_message (
    id         bigint      generated always as identity primary key,
    creator_id bigint      not null references catalog_creator (user_id),
    form_key   text        not null check (length(form_key) between 1 and 64),
    subject    text        not null check (length(subject) between 1 and 60),
    body       text        not null check (length(body) between 1 and 4000),
    locale     text        not null default '' check (locale in ('', 'zh-CN', 'en')),
    state      text        not null check (state in ('held', 'approved', 'refused')),
    reasons    text[]      not null default '{}',
    created_at timestamptz not null,
    decided_at timestamptz,
    decided_by bigint      references account_user (id), -- null: no operator was needed
    answer     text        not null default '' check (length(answer) <= 500),
    unique (creator_id, form_key),
    constraint follow_message_decided check ((state = 'held') = (decided_at is null)),
    constraint follow_message_held_first check (decided_by is null or reasons <> '{}'),
    constraint follow_message_refusal check (state <> 'refused' or (answer <> '' and decided_by is not null)),
    constraint follow_message_not_own check (decided_by <> creator_id)
);
create index follow_message_by_creator on follow_message (creator_id, id desc);
create index follow_message_held on follow_message (id) where state = 'held';

-- Something that all followers of a creator are mailed, batch after batch. cursor_user is the last follower who was
-- looked at. Whoever wants mails only since begun_at or later is not mailed.
create table follow_mailing (
    id          bigint      generated always as identity primary key,
    creator_id  bigint      not null references catalog_creator (user_id),
    spu_id      bigint      unique references video_product_spu (id) on delete cascade,
    message_id  bigint      unique references follow_message (id),
    begun_at    timestamptz not null,
    cursor_user bigint      not null default 0,
    written     integer     not null default 0 check (written >= 0),
    ended_at    timestamptz,
    constraint follow_mailing_about_one check (num_nonnulls(spu_id, message_id) = 1)
);

-- +goose Down
drop table follow_mailing, follow_message, follow;
