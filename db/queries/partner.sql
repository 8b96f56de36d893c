-- name: InsertPartner :one
insert into partner (name, contact, owner_id, created_by, created_at)
values (@name, @contact, @owner_id, @created_by, @created_at)
on conflict (name) do nothing
returning *;

-- name: Partners :many
select p.*, count(k.id) filter (where k.ends_at is null or k.ends_at > @at::timestamptz) as living_keys,
  coalesce(max(k.last_used_at), 'epoch')::timestamptz as last_used_at
from partner p left join partner_key k on k.partner_id = p.id
group by p.id order by p.id desc limit @most;

-- name: Partner :one
select * from partner where id = @id;

-- name: LockPartner :one
-- Keys of a partner are added one after another, so that two at once can't both take the last free place.
select * from partner where id = @id for no key update;

-- name: EndPartner :exec
update partner set ended_at = @at::timestamptz where id = @id and ended_at is null;

-- name: EndKeysOf :exec
update partner_key set ends_at = @at::timestamptz where partner_id = @partner_id and (ends_at is null or ends_at > @at::timestamptz);

-- name: PartnersOf :many
select * from partner where owner_id = @owner_id order by id;

-- name: NextKeyID :one
select nextval('partner_key_id_seq')::bigint;

-- name: InsertKey :one
insert into partner_key (id, partner_id, public_id, label, kind, secret, public_key, scopes, lifetime, ends_at, created_by, created_at, form_key)
values (@id, @partner_id, @public_id, @label, @kind, sqlc.narg('secret'), sqlc.narg('public_key'), @scopes, sqlc.narg('lifetime'), sqlc.narg('ends_at'), @created_by, @created_at, @form_key)
on conflict (form_key) do nothing
returning *;

-- name: CountLiving :one
select count(*) from partner_key where partner_id = @partner_id and (ends_at is null or ends_at > @at::timestamptz);

-- name: Keys :many
select * from partner_key where partner_id = @partner_id order by id desc limit @most;

-- name: LockKey :one
-- The lock does not block the nonces of the key's requests.
select * from partner_key where id = @id and partner_id = @partner_id for no key update;

-- name: EndKey :exec
-- A key never lives longer by being ended.
update partner_key set ends_at = least(ends_at, @at::timestamptz) where id = @id;

-- name: KeyByPublicID :one
select k.*, p.name as partner_name, p.ended_at as partner_ended_at from partner_key k join partner p on p.id = k.partner_id where k.public_id = @public_id;

-- name: TakeNonce :execrows
-- No row means that the key has sent this nonce before.
insert into partner_nonce (key_id, nonce, expires_at) values (@key_id, @nonce, @expires_at)
on conflict (key_id, nonce) do nothing;

-- name: NoteUse :exec
update partner_key set last_used_at = @at::timestamptz
where id = @id and (last_used_at is null or last_used_at < @before::timestamptz);

-- name: DropNonces :execrows
delete from partner_nonce where (key_id, nonce) in (
  select n.key_id, n.nonce from partner_nonce n where n.expires_at < @before::timestamptz limit @most for update skip locked);

-- name: InsertLink :one
insert into partner_link (partner_id, reference, sku_id, created_at, expires_at)
values (@partner_id, @reference, @sku_id, @created_at, @expires_at)
on conflict (partner_id, reference) do nothing
returning *;

-- name: LinkByReference :one
select * from partner_link where partner_id = @partner_id and reference = @reference;

-- name: Link :one
select l.*, p.name as partner_name, p.ended_at as partner_ended_at from partner_link l join partner p on p.id = l.partner_id where l.id = @id;

-- name: PurgeLinks :execrows
-- Links with orders stay: they say what the partner's reference means, and lead their buyers to the orders.
delete from partner_link where id in (
  select l.id from partner_link l where l.expires_at < @before::timestamptz
    and not exists (select from order_referral r where r.link_id = l.id)
  order by l.expires_at limit @most for update skip locked);
