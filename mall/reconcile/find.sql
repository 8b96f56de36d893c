-- Compares statement = captures = ledger for everything in scope. A difference that was found before keeps its row; one that
-- an operator has closed stays closed.
with compared as (
    select s.kind, s.number, coalesce(t.n, 0) as n, t.day, t.amount as stated, t.currency as stated_in, t.fee, t.fee_currency, t.total, t.attempt_no,
        o.number is not null as known, coalesce(o.moved, false) as moved, o.status, o.amount as ours, o.currency as ours_in, o.at,
        coalesce(o.reference, a.reference, '') as reference, coalesce(nullif(t.attempt_no, ''), o.attempt_no, '') as our_attempt,
        case when o.moved then o.booked else 0 end as due, coalesce(b.amount, 0)::bigint as booked, b.first_currency, b.last_currency,
        case when t.fee_currency = t.currency and s.kind = 'payment' and @rate::int >= 0
            then (t.amount * @rate + 5000) / 10000 + coalesce((@fixed::jsonb ->> t.currency)::bigint, 0) end as agreed,
        -- With fixed parts in other currencies only, the fee here is the share and something that nobody agreed to.
        @fixed::jsonb <> '{}' and @fixed::jsonb -> t.currency is null as at_least
    from reconcile_scope s
    left join lateral (
        select l.day, l.amount, l.currency, l.fee, l.fee_currency, l.attempt_no, count(*) over () as n, sum(l.amount) over ()::bigint as total
        from reconcile_line l where l.provider = @provider and l.kind = s.kind and l.number = s.number
        order by l.day, l.copy limit 1) t on true
    -- What we believe, with what the ledger should have on the provider's account for it. A row that is not moved is a refund or a
    -- dispute whose money did not move as far as we know.
    left join lateral (
        select c.channel_txn_no as number, true as moved, c.state as status, c.amount, c.currency, c.reference, c.attempt_no,
            c.captured_at as at, c.amount as booked, array['sale', 'capture'] as posting_kinds, c.provider || '/' || c.channel_txn_no as posting
        from payment_capture c where s.kind = 'payment' and c.provider = @provider and c.channel_txn_no = s.number
        union all
        select r.refund_no, r.status in ('succeeded', 'returned', 'transferred'), r.status, r.amount, r.currency, r.reference, '',
            r.updated_at, -r.amount, array['refund'], r.refund_no || '/sent'
        from payment_refund r where s.kind = 'refund' and r.refund_no = s.number and r.provider = @provider and not r.by_bank
        union all
        select r.refund_no, r.status in ('returned', 'transferred'), r.status, r.amount, r.currency, r.reference, '',
            r.updated_at, r.amount, array['refund'], r.refund_no || '/returned'
        from payment_refund r where s.kind = 'refund_returned' and r.refund_no = s.number and r.provider = @provider and not r.by_bank
        union all
        select d.dispute_no, d.withdrawn_at is not null, d.status, d.amount, d.currency, d.reference, '',
            coalesce(d.withdrawn_at, d.opened_at), coalesce(-r.amount, 0), array['refund'], d.refund_no || '/sent'
        from payment_dispute d left join payment_refund r on r.refund_no = d.refund_no
        where s.kind = 'dispute' and d.provider = @provider and d.dispute_no = s.number
        union all
        select d.dispute_no, d.reinstated_at is not null, d.status, d.amount, d.currency, d.reference, '',
            coalesce(d.reinstated_at, d.opened_at), coalesce(r.amount, 0), array['refund'], d.refund_no || '/reinstated'
        from payment_dispute d left join payment_refund r on r.refund_no = d.refund_no
        where s.kind = 'dispute_won' and d.provider = @provider and d.dispute_no = s.number) o on true
    left join lateral (
        select sum(l.amount) as amount, min(l.currency) as first_currency, max(l.currency) as last_currency
        from ledger_posting p join ledger_line l on l.posting_id = p.id and l.account = 'channel:' || @provider
        where p.kind = any(coalesce(o.posting_kinds, case s.kind when 'payment' then array['sale', 'capture'] else array['refund'] end))
          and p.reference = coalesce(o.posting, case s.kind when 'payment' then @provider || '/' || s.number
              when 'refund' then s.number || '/sent' when 'refund_returned' then s.number || '/returned' else '' end)) b on true
    left join video_payment a on o.number is null and t.attempt_no <> '' and a.attempt_no = t.attempt_no and a.provider = @provider
    where s.run_id = @run_id
)
insert into reconcile_difference (provider, day, kind, number, cause, reference, attempt_no, stated, ours, booked, currency, ours_currency, status,
    run_id, seen_run, found_at)
select @provider, coalesce(c.day, case when c.at < @begins::timestamptz then @day::date - 1 when c.at >= @ends::timestamptz then @day::date + 1 else @day::date end),
    c.kind, c.number, f.cause, c.reference, c.our_attempt,
    case f.cause when 'fee' then c.fee when 'duplicate' then c.total else c.stated end,
    case f.cause when 'fee' then c.agreed else c.ours end, case f.cause when 'ledger' then c.booked end,
    coalesce(case f.cause when 'fee' then c.fee_currency end, c.stated_in, c.ours_in, c.first_currency),
    case when f.cause <> 'fee' and c.stated_in <> c.ours_in then c.ours_in else '' end, coalesce(c.status, ''), @run_id, @run_id, @at
from compared c cross join lateral (values
    ('missing_here', c.n > 0 and not c.known),
    -- A refund that failed here, and there was sent and came back, is the same in the end.
    ('state', c.n > 0 and c.known and not c.moved and not (c.status = 'failed' and (c.kind = 'refund_returned' or c.kind = 'refund'
        and exists (select 1 from reconcile_line x where x.provider = @provider and x.kind = 'refund_returned' and x.number = c.number)))),
    -- What another day's statement has to show is compared with that one, unless it was missing there already.
    ('missing_there', c.n = 0 and c.moved and (c.at >= @since::timestamptz and c.at < @until::timestamptz or exists (
        select 1 from reconcile_difference x where x.provider = @provider and x.kind = c.kind and x.number = c.number
            and x.cause = 'missing_there' and x.closed_at is null))),
    ('currency', c.n > 0 and c.moved and c.stated_in <> c.ours_in),
    ('amount', c.n > 0 and c.moved and c.stated_in = c.ours_in and c.stated <> c.ours),
    ('duplicate', c.n > 1),
    ('fee', c.n > 0 and c.kind = 'payment' and (c.fee < 0 or c.fee_currency = c.stated_in and c.fee > c.stated
        or c.agreed is not null and (c.agreed - c.fee > 1 or c.fee - c.agreed > 1 and not c.at_least))),
    ('ledger', c.booked <> c.due or c.booked <> 0 and (c.first_currency <> c.ours_in or c.last_currency <> c.ours_in))) as f(cause, applies)
where f.applies
on conflict (provider, kind, number, cause) do update
set seen_run = excluded.seen_run, stated = excluded.stated, ours = excluded.ours, booked = excluded.booked, currency = excluded.currency,
    ours_currency = excluded.ours_currency, status = excluded.status, reference = excluded.reference, attempt_no = excluded.attempt_no,
    -- What had closed by itself and is there again is found anew.
    found_at = case when reconcile_difference.closed_by = 'reconciliation' then excluded.found_at else reconcile_difference.found_at end,
    mended_by = case when reconcile_difference.closed_by = 'reconciliation' then '' else reconcile_difference.mended_by end,
    closed_at = case when reconcile_difference.closed_by = 'reconciliation' then null else reconcile_difference.closed_at end,
    closed_by = case when reconcile_difference.closed_by = 'reconciliation' then '' else reconcile_difference.closed_by end
