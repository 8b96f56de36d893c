-- +goose Up
-- What a rule about unwanted visitors decided about an order when its buyer placed it or went to pay for it, if it was other than
-- nothing: the first time of each. It names no address and no device; the entry of the lists in facts does, for as long as that is kept.
create table order_decision (
    order_no text not null references video_order (order_no),
    occasion text not null check (occasion in ('place', 'pay')),
    rule     text not null check (rule ~ '^[a-z_]{1,40}$'),
    outcome  text not null check (outcome ~ '^[a-z_]{1,40}$'),
    reason   text not null check (char_length(reason) <= 1000), -- as the operator wrote it; it is kept
    facts    jsonb not null check (jsonb_typeof(facts) = 'object'),
    at       timestamptz not null,
    primary key (order_no, occasion, rule, outcome)
);

-- +goose Down
drop table order_decision;
