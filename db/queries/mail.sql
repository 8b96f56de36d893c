-- name: InsertMail :one
-- Returns no row if the recipient was told of this cause before.
insert into mail (kind, cause, recipient, user_id, creator_id, locale, data, secret, linked, created_at, expires_at, moved_at)
values (@kind, @cause, @recipient, sqlc.narg('user_id'), sqlc.narg('creator_id'), @locale, @data, @secret, @linked, @at, @expires_at, @at)
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

-- name: Standing :one
-- Returns whether an address is suppressed and why, whether it waits for the mail of one more try, and whether a person
-- wants a topic.
select coalesce(s.cause, '')::text as cause, (s.trial_at is not null and s.trial_mail is null)::boolean as trial,
    coalesce(s.trial_mail, 0)::bigint as trial_mail, coalesce(p.wanted, true)::boolean as wanted
from (select 1) one
left join mail_suppression s on s.address = @address
left join mail_preference p on p.user_id = @user_id::bigint and p.topic = @topic;

-- name: TryWith :execrows
update mail_suppression set trial_mail = @mail_id where address = @address and trial_at is not null and trial_mail is null;

-- name: Preferences :many
select topic, wanted from mail_preference where user_id = @user_id;

-- name: SetPreference :exec
insert into mail_preference (user_id, topic, wanted, changed_at) values (@user_id, @topic, @wanted, @at)
on conflict (user_id, topic) do update set wanted = excluded.wanted, changed_at = excluded.changed_at
where mail_preference.wanted <> excluded.wanted;

-- name: Suppress :exec
-- What bounces stays so even if its reader complains too.
insert into mail_suppression (address, cause, detail, created_at) values (@address, @cause, @detail, @at)
on conflict (address) do update set cause = excluded.cause, detail = excluded.detail
where excluded.cause = 'bounce';

-- name: Suppression :one
select * from mail_suppression where address = @address;

-- name: Suppressions :many
select * from mail_suppression
where (@address::text = '' or address = @address)
    and (@before::text = '' or (created_at, address) < ((select b.created_at from mail_suppression b where b.address = @before), @before))
order by created_at desc, address desc limit @most;

-- name: AskTrial :execrows
update mail_suppression set trial_at = coalesce(trial_at, @at::timestamptz) where address = @address and trial_mail is null;

-- name: EndTrial :execrows
-- Ends what a confirmed try has shown to be over.
delete from mail_suppression where address = @address and trial_mail is not null;

-- name: Unsuppress :execrows
delete from mail_suppression where address = @address;

-- name: TakeHook :execrows
insert into mail_hook (id, received_at) values (@id, @at) on conflict (id) do nothing;

-- name: ForgetHooks :exec
delete from mail_hook where received_at < @before;

-- name: Remember :exec
insert into mail_history (mail_id, at, event, detail) values (@mail_id, @at, @event, @detail);

-- name: History :many
select at, event, detail from mail_history where mail_id = @mail_id order by id;

-- name: MailByID :one
select * from mail where id = @id;

-- name: Mails :many
-- Newest first, optionally of one state and one kind.
select * from mail
where (@state::text = '' or state = @state) and (@kind::text = '' or kind = @kind) and (@before::bigint = 0 or id < @before)
order by id desc limit @most;

-- name: MailsTo :many
-- As Mails, to addresses from from_address on and before before_address.
select * from mail
where recipient collate "C" >= @from_address and recipient collate "C" < @before_address
    and (@state::text = '' or state = @state) and (@kind::text = '' or kind = @kind) and (@before::bigint = 0 or id < @before)
order by id desc limit @most;

-- name: Retry :execrows
-- Mails with a link are not sent again, since the link may be dead; nor are those that are of no use any more.
update mail set state = 'waiting', reason = '', moved_at = @at
where id = @id and state in ('unclear', 'failed') and not linked and expires_at > @at;

-- name: CountByState :many
select state, count(*) from mail group by state;

-- name: CountSuppressed :one
select count(*) from mail_suppression;
