-- +goose Up
-- What came before in an aggregate, for the relay.
create index outbox_event_aggregate_idx on outbox_event (aggregate, id);
-- The captures of a reference are read at each notice; the unique index on it leaves the empty reference out.
create index payment_capture_reference_idx on payment_capture (reference, id);

-- +goose Down
drop index payment_capture_reference_idx;
drop index outbox_event_aggregate_idx;
