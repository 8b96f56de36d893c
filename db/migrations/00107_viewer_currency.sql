-- +goose Up
-- The currency in which a person wants to see prices; '' is the one that each price has.
alter table account_user
    add column currency text not null default '',
    add constraint account_user_currency_check check (currency ~ '^([A-Z]{3})?$') not valid; -- 00110 validates it

-- +goose Down
alter table account_user drop column currency;
