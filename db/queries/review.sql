-- name: InsertCase :one
insert into review_case (revision_id, spu_id, creator_id, content, score, reasons, opened_at)
values (@revision_id, @spu_id, @creator_id, @content, @score, @reasons, @at)
returning *;

-- name: CaseByID :one
select * from review_case where id = @id;

-- name: LockCase :one
select * from review_case where id = @id for update;

-- name: LockLivingCase :one
select * from review_case where revision_id = @revision_id and state in ('open', 'second') for update;

-- name: MoveCase :one
-- The guard: no row means that the case has moved since it was read.
update review_case set state = @to_state, version = version + 1,
    first_by = sqlc.narg(first_by), second_by = sqlc.narg(second_by), causes = @causes, note = @note, decided_at = sqlc.narg(decided_at)
where id = @id and state = @from_state and version = @version
returning *;

-- name: InsertMove :exec
insert into review_move (case_id, from_state, to_state, version, actor_id, note, at)
values (@case_id, @from_state, @to_state, @version, @actor_id, @note, @at);

-- name: Moves :many
select * from review_move where case_id = @case_id order by version;

-- name: Waiting :many
-- The highest score comes first, and among equals the case that has waited longest.
select * from review_case
where state = any(@states::text[]) and score >= @least::int and (@creator_id::bigint = 0 or creator_id = @creator_id)
  and (@after_id::bigint = 0 or (score, -id) < (@after_score::int, - (@after_id::bigint)))
order by score desc, id limit @most;

-- name: Decided :many
select * from review_case
where state = any(@states::text[]) and score >= @least::int and (@creator_id::bigint = 0 or creator_id = @creator_id)
  and (@before_id::bigint = 0 or id < @before_id)
order by id desc limit @most;

-- name: CountWaiting :one
select count(*) filter (where state = 'open') as open, count(*) filter (where state = 'second') as second,
    count(*) filter (where score >= @high::int) as high, min(opened_at)::timestamptz as oldest
from review_case where state in ('open', 'second') having count(*) > 0;

-- name: LatestCase :one
select * from review_case where spu_id = @spu_id and creator_id = @creator_id order by id desc limit 1;

-- name: CasesOfCreator :many
select * from review_case where creator_id = @creator_id and id <> @other_than order by id desc limit @most;

-- name: Past :one
-- Counts a creator's past decisions and takedowns.
select (select count(*) from review_case c where c.creator_id = @creator_id and c.state = 'approved') as approved,
    (select count(*) from review_case c where c.creator_id = @creator_id and c.state = 'returned') as returned,
    (select count(*) from review_takedown t where t.creator_id = @creator_id and t.undone_at is null) as takedowns;

-- name: FirstApproval :one
select decided_at::timestamptz from review_case where creator_id = @creator_id and state = 'approved' order by decided_at limit 1;

-- name: Words :many
select * from review_word order by word, id;

-- name: AddWord :execrows
insert into review_word (word, norm, weight, added_by, added_at) values (@word, @norm, @weight, @added_by, @at)
on conflict (norm) do nothing;

-- name: RemoveWord :one
delete from review_word where id = @id returning *;

-- name: InsertTakedown :one
insert into review_takedown (spu_id, creator_id, title_zh, title_en, by_id, reason, keep_access, at)
values (@spu_id, @creator_id, @title_zh, @title_en, @by_id, @reason, @keep_access, @at)
returning *;

-- name: TakedownByID :one
select * from review_takedown where id = @id;

-- name: LivingTakedown :one
select * from review_takedown where spu_id = @spu_id and undone_at is null;

-- name: UndoTakedown :one
update review_takedown set undone_at = @at::timestamptz, undone_by = @by_id::bigint where id = @id and undone_at is null returning *;

-- name: Takedowns :many
select * from review_takedown where (@before_id::bigint = 0 or id < @before_id) order by id desc limit @most;

-- name: EndedAccess :many
-- Returns which of these listings were taken down without letting buyers keep their access.
select spu_id, id from review_takedown where spu_id = any(@spu_ids::bigint[]) and undone_at is null and not keep_access order by id for share;

-- name: InsertAppeal :one
insert into review_appeal (takedown_id, case_id, spu_id, creator_id, words, opened_at)
values (sqlc.narg(takedown_id), sqlc.narg(case_id), @spu_id, @creator_id, @words, @at)
returning *;

-- name: LockAppeal :one
select * from review_appeal where id = @id for update;

-- name: DecideAppeal :execrows
update review_appeal set state = @state, answer = @answer, by_id = sqlc.narg(by_id), decided_at = @at::timestamptz
where id = @id and state = 'open';

-- name: OpenAppealOf :one
select * from review_appeal where takedown_id = @takedown_id and state = 'open' for update;

-- name: MootAppeals :exec
-- Closes appeals against a return that the creator has answered with a new revision: they need no decision any more.
update review_appeal set state = 'moot', decided_at = @at::timestamptz where spu_id = @spu_id and case_id is not null and state = 'open';

-- name: OpenAppeals :many
select * from review_appeal where state = 'open' order by opened_at, id limit @most;

-- name: CountOpenAppeals :one
select count(*) from review_appeal where state = 'open';

-- name: AppealsOfListing :many
select * from review_appeal where spu_id = @spu_id and creator_id = @creator_id order by id desc limit @most;

-- name: CasesByID :many
select * from review_case where id = any(@ids::bigint[]);

-- name: TakedownsByID :many
select * from review_takedown where id = any(@ids::bigint[]);

-- name: CasesOfListing :many
select * from review_case where spu_id = @spu_id order by id desc limit @most;

-- name: CountTakedowns :one
select count(*) from review_takedown where creator_id = @creator_id and undone_at is null;
