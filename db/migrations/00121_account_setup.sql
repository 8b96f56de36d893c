-- +goose Up
-- Codes that open the page on which a mall without operators gets its first one. Every process that starts to serve such
-- a mall prints one; the database knows only its SHA-256. Making the operator deletes all of them.
create table account_setup (
    code_hash  bytea       primary key check (length(code_hash) = 32),
    expires_at timestamptz not null
);

-- +goose Down
drop table account_setup;
