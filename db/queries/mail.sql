-- name: InsertMail :one
-- Returns no row if the recipient was told of this cause before.
insert into mail (kind, cause, recipient, user_id, locale, data, secret, created_at, expires_at, moved_at)
values (@kind, @cause, @recipient, sqlc.narg('user_id'), @locale, @data, @secret, @at, @expires_at, @at)
on conflict (cause, recipient) do nothing
returning id;

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

-- name: Expire :exec
-- Ends mails whose jobs have given up, too.
update mail set state = 'dropped', reason = 'expired', moved_at = @at, secret = null
where state = 'waiting' and expires_at < @before;

-- name: Overtaken :many
-- Mails whose attempt was never ended: their process was killed, perhaps after the server had accepted them.
update mail set state = 'unclear', reason = 'interrupted', moved_at = @at
where state = 'sending' and moved_at < @before
returning id;

-- name: Forget :execrows
-- Deletes what was sent long ago, and what nobody will send any more.
delete from mail where moved_at < @before and state in ('sent', 'dropped', 'unclear', 'failed');

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
