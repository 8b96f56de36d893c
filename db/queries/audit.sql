-- name: LockChain :exec
-- Writers take turns until they commit: each names the hash of the one before.
select pg_advisory_xact_lock(hashtextextended('audit_entry', 0));

-- name: Head :one
select * from audit_head;

-- name: BeginChain :exec
insert into audit_head (entry_id, hash, seal) values (0, @hash, @seal) on conflict (one) do nothing;

-- name: Canonical :one
-- How PostgreSQL writes the detail: what is hashed must read the same when it comes back.
select (@detail::text)::jsonb::text as detail;

-- name: AddEntry :exec
insert into audit_entry (id, at, actor_id, actor, verb, subject, detail, prev_hash, hash)
values (@id, @at, @actor_id, @actor, @verb, @subject, (@detail::text)::jsonb, @prev_hash, @hash);

-- name: MoveHead :execrows
update audit_head set entry_id = @entry_id, hash = @hash, seal = @seal where entry_id = @after::bigint;

-- name: List :many
select id, at, actor_id, actor, verb, subject, detail::text as detail, prev_hash, hash from audit_entry
where (@before_id::bigint = 0 or id < @before_id)
  and (@actor_id::bigint = 0 or actor_id = @actor_id)
  and (@actor::text = '' or actor ilike @actor)
  and (@verb::text = '' or verb = @verb)
  and (@subject::text = '' or subject like @subject)
  and at >= @since::timestamptz and at < @until::timestamptz
order by id desc limit @most;

-- name: Verbs :many
-- Each verb once, without reading all entries: from one to the next in the index.
with recursive v as (
    (select verb from audit_entry order by verb limit 1)
    union all
    select (select a.verb from audit_entry a where a.verb > v.verb order by a.verb limit 1) from v where v.verb is not null
)
select verb::text from v where verb is not null;

-- name: After :many
select id, at, actor_id, actor, verb, subject, detail::text as detail, prev_hash, hash from audit_entry
where id > @after order by id limit @most;

-- name: About :many
-- What was done to these, whatever they are called: exactly, since "account:7" begins "account:70".
select id, at, actor_id, actor, verb, subject, detail::text as detail, prev_hash, hash from audit_entry
where subject = any(@subjects::text[]) order by id desc limit @most;
