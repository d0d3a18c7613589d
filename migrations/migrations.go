// Package migrations carries the schema's steps, in goose's format, inside the binary. They are append-only: a step
// that has been released is never edited; the next one mends it.
package migrations

import "embed"

// FS holds every step as NNNNN_name.sql.
//
//go:embed *.sql
var FS embed.FS
