-- name: Settings :many
select * from payment_setting order by provider;

-- name: Setting :one
select * from payment_setting where provider = @provider;

-- name: LockSetting :one
select * from payment_setting where provider = @provider for update;

-- name: InsertSetting :execrows
insert into payment_setting (provider, sealed, updated_by, updated_at)
values (@provider, @sealed, @updated_by, @at)
on conflict do nothing;

-- name: UpdateSetting :exec
update payment_setting
set sealed = @sealed, offered = @offered, version = version + 1, updated_by = @updated_by, updated_at = @at
where provider = @provider;
