-- +goose Up
-- A buyer's request for a fapiao, the tax invoice of mainland China. An operator issues it with the tax bureau's software
-- and records its number here. refunded is what had gone back when it was issued: more than that makes it wrong.
create table fapiao_request (
    id           bigint generated always as identity primary key,
    order_no     text not null,
    user_id      bigint not null,
    type         text not null check (type in ('personal', 'company')),
    title        text not null check (char_length(title) between 1 and 100),
    taxpayer_no  text not null default '' check (taxpayer_no ~ '^([0-9A-HJ-NPQRTUWXY]{18})?$'),
    email        text not null check (char_length(email) between 3 and 254),
    status       text not null default 'requested' check (status in ('requested', 'issued', 'declined', 'reversing', 'reversed')),
    fapiao_no    text not null default '' check (char_length(fapiao_no) <= 40),
    reversal_no  text not null default '' check (char_length(reversal_no) <= 40),
    answer       text not null default '' check (char_length(answer) <= 300),
    refunded     bigint not null default 0 check (refunded >= 0),
    requested_at timestamptz not null,
    decided_at   timestamptz,
    decided_by   bigint,
    constraint fapiao_request_order_key unique (order_no),
    constraint fapiao_request_company check ((type = 'company') = (taxpayer_no <> '')),
    constraint fapiao_request_decided check ((status = 'requested') = (decided_at is null) and (decided_at is null) = (decided_by is null)),
    constraint fapiao_request_issued check ((status in ('issued', 'reversing', 'reversed')) = (fapiao_no <> '')),
    constraint fapiao_request_declined check ((status = 'declined') = (answer <> '')),
    constraint fapiao_request_reversed check (status <> 'reversed' or reversal_no <> '')
);
create index fapiao_request_status_idx on fapiao_request (status, id);
-- +goose Down
drop table fapiao_request;
