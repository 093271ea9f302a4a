// Package clickhouse runs ClickHouse as a peer: a MergeTree sorted by root
// domain and hash, a narrow second copy sorted by e-mail domain and username,
// and pre-aggregated views for analytics. It is written for the version of
// Debian 12, 18.16, which knows plain HTTP, no window functions and no n-gram
// index.
package clickhouse

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/leakscope/leakscope/bench/peers"
)

// Engine is ClickHouse.
type Engine struct{}

// Name is "clickhouse".
func (Engine) Name() string { return "clickhouse" }

// Describe returns the version.
func (Engine) Describe(ctx context.Context) (string, []string, error) {
	if _, err := serverPath(); err != nil {
		return "", nil, err
	}
	// The server tells its version only when it runs.
	dir, err := os.MkdirTemp("", "clickhouse")
	if err != nil {
		return "", nil, err
	}
	defer os.RemoveAll(dir)
	s, err := start(ctx, dir)
	if err != nil {
		return "", nil, fmt.Errorf("%w: %w", peers.ErrAbsent, err)
	}
	out, err := s.ask(ctx, "SELECT version()")
	if err := errors.Join(err, s.stop()); err != nil {
		return "", nil, fmt.Errorf("%w: %w", peers.ErrAbsent, err)
	}
	return "ClickHouse " + strings.TrimSpace(string(out)), []string{
		profile,
		"occ: MergeTree ORDER BY (root_domain, hash), index_granularity 1024, LowCardinality for small vocabularies",
		"occ_mail: materialized narrow copy, ORDER BY (email_domain, username, hash)",
		"by_root, by_root_and: AggregatingMergeTree (uniqCombined) and SummingMergeTree, filled by materialized views",
		"load: one INSERT in RowBinary over HTTP, sync; OPTIMIZE FINAL before the queries",
		"asked over HTTP on loopback, one connection kept open",
	}, nil
}

// low are the columns of small vocabularies.
var low = map[int]bool{
	peers.Protocol: true, peers.Source: true, peers.StealerName: true, peers.Country: true,
	peers.Software: true,
}

func schema(table string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "CREATE TABLE %s (hash FixedString(16), pw UInt64, seq UInt32, seen UInt32, upload UInt32, log UInt32, stealer UInt8", table)
	for i, name := range peers.Columns {
		if low[i] {
			fmt.Fprintf(&b, ", %s LowCardinality(String)", name)
		} else {
			fmt.Fprintf(&b, ", %s String", name)
		}
	}
	b.WriteString(") ENGINE = MergeTree ORDER BY (root_domain, hash) SETTINGS index_granularity = 1024")
	return b.String()
}

// views are filled by every insert into occ.
var views = []string{
	`CREATE MATERIALIZED VIEW occ_mail ENGINE = MergeTree ORDER BY (email_domain, username, hash) SETTINGS index_granularity = 1024
AS SELECT email_domain, username, hash, root_domain, source, seen, stealer, country FROM occ`,
	`CREATE MATERIALIZED VIEW by_root ENGINE = AggregatingMergeTree ORDER BY root_domain SETTINGS index_granularity = 256
AS SELECT root_domain, countState() AS n, maxState(seen) AS latest,
 uniqCombinedIfState(username, username != '') AS usernames, uniqCombinedIfState(pw, mask != '') AS passwords,
 uniqCombinedState(hash) AS leaks, uniqCombinedState(toString(source)) AS sources,
 uniqCombinedIfState(email_domain, email_domain != '') AS inverse
FROM occ GROUP BY root_domain`,
	`CREATE MATERIALIZED VIEW by_root_and ENGINE = SummingMergeTree(n) ORDER BY (root_domain, fact) SETTINGS index_granularity = 1024
AS SELECT root_domain, arrayJoin([if(stealer = 1, 'type Stealer', 'type Combo'), concat('day ', toString(intDiv(seen, 86400))),
 concat('stealer ', toString(stealer_name)), concat('country ', toString(country))]) AS fact, count() AS n
FROM occ GROUP BY root_domain, fact`,
}

// Load starts a server, fills its tables and stops it.
func (Engine) Load(ctx context.Context, dir string, in peers.Input) (l *peers.Loaded, err error) {
	dir, err = filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	s, err := start(ctx, dir)
	if err != nil {
		return nil, err
	}
	defer func() {
		if stopErr := s.stop(); err == nil {
			err = stopErr
		}
	}()
	run := func(texts ...string) error {
		for _, t := range texts {
			if _, err := s.ask(ctx, t); err != nil {
				return fmt.Errorf("%w in %s", err, t)
			}
		}
		return nil
	}
	l = new(peers.Loaded)
	alone := new(peers.Loaded)
	if err := run(schema("alone")); err != nil {
		return nil, err
	}
	err = alone.Time("the first table alone, no copy and no aggregates", func() error {
		defer syscall.Sync()
		return s.fill(ctx, "alone", in)
	})
	if err != nil {
		return nil, err
	}
	l.Alternatives = alone.Stages
	if err := run(append([]string{"DROP TABLE alone", schema("occ")}, views...)...); err != nil {
		return nil, err
	}
	err = l.Time("insert, with copy and aggregates, and sync", func() error {
		defer syscall.Sync()
		return s.fill(ctx, "occ", in)
	})
	if err != nil {
		return nil, err
	}
	if l.PeakBytes, err = s.peak(); err != nil {
		return nil, err
	}
	err = l.Time("OPTIMIZE FINAL", func() error {
		return run("OPTIMIZE TABLE occ FINAL", "OPTIMIZE TABLE occ_mail FINAL", "OPTIMIZE TABLE by_root FINAL", "OPTIMIZE TABLE by_root_and FINAL")
	})
	l.Stages[1].Compaction = true
	if err != nil {
		return nil, err
	}
	sizes, err := s.ask(ctx, "SELECT table, sum(bytes_on_disk) FROM system.parts WHERE active GROUP BY table ORDER BY table FORMAT TabSeparated")
	if err != nil {
		return nil, err
	}
	var total int64
	for line := range strings.Lines(string(sizes)) {
		var name string
		var n int64
		if _, err := fmt.Sscan(line, &name, &n); err != nil {
			return nil, err
		}
		total += n
		l.Notes = append(l.Notes, fmt.Sprintf("%s: %.1f bytes/record", strings.TrimPrefix(name, ".inner."), float64(n)/float64(in.Rows)))
	}
	l.Stages[1].Bytes, l.DiskBytes = total, total
	return l, nil
}

// fill inserts all rows.
func (s *server) fill(ctx context.Context, table string, in peers.Input) error {
	r, w := io.Pipe()
	go func() {
		out := bufio.NewWriterSize(w, 1<<20)
		err := encode(out, in)
		if err == nil {
			err = out.Flush()
		}
		w.CloseWithError(err)
	}()
	defer r.Close()
	return s.insert(ctx, "INSERT INTO "+table+" FORMAT RowBinary", r)
}

// encode writes rows as RowBinary: numbers little-endian, strings after their
// length as a uvarint.
func encode(w io.Writer, in peers.Input) error {
	var b []byte
	for r, err := range peers.Facts(in.Facts) {
		if err != nil {
			return err
		}
		b = append(b[:0], r.Hash[:]...)
		b = binary.LittleEndian.AppendUint64(b, r.Password)
		for _, v := range [...]uint32{r.Seq, r.Seen, r.Upload, r.Log} {
			b = binary.LittleEndian.AppendUint32(b, v)
		}
		stealer := byte(0)
		if r.Stealer {
			stealer = 1
		}
		b = append(b, stealer)
		for _, t := range r.Text {
			b = append(binary.AppendUvarint(b, uint64(len(t))), t...)
		}
		if _, err := w.Write(b); err != nil {
			return err
		}
	}
	return nil
}

// Open starts a server on what Load made.
func (Engine) Open(ctx context.Context, dir string) (peers.Session, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	s, err := start(ctx, dir)
	if err != nil {
		return nil, err
	}
	return &session{s}, nil
}
