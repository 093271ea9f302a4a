// Package sqlite runs SQLite as a peer: one table in the order of arrival,
// four covering indexes, and an FTS5 trigram index for search.
package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	_ "github.com/mattn/go-sqlite3" // the driver

	"github.com/leakscope/leakscope/bench/peers"
)

// Engine is SQLite.
type Engine struct{}

// Name is "sqlite".
func (Engine) Name() string { return "sqlite" }

const file = "occ.sqlite"

// The pragmas of a reader: everything mapped, a large cache.
const pragmas = "PRAGMA mmap_size=17179869184; PRAGMA cache_size=-1048576; PRAGMA temp_store=MEMORY; PRAGMA threads=2"

// What a load does differently: there is nothing to roll back to, so no
// journal; the file is synced at the end.
const loading = "PRAGMA page_size=8192; PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA locking_mode=EXCLUSIVE"

// Describe returns the version.
func (Engine) Describe(ctx context.Context) (string, []string, error) {
	db, err := sql.Open("sqlite3", ":memory:")
	if err != nil {
		return "", nil, fmt.Errorf("%w: %w", peers.ErrAbsent, err)
	}
	defer db.Close()
	var v string
	if err := db.QueryRowContext(ctx, "SELECT sqlite_version()").Scan(&v); err != nil {
		return "", nil, fmt.Errorf("%w: %w", peers.ErrAbsent, err)
	}
	search := "search: FTS5 trigram, contentless, over the eight fields in one column"
	if !hasFTS5(ctx, db) {
		search = "search: by scanning, for the driver was built without -tags sqlite_fts5"
	}
	return "SQLite " + v, []string{
		pragmas,
		"load: rows from memory in one transaction (" + loading + "), indexes after, ANALYZE, fsync",
		"covering indexes: (root_domain, hash, seen, source), (email_domain, hash, seen, source), (username, hash, seen, source), (hash)",
		search,
	}, nil
}

// hasFTS5 reports whether the driver was built with FTS5.
func hasFTS5(ctx context.Context, db interface {
	QueryRowContext(context.Context, string, ...any) *sql.Row
}) bool {
	var n int
	err := db.QueryRowContext(ctx, "SELECT count(*) FROM pragma_module_list WHERE name = 'fts5'").Scan(&n)
	return err == nil && n > 0
}

func open(ctx context.Context, path, setup string) (*sql.DB, *sql.Conn, error) {
	db, err := sql.Open("sqlite3", path)
	if err != nil {
		return nil, nil, err
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, nil, err
	}
	_, err = conn.ExecContext(ctx, setup)
	return db, conn, err
}

// Load makes the table and its indexes.
func (Engine) Load(ctx context.Context, dir string, in peers.Input) (*peers.Loaded, error) {
	path := filepath.Join(dir, file)
	db, conn, err := open(ctx, path, loading+"; "+pragmas)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	l := new(peers.Loaded)
	exec := func(text string) func() error {
		return func() error {
			_, err := conn.ExecContext(ctx, text)
			return err
		}
	}
	if err := l.Time("insert", func() error { return insert(ctx, conn, in) }); err != nil {
		return nil, err
	}
	err = l.Time("indexes", exec(`
CREATE INDEX by_root ON occ (root_domain, hash, seen, source);
CREATE INDEX by_mail ON occ (email_domain, hash, seen, source);
CREATE INDEX by_user ON occ (username, hash, seen, source);
CREATE INDEX by_hash ON occ (hash);
ANALYZE`))
	if err != nil {
		return nil, err
	}
	if err := l.Time("fsync", func() error { return sync(path) }); err != nil {
		return nil, err
	}
	l.Stages[len(l.Stages)-1].Bytes = size(path)
	if !hasFTS5(ctx, conn) {
		return l, conn.Close()
	}
	err = l.Time("search index", exec(`CREATE VIRTUAL TABLE fts USING fts5(text, tokenize='trigram', content='');
INSERT INTO fts (rowid, text) SELECT rowid, `+searchedText()+` FROM occ;
INSERT INTO fts (fts) VALUES ('optimize')`))
	if err != nil {
		return nil, err
	}
	l.Stages[len(l.Stages)-1].Extra = true
	if err := conn.Close(); err != nil {
		return nil, err
	}
	err = db.Close()
	l.Stages[len(l.Stages)-1].Bytes = size(path)
	return l, err
}

// searchedText is an expression for all the text that is searched, by lines.
func searchedText() string {
	var fields []string
	for _, f := range peers.Searched {
		fields = append(fields, peers.Columns[f])
	}
	return strings.Join(fields, " || char(10) || ")
}

func insert(ctx context.Context, conn *sql.Conn, in peers.Input) error {
	columns := "hash, pw, seq, seen, upload, log, stealer, " + strings.Join(peers.Columns[:], ", ")
	if _, err := conn.ExecContext(ctx, "CREATE TABLE occ ("+columns+"); BEGIN"); err != nil {
		return err
	}
	n := 7 + peers.Texts
	st, err := conn.PrepareContext(ctx, "INSERT INTO occ ("+columns+") VALUES (?"+strings.Repeat(",?", n-1)+")")
	if err != nil {
		return err
	}
	defer st.Close()
	args := make([]any, n)
	for r, err := range peers.Facts(in.Facts) {
		if err != nil {
			return err
		}
		args[0], args[1], args[2] = r.Hash[:], int64(r.Password), r.Seq
		args[3], args[4], args[5], args[6] = r.Seen, r.Upload, r.Log, r.Stealer
		for i := range r.Text {
			args[7+i] = r.Text[i]
		}
		if _, err := st.ExecContext(ctx, args...); err != nil {
			return err
		}
	}
	_, err = conn.ExecContext(ctx, "COMMIT")
	return err
}

func sync(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
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
	db, conn, err := open(ctx, filepath.Join(dir, file)+"?mode=ro", pragmas)
	if err != nil {
		return nil, err
	}
	indexed := hasFTS5(ctx, conn)
	s := &peers.SQL{
		Conn: conn,
		Search: func(text string) (string, []any) {
			if !indexed {
				return "instr(lower(" + searchedText() + "), ?) > 0", []any{strings.ToLower(text)}
			}
			quoted := `"` + strings.ReplaceAll(text, `"`, `""`) + `"`
			return "occ.rowid IN (SELECT rowid FROM fts WHERE fts MATCH ?)", []any{quoted}
		},
		Hash: func(h [16]byte) any { return h[:] },
		Days: "seen / 86400",
	}
	s.OnClose(db.Close)
	return s, nil
}
