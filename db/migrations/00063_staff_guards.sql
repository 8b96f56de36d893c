-- +goose Up
-- When the password was last proved in this session; null: when it signed in, and not since.
alter table account_session add column proved_at timestamptz;

-- A payout is not approved before this moment: its destination had changed shortly before it was asked for.
alter table ledger_payout add column approvable_at timestamptz;
update ledger_payout set approvable_at = requested_at;
alter table ledger_payout alter column approvable_at set not null;

-- A credit that an operator proposed: another operator confirms or refuses it. Only a confirmed one is in the books.
create table ledger_credit (
    id          bigint generated always as identity primary key,
    creator_id  bigint not null,
    amount      bigint not null check (amount between 1 and 1000000000000),
    currency    text not null check (currency ~ '^[A-Z]{3}$'),
    reason      text not null check (length(reason) between 1 and 500),
    request_key text not null check (length(request_key) between 1 and 200),
    state       text not null default 'proposed' check (state in ('proposed', 'confirmed', 'refused')),
    proposed_by bigint not null,
    proposed_at timestamptz not null,
    decided_by  bigint,
    decided_at  timestamptz,
    constraint ledger_credit_request_key unique (creator_id, request_key),
    constraint ledger_credit_decided check ((state = 'proposed') = (decided_by is null) and (decided_by is null) = (decided_at is null)),
    constraint ledger_credit_two_people check (state <> 'confirmed' or decided_by <> proposed_by)
);
create index ledger_credit_creator_idx on ledger_credit (creator_id, id desc);
create index ledger_credit_proposed_idx on ledger_credit (id) where state = 'proposed';

-- +goose Down
drop table ledger_credit;
alter table ledger_payout drop column approvable_at;
alter table account_session drop column proved_at;
