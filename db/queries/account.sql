-- name: InsertUser :one
insert into account_user (email, name, password_hash, locale, created_at)
values (@email, @name, @password_hash, @locale, @created_at)
returning id;

-- name: ProvisionUser :one
insert into account_user (email, name, password_hash, locale, created_at)
values (@email, @name, @password_hash, @locale, @created_at)
on conflict (email) do update set name = excluded.name
returning id, (role_decided_at is not null)::boolean as decided;

-- name: DecideRole :exec
update account_user set role_decided_at = @at::timestamptz where id = @id;

-- name: RoleDecided :one
select (role_decided_at is not null)::boolean as decided from account_user where id = @id;

-- name: UserByEmail :one
select u.id, u.email, u.name, u.password_hash, array(select r.role from account_role r where r.user_id = u.id order by r.role)::text[] as roles,
    u.locale, u.status, u.created_at, u.access_epoch, u.has_factor
from account_user u where u.email = @email;

-- name: UserByID :one
select u.id, u.email, u.name, u.password_hash, array(select r.role from account_role r where r.user_id = u.id order by r.role)::text[] as roles,
    u.locale, u.status, u.created_at, u.access_epoch, u.has_factor
from account_user u where u.id = @id;

-- name: UsersByID :many
select u.id, u.email, u.name, array(select r.role from account_role r where r.user_id = u.id order by r.role)::text[] as roles,
    u.locale, u.created_at, u.access_epoch
from account_user u where u.id = any(@ids::bigint[]);

-- name: SetPasswordHash :execrows
update account_user set password_hash = @password_hash where id = @id and password_hash = @old_hash;

-- name: SetProfile :execrows
update account_user set name = @name, locale = @locale, mail_locale = coalesce(nullif(@locale::text, ''), mail_locale, nullif(locale, ''))
where id = @id;

-- name: SetLocale :execrows
update account_user set locale = @locale, mail_locale = coalesce(nullif(@locale::text, ''), mail_locale, nullif(locale, ''))
where id = @id;

-- name: MailLocale :one
select coalesce(nullif(locale, ''), mail_locale, '')::text from account_user where id = @id;

-- name: NoteFirstSignIn :execrows
update account_user set first_signed_in_at = @at::timestamptz where id = @id and first_signed_in_at is null;

-- name: ConfirmedEmail :one
-- Returns the person's address if they have proved that they read it, else "".
select (case when email_verified_at is null then '' else email end)::text from account_user where id = @id;

-- name: Addressee :one
-- Returns where and in which language a person is mailed; the language is empty if they have never chosen one.
select email, coalesce(nullif(locale, ''), mail_locale, '')::text as locale from account_user where id = @id;

-- name: SetCurrency :execrows
update account_user set currency = @currency where id = @id;

-- name: SetStatus :execrows
update account_user set status = @status where id = @id and status <> @status;

-- name: InsertSession :execrows
-- Inserts nothing if the person was signed out everywhere or locked after their proof of identity was checked, or if
-- they have a second factor that was not proved.
insert into account_session (id_hash, user_id, epoch, user_agent, device, created_at, seen_at, expires_at, ends_at, proved_at, factor_at)
select @id_hash, u.id, u.access_epoch, @user_agent, @device, @created_at, @created_at, @expires_at, @ends_at, sqlc.narg('proved_at')::timestamptz,
    sqlc.narg('factor_at')::timestamptz
from account_user u where u.id = @user_id and u.access_epoch = @epoch and u.status = 'active'
    and (not u.has_factor or sqlc.narg('factor_at')::timestamptz is not null)
for key share of u;

-- name: Standings :many
-- Returns the people to whom the credentials of requests belong. Every request asks this. A credential is valid while
-- its own row is valid, the person's epoch is still the one in which it was given, and the person is not locked. A
-- grant was given to a session or a token, and is valid as long as that is.
select 'session'::text as kind, s.id_hash as secret, u.id, u.email, u.name, array(select r.role from account_role r where r.user_id = u.id order by r.role)::text[] as roles, u.locale, u.currency, u.created_at, u.access_epoch,
    s.session_no, 0::bigint as token_no, s.seen_at, s.expires_at, u.has_factor,
    (case when u.has_factor then coalesce(s.factor_at, timestamptz 'epoch') else coalesce(s.proved_at, s.created_at) end)::timestamptz as proved_at
from account_session s join account_user u on u.id = s.user_id and u.access_epoch = s.epoch and u.status = 'active'
where s.id_hash = any(@sessions::bytea[]) and s.expires_at > @at and (not u.has_factor or s.factor_at is not null)
union all
select 'token', t.token_hash, u.id, u.email, u.name, array(select r.role from account_role r where r.user_id = u.id order by r.role)::text[], u.locale, u.currency, u.created_at, u.access_epoch,
    0, t.token_no, coalesce(t.used_at, timestamptz 'epoch'), t.expires_at, u.has_factor, timestamptz 'epoch'
from account_token t join account_user u on u.id = t.user_id and u.access_epoch = t.epoch and u.status = 'active'
where t.token_hash = any(@tokens::bytea[]) and t.expires_at > @at and t.revoked_at is null
union all
select 'grant', ''::bytea, u.id, u.email, u.name, array(select r.role from account_role r where r.user_id = u.id order by r.role)::text[], u.locale, u.currency, u.created_at, u.access_epoch,
    g.session_no, g.token_no, coalesce(s.seen_at, t.created_at), coalesce(s.expires_at, t.expires_at), u.has_factor, timestamptz 'epoch'
from (select unnest(@grant_users::bigint[]) as user_id, unnest(@grant_epochs::bigint[]) as epoch,
    unnest(@grant_sessions::bigint[]) as session_no, unnest(@grant_tokens::bigint[]) as token_no) g
join account_user u on u.id = g.user_id and u.access_epoch = g.epoch and u.status = 'active'
left join account_session s on s.session_no = g.session_no and s.user_id = u.id and s.epoch = u.access_epoch and s.expires_at > @at
    and (not u.has_factor or s.factor_at is not null)
left join account_token t on t.token_no = g.token_no and t.user_id = u.id and t.epoch = u.access_epoch and t.expires_at > @at and t.revoked_at is null
where s.session_no is not null or t.token_no is not null;

-- name: ProveSession :execrows
update account_session set proved_at = @at::timestamptz, factor_at = case when @factor::boolean then @at else factor_at end where id_hash = @id_hash and expires_at > @at::timestamptz;

-- name: SlideSession :one
update account_session s
set seen_at = @at::timestamptz,
    expires_at = least(s.ends_at, case
        when exists (select from account_role r where r.user_id = u.id and r.role <> 'creator') then @operator_until::timestamptz
        else @until::timestamptz end)
from account_user u
where u.id = s.user_id and u.access_epoch = s.epoch and s.id_hash = @id_hash and s.expires_at > @at::timestamptz
returning s.expires_at;

-- name: DeleteSession :execrows
delete from account_session where id_hash = @id_hash;

-- name: DeleteSessionByNo :one
delete from account_session where user_id = @user_id and session_no = @session_no returning id_hash;

-- name: NextEpoch :exec
update account_user set access_epoch = access_epoch + 1 where id = @id;

-- name: DeleteSessionsOf :execrows
delete from account_session where user_id = @user_id;

-- name: DeleteSessionsOn :many
delete from account_session where user_id = @user_id and device = @device::bytea and id_hash <> @keep returning id_hash;

-- name: DeleteExpiredSessions :execrows
delete from account_session where expires_at <= @at;

-- name: SessionsOf :many
select session_no, id_hash, user_agent, created_at, seen_at from account_session
where user_id = @user_id and expires_at > @at order by seen_at desc, session_no desc limit 50;

-- name: InsertToken :execrows
-- Inserts nothing under the same conditions as InsertSession.
insert into account_token (token_hash, user_id, epoch, user_agent, created_at, expires_at)
select @token_hash, u.id, u.access_epoch, @user_agent, @created_at, @expires_at
from account_user u where u.id = @user_id and u.access_epoch = @epoch and u.status = 'active'
    and (not u.has_factor or @factor::boolean)
for key share of u;

-- name: TokensOf :many
select token_no, user_agent, created_at, used_at, expires_at from account_token
where user_id = @user_id and expires_at > @at and revoked_at is null
order by coalesce(used_at, created_at) desc, token_no desc limit 50;

-- name: UseToken :exec
update account_token set used_at = @at where token_no = @token_no and (used_at is null or used_at < @at);

-- name: RevokeTokenByNo :execrows
update account_token set revoked_at = @at where user_id = @user_id and token_no = @token_no and revoked_at is null;

-- name: RevokeToken :execrows
update account_token set revoked_at = @at where token_hash = @token_hash and revoked_at is null;

-- name: RevokeTokensOf :execrows
update account_token set revoked_at = @at where user_id = @user_id and revoked_at is null;

-- name: DeleteExpiredTokens :execrows
delete from account_token where expires_at <= @at;

-- name: InsertCrowd :many
insert into account_user (email, name, password_hash, created_at)
select unnest(@emails::text[]), @name, @password_hash, @created_at
returning id, email;

-- name: InsertTokens :exec
insert into account_token (token_hash, user_id, created_at, expires_at)
select unnest(@token_hashes::bytea[]), unnest(@user_ids::bigint[]), @created_at, @expires_at;

-- name: People :many
-- The newest come first. An email matches by its beginning, as a range of bytes. Of roles, one is enough.
select u.id, u.email, u.name, array(select r.role from account_role r where r.user_id = u.id order by r.role)::text[] as roles, u.locale, u.status, u.created_at
from account_user u
where (@before_id::bigint = 0 or u.id < @before_id)
  and (not @by_role::boolean or exists (select from account_role r where r.user_id = u.id and r.role = any(@with_roles::text[])))
  and (not @no_role::boolean or not exists (select from account_role r where r.user_id = u.id))
  and (not @only_ids::boolean or u.id = any(@ids::bigint[]))
  and (@email_from::text = '' or (u.email ~>=~ @email_from and u.email ~<~ @email_to::text))
  and (@name_from::text = '' or (lower(u.name) ~>=~ @name_from and lower(u.name) ~<~ @name_to::text))
order by u.id desc limit @most;

-- name: LookupPeople :many
select u.id, u.email, u.name, array(select r.role from account_role r where r.user_id = u.id order by r.role)::text[] as roles, u.locale, u.status, u.created_at
from account_user u where u.id in (
    select n.id from account_user n where n.id = @id::bigint
    union
    (select e.id from account_user e where e.email ~>=~ @begins::text and e.email ~<~ @ends::text limit @most)
    union
    (select c.id from account_user c where lower(c.name) ~>=~ @begins and lower(c.name) ~<~ @ends limit @most));

-- name: LockOperators :exec
-- Transactions that change roles run one after another, so that each sees what the one before has committed. It is
-- one lock instead of locks on the operators' rows: when somebody stops being an operator meanwhile, two transactions
-- could lock those rows in different orders.
select pg_advisory_xact_lock(hashtextextended('account_operator', 0));

-- name: Holders :many
-- Who has a duty of an operator and is not locked.
select r.user_id, r.role from account_role r join account_user u on u.id = r.user_id and u.status = 'active'
where r.role <> 'creator' order by r.user_id, r.role;

-- name: LockUser :one
select id, (role_decided_at is not null)::boolean as decided from account_user where id = @id for no key update;

-- name: RolesOf :many
select r.role, r.given_by, r.given_at, coalesce(g.name, '')::text as giver
from account_role r left join account_user g on g.id = r.given_by
where r.user_id = @user_id order by r.role;

-- name: GiveRole :execrows
insert into account_role (user_id, role, given_by, given_at) values (@user_id, @role, @given_by, @given_at)
on conflict (user_id, role) do nothing;

-- name: TakeRole :execrows
delete from account_role where user_id = @user_id and role = @role;

-- name: NamesWithRoles :many
select u.name from account_role r
join account_role other on other.user_id = r.user_id and other.role = @other
join account_user u on u.id = r.user_id and u.status = 'active'
where r.role = @role order by u.id limit @most;

-- name: HasOperator :one
select exists (select from account_role where role <> 'creator')::boolean as found;

-- name: InsertSetupCode :exec
insert into account_setup (code_hash, expires_at) values (@code_hash, @expires_at);

-- name: SetupCode :one
select exists (select from account_setup where code_hash = @code_hash and expires_at > @at)::boolean as found;

-- name: DeleteExpiredSetupCodes :exec
delete from account_setup where expires_at <= @at;

-- name: DeleteSetupCodes :exec
delete from account_setup;

-- name: ImportUsers :exec
insert into account_user (email, name, password_hash, locale, created_at)
select unnest(@emails::text[]), unnest(@names::text[]), @password_hash, unnest(@locales::text[]), unnest(@created_ats::timestamptz[])
on conflict (email) do nothing;

-- name: UserNumbers :many
select email, id from account_user where email = any(@emails::text[]);

-- name: SignUpsByDay :many
-- Days are those of UTC.
select date_trunc('day', created_at, 'UTC')::timestamptz as day, count(*) from account_user
where created_at >= @since and created_at < @until group by 1 order by 1;

-- name: InsertLink :exec
insert into account_link (token_hash, purpose, user_id, email, epoch, created_at, expires_at)
values (@token_hash, @purpose, @user_id, @email, @epoch, @at, @expires_at);

-- name: LinkByToken :one
-- A link ends with the access in which it was made: a new password, or signing out everywhere, ends what somebody else
-- has asked for. One that proves an address lives on, as long as the address is the person's.
select l.user_id, l.email, l.epoch, u.email as current_email, u.name
from account_link l join account_user u on u.id = l.user_id and u.status = 'active'
where l.token_hash = @token_hash and l.purpose = @purpose and l.expires_at > @at
    and (l.purpose = 'verify_email' or l.epoch = u.access_epoch)
    and (l.purpose = 'change_email' or l.email = u.email);

-- name: UseLink :execrows
delete from account_link where token_hash = @token_hash and expires_at > @at;

-- name: DeleteLinksOf :exec
delete from account_link where user_id = @user_id and purpose = @purpose;

-- name: DeleteExpiredLinks :execrows
delete from account_link where expires_at <= @at;

-- name: ReplacePassword :execrows
update account_user set password_hash = @password_hash
where id = @id and email = @email and access_epoch = @epoch and status = 'active';

-- name: VerifyEmail :execrows
update account_user set email_verified_at = @at::timestamptz where id = @id and email = @email;

-- name: EmailVerified :one
select email_verified_at from account_user where id = @id;

-- name: ReplaceEmail :execrows
update account_user set email = @email, email_verified_at = @at::timestamptz where id = @id and email = @old_email and access_epoch = @epoch and status = 'active';

-- name: MailReaders :many
-- Returns those of these people who may be mailed what they did not ask for at that moment: their account is open, and
-- they have proved that they read their address.
select id, email, coalesce(nullif(locale, ''), mail_locale, '')::text as locale from account_user
where id = any(@ids::bigint[]) and status = 'active' and email_verified_at is not null;
