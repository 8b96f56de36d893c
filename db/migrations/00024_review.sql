-- +goose Up
-- Who of the staff did what. Entries are numbered without a gap and each names the hash of the one before, so that none can be changed
-- or taken out without the chain telling; the triggers refuse whoever tries by statement.
create table audit_entry (
    id        bigint primary key check (id > 0), -- one more than the entry before, given under the chain's lock
    at        timestamptz not null,
    actor_id  bigint not null, -- 0: the mall itself
    actor     text not null check (length(actor) between 1 and 254), -- how the person was called then
    verb      text not null check (verb ~ '^[a-z_]+(\.[a-z_]+)*$'),
    subject   text not null check (length(subject) between 1 and 200), -- "order:01H…", "spu:7"
    detail    jsonb not null,
    prev_hash bytea not null check (length(prev_hash) = 32),
    hash      bytea not null unique check (length(hash) = 32)
);
create index audit_entry_actor_idx on audit_entry (actor_id, id desc);
create index audit_entry_verb_idx on audit_entry (verb, id desc);
create index audit_entry_subject_idx on audit_entry (subject text_pattern_ops, id desc);
create index audit_entry_at_idx on audit_entry (at);

-- How far the chain reaches. seal is signed with a key that PostgreSQL does not know: whoever cuts the chain's end off can't sign a
-- shorter one.
create table audit_head (
    one      boolean primary key default true check (one),
    entry_id bigint not null,
    hash     bytea not null,
    seal     bytea not null
);

-- +goose StatementBegin
create function audit_refuse() returns trigger language plpgsql as $$
begin
    raise exception 'the audit log is only added to: % of %', tg_op, tg_table_name using errcode = 'restrict_violation';
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
create function audit_head_guard() returns trigger language plpgsql as $$
begin
    if new.entry_id <> old.entry_id + 1 then
        raise exception 'the head of the audit log moves by one, not from % to %', old.entry_id, new.entry_id using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
-- +goose StatementEnd
create trigger audit_entry_kept before update or delete on audit_entry for each row execute function audit_refuse();
create trigger audit_entry_not_emptied before truncate on audit_entry for each statement execute function audit_refuse();
create trigger audit_head_kept before delete on audit_head for each row execute function audit_refuse();
create trigger audit_head_not_emptied before truncate on audit_head for each statement execute function audit_refuse();
create trigger audit_head_by_one before update on audit_head for each row execute function audit_head_guard();

-- One look at one submitted revision of a listing. content is what was submitted, as it was judged.
create table review_case (
    id          bigint generated always as identity primary key,
    revision_id bigint not null,
    spu_id      bigint not null,
    creator_id  bigint not null,
    content     jsonb not null,
    score       int not null check (score >= 0),
    reasons     jsonb not null,
    state       text not null default 'open' check (state in ('open', 'second', 'approved', 'returned', 'withdrawn')),
    version     int not null default 0,
    first_by    bigint, -- who decided; of a case that takes two, who approved first
    second_by   bigint, -- who decided a case that takes two
    causes      text[] not null default '{}', -- why it was returned
    note        text not null default '' check (length(note) <= 2000),
    opened_at   timestamptz not null,
    decided_at  timestamptz,
    constraint review_case_two_people check (second_by <> first_by),
    constraint review_case_not_own check (first_by <> creator_id and second_by <> creator_id),
    constraint review_case_first check (state not in ('second', 'approved', 'returned') or first_by is not null),
    -- A high score takes two people; review.SecondFrom is this number.
    constraint review_case_second check (state <> 'approved' or score < 60 or second_by is not null),
    constraint review_case_decided check ((state in ('approved', 'returned', 'withdrawn')) = (decided_at is not null))
);
-- A revision that comes back is a new case; one case of it lives at a time.
create unique index review_case_revision_key on review_case (revision_id) where state in ('open', 'second', 'approved');
create index review_case_queue_idx on review_case (score desc, id) where state in ('open', 'second');
create index review_case_state_idx on review_case (state, id desc);
create index review_case_creator_idx on review_case (creator_id, id desc);
create index review_case_spu_idx on review_case (spu_id, id desc);

-- Every move with who made it. The CHECK is the state machine's SQL side; a test holds it against the Go table.
create table review_move (
    id         bigint generated always as identity primary key,
    case_id    bigint not null references review_case (id),
    from_state text not null,
    to_state   text not null,
    version    int not null,
    actor_id   bigint not null, -- 0: the mall itself
    note       text not null default '',
    at         timestamptz not null,
    unique (case_id, version),
    constraint review_move_allowed check ((from_state, to_state) in (
        ('open', 'second'),
        ('open', 'approved'),
        ('open', 'returned'),
        ('open', 'withdrawn'),
        ('second', 'approved'),
        ('second', 'returned'),
        ('second', 'withdrawn'),
        ('returned', 'open')
    ))
);

create table review_word (
    id       bigint generated always as identity primary key,
    word     text not null check (length(word) between 1 and 80), -- as it was typed
    norm     text not null unique check (length(norm) between 1 and 200), -- as it is looked for
    weight   int not null check (weight between 1 and 100),
    added_by bigint not null,
    added_at timestamptz not null
);

create table review_takedown (
    id          bigint generated always as identity primary key,
    spu_id      bigint not null,
    creator_id  bigint not null,
    title_zh    text not null,
    title_en    text not null,
    by_id       bigint not null,
    reason      text not null check (length(reason) between 1 and 500),
    keep_access boolean not null, -- false: what buyers own of it ends, and they are paid back
    at          timestamptz not null,
    undone_at   timestamptz,
    undone_by   bigint,
    check ((undone_at is null) = (undone_by is null)),
    constraint review_takedown_not_own check (by_id <> creator_id)
);
create unique index review_takedown_living_key on review_takedown (spu_id) where undone_at is null;
create index review_takedown_creator_idx on review_takedown (creator_id, id desc);

-- A creator's word against a takedown or a return.
create table review_appeal (
    id          bigint generated always as identity primary key,
    takedown_id bigint references review_takedown (id),
    case_id     bigint references review_case (id),
    spu_id      bigint not null,
    creator_id  bigint not null,
    words       text not null check (length(words) between 1 and 2000),
    state       text not null default 'open' check (state in ('open', 'granted', 'refused', 'moot')),
    answer      text not null default '' check (length(answer) <= 2000),
    by_id       bigint, -- who answered; none of a moot one
    opened_at   timestamptz not null,
    decided_at  timestamptz,
    check (num_nonnulls(takedown_id, case_id) = 1),
    check ((state = 'open') = (decided_at is null)),
    check ((state in ('granted', 'refused')) = (by_id is not null)),
    constraint review_appeal_not_own check (by_id <> creator_id)
);
create unique index review_appeal_takedown_key on review_appeal (takedown_id) where state = 'open';
create unique index review_appeal_case_key on review_appeal (case_id) where state = 'open';
create index review_appeal_open_idx on review_appeal (opened_at, id) where state = 'open';
create index review_appeal_spu_idx on review_appeal (spu_id, id desc);

-- Which orders sold a listing, for ending what they gave.
create index video_order_item_spu_order_idx on video_order_item (spu_id, order_no);

-- +goose Down
drop index video_order_item_spu_order_idx;
drop table review_appeal;
drop table review_takedown;
drop table review_word;
drop table review_move;
drop table review_case;
drop table audit_head;
drop table audit_entry;
drop function audit_head_guard();
drop function audit_refuse();
