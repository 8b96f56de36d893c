-- +goose Up
-- A title in one language is enough: whoever reads the other one sees it, with a note.
alter table video_product_spu
    drop constraint video_product_spu_title_zh_check,
    drop constraint video_product_spu_title_en_check,
    add constraint spu_title_length check (length(title_zh) <= 200 and length(title_en) <= 200),
    add constraint spu_title_in_one check (title_zh <> '' or title_en <> '');
alter table catalog_series
    drop constraint catalog_series_title_zh_check,
    drop constraint catalog_series_title_en_check,
    add constraint series_title_length check (length(title_zh) <= 200 and length(title_en) <= 200),
    add constraint series_title_in_one check (title_zh <> '' or title_en <> '');

-- +goose Down
update video_product_spu set title_zh = coalesce(nullif(title_zh, ''), title_en), title_en = coalesce(nullif(title_en, ''), title_zh)
where title_zh = '' or title_en = '';
update catalog_series set title_zh = coalesce(nullif(title_zh, ''), title_en), title_en = coalesce(nullif(title_en, ''), title_zh)
where title_zh = '' or title_en = '';
alter table video_product_spu
    drop constraint spu_title_length,
    drop constraint spu_title_in_one,
    add constraint video_product_spu_title_zh_check check (length(title_zh) between 1 and 200),
    add constraint video_product_spu_title_en_check check (length(title_en) between 1 and 200);
alter table catalog_series
    drop constraint series_title_length,
    drop constraint series_title_in_one,
    add constraint catalog_series_title_zh_check check (length(title_zh) between 1 and 200),
    add constraint catalog_series_title_en_check check (length(title_en) between 1 and 200);
