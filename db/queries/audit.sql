-- name: LockChain :exec
-- Writers hold this lock until they commit, because each entry contains the hash of the one before.
select pg_advisory_xact_lock(hashtextextended('audit_entry', 0));

-- name: Head :one
select * from audit_head;

-- name: BeginChain :exec
insert into audit_head (entry_id, hash, seal) values (0, @hash, @seal) on conflict (one) do nothing;

-- name: Canonical :one
-- Returns the detail as PostgreSQL writes it. The hash is of this text, because the detail is read back like this.
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
-- Returns each verb once. It jumps from one to the next in the index, without reading all entries.
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
-- Returns what was done to these subjects. They must match in full, since "account:70" begins with "account:7".
select id, at, actor_id, actor, verb, subject, detail::text as detail, prev_hash, hash from audit_entry
where subject = any(@subjects::text[]) order by id desc limit @most;
