-- name: Post :many
-- Inserts new postings with their lines in one round trip. A posting that was written before is not changed, nor are
-- its lines, and it is not returned.
with p as (
    insert into ledger_posting (kind, reference, at)
    select unnest(@kinds::text[]), unnest(@numbers::text[]), @at
    on conflict (kind, reference) do nothing
    returning id, kind, reference
), l as (
    insert into ledger_line (posting_id, account, amount, currency)
    select p.id, w.account, w.amount, w.currency from p join (
        select unnest(@line_kinds::text[]) as kind, unnest(@line_numbers::text[]) as reference, unnest(@accounts::text[]) as account,
            unnest(@amounts::bigint[]) as amount, unnest(@currencies::text[]) as currency) w using (kind, reference)
)
select id, kind from p;

-- name: PostSale :one
-- Does the same as Post, and inserts what each part of a sale earned for which creator.
with p as (
    insert into ledger_posting (kind, reference, at)
    select unnest(@kinds::text[]), @reference, @at
    on conflict (kind, reference) do nothing
    returning id, kind
), l as (
    insert into ledger_line (posting_id, account, amount, currency)
    select p.id, w.account, w.amount, @currency from p join (
        select unnest(@line_kinds::text[]) as kind, unnest(@accounts::text[]) as account, unnest(@amounts::bigint[]) as amount) w using (kind)
), e as (
    insert into ledger_earning (source, posting_id, creator_id, subject, title_zh, title_en, quantity, amount, fee, currency, fee_rate, at, clears_at, tax, tax_country)
    select w.source, p.id, w.creator_id, w.subject, w.title_zh, w.title_en, w.quantity, w.amount, w.fee, @currency, @fee_rate, @at, @clears_at,
        w.tax, w.tax_country
    from p, (select unnest(@sources::text[]) as source, unnest(@creator_ids::bigint[]) as creator_id, unnest(@subjects::bigint[]) as subject,
        unnest(@titles_zh::text[]) as title_zh, unnest(@titles_en::text[]) as title_en, unnest(@quantities::int[]) as quantity,
        unnest(@earned::bigint[]) as amount, unnest(@fees::bigint[]) as fee,
        unnest(@taxes::bigint[]) as tax, unnest(@tax_countries::text[]) as tax_country) w
    where p.kind = 'sale'
)
select count(*) from p;

-- name: LockEarnings :many
select * from ledger_earning where source = any(@sources::text[]) order by id for update;

-- name: TakeBack :exec
-- A part of an earning that was converted has what it takes of the settled sum.
with w as (
    select unnest(@sources::text[]) as source, unnest(@amounts::bigint[]) as amount, unnest(@fees::bigint[]) as fee, unnest(@taxes::bigint[]) as tax,
        unnest(@converted::boolean[]) as converted, unnest(@settled::bigint[]) as settled
), r as (
    insert into ledger_reversal (reference, source, amount, fee, tax, settled, from_settled, at)
    select @reference, source, amount, fee, tax, case when converted then settled end, converted, @at from w
)
update ledger_earning e set amount_back = amount_back + w.amount, fee_back = fee_back + w.fee, tax_back = tax_back + w.tax,
    settled_back = settled_back + w.settled
from w where e.source = w.source;

-- name: Reversals :many
select r.source, r.amount, r.fee, r.tax, r.settled from ledger_reversal r
where r.reference = @reference and r.undone_at is null order by r.source;

-- name: GiveBack :exec
with r as (
    update ledger_reversal set undone_at = @at::timestamptz where reference = @reference and undone_at is null
    returning source, amount, fee, tax, coalesce(settled, 0) as settled
)
update ledger_earning e set amount_back = amount_back - r.amount, fee_back = fee_back - r.fee, tax_back = tax_back - r.tax,
    settled_back = settled_back - r.settled
from r where e.source = r.source;

-- name: LinesOf :many
select l.account, l.amount, l.currency from ledger_line l join ledger_posting p on p.id = l.posting_id
where p.kind = @kind and p.reference = @reference order by l.id;

-- name: LockDue :many
-- An earning that a refund has locked is left for the next run. chosen: the creator has chosen a settlement currency once.
select e.id, e.source, e.creator_id, e.currency, (e.amount - e.fee)::bigint as share, (e.amount_back - e.fee_back)::bigint as back,
    (p.settlement_currency is not null)::boolean as chosen, coalesce(p.settlement_currency, '')::text as settlement
from ledger_earning e left join ledger_payee p on p.creator_id = e.creator_id
where e.cleared_at is null and e.clears_at <= @at::timestamptz order by e.clears_at limit @most for update of e skip locked;

-- name: SetCleared :exec
update ledger_earning set cleared_at = @at::timestamptz where id = any(@ids::bigint[]);

-- name: SetConverted :exec
-- Clears earnings whose shares were converted, with what had gone back of them before.
update ledger_earning e set cleared_at = @at::timestamptz, settled_currency = w.currency, settled = w.settled, settled_back = w.back,
    settled_rate = cast(w.rate as numeric)
from (select unnest(@ids::bigint[]) as id, unnest(@currencies::text[]) as currency, unnest(@settled::bigint[]) as settled,
    unnest(@backs::bigint[]) as back, unnest(@rates::text[]) as rate) w
where e.id = w.id;

-- name: StandingReversals :many
select reference, source, (amount - fee)::bigint as share from ledger_reversal
where source = any(@sources::text[]) and undone_at is null order by source, at, reference;

-- name: SetReversalsSettled :exec
update ledger_reversal r set settled = w.settled
from (select unnest(@refs::text[]) as reference, unnest(@sources::text[]) as source, unnest(@settled::bigint[]) as settled) w
where r.reference = w.reference and r.source = w.source;

-- name: Balances :many
select account, currency, saturated(sum(amount))::bigint as amount from ledger_line group by account, currency order by account, currency;

-- name: Families :many
-- Sums creators' accounts by family, because there may be thousands of them.
select (case when account like 'channel:%' then account else split_part(account, ':', 1) end)::text as family, currency,
    count(*) as accounts, saturated(sum(amount))::bigint as amount
from (select account, currency, sum(amount) as amount from ledger_line group by account, currency) a
group by 1, 2 order by 1, 2;

-- name: Imbalances :many
select currency, saturated(sum(amount))::bigint as amount from ledger_line group by currency order by currency;

-- name: BalancesOf :many
select account, currency, saturated(sum(amount))::bigint as amount from ledger_line where account = any(@accounts::text[])
group by account, currency order by account, currency;

-- name: RecentPostings :many
select id, kind, reference, at from ledger_posting where (@before::bigint = 0 or id < @before) order by id desc limit @most;

-- name: LinesOfPostings :many
select posting_id, account, amount, currency from ledger_line where posting_id = any(@ids::bigint[]) order by id;

-- name: HeldSpan :one
-- Returns when the first and the last held earning will clear, and no row if nothing is held.
select min(clears_at)::timestamptz as first, max(clears_at)::timestamptz as last
from ledger_earning where creator_id = @creator_id and cleared_at is null having count(*) > 0;

-- name: Held :many
-- Days begin at the moments of starts, the first of which is number 1.
select width_bucket(clears_at, @starts::timestamptz[])::int as day, currency, saturated(sum((amount - fee) - (amount_back - fee_back)))::bigint as share
from ledger_earning where creator_id = @creator_id and cleared_at is null
group by 1, 2 having sum((amount - fee) - (amount_back - fee_back)) <> 0 order by 1, 2;

-- name: SalesByDay :many
-- Days begin at the moments of starts, the first of which is number 1.
select width_bucket(at, @starts::timestamptz[])::int as day, currency, saturated(sum(quantity))::bigint as units, saturated(sum(amount))::bigint as amount, saturated(sum(fee))::bigint as fee,
    saturated(sum(amount_back))::bigint as amount_back, saturated(sum(fee_back))::bigint as fee_back
from ledger_earning where creator_id = @creator_id and at >= @since
group by 1, 2 order by 1 desc, 2;

-- name: SalesBySubject :many
select subject, min(title_zh)::text as title_zh, min(title_en)::text as title_en, currency, saturated(sum(quantity))::bigint as units,
    saturated(sum(amount))::bigint as amount, saturated(sum(fee))::bigint as fee
from ledger_earning where creator_id = @creator_id and at >= @since and at < @until
group by subject, currency order by currency, sum(amount) desc, subject;

-- name: RefundsBySubject :many
-- A refund that failed does not count. If it failed in a later month than it was booked, its amount is added back in
-- that month.
select e.subject, min(e.title_zh)::text as title_zh, min(e.title_en)::text as title_en, e.currency,
    coalesce(sum(r.amount) filter (where r.at >= @since and r.at < @until), 0)::bigint as amount,
    coalesce(sum(r.fee) filter (where r.at >= @since and r.at < @until), 0)::bigint as fee,
    coalesce(sum(r.amount) filter (where r.undone_at >= @since and r.undone_at < @until), 0)::bigint as amount_undone,
    coalesce(sum(r.fee) filter (where r.undone_at >= @since and r.undone_at < @until), 0)::bigint as fee_undone
from ledger_reversal r join ledger_earning e using (source)
where e.creator_id = @creator_id and (r.at >= @since and r.at < @until or r.undone_at >= @since and r.undone_at < @until)
group by e.subject, e.currency order by e.currency, e.subject;

-- name: PaidBetween :many
-- Returns payouts that were paid, and those that the bank sent back.
select p.id, p.amount, p.currency, t.to_state, t.at from ledger_payout p join ledger_payout_transition t on t.payout_id = p.id
where p.creator_id = @creator_id and t.at >= @since and t.at < @until
  and (t.to_state = 'paid' or (t.to_state = 'failed' and t.from_state = 'paid'))
order by t.at, t.id;

-- name: AdjustmentsBetween :many
select amount, currency, reason, at from ledger_adjustment where creator_id = @creator_id and at >= @since and at < @until order by at, posting_id;

-- name: ConvertedBetween :many
-- Returns what was converted: what was left of shares when they cleared, in both currencies.
select e.currency, e.settled_currency::text as settled_currency, trim_scale(e.settled_rate)::text as rate,
    saturated(sum(e.amount - e.fee - b.share))::bigint as share, saturated(sum(e.settled - b.settled))::bigint as settled
from ledger_earning e cross join lateral (
    select coalesce(sum(r.amount - r.fee), 0) as share, coalesce(sum(r.settled), 0) as settled
    from ledger_reversal r where r.source = e.source and r.settled is not null and not r.from_settled) b
where e.creator_id = @creator_id and e.settled_currency is not null and e.cleared_at >= @since::timestamptz and e.cleared_at < @until::timestamptz
group by 1, 2, 3 order by 1, 2, min(e.cleared_at);

-- name: ConvertedBackBetween :many
-- Returns what refunds took from settled sums, less what came back because they failed, in both currencies.
select currency, settled_currency, rate, saturated(sum(share))::bigint as share, saturated(sum(settled))::bigint as settled
from (
    select e.currency, e.settled_currency::text as settled_currency, trim_scale(e.settled_rate)::text as rate, r.amount - r.fee as share, r.settled, r.at
    from ledger_earning e join ledger_reversal r using (source)
    where e.creator_id = @creator_id and e.settled_currency is not null and r.from_settled and r.at >= @since::timestamptz and r.at < @until::timestamptz
    union all
    select e.currency, e.settled_currency::text, trim_scale(e.settled_rate)::text, r.fee - r.amount, -r.settled, r.undone_at
    from ledger_earning e join ledger_reversal r using (source)
    where e.creator_id = @creator_id and e.settled_currency is not null and r.settled is not null
        and r.undone_at >= @since::timestamptz and r.undone_at < @until::timestamptz) m
group by 1, 2, 3 order by 1, 2, min(at);

-- name: ConvertedByDay :many
-- Days begin at the moments of starts, the first of which is number 1. Sums are those of today, less all refunds.
select width_bucket(cleared_at, @starts::timestamptz[])::int as day, currency, settled_currency::text as settled_currency, trim_scale(settled_rate)::text as rate,
    saturated(sum((amount - fee) - (amount_back - fee_back)))::bigint as share, saturated(sum(settled - settled_back))::bigint as settled
from ledger_earning where creator_id = @creator_id and settled_currency is not null and cleared_at >= @since::timestamptz
group by 1, 2, 3, 4 order by 1 desc, 2, 3, 4;

-- name: OwedBefore :many
-- Returns what the mall owes a creator at a moment, in all accounts together.
select l.currency, saturated(sum(l.amount))::bigint as amount from ledger_line l join ledger_posting p on p.id = l.posting_id
where l.account = any(@accounts::text[]) and p.at < @until
group by l.currency order by l.currency;

-- name: FirstMoment :one
select f.at::timestamptz as at from (select least(
    (select min(e.at) from ledger_earning e where e.creator_id = @creator_id),
    (select min(a.at) from ledger_adjustment a where a.creator_id = @creator_id)) as at) f where f.at is not null;

-- name: EnsurePayee :exec
insert into ledger_payee (creator_id, updated_at) values (@creator_id, @at) on conflict (creator_id) do nothing;

-- name: LockPayee :one
select * from ledger_payee where creator_id = @creator_id for update;

-- name: Payee :one
select * from ledger_payee where creator_id = @creator_id;

-- name: SetSettlement :exec
update ledger_payee set settlement_currency = @currency::text, version = version + 1 where creator_id = @creator_id;

-- name: SetDestination :one
update ledger_payee set destination = @destination, version = version + 1, updated_at = @at where creator_id = @creator_id returning *;

-- name: InsertPayout :one
insert into ledger_payout (creator_id, amount, currency, worth, request_key, destination, requested_at, approvable_at)
values (@creator_id, @amount, @currency, @worth::bigint, @request_key, @destination, @at, @approvable_at) returning *;

-- name: PayoutByKey :one
select * from ledger_payout where creator_id = @creator_id and request_key = @request_key;

-- name: PayoutByID :one
select * from ledger_payout where id = @id;

-- name: MovePayout :one
-- The guard: no row means that the payout has moved since it was read.
update ledger_payout set state = @to_state, version = version + 1, reason = @reason::text,
    bank_reference = case when @to_state = 'paid' then @bank_reference::text else bank_reference end,
    paid_at = case when @to_state = 'paid' then @at::timestamptz else paid_at end,
    over_at = case when @to_state in ('refused', 'cancelled', 'failed') then @at else over_at end
where id = @id and state = @from_state and version = @version
returning *;

-- name: InsertPayoutTransition :exec
insert into ledger_payout_transition (payout_id, from_state, to_state, version, actor_id, reason, at)
values (@payout_id, @from_state, @to_state, @version, @actor_id, @reason, @at);

-- name: PayoutMoves :many
select * from ledger_payout_transition where payout_id = @payout_id order by version;

-- name: PayoutsOf :many
select * from ledger_payout where creator_id = @creator_id and (@before::bigint = 0 or id < @before) order by id desc limit @most;

-- name: Payouts :many
select * from ledger_payout where (@state::text = '' or state = @state) and (@before::bigint = 0 or id < @before)
order by id desc limit @most;

-- name: CountPayouts :many
select state, count(*) from ledger_payout group by state;

-- name: InsertAdjustment :exec
insert into ledger_adjustment (posting_id, creator_id, amount, currency, actor_id, reason, at)
values (@posting_id, @creator_id, @amount, @currency, @actor_id, @reason, @at);

-- name: PaidOut :many
select currency, saturated(sum(amount))::bigint as amount from ledger_payout where creator_id = @creator_id and state = 'paid'
group by currency order by currency;

-- name: PayoutApprover :one
select actor_id from ledger_payout_transition where payout_id = @payout_id and to_state = 'approved';

-- name: InsertCredit :one
insert into ledger_credit (creator_id, amount, currency, reason, request_key, proposed_by, proposed_at)
values (@creator_id, @amount, @currency, @reason, @request_key, @actor_id, @at)
on conflict (creator_id, request_key) do nothing
returning *;

-- name: CreditByKey :one
select * from ledger_credit where creator_id = @creator_id and request_key = @request_key;

-- name: LockCredit :one
select * from ledger_credit where id = @id for update;

-- name: DecideCredit :exec
update ledger_credit set state = @state, decided_by = @actor_id::bigint, decided_at = @at::timestamptz where id = @id and state = 'proposed';

-- name: ProposedCredits :many
select * from ledger_credit where state = 'proposed' and (@creator_id::bigint = 0 or creator_id = @creator_id)
order by id limit @most;

-- name: ProviderDays :many
select l.account, l.currency, saturated(sum(l.amount))::bigint as amount
from ledger_posting p join ledger_line l on l.posting_id = p.id and l.account like 'channel:%'
where p.kind in ('provider_fee', 'settlement')
group by 1, 2 order by 1, 2;

-- name: LastPosting :one
select coalesce(max(id), 0)::bigint from ledger_posting;

-- name: LinesWrittenHere :many
-- Returns the lines of the postings after one that this transaction has written.
select p.kind, l.account, l.amount, l.currency from ledger_posting p join ledger_line l on l.posting_id = p.id
where p.id > @after_id and p.xmin = pg_current_xact_id()::xid order by l.id;

-- name: HasPosting :one
select exists (select 1 from ledger_posting where kind = @kind and reference = @reference);

-- name: PositionBefore :many
-- Returns what an account holds in each currency by postings before a moment.
select l.currency, sum(l.amount)::bigint as amount from ledger_line l join ledger_posting p on p.id = l.posting_id
where l.account = @account and p.at < @until group by l.currency having sum(l.amount) <> 0 order by l.currency;

-- name: InsertExchange :exec
insert into ledger_exchange (posting_id, sold, sold_currency, bought, bought_currency, reference, day, actor_id, at)
values (@posting_id, @sold, @sold_currency, @bought, @bought_currency, @reference, @day, @actor_id, @at);

-- name: RecentExchanges :many
select * from ledger_exchange order by posting_id desc limit @most;

-- name: RecentRevaluations :many
-- Returns what the last revaluations booked on an account.
select p.reference, l.amount, l.currency from ledger_posting p join ledger_line l on l.posting_id = p.id and l.account = @account
where p.kind = 'revaluation' order by p.id desc limit @most;
