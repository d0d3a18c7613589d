package dbtest

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"readerfund/internal/db"
)

// blank is what a copy of the template is like before a test has it, and how to make it so again.
type blank struct {
	state
	look, empty string
}

// state is what tests must leave as it is, and what they may change.
type state struct {
	Schema     string // with the settings, and the rows of tables that migrations fill
	Statistics string
	Size       int64 // in bytes
}

// look asks for the state. A schema is told by how many rows of the catalogues describe what migrations make (whose
// numbers begin at 16384), and by the transaction that wrote the last of them; ANALYZE and VACUUM write what they find
// into pg_class without one.
const look = `
	SELECT concat_ws(' ',
		(SELECT concat(count(*), '/', max(xmin::text::bigint)) FROM pg_class WHERE oid >= 16384),
		(SELECT concat(count(*), '/', max(xmin::text::bigint)) FROM pg_attribute WHERE attrelid >= 16384),
		(SELECT concat(count(*), '/', max(xmin::text::bigint)) FROM pg_constraint WHERE oid >= 16384),
		(SELECT concat(count(*), '/', max(xmin::text::bigint)) FROM pg_type WHERE oid >= 16384),
		(SELECT concat(count(*), '/', max(xmin::text::bigint)) FROM pg_proc WHERE oid >= 16384),
		(SELECT concat(count(*), '/', max(xmin::text::bigint)) FROM pg_trigger WHERE oid >= 16384),
		(SELECT concat(count(*), '/', max(xmin::text::bigint)) FROM pg_depend WHERE objid >= 16384),
		(SELECT concat(count(*), '/', max(xmin::text::bigint)) FROM pg_namespace),
		(SELECT count(*) FROM pg_largeobject_metadata),
		(SELECT count(*) FROM pg_db_role_setting
			WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())),
		FILLED) AS schema,
	(SELECT concat_ws('/', sum(relpages), sum(reltuples), (SELECT count(*) FROM pg_statistic WHERE starelid >= 16384),
		(SELECT count(*) FROM pg_statistic_ext_data))
		FROM pg_class WHERE oid >= 16384) AS statistics,
	(SELECT sum(pg_relation_size(oid)) FROM pg_class WHERE oid >= 16384 AND relkind IN ('r', 'i', 't')) AS size`

// forget removes the statistics of tables and their indexes.
const forget = `BEGIN; SET LOCAL allow_system_table_mods = on;
	DELETE FROM pg_statistic WHERE starelid >= 16384;
	DELETE FROM pg_statistic_ext_data;
	UPDATE pg_class SET relallvisible = 0, relpages = new.pages, reltuples = new.tuples
	FROM (VALUES ('r', 0, -1), ('t', 0, -1), ('i', 1, 0)) AS new (kind, pages, tuples)
	WHERE oid >= 16384 AND relkind = new.kind::"char" AND (relpages <> new.pages OR reltuples <> new.tuples);
	COMMIT`

// readBlank looks at a new copy.
func readBlank(ctx context.Context, d *db.DB) (*blank, error) {
	var all struct {
		Deletes, Filled, Sequences string
	}
	// A table without a page has never had a row.
	if err := d.GetContext(ctx, &all, `
		WITH own AS (
			SELECT oid, oid::regclass::text AS name, relkind, pg_relation_size(oid) = 0 AS empty
			FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'S'))
		SELECT string_agg('DELETE FROM ' || name, '; ') FILTER (WHERE relkind = 'r' AND empty) AS deletes,
			coalesce(string_agg('(SELECT md5(string_agg(t::text, '','' ORDER BY t::text)) FROM ' || name || ' t)', ', ')
				FILTER (WHERE relkind = 'r' AND NOT empty), '''''') AS filled,
			string_agg(quote_literal(name), ', ')
				FILTER (WHERE relkind = 'S' AND pg_sequence_last_value(oid) IS NULL) AS sequences
		FROM own`); err != nil {
		return nil, fmt.Errorf("see what a new database holds: %w", err)
	}
	b := &blank{look: strings.ReplaceAll(look, "FILLED", all.Filled)}
	b.empty = `BEGIN; SET LOCAL session_replication_role = replica; ` + all.Deletes + `;
		SELECT setval(seqrelid, seqstart, false) FROM pg_sequence
		WHERE seqrelid IN (SELECT unnest(ARRAY[` + all.Sequences + `])::regclass); COMMIT`
	if err := d.GetContext(ctx, &b.state, b.look); err != nil {
		return nil, fmt.Errorf("see what a new database is like: %w", err)
	}
	return b, nil
}

// restore makes a database blank again, or says why it cannot be.
func (b *blank) restore(ctx context.Context, d *db.DB, k *kept) error {
	if err := eventually(ctx, func() error { return alone(ctx, d, k.sessions()) }); err != nil {
		return err
	}
	var now state
	if err := d.GetContext(ctx, &now, b.look); err != nil {
		return err
	}
	switch {
	case now.Schema != k.schema:
		return errors.New("its schema, its settings or the migrations' own rows have changed")
	case now.Size > sizeKept:
		return fmt.Errorf("it has grown to %d bytes", now.Size)
	case now.Statistics != b.Statistics:
		if _, err := d.ExecContext(ctx, forget); err != nil {
			return err
		}
		if err := d.GetContext(ctx, &now, b.look); err != nil {
			return err
		}
		if now.Statistics != b.Statistics {
			return fmt.Errorf("its statistics were %s and are %s", b.Statistics, now.Statistics)
		}
		k.schema = now.Schema // whose last transaction is ours
	}
	_, err := d.ExecContext(ctx, b.empty)
	return err
}

// alone is an error when others are connected to the database than the kept sessions.
func alone(ctx context.Context, d *db.DB, sessions int) error {
	var there int
	if err := d.GetContext(ctx, &there, `
		SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
		AND backend_type = 'client backend'`); err != nil {
		return err
	}
	if there != sessions {
		return fmt.Errorf("%d connections are open and %d are the pool's", there, sessions)
	}
	return nil
}
