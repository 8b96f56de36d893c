-- name: InsertEvent :exec
insert into outbox_event (type, aggregate, payload, created_at) values (@type, @aggregate, @payload, @created_at);
