-- +goose Up
-- A sum of sums as the mall carries it on. What leaves the range of a bigint, which only rows from before the checks below
-- can bring about, is shown as its end instead of making every page of the books fail. Its own negative fits as well.
create function saturated(n numeric) returns bigint language sql immutable parallel safe
    return greatest(least(n, 9223372036854775807), -9223372036854775807)::bigint;

-- No order comes to more (money.MaxSum). Rows that are there already stay as they are.
alter table ledger_line add constraint ledger_line_amount_bounded
    check (amount between -1000000000000 and 1000000000000) not valid;
alter table payment_capture add constraint payment_capture_amount_bounded check (amount <= 1000000000000) not valid;
alter table payment_refund add constraint payment_refund_amount_bounded check (amount <= 1000000000000) not valid;

-- +goose Down
alter table payment_refund drop constraint payment_refund_amount_bounded;
alter table payment_capture drop constraint payment_capture_amount_bounded;
alter table ledger_line drop constraint ledger_line_amount_bounded;
drop function saturated(numeric);
