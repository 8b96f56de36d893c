-- name: InsertRequest :one
insert into order_refund_request (order_no, request_key, reason, outside, created_at)
values (@order_no, @request_key, @reason, @outside, @created_at)
returning *;

-- name: InsertRequestItems :exec
insert into order_refund_request_item (request_id, item_id, watched, open)
select @request_id, unnest(@item_ids::bigint[]), unnest(@watched::int[]), true;

-- name: RequestByKey :one
select * from order_refund_request where order_no = @order_no and request_key = @request_key;

-- name: RequestByID :one
select * from order_refund_request where id = @id;

-- name: RequestsOf :many
select * from order_refund_request where order_no = @order_no order by id;

-- name: OpenRequests :many
select * from order_refund_request where status = 'requested' order by created_at, id limit @max_rows;

-- name: CountOpenRequests :one
select count(*) from order_refund_request where status = 'requested';

-- name: RequestItems :many
select * from order_refund_request_item where request_id = any(@request_ids::bigint[]) order by request_id, item_id;

-- name: DecideRequest :one
update order_refund_request
set status = @status, by_rule = @by_rule, refund_no = sqlc.narg(refund_no), answer = @answer, decided_by = @decided_by, decided_at = @at::timestamptz
where id = @id and status = 'requested'
returning *;

-- name: CloseRequestItems :exec
update order_refund_request_item set open = false where request_id = @request_id;

-- name: ItemsOfDisputes :many
-- Returns the items of an order whose money the buyer's bank claims or took, except by one refund.
select distinct i.item_id from order_refund_item i join order_refund r using (refund_no)
where r.order_no = @order_no and r.refund_no <> @except_refund_no and r.cause = 'dispute' and r.status in ('pending', 'succeeded');

-- name: ReturnedRefunds :many
select * from order_refund where status = 'returned' order by created_at, refund_no limit @max_rows;
