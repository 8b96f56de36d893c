-- name: Currencies :many
select code, price_step, price_less, offered from exchange_currency order by code;

-- name: SaveCurrency :exec
insert into exchange_currency (code, price_step, price_less, offered, updated_at)
values (@code, @price_step, @price_less, @offered, @at)
on conflict (code) do update
set price_step = excluded.price_step, price_less = excluded.price_less, offered = excluded.offered, updated_at = excluded.updated_at;

-- name: LockCurrency :one
select code, price_step, price_less, offered from exchange_currency where code = @code for update;

-- name: RatesFrom :many
-- Returns the rates that hold at a moment or begin later.
select id, currency, trim_scale(rate)::text as rate, source, valid_from, created_by from exchange_rate r
where r.base = @base and not exists (
    select 1 from exchange_rate n
    where n.base = r.base and n.currency = r.currency and n.valid_from > r.valid_from and n.valid_from <= @at::timestamptz)
order by currency, valid_from;

-- name: RecentRates :many
select id, currency, trim_scale(rate)::text as rate, source, valid_from, created_by from exchange_rate
where base = @base order by valid_from desc, currency limit @most;

-- name: RateAt :one
-- Returns the rate of a currency that holds at a moment, and since when.
select trim_scale(rate)::text as rate, valid_from from exchange_rate
where base = @base and currency = @currency and valid_from <= @at::timestamptz order by valid_from desc limit 1;

-- name: InsertRate :one
insert into exchange_rate (currency, base, rate, source, valid_from, created_by, created_at)
values (@currency, @base, cast(@rate::text as numeric), @source, @valid_from, @created_by, @created_at)
returning id;

-- name: DeleteFutureRate :one
-- A rate that has begun stays.
delete from exchange_rate where id = @id and valid_from > @at::timestamptz returning currency, trim_scale(rate)::text as rate, valid_from;
