-- +goose Up
-- How a document was written: the program that writes them another way rewrites those of before, while it serves.
alter table search_document add column version smallint not null default 1;
alter table search_document alter column version drop default;
create index search_document_version_idx on search_document (version, spu_id);

-- +goose Down
alter table search_document drop column version;
