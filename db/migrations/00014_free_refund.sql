-- +goose Up
-- Taking back what cost nothing moves no money, yet it ends access and is written down as any refund is.
alter table order_refund drop constraint order_refund_amount_check, add constraint order_refund_amount_check check (amount >= 0);
alter table order_refund_item drop constraint order_refund_item_amount_check,
    add constraint order_refund_item_amount_check check (amount >= 0);

-- +goose Down
delete from order_refund_item where amount = 0;
delete from order_refund where amount = 0;
alter table order_refund drop constraint order_refund_amount_check, add constraint order_refund_amount_check check (amount > 0);
alter table order_refund_item drop constraint order_refund_item_amount_check,
    add constraint order_refund_item_amount_check check (amount > 0);
