-- +goose Up
-- Double entry: a posting is written once for its (kind, reference) and its lines sum to zero a currency.
create table ledger_posting (
    id        bigint generated always as identity primary key,
    kind      text not null,
    reference text not null,
    at        timestamptz not null default now(),
    unique (kind, reference)
);

create table ledger_line (
    id         bigint generated always as identity primary key,
    posting_id bigint not null references ledger_posting (id),
    account    text not null check (account ~ '^[a-z_]+(:[A-Za-z0-9_-]+)?$'),
    amount     bigint not null check (amount <> 0),
    currency   text not null
);
create index ledger_line_posting_idx on ledger_line (posting_id);
create index ledger_line_account_idx on ledger_line (account, currency);

-- +goose StatementBegin
create function ledger_balanced() returns trigger language plpgsql as $$
begin
    if exists (select 1 from ledger_line where posting_id = new.posting_id group by currency having sum(amount) <> 0) then
        raise exception 'ledger posting % does not sum to zero', new.posting_id using errcode = 'check_violation';
    end if;
    return null;
end $$;
-- +goose StatementEnd
create constraint trigger ledger_line_balanced after insert or update on ledger_line
    deferrable initially deferred for each row execute function ledger_balanced();

-- +goose StatementBegin
create function ledger_append_only() returns trigger language plpgsql as $$
begin
    raise exception 'the ledger is append-only' using errcode = 'check_violation';
end $$;
-- +goose StatementEnd
create trigger ledger_line_append_only before update or delete on ledger_line
    for each row execute function ledger_append_only();

-- +goose Down
drop table ledger_line;
drop table ledger_posting;
drop function ledger_balanced();
drop function ledger_append_only();
