-- name: PaidAfter :many
select order_no, paid_at::timestamptz as paid_at, total_amount from video_order
where paid_at >= @at::timestamptz and paid_at < @before::timestamptz and (paid_at, order_no) > (@at, @after_no::text)
order by paid_at, order_no limit @max_rows;

-- name: RefundsSettledAfter :many
select refund_no, order_no, settled_at::timestamptz as settled_at, amount from order_refund
where settled_at is not null and status <> 'failed' and settled_at < @before::timestamptz
  and (settled_at, refund_no) > (@at::timestamptz, @after_no::text)
order by settled_at, refund_no limit @max_rows;
