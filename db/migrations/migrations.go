// Package migrations carries the numbered schema changes inside the binary, so that what runs and
// what it expects of the database can never be two different releases.
package migrations

import "embed"

// FS holds goose files, NNNNN_name.sql, each with an Up and a Down.
//
//go:embed *.sql
var FS embed.FS
