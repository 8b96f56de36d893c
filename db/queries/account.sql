-- name: InsertUser :one
insert into account_user (email, name, password_hash, role, locale, created_at)
values (@email, @name, @password_hash, @role, @locale, @created_at)
returning id;

-- name: ProvisionUser :one
insert into account_user (email, name, password_hash, role, locale, created_at)
values (@email, @name, @password_hash, @role, @locale, @created_at)
on conflict (email) do update set name = excluded.name, role = excluded.role
returning id;

-- name: UserByEmail :one
select id, email, name, password_hash, role, locale, status, created_at from account_user where email = @email;

-- name: UserByID :one
select id, email, name, password_hash, role, locale, status, created_at from account_user where id = @id;

-- name: SetPasswordHash :execrows
update account_user set password_hash = @password_hash where id = @id and password_hash = @old_hash;

-- name: SetProfile :execrows
update account_user set name = @name, locale = @locale where id = @id;

-- name: SetLocale :execrows
update account_user set locale = @locale where id = @id;

-- name: SetRole :execrows
update account_user set role = @role where id = @id and role <> @role;

-- name: SetStatus :execrows
update account_user set status = @status where id = @id and status <> @status;

-- name: InsertSession :exec
insert into account_session (id_hash, user_id, user_agent, created_at, seen_at, expires_at)
values (@id_hash, @user_id, @user_agent, @created_at, @created_at, @expires_at);

-- name: SessionUsers :many
select s.id_hash, u.id, u.email, u.name, u.role, u.locale, u.created_at, s.seen_at
from account_session s join account_user u on u.id = s.user_id
where s.id_hash = any(@id_hashes::bytea[]) and s.expires_at > @at and u.status = 'active';

-- name: SlideSession :execrows
update account_session set seen_at = @at, expires_at = @expires_at where id_hash = @id_hash and expires_at > @at;

-- name: DeleteSession :execrows
delete from account_session where id_hash = @id_hash;

-- name: DeleteSessionByNo :one
delete from account_session where user_id = @user_id and session_no = @session_no returning id_hash;

-- name: DeleteSessionsOf :many
delete from account_session where user_id = @user_id and id_hash <> @keep returning id_hash;

-- name: DeleteExpiredSessions :execrows
delete from account_session where expires_at <= @at;

-- name: SessionsOf :many
select session_no, id_hash, user_agent, created_at, seen_at from account_session
where user_id = @user_id and expires_at > @at order by seen_at desc, session_no desc limit 50;

-- name: InsertToken :exec
insert into account_token (token_hash, user_id, created_at, expires_at) values (@token_hash, @user_id, @created_at, @expires_at);

-- name: TokenUsers :many
select t.token_hash, u.id, u.email, u.name, u.role, u.locale, u.created_at
from account_token t join account_user u on u.id = t.user_id
where t.token_hash = any(@token_hashes::bytea[]) and t.expires_at > @at and t.revoked_at is null and u.status = 'active';

-- name: RevokeToken :execrows
update account_token set revoked_at = @at where token_hash = @token_hash and revoked_at is null;

-- name: RevokeTokensOf :execrows
update account_token set revoked_at = @at where user_id = @user_id and revoked_at is null;

-- name: DeleteExpiredTokens :execrows
delete from account_token where expires_at <= @at;

-- name: InsertCrowd :many
insert into account_user (email, name, password_hash, role, created_at)
select unnest(@emails::text[]), @name, @password_hash, 'shopper', @created_at
returning id, email;

-- name: InsertTokens :exec
insert into account_token (token_hash, user_id, created_at, expires_at)
select unnest(@token_hashes::bytea[]), unnest(@user_ids::bigint[]), @created_at, @expires_at;

-- name: People :many
-- The newest first. An email is looked for by its beginning, as a range of bytes.
select id, email, name, role, locale, status, created_at from account_user
where (@before_id::bigint = 0 or id < @before_id)
  and (@role::text = '' or role = @role)
  and (not @only_ids::boolean or id = any(@ids::bigint[]))
  and (@email_from::text = '' or (email ~>=~ @email_from and email ~<~ @email_to::text))
  and (@name_from::text = '' or (lower(name) ~>=~ @name_from and lower(name) ~<~ @name_to::text))
order by id desc limit @most;

-- name: LookupPeople :many
(select id, email, name, role, locale, status, created_at from account_user where id = @id::bigint)
union
(select id, email, name, role, locale, status, created_at from account_user where email ~>=~ @begins::text and email ~<~ @ends::text limit @most)
union
(select id, email, name, role, locale, status, created_at from account_user where lower(name) ~>=~ @begins and lower(name) ~<~ @ends limit @most);

-- name: LockOperators :exec
-- Whoever changes roles takes turns until they commit, and sees what the one before left. One lock and not the operators' rows: those
-- that stop being operators meanwhile would be met in another order.
select pg_advisory_xact_lock(hashtextextended('account_operator', 0));

-- name: Operators :many
select id from account_user where role = 'operator' and status = 'active' order by id;

-- name: LockUser :one
select id, email, name, role, locale, status, created_at from account_user where id = @id for no key update;

-- name: MoveRole :execrows
update account_user set role = @to_role where id = @id and role = @from_role;

-- name: ImportUsers :exec
insert into account_user (email, name, password_hash, role, locale, created_at)
select unnest(@emails::text[]), unnest(@names::text[]), @password_hash, 'shopper', unnest(@locales::text[]), unnest(@created_ats::timestamptz[])
on conflict (email) do nothing;

-- name: UserNumbers :many
select email, id from account_user where email = any(@emails::text[]);

-- name: SignUpsByDay :many
-- Days are UTC's.
select date_trunc('day', created_at, 'UTC')::timestamptz as day, count(*) from account_user
where created_at >= @since and created_at < @until group by 1 order by 1;
