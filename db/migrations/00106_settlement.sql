-- +goose Up
-- Checks of tables that may be large are not valid here: 00110 validates them, without keeping anybody from writing meanwhile.

-- The currency in which a creator settles: each share is converted when it clears. null: never chosen; '': as it was sold, again.
alter table ledger_payee
    add column settlement_currency text,
    add constraint ledger_payee_settlement_currency_check check (settlement_currency ~ '^([A-Z]{3})?$') not valid;

-- What a share became when it cleared, if it was converted: the whole share at the rate of that moment, and what of it went back with
-- refunds, before or after. All parts of the share together take back exactly all of it.
alter table ledger_earning
    add column settled_currency text,
    add column settled bigint,
    add column settled_rate numeric, -- units of settled_currency for one of currency, rounded, for whoever reads
    add column settled_back bigint not null default 0,
    add constraint ledger_earning_settled_currency_check check (settled_currency ~ '^[A-Z]{3}$') not valid,
    add constraint ledger_earning_settled check (case when settled_currency is null
        then settled is null and settled_rate is null and settled_back = 0
        else settled is not null and settled_rate is not null and cleared_at is not null and settled_currency <> currency
            and settled_rate > 0 and settled_back between 0 and settled end) not valid,
    add constraint ledger_earning_settled_all
        check (settled is null or amount_back - fee_back < amount - fee or settled_back = settled) not valid,
    add constraint ledger_earning_settled_none check (settled is null or amount_back - fee_back > 0 or settled_back = 0) not valid;

-- The part of a refund in what its earning was settled with; null if the earning was not converted while the refund stood.
-- from_settled: the refund was booked after the conversion, and took from the settled sum.
alter table ledger_reversal
    add column settled bigint,
    add column from_settled boolean not null default false,
    add constraint ledger_reversal_settled_check check (settled >= 0) not valid,
    add constraint ledger_reversal_settled check (settled is not null or not from_settled) not valid;

-- What a payout was worth in the mall's own currency when it was requested, by which it needs one person or two. null: that is its amount.
alter table ledger_payout
    add column worth bigint,
    add constraint ledger_payout_worth_check check (worth >= 0) not valid;

-- Money that an operator says was exchanged at a bank.
create table ledger_exchange (
    posting_id      bigint primary key references ledger_posting (id),
    sold            bigint not null check (sold > 0),
    sold_currency   text not null check (sold_currency ~ '^[A-Z]{3}$'),
    bought          bigint not null check (bought > 0),
    bought_currency text not null check (bought_currency ~ '^[A-Z]{3}$'),
    reference       text not null check (char_length(reference) between 1 and 200), -- the bank's
    day             date not null,
    actor_id        bigint not null,
    at              timestamptz not null,
    constraint ledger_exchange_other check (sold_currency <> bought_currency),
    constraint ledger_exchange_reference unique (reference, day)
);

-- +goose Down
drop table ledger_exchange;
alter table ledger_payout drop column worth;
alter table ledger_reversal drop column from_settled, drop column settled;
alter table ledger_earning
    drop column settled_back,
    drop column settled_rate,
    drop column settled,
    drop column settled_currency;
alter table ledger_payee drop column settlement_currency;
