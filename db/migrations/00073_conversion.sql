-- +goose Up
-- What was done to a file to make its film, for its creator to read; {} where nothing was noted.
alter table media_video add column conversion jsonb not null default '{}';

-- +goose Down
alter table media_video drop column conversion;
