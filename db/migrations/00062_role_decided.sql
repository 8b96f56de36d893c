-- +goose Up
-- When an operator last decided this person's role: from then on only an operator changes it, so that one that was taken away
-- stays away. The audit log knows who was decided about before.
alter table account_user add column role_decided_at timestamptz;
update account_user u set role_decided_at = a.at
from (select subject, max(at) as at from audit_entry where verb = 'account.role' group by subject) a
where a.subject = 'account:' || u.id;

-- +goose Down
alter table account_user drop column role_decided_at;
