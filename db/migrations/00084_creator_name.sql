-- +goose Up
-- A creator's name in one language is enough: whoever reads the other one sees it too.
alter table catalog_creator add constraint creator_name_in_one check (name_zh <> '' or name_en <> '');

-- +goose Down
update catalog_creator set name_zh = coalesce(nullif(name_zh, ''), name_en), name_en = coalesce(nullif(name_en, ''), name_zh)
where name_zh = '' or name_en = '';
alter table catalog_creator drop constraint creator_name_in_one;
