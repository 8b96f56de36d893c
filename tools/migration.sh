#!/usr/bin/env bash
# Writes the next numbered file of db/migrations: tools/migration.sh NAME, such as "creator_zone".
set -euo pipefail
cd "$(dirname "$0")/../db/migrations"

name=${1:-}
if ! [[ $name =~ ^[a-z][a-z0-9_]*$ ]]; then
	echo 'Name the migration by lower-case words: make migration NAME=creator_zone' >&2
	exit 2
fi

last=$(ls | grep -oE '^[0-9]{5}' | sort | tail -1)
file=$(printf '%05d_%s.sql' $((10#$last + 1)) "$name")
cat >"$file" <<'SQL'
-- +goose Up
-- Say why the schema changes. Add a CHECK for each rule that PostgreSQL can hold.
-- The version before this one still runs while this one migrates: it must be able to go on.

-- +goose Down
-- Undo all of Up: the tests migrate up, down and up again.
SQL
echo "db/migrations/$file"
