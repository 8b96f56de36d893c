-- +goose NO TRANSACTION
-- +goose Up
-- Validates what 00106 and 00107 added, and builds the index of 00106. Reading and writing go on meanwhile: each statement commits by
-- itself, so that no lock outlasts it, and all of them may run again if one was interrupted.
alter table ledger_payee validate constraint ledger_payee_settlement_currency_check;
alter table ledger_earning validate constraint ledger_earning_settled_currency_check;
alter table ledger_earning validate constraint ledger_earning_settled;
alter table ledger_earning validate constraint ledger_earning_settled_all;
alter table ledger_earning validate constraint ledger_earning_settled_none;
alter table ledger_reversal validate constraint ledger_reversal_settled_check;
alter table ledger_reversal validate constraint ledger_reversal_settled;
alter table ledger_payout validate constraint ledger_payout_worth_check;
alter table account_user validate constraint account_user_currency_check;
drop index concurrently if exists ledger_earning_settled_idx;
create index concurrently ledger_earning_settled_idx on ledger_earning (creator_id, cleared_at) where settled_currency is not null;

-- +goose Down
drop index concurrently if exists ledger_earning_settled_idx;
