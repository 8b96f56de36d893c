-- name: DropInterruptedRuns :exec
-- Only the holder of the provider's lock calls this, so a run that is still running belongs to nobody.
update reconcile_run set state = 'failed', error = 'interrupted', finished_at = @at::timestamptz where provider = @provider and state = 'running';

-- name: RestartRun :one
-- A day that failed before is tried again in the same row.
update reconcile_run set state = 'running', error = '', begins = @begins, ends = @ends, started_at = @at, finished_at = null
where id = (select id from reconcile_run r where r.provider = @provider and r.day = @day order by id desc limit 1) and state = 'failed'
returning id;

-- name: InsertRun :one
insert into reconcile_run (provider, day, begins, ends, state, started_at) values (@provider, @day, @begins, @ends, 'running', @at) returning id;

-- name: FailRun :exec
update reconcile_run set state = 'failed', error = @error, finished_at = @at::timestamptz where id = @id and state = 'running';

-- name: FinishRun :one
update reconcile_run r set state = 'finished', lines = @lines, foreign_lines = @foreign_lines, digest = @digest, finished_at = @at::timestamptz,
    found = (select count(*) from reconcile_difference d where d.run_id = r.id),
    mended = (select count(*) from reconcile_difference d where d.run_id = r.id and d.mended_by <> '' and d.closed_at is not null)
where r.id = @id returning r.found, r.mended;

-- name: DropStaged :exec
delete from reconcile_staged s where s.run_id in (select r.id from reconcile_run r where r.provider = @provider);

-- name: Stage :copyfrom
insert into reconcile_staged (run_id, ordinal, kind, line_key, attempt_no, channel_txn_no, refund_no, dispute_no, amount, currency, fee, fee_currency, at)
values (@run_id, @ordinal, @kind, @line_key, @attempt_no, @channel_txn_no, @refund_no, @dispute_no, @amount, @currency, @fee, @fee_currency, @at);

-- name: InsertRestated :exec
-- A day that was read before and reads otherwise now: other sums, lines more, or lines less.
insert into reconcile_difference (provider, day, kind, number, cause, attempt_no, stated, ours, currency, ours_currency, run_id, seen_run, found_at)
select @provider, @day, coalesce(n.kind, o.kind), coalesce(n.line_key, o.line_key), 'restated', coalesce(n.attempt_no, o.attempt_no, ''),
    n.amount, o.amount, coalesce(n.currency, o.currency), case when n.currency <> o.currency then o.currency else '' end, @run_id, @run_id, @at
from (select s.*, (row_number() over (partition by s.kind, s.line_key order by s.ordinal) - 1)::int as copy
      from reconcile_staged s where s.run_id = @run_id) n
full join (select l.* from reconcile_line l where l.provider = @provider and l.day = @day) o
    on o.kind = n.kind and o.line_key = n.line_key and o.copy = n.copy
where exists (select from reconcile_run r where r.provider = @provider and r.day = @day and r.state = 'finished')
  and (n.amount, n.currency, n.fee, n.fee_currency) is distinct from (o.amount, o.currency, o.fee, o.fee_currency)
on conflict (provider, kind, number, cause) do update
set seen_run = excluded.seen_run, stated = excluded.stated, ours = excluded.ours;

-- name: KeepStaged :exec
insert into reconcile_line (provider, day, kind, line_key, copy, number, attempt_no, channel_txn_no, refund_no, dispute_no,
    amount, currency, fee, fee_currency, at, run_id)
select @provider, @day, s.kind, s.line_key, row_number() over (partition by s.kind, s.line_key order by s.ordinal) - 1, s.line_key, s.attempt_no,
    s.channel_txn_no, s.refund_no, s.dispute_no, s.amount, s.currency, s.fee, s.fee_currency, s.at, s.run_id
from reconcile_staged s where s.run_id = @run_id
on conflict on constraint reconcile_line_key do nothing;

-- name: SumRun :exec
insert into reconcile_total (run_id, kind, currency, lines, amount)
select s.run_id, s.kind, s.currency, count(*) as n, saturated(sum(s.amount)) as amount from reconcile_staged s where s.run_id = @run_id group by 1, 2, 3
union all
select f.run_id, 'fee', f.fee_currency, count(*), saturated(sum(f.fee)) from reconcile_staged f where f.run_id = @run_id and f.fee <> 0 group by 1, 3
on conflict (run_id, kind, currency) do update set lines = excluded.lines, amount = excluded.amount;

-- name: FeesOf :many
select fee_currency as currency, saturated(sum(fee))::bigint as amount from reconcile_line
where provider = @provider and day = @day group by 1 having sum(fee) <> 0 order by 1;

-- name: SettledOf :many
-- Returns what came in less what left, besides sales, refunds and disputes.
select currency, saturated(sum(case kind when 'credit' then amount else -amount end))::bigint as amount from reconcile_line
where provider = @provider and day = @day and kind in ('credit', 'debit')
group by 1 having sum(case kind when 'credit' then amount else -amount end) <> 0 order by 1;

-- name: DropScope :exec
delete from reconcile_scope s where s.run_id in (select r.id from reconcile_run r where r.provider = @provider);

-- name: ScopeOpen :exec
-- What differed before is compared again by every run.
insert into reconcile_scope (run_id, kind, number)
select @run_id, kind, number from reconcile_difference where provider = @provider and closed_at is null and kind <> 'posting'
on conflict do nothing;

-- name: ScopeStated :exec
insert into reconcile_scope (run_id, kind, number)
select @run_id, kind, number from reconcile_line where provider = @provider and day = @day and kind not in ('credit', 'debit')
on conflict do nothing;

-- name: ScopeOurs :exec
insert into reconcile_scope (run_id, kind, number)
select @run_id, kind, number from reconcile_ours where provider = @provider and at >= @since and at < @until
on conflict do nothing;

-- name: ScopeBooked :exec
-- Postings on the provider's account, as the movements that they are about.
insert into reconcile_scope (run_id, kind, number)
select @run_id, case
        when p.kind in ('sale', 'capture') then 'payment'
        when d.id is not null and p.reference like '%/reinstated' then 'dispute_won'
        when d.id is not null then 'dispute'
        when p.reference like '%/returned' then 'refund_returned'
        else 'refund' end,
    case when p.kind in ('sale', 'capture') then substr(p.reference, length(@provider::text) + 2)
        else coalesce(d.dispute_no, split_part(p.reference, '/', 1)) end
from ledger_posting p
left join payment_refund r on p.kind = 'refund' and r.refund_no = split_part(p.reference, '/', 1) and r.by_bank
left join payment_dispute d on d.capture_id = r.capture_id and d.refund_no = r.refund_no
where p.at >= @since and p.at < @until
  and exists (select from ledger_line l where l.posting_id = p.id and l.account = 'channel:' || @provider)
  and (p.kind in ('sale', 'capture') and p.reference like @provider || '/_%' or p.kind = 'refund' and p.reference like '%_/_%')
  and (r.id is null or d.id is not null)
on conflict do nothing;

-- name: MatchRefunds :exec
-- Some lines of refunds don't repeat our number. Such a line is about the refund of the same payment with the provider's
-- number of it or, if none has that, with the same sum; each refund is taken once.
with line as (
    select l.id, l.kind, c.id as capture_id, l.amount, l.currency, l.refund_no,
        row_number() over (partition by l.kind, c.id, l.amount order by l.at, l.id) as place
    from reconcile_scope s
    join reconcile_line l on l.provider = @provider and l.kind = s.kind and l.number = s.number
    join payment_capture c on c.provider = l.provider and c.channel_txn_no = l.channel_txn_no
    where s.run_id = @run_id and s.kind in ('refund', 'refund_returned')
      and not exists (select from payment_refund r where r.refund_no = l.number)
), refund as (
    select k.kind, r.capture_id, r.amount, r.currency, r.refund_no,
        row_number() over (partition by k.kind, r.capture_id, r.amount
            order by case when r.status in ('pending', 'submitted') then 1 when r.status = 'failed' then 2 else 0 end, r.id) as place
    from (select distinct kind, capture_id from line) k
    join payment_refund r on r.capture_id = k.capture_id and not r.by_bank
    where not exists (select from reconcile_line x where x.provider = @provider and x.kind = k.kind and x.number = r.refund_no)
), matched as (
    update reconcile_line l set number = r.refund_no
    from line n join refund r on r.kind = n.kind and r.capture_id = n.capture_id and r.amount = n.amount
        and r.currency = n.currency and r.place = n.place
    where l.id = n.id
    returning l.kind as kind, l.number as number
)
insert into reconcile_scope (run_id, kind, number) select @run_id, m.kind, m.number from matched m
on conflict do nothing;

-- name: MatchLastRefunds :exec
-- After MatchRefunds: if one line and one refund that succeeded are left of a payment, they are the same with other sums.
with line as (
    select l.id, l.kind, c.id as capture_id, l.amount, l.currency, l.refund_no,
        count(*) over (partition by l.kind, c.id) as left_over
    from reconcile_scope s
    join reconcile_line l on l.provider = @provider and l.kind = s.kind and l.number = s.number
    join payment_capture c on c.provider = l.provider and c.channel_txn_no = l.channel_txn_no
    where s.run_id = @run_id and s.kind in ('refund', 'refund_returned')
      and not exists (select from payment_refund r where r.refund_no = l.number)
), refund as (
    select k.kind, r.capture_id, r.amount, r.currency, r.refund_no,
        count(*) over (partition by k.kind, r.capture_id) as left_over
    from (select distinct kind, capture_id from line) k
    join payment_refund r on r.capture_id = k.capture_id and not r.by_bank and r.status in ('succeeded', 'returned', 'transferred')
    where not exists (select from reconcile_line x where x.provider = @provider and x.kind = k.kind and x.number = r.refund_no)
), matched as (
    update reconcile_line l set number = r.refund_no
    from line n join refund r on r.kind = n.kind and r.capture_id = n.capture_id
    where l.id = n.id and n.left_over = 1 and r.left_over = 1
    returning l.kind as kind, l.number as number
)
insert into reconcile_scope (run_id, kind, number) select @run_id, m.kind, m.number from matched m
on conflict do nothing;

-- name: FindPostings :exec
-- Postings on the provider's account that are about none of its movements.
insert into reconcile_difference (provider, day, kind, number, cause, booked, currency, run_id, seen_run, found_at)
select @provider, @day, 'posting', p.kind || ' ' || p.reference, 'ledger', sum(l.amount)::bigint, min(l.currency), @run_id, @run_id, @at
from ledger_posting p join ledger_line l on l.posting_id = p.id and l.account = 'channel:' || @provider
where p.at >= @since and p.at < @until
  and not (p.kind in ('sale', 'capture') and p.reference like @provider || '/_%'
        or p.kind = 'refund' and p.reference like '%_/_%' or p.kind in ('provider_fee', 'settlement'))
group by p.id, p.kind, p.reference
on conflict (provider, kind, number, cause) do update set seen_run = excluded.seen_run;

-- name: Unsee :exec
-- Before a comparison: what it doesn't find again is gone.
update reconcile_difference set seen_run = 0 where provider = @provider and closed_at is null and kind <> 'posting' and cause <> 'restated';

-- name: CloseUnseen :exec
update reconcile_difference set closed_at = @at::timestamptz, closed_by = 'reconciliation', error = ''
where provider = @provider and closed_at is null and seen_run = 0 and kind <> 'posting' and cause <> 'restated';

-- name: Mendable :many
-- Differences that one side proves: money that moved there and not here. A payment needs an attempt that we know; the
-- others are about a payment or a refund of ours.
select d.id, d.kind, d.number, d.cause, d.status, l.attempt_no, l.channel_txn_no, l.refund_no, l.dispute_no, l.amount, l.currency, l.at,
    coalesce(a.attempt_no, '')::text as our_attempt, d.place
from reconcile_difference d
join lateral (select * from reconcile_line x where x.provider = d.provider and x.kind = d.kind and x.number = d.number
    order by x.day, x.copy limit 1) l on true
left join lateral (
    select v.attempt_no from video_payment v where v.provider = d.provider and v.attempt_no = l.attempt_no
    union all
    select v.attempt_no from video_payment v where v.provider = d.provider and l.attempt_no = '' and l.channel_txn_no <> ''
        and v.provider_ref <> '' and v.provider_ref = l.channel_txn_no
    limit 1) a on true
where d.provider = @provider and d.closed_at is null and d.cause in ('missing_here', 'state')
  and (d.place, d.id) > (@after_place::int, @after_id::bigint)
order by d.place, d.id limit @most;

-- name: Mended :exec
update reconcile_difference set mended_by = @mended_by, error = '' where id = @id;

-- name: NotMended :exec
update reconcile_difference set error = @error where id = @id;

-- name: FinishedDays :many
select distinct day from reconcile_run where provider = @provider and state = 'finished' and day >= @since order by day;

-- name: Runs :many
-- Returns the last run of each of the latest days.
select distinct on (day, provider) * from reconcile_run where day >= @since order by day desc, provider, (state = 'finished') desc, id desc;

-- name: Totals :many
select * from reconcile_total where run_id = any(@run_ids::bigint[]) order by run_id, kind, currency;

-- name: OpenByDay :many
select provider, day, count(*) as open from reconcile_difference where closed_at is null and day >= @since group by 1, 2;

-- name: OpenSums :many
-- The sum of a difference is what one side has and the other has not.
select provider, currency, count(*) as open, min(found_at)::timestamptz as oldest, saturated(sum(difference))::bigint as amount
from reconcile_difference where closed_at is null group by 1, 2 order by 1, 2;

-- name: CountOpen :one
select count(*) from reconcile_difference where closed_at is null;

-- name: Differences :many
select * from reconcile_difference
where (@provider::text = '' or provider = @provider) and (@cause::text = '' or cause = @cause) and (closed_at is null) = @open::boolean
  and (@owner::bigint = 0 or owner = @owner) and (@day::text = '' or day = nullif(@day, '')::date)
  and (@before::bigint = 0 or id < @before)
order by id desc limit @most;

-- name: Difference :one
select * from reconcile_difference where id = @id;

-- name: TakeDifference :execrows
update reconcile_difference set owner = @owner::bigint, taken_at = @at::timestamptz where id = @id and closed_at is null;

-- name: CloseDifference :execrows
update reconcile_difference set closed_at = @at::timestamptz, closed_by = @closed_by, note = @note where id = @id and closed_at is null;

-- name: DaysWithMovements :many
-- Returns which of some days of a provider have a movement of ours; a day begins and ends at the times beside it.
select d.day::date as day
from (select unnest(@days::date[]) as day, unnest(@begins::timestamptz[]) as begins, unnest(@ends::timestamptz[]) as ends) d
where exists (select 1 from reconcile_ours o where o.provider = @provider and o.at >= d.begins and o.at < d.ends);

-- name: KeepBankLines :execrows
insert into reconcile_bank_line (day, reference, amount, currency, copy, read_at, read_by)
select w.day, w.reference, w.amount, w.currency, row_number() over (partition by w.day, w.reference, w.amount, w.currency) - 1, @at, @by
from (select unnest(@days::date[]) as day, unnest(@numbers::text[]) as reference, unnest(@amounts::bigint[]) as amount,
    unnest(@currencies::text[]) as currency) w
on conflict do nothing;

-- name: BankSpan :one
select min(day)::date as first, max(day)::date as last, count(*) as lines from reconcile_bank_line having count(*) > 0;

-- name: BankWithoutPayout :many
-- Lines of the bank beyond the payouts with that reference and sum: each payout explains one line.
select b.* from (
    select l.*, row_number() over (partition by reference, amount, currency order by day, id) as place from reconcile_bank_line l) b
where b.closed_by is null and b.place > (
    select count(*) from ledger_payout p where p.bank_reference = b.reference and p.currency = b.currency and p.amount = abs(b.amount)
      and p.paid_at is not null and (b.amount > 0 or p.state = 'failed'))
order by b.id desc limit @most;

-- name: PayoutsWithoutBank :many
-- Payouts of the days that the bank's lines cover, beyond the lines with that reference and sum.
select p.* from (
    select q.id, q.creator_id, q.amount, q.currency, q.state, q.bank_reference, q.at, q.returned,
        row_number() over (partition by q.bank_reference, q.amount, q.currency, q.returned order by q.at, q.id) as place
    from (
        select a.id, a.creator_id, a.amount, a.currency, a.state, a.bank_reference, a.paid_at::timestamptz as at, false as returned
        from ledger_payout a where a.paid_at is not null
        union all
        select f.id, f.creator_id, f.amount, f.currency, f.state, f.bank_reference, f.over_at, true
        from ledger_payout f where f.paid_at is not null and f.state = 'failed') q) p
where p.at >= @since::timestamptz and p.at < @until::timestamptz and p.place > (
    select count(*) from reconcile_bank_line b where b.reference = p.bank_reference and b.currency = p.currency
      and b.amount = case when p.returned then -p.amount else p.amount end)
order by p.at desc limit @most;

-- name: CloseBankLine :execrows
update reconcile_bank_line set closed_by = @by::bigint, note = @note where id = @id and closed_by is null;
