// Package duckdb runs DuckDB as a peer: one table sorted by root domain and
// hash, with an index on the hash.
package duckdb

import (
	"context"
	"database/sql"
	value "database/sql/driver"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	driver "github.com/duckdb/duckdb-go/v2"

	"github.com/leakscope/leakscope/bench/peers"
)

// Engine is DuckDB.
type Engine struct{}

// Name is "duckdb".
func (Engine) Name() string { return "duckdb" }

const (
	file     = "occ.duckdb"
	settings = "SET threads = 2; SET memory_limit = '4GB'; SET preserve_insertion_order = false"
)

// Describe returns the version.
func (Engine) Describe(ctx context.Context) (string, []string, error) {
	db, err := sql.Open("duckdb", "")
	if err != nil {
		return "", nil, fmt.Errorf("%w: %w", peers.ErrAbsent, err)
	}
	defer db.Close()
	var v string
	if err := db.QueryRowContext(ctx, "SELECT version()").Scan(&v); err != nil {
		return "", nil, fmt.Errorf("%w: %w", peers.ErrAbsent, err)
	}
	return "DuckDB " + v, []string{
		settings,
		"load: read_json into a table ORDER BY root_domain, hash; CREATE INDEX on hash; CHECKPOINT",
		"also measured: the native appender into a table, sorted into another",
	}, nil
}

func open(ctx context.Context, path string) (*sql.DB, *sql.Conn, error) {
	db, err := sql.Open("duckdb", path)
	if err != nil {
		return nil, nil, err
	}
	conn, err := db.Conn(ctx)
	if err == nil {
		_, err = conn.ExecContext(ctx, settings)
	}
	return db, conn, err
}

// The columns of the table; hash and type differ in JSON.
const fixed = "hash UUID, pw UBIGINT, seq UINTEGER, seen UINTEGER, upload UINTEGER, log UINTEGER, stealer UTINYINT"

// Load makes the sorted table.
func (Engine) Load(ctx context.Context, dir string, in peers.Input) (*peers.Loaded, error) {
	l := new(peers.Loaded)
	scratch := filepath.Join(dir, "appended.duckdb")
	alt := new(peers.Loaded)
	if err := alt.Time("by appender", func() error { return loadAppended(ctx, scratch, in) }); err != nil {
		return nil, err
	}
	l.Alternatives = alt.Stages
	if err := os.Remove(scratch); err != nil {
		return nil, err
	}

	path := filepath.Join(dir, file)
	db, conn, err := open(ctx, path)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	exec := func(text string) func() error {
		return func() error {
			_, err := conn.ExecContext(ctx, text)
			return err
		}
	}
	types := []string{"hash: 'VARCHAR'", "pw: 'UBIGINT'", "seq: 'UINTEGER'", "seen: 'UINTEGER'", "upload: 'UINTEGER'", "log: 'UINTEGER'", "type: 'VARCHAR'"}
	for _, c := range peers.Columns {
		types = append(types, c+": 'VARCHAR'")
	}
	err = l.Time("read_json, sort", exec(`CREATE TABLE occ AS
SELECT hash::UUID AS hash, pw, seq, seen, upload, log, (type = 'Stealer')::UTINYINT AS stealer, `+strings.Join(peers.Columns[:], ", ")+`
FROM read_json('`+strings.ReplaceAll(in.JSON, "'", "''")+`', format = 'newline_delimited', columns = {`+strings.Join(types, ", ")+`})
ORDER BY root_domain, hash; CHECKPOINT`))
	if err != nil {
		return nil, err
	}
	l.Stages[0].Bytes = size(path)
	if err := l.Time("index on hash", exec("CREATE INDEX by_hash ON occ (hash); CHECKPOINT")); err != nil {
		return nil, err
	}
	if err := conn.Close(); err != nil {
		return nil, err
	}
	err = db.Close()
	l.Stages[1].Bytes = size(path)
	return l, err
}

// loadAppended makes the same table through the appender.
func loadAppended(ctx context.Context, path string, in peers.Input) error {
	db, conn, err := open(ctx, path)
	if err != nil {
		return err
	}
	defer db.Close()
	columns := fixed
	for _, c := range peers.Columns {
		columns += ", " + c + " VARCHAR"
	}
	if _, err := conn.ExecContext(ctx, "CREATE TABLE staged ("+columns+")"); err != nil {
		return err
	}
	err = conn.Raw(func(c any) error {
		a, err := driver.NewAppenderFromConn(c.(*driver.Conn), "", "staged")
		if err != nil {
			return err
		}
		if err := appendAll(a, in); err != nil {
			_ = a.Close()
			return err
		}
		return a.Close()
	})
	if err != nil {
		return err
	}
	if _, err := conn.ExecContext(ctx, "CREATE TABLE occ AS SELECT * FROM staged ORDER BY root_domain, hash; DROP TABLE staged; CHECKPOINT"); err != nil {
		return err
	}
	return conn.Close()
}

func appendAll(a *driver.Appender, in peers.Input) error {
	values := make([]value.Value, 7+peers.Texts)
	for r, err := range peers.Facts(in.Facts) {
		if err != nil {
			return err
		}
		stealer := uint8(0)
		if r.Stealer {
			stealer = 1
		}
		values[0], values[1], values[2] = driver.UUID(r.Hash), r.Password, r.Seq
		values[3], values[4], values[5], values[6] = r.Seen, r.Upload, r.Log, stealer
		for i := range r.Text {
			values[7+i] = r.Text[i]
		}
		if err := a.AppendRow(values...); err != nil {
			return err
		}
	}
	return nil
}

func size(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// Open opens the database for reading.
func (Engine) Open(ctx context.Context, dir string) (peers.Session, error) {
	db, conn, err := open(ctx, filepath.Join(dir, file)+"?access_mode=read_only")
	if err != nil {
		return nil, err
	}
	s := &peers.SQL{
		Conn: conn,
		Search: func(text string) (string, []any) {
			var (
				conds []string
				args  []any
			)
			for _, f := range peers.Searched {
				conds = append(conds, "contains(lower("+peers.Columns[f]+"), ?)")
				args = append(args, strings.ToLower(text))
			}
			return "(" + strings.Join(conds, " OR ") + ")", args
		},
		Hash: func(h [16]byte) any { return fmt.Sprintf("%x", h) },
		// The planner prunes by values it sees, not by parameters.
		Literal:    literal,
		Days:       "seen // 86400",
		CountApart: true,
	}
	s.OnClose(db.Close)
	return s, nil
}

// literal spells an argument; a hash is a text that UUID columns understand.
func literal(v any) string {
	if s, ok := v.(string); ok {
		return "'" + strings.ReplaceAll(s, "'", "''") + "'"
	}
	return fmt.Sprint(v)
}
