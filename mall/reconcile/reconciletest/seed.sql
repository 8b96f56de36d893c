-- A month of payments with their refunds and postings, and the statements that providers make of it. The tables fake_…
-- belong to the stand-in. $1 payments over $2 days from $3, with $4 discrepancies.
create table fake_plan (i int primary key, plant text not null);
create table fake_line (
    id bigint generated always as identity primary key, provider text, at timestamptz, kind text, attempt_no text, channel_txn_no text,
    refund_no text, dispute_no text, amount bigint, currency text, fee bigint, fee_currency text, is_foreign boolean not null default false);
create table fake_payment as
    select i, (array['alpha', 'beta', 'gamma'])[i % 3 + 1] as provider, lpad('A' || i, 26, '0') as attempt_no, 'T' || i as txn_no,
        lpad('O' || i, 26, '0') as order_no, lpad('R' || i, 26, '0') as refund_no, 1000 + i % 5000 as amount,
        '{{start}}'::timestamptz + i * (interval '{{days}} days' / {{payments}}) as at
    from generate_series(0, {{payments}} - 1) i;
alter table fake_payment add primary key (i);
insert into fake_plan
    select ((j + 0.5) * {{payments}} / {{planted}})::int, (array['unknown_payment', 'known_attempt', 'payment_missing_there', 'amount', 'currency',
        'duplicate', 'fee_negative', 'fee_rate', 'ledger_missing', 'ledger_sum', 'refund_missing_there', 'refund_pending',
        'refund_unknown', 'refund_amount', 'refund_returned', 'dispute_unknown'])[j % 16 + 1]
    from generate_series(0, {{planted}} - 1) j;

insert into video_payment (attempt_no, reference, provider, amount, currency, status, channel_txn_no, expires_at, created_at, updated_at)
    select attempt_no, order_no, provider, amount, 'CNY', case plant when 'known_attempt' then 'closed' else 'succeeded' end,
        case when plant is distinct from 'known_attempt' then txn_no end, at + interval '15 min', at, at
    from fake_payment left join fake_plan using (i) where plant is distinct from 'unknown_payment';
insert into payment_capture (provider, channel_txn_no, attempt_no, reference, amount, currency, state, captured_at, created_at)
    select provider, txn_no, attempt_no, order_no, amount, 'CNY', 'consumed', at, at
    from fake_payment left join fake_plan using (i) where plant is null or plant not in ('unknown_payment', 'known_attempt');
-- Every tenth payment was refunded in part a day later.
create table fake_refund as
    select p.*, plant, p.at + interval '1 day' as refunded_at from fake_payment p left join fake_plan using (i)
    where i % 10 = 3 and plant is null or plant in ('refund_missing_there', 'refund_pending', 'refund_amount', 'refund_returned');
insert into payment_refund (refund_no, capture_id, reference, provider, amount, currency, status, channel_refund_no, created_at, updated_at)
    select refund_no, c.id, c.reference, c.provider, 300, 'CNY', case plant when 'refund_pending' then 'submitted' else 'succeeded' end,
        'C' || refund_no, refunded_at, refunded_at
    from fake_refund f join payment_capture c on c.provider = f.provider and c.channel_txn_no = f.txn_no;
update payment_capture c set refunded = 300 from fake_refund f
    where c.provider = f.provider and c.channel_txn_no = f.txn_no and plant is distinct from 'refund_pending';

insert into ledger_posting (kind, reference, at)
    select 'sale', provider || '/' || txn_no, at from fake_payment left join fake_plan using (i)
    where plant is null or plant not in ('unknown_payment', 'known_attempt', 'ledger_missing')
    union all
    select 'refund', refund_no || '/sent', refunded_at from fake_refund where plant is distinct from 'refund_pending';
insert into ledger_line (posting_id, account, amount, currency)
    select g.id, a.account, a.sign * (amount + case plant when 'ledger_sum' then 100 else 0 end), 'CNY'
    from fake_payment p left join fake_plan using (i) join ledger_posting g on g.kind = 'sale' and g.reference = provider || '/' || txn_no,
        lateral (values ('channel:' || provider, 1), ('fees', -1)) a(account, sign);
insert into ledger_line (posting_id, account, amount, currency)
    select g.id, a.account, a.sign * 300, 'CNY'
    from fake_refund p join ledger_posting g on g.kind = 'refund' and g.reference = refund_no || '/sent',
        lateral (values ('channel:' || provider, -1), ('refunding', 1)) a(account, sign);

-- The provider states some payments a few minutes later, which is the next day for those near midnight.
insert into fake_line (provider, at, kind, attempt_no, channel_txn_no, refund_no, dispute_no, amount, currency, fee, fee_currency)
    select provider, at + case i % 7 when 0 then interval '9 min' else interval '0' end, 'payment', attempt_no, txn_no, '', '',
        amount + case plant when 'amount' then 1 else 0 end, case plant when 'currency' then 'USD' else 'CNY' end,
        case plant when 'fee_negative' then -5 when 'fee_rate' then amount + 1 else (amount * 60 + 5000) / 10000 end, 'CNY'
    from fake_payment left join fake_plan using (i)
    cross join lateral generate_series(1, case plant when 'duplicate' then 2 when 'payment_missing_there' then 0 else 1 end);
-- Gamma doesn't repeat our numbers of refunds.
insert into fake_line (provider, at, kind, attempt_no, channel_txn_no, refund_no, dispute_no, amount, currency, fee, fee_currency)
    select provider, refunded_at, 'refund', attempt_no, txn_no, case provider when 'gamma' then '' else refund_no end, '',
        300 + case plant when 'refund_amount' then 1 else 0 end, 'CNY', 0, 'CNY'
    from fake_refund where plant is distinct from 'refund_missing_there'
    union all
    select provider, refunded_at + interval '1 hour', 'refund_returned', attempt_no, txn_no, case provider when 'gamma' then '' else refund_no end,
        '', 300, 'CNY', 0, 'CNY'
    from fake_refund where plant = 'refund_returned'
    union all
    select provider, at + interval '1 day', 'refund', attempt_no, txn_no, case provider when 'gamma' then '' else 'BANK' || i end, '',
        300, 'CNY', 0, 'CNY'
    from fake_payment join fake_plan using (i) where plant = 'refund_unknown'
    union all
    select provider, at + interval '1 day', 'dispute', attempt_no, txn_no, '', 'D' || i, amount, 'CNY', 0, 'CNY'
    from fake_payment join fake_plan using (i) where plant = 'dispute_unknown';
-- Sales of another shop with the same account, and what the provider pays out each day.
insert into fake_line (provider, at, kind, attempt_no, channel_txn_no, refund_no, dispute_no, amount, currency, fee, fee_currency, is_foreign)
    select provider, at, 'payment', '', 'X' || i, '', '', 990, 'CNY', 6, 'CNY', true from fake_payment where i % 50 = 0;
create index on fake_line (provider, at);
analyze;
