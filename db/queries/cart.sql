-- name: OpenUserCart :one
-- Creates the cart, or locks the existing one, so that its lines can be counted.
insert into cart (user_id, updated_at) values (@user_id::bigint, @at)
on conflict on constraint cart_user_key do update set updated_at = excluded.updated_at
returning id;

-- name: OpenGuestCart :one
insert into cart (guest_hash, updated_at) values (@guest_hash::bytea, @at)
on conflict on constraint cart_guest_key do update set updated_at = excluded.updated_at
returning id;

-- name: LockGuestCart :one
select id from cart where guest_hash = @guest_hash::bytea for update;

-- name: DeleteCart :exec
delete from cart where id = @id;

-- name: PutItem :exec
-- If the cart has the SKU already, the quantities are added, up to the limit, and the line counts as added now.
insert into cart_item (cart_id, sku_id, quantity, added_at) values (@cart_id, @sku_id, least(@quantity::int, @at_most::int), @at)
on conflict (cart_id, sku_id) do update
set quantity = least(cart_item.quantity + excluded.quantity, @at_most::int), added_at = excluded.added_at;

-- name: CountLines :one
select count(*) from cart_item where cart_id = @cart_id;

-- name: TakeLines :execrows
-- Moves the guest's lines into the person's cart. If both carts have a SKU, the larger quantity counts. Of the other
-- lines it takes the newest, as many as there is room for.
with taken as (
    select g.sku_id, g.quantity, g.added_at, u.sku_id is not null as shared,
           row_number() over (partition by u.sku_id is null order by g.added_at desc, g.sku_id) as nth
    from cart_item g
    left join cart_item u on u.cart_id = @to_id::bigint and u.sku_id = g.sku_id
    where g.cart_id = @from_id::bigint
)
insert into cart_item (cart_id, sku_id, quantity, added_at)
select @to_id::bigint, sku_id, quantity, added_at from taken
where shared or nth <= @room::bigint
on conflict (cart_id, sku_id) do update
set quantity = greatest(cart_item.quantity, excluded.quantity);

-- name: SetQuantity :execrows
update cart_item i set quantity = @quantity
from cart c
where c.id = i.cart_id and i.sku_id = @sku_id
  and (c.user_id = sqlc.narg(user_id)::bigint or c.guest_hash = sqlc.narg(guest_hash)::bytea);

-- name: RemoveItems :execrows
delete from cart_item i using cart c
where c.id = i.cart_id and i.sku_id = any(@sku_ids::bigint[]) 
  and (sqlc.narg(added_by)::timestamptz is null or i.added_at <= sqlc.narg(added_by)::timestamptz)
  and (c.user_id = sqlc.narg(user_id)::bigint or c.guest_hash = sqlc.narg(guest_hash)::bytea);

-- name: Items :many
select i.sku_id, i.quantity, i.added_at
from cart_item i join cart c on c.id = i.cart_id
where c.user_id = sqlc.narg(user_id)::bigint or c.guest_hash = sqlc.narg(guest_hash)::bytea
order by i.added_at desc, i.sku_id desc;

-- name: Count :one
select count(*)
from cart_item i join cart c on c.id = i.cart_id
where c.user_id = sqlc.narg(user_id)::bigint or c.guest_hash = sqlc.narg(guest_hash)::bytea;

-- name: PurgeGuests :execrows
delete from cart where id in (
    select stale.id from cart stale
    where stale.guest_hash is not null and stale.updated_at < @before
    order by stale.updated_at limit @at_most
    for update skip locked
);
