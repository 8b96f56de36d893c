-- name: Follow :exec
-- Whoever follows already is left as they are, apart from mails that they ask for now.
insert into follow (user_id, creator_id, followed_at, mail_since)
values (@user_id, @creator_id, @at::timestamptz, case when @mail::boolean then @at::timestamptz end)
on conflict (user_id, creator_id) do update set mail_since = coalesce(follow.mail_since, excluded.mail_since);

-- name: Unfollow :execrows
delete from follow where user_id = @user_id and creator_id = @creator_id;

-- name: SetMail :execrows
update follow set mail_since = case when @mail::boolean then coalesce(mail_since, @at::timestamptz) end
where user_id = @user_id and creator_id = @creator_id;

-- name: Following :one
select user_id, creator_id, followed_at, mail_since from follow where user_id = @user_id and creator_id = @creator_id;

-- name: FollowsOf :many
-- The latest first.
select f.creator_id, f.followed_at, f.mail_since, c.slug, c.name_zh, c.name_en, c.avatar
from follow f join catalog_creator c on c.user_id = f.creator_id
where f.user_id = @user_id and (@before::bigint = 0 or (f.followed_at, f.creator_id) <
    ((select b.followed_at from follow b where b.user_id = @user_id and b.creator_id = @before), @before))
order by f.followed_at desc, f.creator_id desc limit @most;

-- name: CountFollowers :one
select count(*) as followers, count(mail_since) as mailed from follow where creator_id = @creator_id;

-- name: BeginMailing :one
-- Returns no row if this was begun before.
insert into follow_mailing (creator_id, spu_id, message_id, begun_at)
values (@creator_id, sqlc.narg('spu_id'), sqlc.narg('message_id'), @at)
on conflict do nothing
returning id;

-- name: LockMailing :one
select * from follow_mailing where id = @id for update;

-- name: NextFollowers :many
select user_id from follow
where creator_id = @creator_id and user_id > @after and mail_since <= @begun_at::timestamptz
order by user_id limit @most;

-- name: MoveMailing :exec
update follow_mailing set cursor_user = @cursor_user, written = written + @written,
    ended_at = case when @ended::boolean then @at::timestamptz end
where id = @id;

-- name: MailingsOfMessages :many
select message_id::bigint as message_id, written, ended_at from follow_mailing where message_id = any(@ids::bigint[]);

-- name: InsertMessage :one
insert into follow_message (creator_id, form_key, subject, body, locale, state, reasons, created_at, decided_at)
values (@creator_id, @form_key, @subject, @body, @locale, @state, @reasons, @at::timestamptz,
    case when @state <> 'held' then @at::timestamptz end)
returning *;

-- name: LockCreator :exec
-- Messages of one creator are written one after the other.
select 1 from catalog_creator where user_id = @creator_id for no key update;

-- name: MessageByKey :one
select * from follow_message where creator_id = @creator_id and form_key = @form_key;

-- name: MessageByID :one
select * from follow_message where id = @id;

-- name: LastMessage :one
-- The latest that counts for the limit: one that was refused does not.
select created_at from follow_message where creator_id = @creator_id and state <> 'refused' order by created_at desc limit 1;

-- name: MessagesOf :many
select * from follow_message where creator_id = @creator_id order by id desc limit @most;

-- name: HeldMessages :many
select * from follow_message where state = 'held' order by id limit @most;

-- name: CountHeld :one
select count(*) from follow_message where state = 'held';

-- name: DecideMessage :one
update follow_message set state = @state, decided_at = @at::timestamptz, decided_by = @decided_by::bigint, answer = @answer
where id = @id and state = 'held'
returning *;
