-- +goose Up
create extension if not exists pg_trgm;

-- One row a live SPU. words holds the segmented text (Han runs as single characters and pairs, the rest as
-- words), fuzzy the lower-case titles, creator and tags that misspellings are compared with, popularity the factor
-- by which a well-known video ranks above an equal match.
create table search_document (
    spu_id     bigint primary key,
    words      tsvector not null,
    fuzzy      text not null,
    popularity real not null default 1,
    updated_at timestamptz not null default now()
);
create index search_document_words_idx on search_document using gin (words);
create index search_document_fuzzy_idx on search_document using gin (fuzzy gin_trgm_ops);

-- +goose Down
drop table search_document;
