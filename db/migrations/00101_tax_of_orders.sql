-- +goose Up
-- The tax of an order as it was placed. tax_mode and tax_country are empty if the shop had no rates then; billing is what
-- the buyer had entered by then.
alter table video_order
    add column tax_amount bigint not null default 0,
    add column tax_country text not null default '' check (tax_country ~ '^([A-Z]{2})?$'),
    add column tax_name text not null default '',
    add column tax_mode text not null default '' check (tax_mode in ('', 'inclusive', 'exclusive')),
    add column billing jsonb,
    add constraint video_order_tax_within check (tax_amount between 0 and total_amount),
    add constraint video_order_tax_of_country check (tax_amount = 0 or tax_mode <> '' and tax_country <> '' and tax_name <> '');
-- An item is paid with amount - discount_amount + tax_added, and tax_amount is the tax in that. Prices that include tax add
-- nothing, other prices add the tax, and reverse charge takes off what an inclusive price contained. Each tax is rounded by
-- itself, half a minor unit up. tax_refunded is the tax in refunded_amount; a refund of all returns all of it.
alter table video_order_item
    add column tax_kind text not null default 'none' check (tax_kind in ('none', 'standard', 'reverse_charge')),
    add column tax_rate int not null default 0, -- basis points
    add column tax_amount bigint not null default 0,
    add column tax_added bigint not null default 0,
    add column tax_refunded bigint not null default 0,
    add constraint video_order_item_tax check (case tax_kind
        when 'none' then tax_rate = 0 and tax_amount = 0 and tax_added = 0
        when 'reverse_charge' then tax_rate = 0 and tax_amount = 0 and tax_added <= 0 and -tax_added <= amount - discount_amount
        when 'standard' then tax_rate between 1 and 5000 and tax_amount >= 0 and (
            tax_added = 0 and tax_amount = ((amount - discount_amount) * tax_rate + (10000 + tax_rate) / 2) / (10000 + tax_rate)
            or tax_added = tax_amount and tax_amount = ((amount - discount_amount) * tax_rate + 5000) / 10000)
        else false end),
    drop constraint video_order_item_refunded_within,
    add constraint video_order_item_refunded_within check (refunded_amount between 0 and amount - discount_amount + tax_added),
    add constraint video_order_item_tax_refunded check (tax_refunded between 0 and tax_amount
        and refunded_amount - tax_refunded between 0 and amount - discount_amount + tax_added - tax_amount);
alter table order_refund_item
    add column tax_amount bigint not null default 0,
    add constraint order_refund_item_tax_within check (tax_amount between 0 and amount);
-- amount is the price without tax, which is what a creator sold for. tax was paid beside it and is owed to a country.
alter table ledger_earning
    add column tax bigint not null default 0,
    add column tax_back bigint not null default 0,
    add column tax_country text not null default '' check (tax_country ~ '^([A-Z]{2})?$'),
    add constraint ledger_earning_tax check (tax >= 0 and (tax > 0) = (tax_country <> '')),
    add constraint ledger_earning_tax_back check (tax_back between 0 and tax);
-- A small part of a refund may be tax alone.
alter table ledger_reversal
    add column tax bigint not null default 0 check (tax >= 0),
    drop constraint ledger_reversal_amount_check,
    add constraint ledger_reversal_amount_check check (amount >= 0 and amount + tax > 0);
-- +goose Down
delete from ledger_reversal where amount = 0;
alter table ledger_reversal
    drop constraint ledger_reversal_amount_check,
    drop column tax,
    add constraint ledger_reversal_amount_check check (amount > 0);
alter table ledger_earning drop column tax_country, drop column tax_back, drop column tax;
alter table order_refund_item drop column tax_amount;
-- Columns that a constraint reads go with it.
alter table video_order_item
    drop constraint video_order_item_refunded_within,
    drop column tax_refunded,
    drop column tax_added,
    drop column tax_amount,
    drop column tax_rate,
    drop column tax_kind;
update video_order_item set refunded_amount = amount - discount_amount where refunded_amount > amount - discount_amount;
alter table video_order_item
    add constraint video_order_item_refunded_within check (refunded_amount between 0 and amount - discount_amount);
alter table video_order
    drop column billing,
    drop column tax_mode,
    drop column tax_name,
    drop column tax_country,
    drop column tax_amount;
