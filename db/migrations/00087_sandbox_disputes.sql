-- +goose Up
-- A tester's wish, made while paying: refunds of this charge succeed, and their money comes back later.
alter table sandbox_charge add column refunds_return boolean not null default false;
alter table sandbox_refund add column returned_at timestamptz;

create table sandbox_dispute (
    id            bigint generated always as identity primary key,
    dispute_no    text not null unique,
    out_trade_no  text not null references sandbox_charge (out_trade_no),
    txn_no        text not null unique references sandbox_transaction (txn_no),
    -- What the payer's bank claims: all that had not been refunded when the dispute was opened.
    amount        bigint not null check (amount > 0),
    currency      text not null,
    status        text not null default 'open' check (status in ('open', 'won', 'lost')),
    evidence_due  timestamptz not null,
    opened_at     timestamptz not null,
    withdrawn_at  timestamptz,
    reinstated_at timestamptz,
    closed_at     timestamptz
);
create index sandbox_dispute_trade_idx on sandbox_dispute (out_trade_no);
create index sandbox_dispute_withdrawn_idx on sandbox_dispute (withdrawn_at);

alter table sandbox_notice drop constraint sandbox_notice_type_check;
alter table sandbox_notice add constraint sandbox_notice_type_check
    check (type in ('payment.succeeded', 'payment.failed', 'refund.succeeded', 'refund.failed', 'dispute.opened',
                    'dispute.funds_withdrawn', 'dispute.funds_reinstated', 'dispute.won', 'dispute.lost',
                    'dispute.warning'));

-- +goose Down
delete from sandbox_notice where type like 'dispute.%';
alter table sandbox_notice drop constraint sandbox_notice_type_check;
alter table sandbox_notice add constraint sandbox_notice_type_check
    check (type in ('payment.succeeded', 'payment.failed', 'refund.succeeded', 'refund.failed'));
drop table sandbox_dispute;
alter table sandbox_refund drop column returned_at;
alter table sandbox_charge drop column refunds_return;
