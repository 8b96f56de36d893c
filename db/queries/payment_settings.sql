-- name: Settings :many
select * from payment_setting order by provider;

-- name: Setting :one
select * from payment_setting where provider = @provider;

-- name: LockSetting :one
select * from payment_setting where provider = @provider for update;

-- name: PutSetting :execrows
-- Writes the version after the one that was seen, 0 for none. No row says that somebody else was first.
insert into payment_setting (provider, sealed, offered, updated_by, updated_at)
values (@provider, @sealed, @offered, @updated_by, @at)
on conflict (provider) do update
set sealed = @sealed, offered = @offered, version = payment_setting.version + 1, updated_by = @updated_by, updated_at = @at
where payment_setting.version = @version;
