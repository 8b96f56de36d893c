-- name: ListVersion :one
select version from risk_list_version;

-- name: RaiseListVersion :one
-- Two changes at once wait for each other at this row, so that each is checked against the result of the other.
update risk_list_version set version = version + 1 returning version;

-- name: LivingEntries :many
select * from risk_entry
where ended_at is null and (expires_at is null or expires_at > @at::timestamptz)
order by created_at desc, id desc;

-- name: PastEntries :many
select * from risk_entry
where ended_at is not null or expires_at <= @at::timestamptz
order by coalesce(ended_at, expires_at) desc, id desc
limit @max_rows;

-- name: EndEntry :execrows
update risk_entry set ended_at = @at::timestamptz, ended_by = @actor_id::bigint where id = @id and ended_at is null;

-- name: EndEntryOf :exec
update risk_entry set ended_at = @at::timestamptz, ended_by = @actor_id::bigint
where ended_at is null and address is not distinct from sqlc.narg(address)::cidr
    and user_id is not distinct from sqlc.narg(user_id)::bigint and device is not distinct from sqlc.narg(device)::text;

-- name: AddEntry :one
insert into risk_entry (effect, address, user_id, device, reason, author_id, created_at, expires_at)
values (@effect, sqlc.narg(address), sqlc.narg(user_id), sqlc.narg(device), @reason, @author_id, @at, sqlc.narg(expires_at))
returning id;

-- name: HoldLists :one
-- Locks the lists against changes until the transaction ends.
select version from risk_list_version for update;

-- name: EntriesAbout :many
-- Returns the entries of an account and of its devices, including ended ones.
select * from (
    (select e.* from risk_entry e where e.user_id = @user_id::bigint order by e.id desc limit @max_rows)
    union
    (select d.* from risk_entry d where d.device = any(@devices::text[]) order by d.id desc limit @max_rows)
) f order by f.id desc limit @max_rows;

-- name: DeniedUsers :many
-- Returns the people whose account is denied by the lists, the latest first.
select user_id::bigint from risk_entry
where ended_at is null and user_id is not null and effect = 'deny' and (expires_at is null or expires_at > @at::timestamptz)
order by id desc limit @max_rows;

-- name: DenialsOf :many
select id, user_id::bigint as user_id, reason, expires_at from risk_entry
where ended_at is null and user_id = any(@user_ids::bigint[]) and effect = 'deny' and (expires_at is null or expires_at > @at::timestamptz);
