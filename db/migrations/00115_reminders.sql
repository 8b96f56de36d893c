-- +goose Up
-- Which buyers were reminded that they have not paid yet, and that a rental ends soon. Both are noted in the transaction
-- that writes the mail.
alter table video_order add column reminded_at timestamptz;
alter table video_entitlement add column end_told_at timestamptz;
create index video_entitlement_ending_idx on video_entitlement (expires_at)
    where kind = 'rent' and state = 'active' and end_told_at is null;

-- +goose Down
drop index video_entitlement_ending_idx;
alter table video_entitlement drop column end_told_at;
alter table video_order drop column reminded_at;
