-- +goose Up
-- The texts of the pages that every shop has, as its operators saved them. A version is never changed: the highest is shown, and what
-- was in force earlier can be read again. A page without a version shows the text that ships with the program.
create table site_page_version (
    slug text not null check (slug in ('terms', 'privacy', 'refunds', 'contact')),
    version int not null check (version > 0),
    body_zh text not null default '' check (length(body_zh) <= 40000),
    body_en text not null default '' check (length(body_en) <= 40000),
    saved_at timestamptz not null,
    saved_by bigint not null,
    primary key (slug, version),
    check (body_zh <> '' or body_en <> '')
);

-- +goose Down
drop table site_page_version;
