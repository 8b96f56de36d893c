-- +goose Up
-- What a million videos showed; the plans are in the commit that brought this.

-- A word that is in most documents: the best known of them are found by walking from the best known on, not by sorting all.
create index search_document_popular_idx on search_document (popularity desc, spu_id desc);

-- Every word of a title, a maker, a shelf or a tag once, for misspellings to be compared with: there are far fewer words than
-- documents. A word that no document has any more stays; what is suggested is asked like any other query.
create table search_word (
    word text primary key
);
insert into search_word (word)
select distinct w from search_document, unnest(string_to_array(fuzzy, ' ')) w where w <> '';
create index search_word_like_idx on search_word using gin (word gin_trgm_ops);
drop index search_document_fuzzy_idx;

-- Who sells most, without reading a video.
create index spu_creator_sold_idx on video_product_spu (creator_id) include (sold_count) where status = 'live' and from_amount is not null;

-- +goose Down
drop index spu_creator_sold_idx;
create index search_document_fuzzy_idx on search_document using gin (fuzzy gin_trgm_ops);
drop table search_word;
drop index search_document_popular_idx;
