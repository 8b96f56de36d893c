-- +goose Up
-- Until when a request to take an attempt's money may be under way, at a provider where the payer only agrees. Nobody
-- closes the attempt, and nobody else takes the money, before that time.
alter table video_payment add column capturing_until timestamptz,
    add constraint video_payment_closed_not_capturing check (status <> 'closed' or capturing_until is null);

-- +goose Down
alter table video_payment drop constraint video_payment_closed_not_capturing, drop column capturing_until;
