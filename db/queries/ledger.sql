-- name: InsertPosting :one
insert into ledger_posting (kind, reference, at) values (@kind, @reference, @at)
on conflict (kind, reference) do nothing
returning id;

-- name: InsertLines :exec
insert into ledger_line (posting_id, account, amount, currency)
select @posting_id::bigint, unnest(@accounts::text[]), unnest(@amounts::bigint[]), unnest(@currencies::text[]);

-- name: Balances :many
select account, currency, sum(amount)::bigint as amount from ledger_line group by account, currency order by account, currency;

