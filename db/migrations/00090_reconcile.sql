-- +goose Up
-- One comparison of a provider's day. A run that was killed stays 'running' until the next one of that provider, which
-- alone holds the lock.
create table reconcile_run (
    id            bigint generated always as identity primary key,
    provider      text not null,
    day           date not null,
    begins        timestamptz not null,
    ends          timestamptz not null,
    state         text not null check (state in ('running', 'finished', 'failed')),
    error         text not null default '',
    lines         bigint not null default 0 check (lines >= 0),
    foreign_lines bigint not null default 0 check (foreign_lines >= 0),
    digest        bytea, -- SHA-256 of the statement's lines as they came
    found         int not null default 0,
    mended        int not null default 0,
    started_at    timestamptz not null,
    finished_at   timestamptz,
    constraint reconcile_run_span check (ends > begins),
    constraint reconcile_run_ended check ((state = 'running') = (finished_at is null)),
    constraint reconcile_run_read check (state <> 'finished' or digest is not null)
);
create index reconcile_run_day_idx on reconcile_run (provider, day, id desc);
create unique index reconcile_run_running_key on reconcile_run (provider) where state = 'running';

-- The lines of a statement that is still being read. They become facts together, once the statement is complete.
create table reconcile_staged (
    run_id         bigint not null,
    ordinal        bigint not null,
    kind           text not null,
    line_key       text not null,
    attempt_no     text not null,
    channel_txn_no text not null,
    refund_no      text not null,
    dispute_no     text not null,
    amount         bigint not null,
    currency       text not null,
    fee            bigint not null,
    fee_currency   text not null,
    at             timestamptz not null,
    primary key (run_id, ordinal)
);

-- What providers stated, once for each day. Facts are only added: a day that is read again replaces none, and what
-- differs then is a difference. line_key is the provider's name of the movement; number is the number of ours under
-- which it is compared, which is another one only for refunds whose number the provider doesn't repeat.
create table reconcile_line (
    id             bigint generated always as identity primary key,
    provider       text not null,
    day            date not null,
    kind           text not null check (kind in ('payment', 'refund', 'refund_returned', 'dispute', 'dispute_won', 'credit', 'debit')),
    line_key       text not null check (line_key <> ''),
    copy           int not null,
    number         text not null check (number <> ''),
    attempt_no     text not null,
    channel_txn_no text not null,
    refund_no      text not null,
    dispute_no     text not null,
    amount         bigint not null check (amount >= 0),
    currency       text not null check (currency ~ '^[A-Z]{3}$'),
    fee            bigint not null,
    fee_currency   text not null check (fee_currency ~ '^[A-Z]{3}$'),
    at             timestamptz not null,
    run_id         bigint not null,
    constraint reconcile_line_key unique (line_key, kind, provider, day, copy)
);
create index reconcile_line_number_idx on reconcile_line (number, kind, provider);
-- With the day first, so that a search by number never takes it for an index of the provider.
create index reconcile_line_day_idx on reconcile_line (day, provider);

-- What a run read and what our books had of that day, by kind and currency. 'fee' is a kind of its own here.
create table reconcile_total (
    run_id   bigint not null references reconcile_run (id),
    kind     text not null,
    currency text not null,
    lines    bigint not null,
    amount   bigint not null,
    primary key (run_id, kind, currency)
);

-- What one comparison looks at.
create table reconcile_scope (
    run_id bigint not null,
    kind   text not null,
    number text not null,
    primary key (run_id, kind, number)
);

-- A difference between statement, captures and ledger, until it is gone or somebody settles it.
create table reconcile_difference (
    id         bigint generated always as identity primary key,
    provider   text not null,
    day        date not null,
    kind       text not null check (kind in ('payment', 'refund', 'refund_returned', 'dispute', 'dispute_won', 'credit', 'debit', 'posting')),
    number     text not null,
    cause      text not null check (cause in ('missing_here', 'missing_there', 'amount', 'currency', 'state', 'duplicate', 'fee', 'ledger', 'restated')),
    reference  text not null default '', -- what was paid for, if we know it
    attempt_no text not null default '',
    stated     bigint,  -- by the provider
    ours       bigint,  -- by our captures and refunds; for a fee what was agreed
    booked     bigint,  -- by the ledger
    currency   text not null, -- of the sums
    ours_currency text not null default '', -- if it differs
    status     text not null default '', -- of our refund or dispute
    run_id     bigint not null, -- that found it
    seen_run   bigint not null, -- that saw it last
    found_at   timestamptz not null,
    owner      bigint,
    taken_at   timestamptz,
    note       text not null default '' check (length(note) <= 500),
    error      text not null default '', -- why it could not be mended
    mended_by  text not null default '',
    closed_at  timestamptz,
    closed_by  text not null default '',
    -- The order in which differences are mended: what was paid before what was given back of it.
    place      int generated always as (case kind when 'payment' then 0 when 'refund' then 1 when 'refund_returned' then 2
                   when 'dispute' then 3 when 'dispute_won' then 4 else 5 end) stored,
    -- The sum that one side has and the other has not, in minor units.
    difference bigint generated always as (case
                   when cause = 'ledger' then abs(coalesce(booked, 0) - coalesce(case when kind = 'refund' or kind = 'dispute' then -ours else ours end, 0))
                   when cause = 'currency' or cause = 'state' then coalesce(stated, 0)
                   else abs(coalesce(stated, 0) - coalesce(ours, 0)) end) stored,
    constraint reconcile_difference_key unique (provider, kind, number, cause),
    constraint reconcile_difference_taken check ((owner is null) = (taken_at is null)),
    constraint reconcile_difference_closed check ((closed_at is null) = (closed_by = ''))
);
create index reconcile_difference_open_idx on reconcile_difference (provider, found_at) where closed_at is null;
create index reconcile_difference_run_idx on reconcile_difference (run_id);

-- Every movement that we believe a provider made, with its time. mall/reconcile/find.sql says the rest of it.
create view reconcile_ours as
    select provider, 'payment'::text as kind, channel_txn_no as number, captured_at as at from payment_capture
    union all
    select provider, 'refund'::text, refund_no, updated_at
    from payment_refund where not by_bank and status in ('succeeded', 'returned', 'transferred')
    union all
    select provider, 'refund_returned'::text, refund_no, updated_at
    from payment_refund where not by_bank and status in ('returned', 'transferred')
    union all
    select provider, 'dispute'::text, dispute_no, withdrawn_at from payment_dispute where withdrawn_at is not null
    union all
    select provider, 'dispute_won'::text, dispute_no, reinstated_at from payment_dispute where reinstated_at is not null;

create index payment_capture_day_idx on payment_capture (provider, captured_at);
create index payment_refund_day_idx on payment_refund (provider, updated_at);
-- Postings are written in the order of their time.
create index ledger_posting_at_idx on ledger_posting using brin (at);

-- What the bank says about the account that payouts leave from. Reading a file again adds nothing.
create table reconcile_bank_line (
    id        bigint generated always as identity primary key,
    day       date not null,
    reference text not null check (length(reference) between 1 and 200),
    amount    bigint not null check (amount <> 0), -- above zero left the account
    currency  text not null check (currency ~ '^[A-Z]{3}$'),
    copy      int not null,
    read_at   timestamptz not null,
    read_by   bigint not null,
    closed_by bigint,
    note      text not null default '' check (length(note) <= 500),
    constraint reconcile_bank_line_key unique (day, reference, amount, currency, copy)
);
create index reconcile_bank_line_reference_idx on reconcile_bank_line (reference);
create index ledger_payout_bank_reference_idx on ledger_payout (bank_reference) where bank_reference <> '';

-- +goose Down
drop index ledger_payout_bank_reference_idx;
drop table reconcile_bank_line;
drop index ledger_posting_at_idx;
drop index payment_refund_day_idx;
drop index payment_capture_day_idx;
drop view reconcile_ours;
drop table reconcile_difference;
drop table reconcile_scope;
drop table reconcile_total;
drop table reconcile_line;
drop table reconcile_staged;
drop table reconcile_run;
