-- name: Rates :many
select id, country, name, basis_points, valid_from, valid_until from tax_rate order by country, valid_from;

-- name: RatesFrom :many
-- Returns the rates that hold at a moment or later.
select id, country, name, basis_points, valid_from, valid_until from tax_rate
where valid_until is null or valid_until > @at::timestamptz
order by country, valid_from;

-- name: LockRates :many
select id, country, name, basis_points, valid_from, valid_until from tax_rate where country = @country order by valid_from for update;

-- name: LockRate :one
select id, country, name, basis_points, valid_from, valid_until from tax_rate where id = @id for update;

-- name: InsertRate :one
insert into tax_rate (country, name, basis_points, valid_from, created_at)
values (@country, @name, @basis_points, @valid_from, @created_at)
returning id;

-- name: EndRate :exec
update tax_rate set valid_until = sqlc.narg('until') where id = @id;

-- name: DeleteRate :exec
delete from tax_rate where id = @id;

-- name: Profiles :many
select * from billing_profile where user_id = any(@user_ids::bigint[]);

-- name: SaveProfile :exec
insert into billing_profile (user_id, country, company, address, vat_id, updated_at)
values (@user_id, @country, @company, @address, @vat_id, @updated_at)
on conflict (user_id) do update
set country = excluded.country, company = excluded.company, address = excluded.address, vat_id = excluded.vat_id,
    updated_at = excluded.updated_at;
