-- name: NextNumber :one
-- Locks the counter until the transaction ends, so that documents of a kind and year are inserted one after another.
insert into invoice_counter (kind, year, last, last_at) values (@kind, @year, 1, @at)
on conflict (kind, year) do update set last = invoice_counter.last + 1, last_at = greatest(invoice_counter.last_at, excluded.last_at)
returning last, last_at;

-- name: InsertInvoice :exec
insert into invoice (kind, year, number, order_no, user_id, refund_no, invoice_id, replaces_id, currency, net, tax, gross, facts, issued_at)
values (@kind, @year, @number, @order_no, @user_id, @refund_no, sqlc.narg(invoice_id), sqlc.narg(replaces_id), @currency, @net, @tax, @gross, @facts, @issued_at);

-- name: InvoicesOf :many
select * from invoice where order_no = @order_no order by id;

-- name: InvoiceByNumber :one
select * from invoice where kind = @kind and year = @year and number = @number;

-- name: Invoices :many
-- Returns documents issued from one moment to another, the newest first.
select * from invoice
where issued_at >= @since::timestamptz and issued_at < @until::timestamptz
  and (@kind::text = '' or kind = @kind)
  and (@before_id::bigint = 0 or (issued_at, id) < (@before_at::timestamptz, @before_id))
order by issued_at desc, id desc limit @max_rows;

-- name: InvoiceSums :many
select kind, currency, count(*) as count, sum(net)::bigint as net, sum(tax)::bigint as tax, sum(gross)::bigint as gross from invoice
where issued_at >= @since::timestamptz and issued_at < @until::timestamptz group by kind, currency order by kind desc, currency;

-- name: InvoiceSeries :many
-- Compares the documents of each kind and year with their counter.
select c.kind, c.year, c.last, count(i.number)::int as count, coalesce(max(i.number), 0)::int as highest
from invoice_counter c left join invoice i using (kind, year) group by c.kind, c.year, c.last order by c.year desc, c.kind desc;

-- name: OrdersWithInvoice :many
select order_no from invoice where kind = 'invoice' and replaces_id is null and order_no = any(@order_nos::text[]);

-- name: RefundsWithCredit :many
select refund_no from invoice where refund_no <> '' and refund_no = any(@refund_nos::text[]);

-- name: LockMark :one
select at, key from invoice_mark where what = @what for update;

-- name: MoveMark :exec
update invoice_mark set at = @at, key = @key where what = @what;

-- name: RequestFapiao :execrows
-- A request that was declined can be made again with other details. Any other stays as it is, and no row is counted.
insert into fapiao_request (order_no, user_id, type, title, taxpayer_no, email, requested_at)
values (@order_no, @user_id, @type, @title, @taxpayer_no, @email, @at)
on conflict (order_no) do update set type = excluded.type, title = excluded.title, taxpayer_no = excluded.taxpayer_no,
    email = excluded.email, requested_at = excluded.requested_at, status = 'requested', answer = '', decided_at = null, decided_by = null
where fapiao_request.status = 'declined';

-- name: FapiaoOf :one
select * from fapiao_request where order_no = @order_no;

-- name: LockFapiao :one
select * from fapiao_request where id = @id for update;

-- name: DecideFapiao :exec
update fapiao_request set status = @status, fapiao_no = @fapiao_no, reversal_no = @reversal_no, answer = @answer, refunded = @refunded,
    decided_at = @at::timestamptz, decided_by = @decided_by::bigint
where id = @id;

-- name: FlagFapiao :exec
update fapiao_request set status = 'reversing' where order_no = @order_no and status = 'issued' and refunded < @refunded;

-- name: Fapiaos :many
-- Returns requests of one status, the oldest first, or with status '' all that wait for an operator.
select * from fapiao_request
where case when @status::text = '' then status in ('requested', 'reversing') else status = @status end and id > @after_id
order by id limit @max_rows;

-- name: CountFapiaos :one
select count(*) from fapiao_request where status in ('requested', 'reversing');
