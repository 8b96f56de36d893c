-- +goose Up
-- Some notices name the payment alone, by the provider's number of it: the timeline of an order finds them by that.
create index payment_notice_txn_idx on payment_notice (provider, channel_txn_no) where attempt_no = '';
-- The timeline of an order lists its events.
create index outbox_event_aggregate_idx on outbox_event (aggregate, id);

-- +goose Down
drop index outbox_event_aggregate_idx;
drop index payment_notice_txn_idx;
