-- name: InsertMail :one
-- Returns no row if the recipient was told of this cause before.
insert into mail (kind, cause, recipient, user_id, locale, data, secret, created_at, expires_at, moved_at)
values (@kind, @cause, @recipient, sqlc.narg('user_id'), @locale, @data, @secret, @at, @expires_at, @at)
on conflict (cause, recipient) do nothing
returning id;

-- name: MailByID :one
select * from mail where id = @id;

-- name: BeginSending :one
-- Only one attempt is under way at a time, whatever calls.
update mail set state = 'sending', attempts = attempts + 1, moved_at = @at
where id = @id and state = 'waiting'
returning *;

-- name: MoveSending :execrows
-- Ends an attempt. What only the recipient may know is forgotten with the last one.
update mail set state = @state::text, reason = @reason, moved_at = @at,
    secret = case when @state::text in ('waiting', 'unclear') then secret end
where id = @id and state = 'sending';

-- name: Overtaken :many
-- Mails whose attempt was never ended: their process was killed, perhaps after the server had accepted them.
update mail set state = 'unclear', reason = 'interrupted', moved_at = @at
where state = 'sending' and moved_at < @before
returning id;

-- name: Retry :execrows
update mail set state = 'waiting', reason = '', moved_at = @at, expires_at = greatest(expires_at, @expires_at)
where id = @id and state in ('unclear', 'failed');

-- name: Forget :execrows
-- Deletes what was sent long ago, and what nobody will send any more.
delete from mail where moved_at < @before and state in ('sent', 'dropped', 'unclear', 'failed');

-- name: Mails :many
-- Newest first, optionally of one state, one person or one recipient.
select * from mail
where (@state::text = '' or state = @state) and (@recipient::text = '' or recipient = @recipient)
    and (@before::bigint = 0 or id < @before)
order by id desc limit @most;

-- name: CountByState :many
select state, count(*) from mail group by state;

-- name: Suppression :one
select * from mail_suppression where address = @address;

-- name: Suppress :exec
insert into mail_suppression (address, reason, detail, created_at) values (@address, @reason, @detail, @at)
on conflict (address) do nothing;

-- name: Unsuppress :execrows
delete from mail_suppression where address = @address;

-- name: Preferences :many
select topic, wanted from mail_preference where user_id = @user_id;

-- name: SetPreference :exec
insert into mail_preference (user_id, topic, wanted, changed_at) values (@user_id, @topic, @wanted, @at)
on conflict (user_id, topic) do update set wanted = excluded.wanted, changed_at = excluded.changed_at;

-- name: Keep :exec
insert into mail_kept (mail_id, raw, kept_at) values (@mail_id, @raw, @at)
on conflict (mail_id) do update set raw = excluded.raw, kept_at = excluded.kept_at;

-- name: KeptMails :many
select k.mail_id, m.recipient, k.kept_at, k.raw from mail_kept k join mail m on m.id = k.mail_id
where (@before::bigint = 0 or k.mail_id < @before)
order by k.mail_id desc limit @most;

-- name: KeptMail :one
select k.mail_id, m.recipient, k.kept_at, k.raw from mail_kept k join mail m on m.id = k.mail_id
where k.mail_id = @mail_id;
