-- +goose Up
-- Who is kept out, and who passes without being counted. An entry is ended, never deleted or rewritten.
create table risk_entry (
    id         bigint generated always as identity primary key,
    effect     text not null check (effect in ('deny', 'allow')),
    address    cidr,
    user_id    bigint check (user_id > 0),
    device     text check (device ~ '^[0-9a-f]{32}$'),
    reason     text not null check (length(reason) between 1 and 200),
    author_id  bigint not null,
    created_at timestamptz not null,
    expires_at timestamptz check (expires_at > created_at),
    ended_at   timestamptz,
    ended_by   bigint,
    check (num_nonnulls(address, user_id, device) = 1),
    check ((ended_at is null) = (ended_by is null))
);
-- One living word on each: a new entry for the same subject ends the old one.
create unique index risk_entry_address_key on risk_entry (address) where ended_at is null and address is not null;
create unique index risk_entry_user_key on risk_entry (user_id) where ended_at is null and user_id is not null;
create unique index risk_entry_device_key on risk_entry (device) where ended_at is null and device is not null;
create index risk_entry_ended_idx on risk_entry (ended_at desc) where ended_at is not null;

-- One row, raised by every change of the lists: processes look at it and read the entries anew when it has moved.
create table risk_list_version (
    one     boolean primary key default true check (one),
    version bigint not null
);
insert into risk_list_version (version) values (1);

-- +goose Down
drop table risk_list_version;
drop table risk_entry;
