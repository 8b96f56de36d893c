-- +goose Up
-- Some notices name the payment alone, by the provider's number of it: the timeline of an order finds them by that.
create index payment_notice_txn_idx on payment_notice (provider, channel_txn_no) where attempt_no = '';

-- +goose Down
drop index payment_notice_txn_idx;
