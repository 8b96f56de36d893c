-- name: FactorsOf :one
select u.has_factor, t.created_at as totp_since, t.used_at as totp_used,
    (select count(*) from account_recovery_code r where r.user_id = u.id) as recovery_left
from account_user u left join account_totp t on t.user_id = u.id where u.id = @id;

-- name: UpdateHasFactor :one
-- The caller has locked the person's row.
update account_user u set has_factor = exists (select from account_totp t where t.user_id = u.id)
    or exists (select from account_passkey p where p.user_id = u.id)
where u.id = @id returning has_factor;

-- name: LockFactors :one
select has_factor, access_epoch from account_user where id = @id and status = 'active' for no key update;

-- name: FactorAttempt :one
select u.id, u.email, u.name, array(select r.role from account_role r where r.user_id = u.id order by r.role)::text[] as roles, u.locale, u.created_at, u.access_epoch, u.has_factor
from account_user u where u.id = @id and u.access_epoch = @epoch and u.status = 'active';

-- name: InsertTOTP :execrows
insert into account_totp (user_id, secret, last_step, created_at, used_at)
values (@user_id, @secret, @step, @at, @at) on conflict (user_id) do nothing;

-- name: TOTPSecret :one
select secret from account_totp where user_id = @user_id;

-- name: UseTOTP :execrows
update account_totp set last_step = @step, used_at = @at where user_id = @user_id and last_step < @step;

-- name: DeleteTOTP :execrows
delete from account_totp where user_id = @user_id;

-- name: InsertRecoveryCodes :exec
insert into account_recovery_code (user_id, code_hash, created_at)
select @user_id, unnest(@hashes::bytea[]), @at;

-- name: UseRecoveryCode :execrows
delete from account_recovery_code where user_id = @user_id and code_hash = @code_hash;

-- name: CountRecoveryCodes :one
select count(*) from account_recovery_code where user_id = @user_id;

-- name: DeleteRecoveryCodes :exec
delete from account_recovery_code where user_id = @user_id;

-- name: PasskeyHandle :one
update account_user set passkey_handle = coalesce(passkey_handle, @handle) where id = @id and status = 'active'
returning passkey_handle;

-- name: InsertPasskey :execrows
insert into account_passkey (user_id, credential_id, credential, name, created_at, user_agent)
values (@user_id, @credential_id, @credential, @name, @at, @user_agent) on conflict (credential_id) do nothing;

-- name: PasskeysOf :many
select id, credential, name, created_at, used_at, user_agent from account_passkey
where user_id = @user_id order by id limit 50;

-- name: PasskeyOwner :one
select u.id, u.email, u.name, array(select r.role from account_role r where r.user_id = u.id order by r.role)::text[] as roles, u.locale, u.created_at, u.access_epoch, u.passkey_handle
from account_passkey p join account_user u on u.id = p.user_id and u.status = 'active'
where p.credential_id = @credential_id;

-- name: LockPasskey :one
select credential from account_passkey where credential_id = @credential_id and user_id = @user_id for update;

-- name: UsePasskey :exec
update account_passkey set credential = @credential, used_at = @at::timestamptz, user_agent = @user_agent
where credential_id = @credential_id;

-- name: DeletePasskeysOf :execrows
delete from account_passkey where user_id = @user_id;

-- name: DeletePasskey :one
delete from account_passkey where id = @id and user_id = @user_id returning name;

-- name: InsertChallenge :exec
insert into account_challenge (token_hash, purpose, user_id, epoch, data, created_at, expires_at)
values (@token_hash, @purpose, @user_id, @epoch, @data, @at, @expires_at);

-- name: ChallengeByToken :one
select user_id, epoch, data from account_challenge
where token_hash = @token_hash and purpose = @purpose and expires_at > @at;

-- name: UseChallenge :one
delete from account_challenge where token_hash = @token_hash and purpose = @purpose and expires_at > @at
returning user_id, epoch, data;

-- name: DeleteExpiredChallenges :execrows
delete from account_challenge where expires_at <= @at;

-- name: InsertEvent :one
insert into account_event (user_id, kind, detail, at) values (@user_id, @kind, @detail, @at) returning id;

-- name: EventsOf :many
select kind, detail, at from account_event where user_id = @user_id order by id desc limit 20;
