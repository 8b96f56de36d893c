-- +goose Up
-- The sound tracks of a film among which a viewer chooses: [{name, label, language, default, described}]. Empty where there is one or none.
alter table media_asset add column sounds jsonb not null default '[]';

-- +goose Down
alter table media_asset drop column sounds;
