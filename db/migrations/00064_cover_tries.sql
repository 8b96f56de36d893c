-- +goose Up
-- How often a creator tried to upload a picture on a day (UTC), whatever became of it. Days that are over are deleted with the next try.
create table media_cover_try (
    owner_id bigint not null,
    day      date not null,
    tries    int not null check (tries > 0),
    primary key (owner_id, day)
);

-- +goose Down
drop table media_cover_try;
