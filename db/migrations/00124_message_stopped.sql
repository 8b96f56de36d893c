-- +goose Up
-- An operator can stop a message on its way: who has not been mailed yet is not mailed.
alter table follow_message
    drop constraint follow_message_state_check,
    drop constraint follow_message_held_first,
    drop constraint follow_message_refusal,
    add constraint follow_message_state_check check (state in ('held', 'approved', 'refused', 'stopped')),
    add constraint follow_message_held_first check (decided_by is null or reasons <> '{}' or state = 'stopped'),
    add constraint follow_message_refusal check (state not in ('refused', 'stopped') or
        (answer <> '' and decided_by is not null));
create index follow_message_decided_at on follow_message (decided_at desc) where state in ('approved', 'stopped');

-- +goose Down
drop index follow_message_decided_at;
update follow_message set state = 'refused', reasons = case when reasons = '{}' then '{words}' else reasons end
where state = 'stopped';
alter table follow_message
    drop constraint follow_message_state_check,
    drop constraint follow_message_held_first,
    drop constraint follow_message_refusal,
    add constraint follow_message_state_check check (state in ('held', 'approved', 'refused')),
    add constraint follow_message_held_first check (decided_by is null or reasons <> '{}'),
    add constraint follow_message_refusal check (state <> 'refused' or (answer <> '' and decided_by is not null));
