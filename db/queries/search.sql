-- name: LockDocument :exec
-- Two writers of one document run one after another, so that the text read last is the text written last.
select pg_advisory_xact_lock(sqlc.arg(space)::int, hashint8(sqlc.arg(spu_id)::bigint));

-- name: PutDocument :exec
insert into search_document (spu_id, words, fuzzy, popularity, version, updated_at)
values (sqlc.arg(spu_id), sqlc.arg(words)::text::tsvector, sqlc.arg(fuzzy), sqlc.arg(popularity), sqlc.arg(version), sqlc.arg(at))
on conflict (spu_id) do update
set words = excluded.words, fuzzy = excluded.fuzzy, popularity = excluded.popularity, version = excluded.version, updated_at = excluded.updated_at;

-- name: Outdated :many
-- Returns documents that an older version of the program wrote.
select spu_id from search_document where version < sqlc.arg(version) order by version, spu_id limit sqlc.arg(most);

-- name: CountOutdated :one
select count(*) from search_document where version < sqlc.arg(version);

-- name: SetPopularity :exec
-- Leaves the words unchanged, so that no index must be updated.
update search_document set popularity = sqlc.arg(popularity), updated_at = sqlc.arg(at) where spu_id = sqlc.arg(spu_id);

-- name: DropDocuments :exec
delete from search_document where spu_id = any(sqlc.arg(spu_ids)::bigint[]);

-- name: DropOlder :exec
delete from search_document where updated_at < sqlc.arg(before);

-- name: Match :many
-- Ranks only the two thousand most popular matches, because ranking reads each word list in full. PostgreSQL finds
-- few matches by their words and sorts them; it finds many by walking the documents from the most popular one on.
-- Which plan is better depends on the words of the query. If the query also reads words as pinyin, documents with the
-- words themselves come first.
with matched as (
    select d.spu_id from search_document d
    where d.words @@ sqlc.arg(query)::text::tsquery
    order by d.popularity desc, d.spu_id desc limit 2000
), scored as (
    select d.spu_id,
           (ts_rank_cd('{0.05, 0.2, 0.5, 1.0}', d.words, sqlc.arg(query)::text::tsquery) * d.popularity * 1000000)::bigint
               + case when d.words @@ nullif(sqlc.arg(words)::text, '')::tsquery then 1000000000000 else 0 end as score
    from search_document d join matched on matched.spu_id = d.spu_id
)
select spu_id, score::bigint as score from scored
where (score, spu_id) < (sqlc.arg(after_score)::bigint, sqlc.arg(after_id)::bigint)
order by score desc, spu_id desc limit sqlc.arg(most);

-- name: Known :many
-- Returns which of the queries find anything at all.
select q.place::int from unnest(sqlc.arg(queries)::text[]) with ordinality as q (query, place)
where exists (select 1 from search_document d where d.words @@ q.query::tsquery)
order by q.place;

-- name: SetSimilarity :exec
select set_config('pg_trgm.word_similarity_threshold', sqlc.arg(threshold)::text, true);

-- name: Alike :many
-- Returns the words that are similar to this one, the most similar first.
select word from search_word where sqlc.arg(word)::text <% word
order by word_similarity(sqlc.arg(word)::text, word) desc, word limit sqlc.arg(most);

-- name: PutWords :exec
-- Takes the words in sorted order, so that two transactions that add the same words cannot deadlock.
insert into search_word (word) select unnest(sqlc.arg(words)::text[]) on conflict do nothing;
