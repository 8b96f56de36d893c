-- +goose Up
-- What one sold item brought its creator: the price that was paid, split once into the mall's fee and the creator's share. The
-- ledger does not know what a source is (an order's item) or a subject (a video); titles are as it was sold.
create table ledger_earning (
    id          bigint generated always as identity primary key,
    source      text not null unique,
    posting_id  bigint not null references ledger_posting (id),
    creator_id  bigint not null,
    subject     bigint not null,
    title_zh    text not null,
    title_en    text not null,
    quantity    int not null check (quantity > 0),
    amount      bigint not null check (amount > 0),
    fee         bigint not null check (fee between 0 and amount),
    currency    text not null check (currency ~ '^[A-Z]{3}$'),
    fee_rate    int not null check (fee_rate between 0 and 10000), -- basis points, for whoever reads; fee is the sum
    -- What is back with the buyer or on its way there: of the price, and of the fee.
    amount_back bigint not null default 0,
    fee_back    bigint not null default 0,
    at          timestamptz not null,
    clears_at   timestamptz not null,
    cleared_at  timestamptz,
    constraint ledger_earning_fee_back check (fee_back between 0 and fee),
    constraint ledger_earning_share_back check (amount_back - fee_back between 0 and amount - fee)
);
create index ledger_earning_creator_idx on ledger_earning (creator_id, at);
create index ledger_earning_held_idx on ledger_earning (creator_id, clears_at) where cleared_at is null;
create index ledger_earning_due_idx on ledger_earning (clears_at) where cleared_at is null;

-- What a refund took from a fee and a share. undone_at: the refund failed, and both have it again.
create table ledger_reversal (
    reference text not null, -- the refund's number
    source    text not null references ledger_earning (source),
    amount    bigint not null check (amount > 0),
    fee       bigint not null check (fee between 0 and amount),
    at        timestamptz not null,
    undone_at timestamptz,
    primary key (reference, source)
);
create index ledger_reversal_source_idx on ledger_reversal (source);

-- Where a creator wants to be paid, encrypted; the row is also what requests of one creator wait in line for.
create table ledger_payee (
    creator_id  bigint primary key,
    destination bytea, -- null until it is said
    version     int not null default 0,
    updated_at  timestamptz not null
);

create table ledger_payout (
    id             bigint generated always as identity primary key,
    creator_id     bigint not null references ledger_payee (creator_id),
    amount         bigint not null check (amount > 0),
    currency       text not null check (currency ~ '^[A-Z]{3}$'),
    state          text not null default 'requested' check (state in ('requested', 'approved', 'paid', 'refused', 'cancelled', 'failed')),
    version        int not null default 0,
    request_key    text not null check (length(request_key) between 1 and 200),
    destination    bytea not null, -- as it was when asked for, encrypted
    bank_reference text not null default '',
    reason         text not null default '', -- of the last move
    requested_at   timestamptz not null,
    paid_at        timestamptz,
    over_at        timestamptz, -- refused, cancelled or failed: the sum is available again
    constraint ledger_payout_request_key unique (creator_id, request_key),
    -- What a state promises, so that no statement can claim it alone.
    constraint ledger_payout_paid check (state <> 'paid' or paid_at is not null and bank_reference <> ''),
    constraint ledger_payout_over check ((state in ('refused', 'cancelled', 'failed')) = (over_at is not null))
);
create index ledger_payout_creator_idx on ledger_payout (creator_id, id desc);
create index ledger_payout_state_idx on ledger_payout (state, id desc);

-- Every move with its cause. The CHECK is the state machine's SQL side; a test holds it against the Go table and the drawn
-- diagram.
create table ledger_payout_transition (
    id         bigint generated always as identity primary key,
    payout_id  bigint not null references ledger_payout (id),
    from_state text not null,
    to_state   text not null,
    version    int not null,
    actor_id   bigint not null,
    reason     text not null default '',
    at         timestamptz not null,
    unique (payout_id, version),
    constraint ledger_payout_transition_allowed check ((from_state, to_state) in (
        ('requested', 'approved'),
        ('requested', 'refused'),
        ('requested', 'cancelled'),
        ('approved', 'paid'),
        ('approved', 'failed'),
        ('paid', 'failed')
    ))
);

-- Why an operator moved a creator's money by hand.
create table ledger_adjustment (
    posting_id bigint primary key references ledger_posting (id),
    creator_id bigint not null,
    amount     bigint not null check (amount <> 0), -- above 0: in the creator's favour
    currency   text not null check (currency ~ '^[A-Z]{3}$'),
    actor_id   bigint not null,
    reason     text not null check (length(reason) between 1 and 500),
    at         timestamptz not null
);
create index ledger_adjustment_creator_idx on ledger_adjustment (creator_id, at);

-- Sums by account read the index alone.
create index ledger_line_sum_idx on ledger_line (account, currency) include (amount);
drop index ledger_line_account_idx;

-- What waited under the old name for its way back: it moves by a posting, since lines stay as they were written.
with old as (
    select currency, sum(amount)::bigint as amount from ledger_line where account = 'surplus' group by currency having sum(amount) <> 0
), p as (
    insert into ledger_posting (kind, reference) select 'adjustment', 'surplus/unapplied' where exists (select 1 from old) returning id
)
insert into ledger_line (posting_id, account, amount, currency)
select p.id, a.account, a.sign * old.amount, old.currency
from p, old, (values ('surplus', -1), ('unapplied', 1)) a(account, sign);

-- +goose Down
drop table ledger_adjustment;
drop table ledger_payout_transition;
drop table ledger_payout;
drop table ledger_payee;
drop table ledger_reversal;
drop table ledger_earning;
create index ledger_line_account_idx on ledger_line (account, currency);
drop index ledger_line_sum_idx;
