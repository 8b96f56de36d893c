-- name: InsertReferrals :exec
insert into order_referral (order_no, partner_id, link_id, reference)
select unnest(@order_nos::text[]), unnest(@partner_ids::bigint[]), unnest(@link_ids::bigint[]), unnest(@refs::text[]);

-- name: ReferralOf :one
select * from order_referral where order_no = @order_no;

-- name: Referred :many
-- Order numbers are in the order of time.
select r.reference, sqlc.embed(o) from order_referral r join video_order o using (order_no)
where r.partner_id = @partner_id and (@reference::text = '' or r.reference = @reference) and (@before::text = '' or r.order_no < @before)
order by r.order_no desc limit @most;

-- name: OrderByLink :one
-- The newest order of a person by a link.
select o.* from order_referral r join video_order o using (order_no)
where r.link_id = @link_id and o.user_id = @user_id order by o.order_no desc limit 1;
