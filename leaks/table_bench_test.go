package leaks

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/leakscope/leakscope/internal/segment"
	"github.com/leakscope/leakscope/stats"
)

// The benchmarks of tables run over the corpus of LEAKSCOPE_CORPUS, a file of
// bench/cmd/gen in format jsonl; -benchtime 1x does. LEAKSCOPE_CORPUS_ROWS
// cuts it short.
//
//	go run ./bench/cmd/gen -n 1000000 -o /tmp/corpus.jsonl
//	LEAKSCOPE_CORPUS=/tmp/corpus.jsonl go test -run '^$' -bench Table ./leaks/

// corpusRows reads the corpus once.
var corpusRows = sync.OnceValues(func() ([]row, error) {
	path := os.Getenv("LEAKSCOPE_CORPUS")
	if path == "" {
		return nil, nil
	}
	most := 1 << 30
	if s := os.Getenv("LEAKSCOPE_CORPUS_ROWS"); s != "" {
		if _, err := fmt.Sscan(s, &most); err != nil {
			return nil, err
		}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var rows []row
	lines := bufio.NewScanner(f)
	for lines.Scan() && len(rows) < most {
		var raw map[string]string
		if err := json.Unmarshal(lines.Bytes(), &raw); err != nil {
			return nil, err
		}
		rows = append(rows, pack(corpusRow(raw)))
	}
	return rows, lines.Err()
})

// pack puts the strings of a row together, as they are in a reader's buffer.
func pack(r row) row {
	fields := []*string{
		&r.username, &r.localPart, &r.emailDomain, &r.mask, &r.host, &r.domain, &r.root, &r.protocol, &r.source, &r.software,
		&r.machineID, &r.hwid, &r.computer, &r.muser, &r.ip, &r.country, &r.stealer,
	}
	var text strings.Builder
	for _, f := range fields {
		text.WriteString(*f)
	}
	rest := text.String()
	for _, f := range fields {
		n := len(*f)
		*f, rest = rest[:n], rest[n:]
	}
	return r
}

// corpusRow does what the ingest does, with stand-ins for the keyed hashes.
func corpusRow(raw map[string]string) row {
	at := func(name string) uint32 {
		t, err := time.Parse("2006-01-02T15:04:05", raw[name])
		if err != nil {
			return 0
		}
		return uint32(t.Unix())
	}
	pw := raw["password"]
	r := row{
		username: raw["username"], localPart: raw["local_part"], emailDomain: raw["email_domain"],
		hasPassword: pw != "", digest: stats.HashString(pw), pwLen: uint16(utf8.RuneCountInString(pw)), classes: uint8(len(pw) & 7),
		host: raw["host"], domain: raw["domain"], root: raw["root_domain"], protocol: raw["protocol"],
		seen: at("upload_stealed"), upload: at("upload_date"), log: at("log_date"),
		source: raw["source"], software: raw["software"],
		machineID: raw["machine_id"], hwid: raw["hardware_id"], computer: raw["computer_name"], muser: raw["machine_user"],
		ip: raw["ip_address"], country: raw["country"], stealer: raw["stealer_name"],
	}
	r.typ, _ = ParseType(raw["type"])
	if runes := []rune(pw); len(runes) < 4 {
		r.mask = "****"
	} else {
		r.mask = string(runes[0]) + "****" + string(runes[len(runes)-1])
	}
	key := fmt.Sprintf("%q%q%q", r.username, pw, r.domain)
	binary.BigEndian.PutUint64(r.hash[:8], stats.HashString(key))
	binary.BigEndian.PutUint64(r.hash[8:], stats.HashString("2"+key))
	return r
}

func benchRows(b *testing.B) []row {
	rows, err := corpusRows()
	if err != nil {
		b.Fatal(err)
	}
	if rows == nil {
		b.Skip("LEAKSCOPE_CORPUS is not set")
	}
	return rows
}

const benchSegment = 400_000

// benchTables makes tables of benchSegment rows of the corpus once.
var benchTables = sync.OnceValue(func() (out []stored) {
	rows, _ := corpusRows()
	for part := range slices.Chunk(rows, benchSegment) {
		tb := newTableBuilder(len(part))
		for i := range part {
			tb.add(&part[i])
		}
		var buf bytes.Buffer
		if sum, err := tb.encode(context.Background(), segment.NewWriter(&buf)); err == nil {
			out = append(out, stored{buf.Bytes(), sum})
		}
	}
	return out
})

func perRow(b *testing.B, name string, rows int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(rows), name)
}

func BenchmarkTableAdd(b *testing.B) {
	rows := benchRows(b)
	rows = rows[:min(len(rows), benchSegment)]
	tb := newTableBuilder(len(rows))
	for i := range rows {
		tb.add(&rows[i])
	}
	b.ReportAllocs()
	for b.Loop() {
		tb.reset()
		for i := range rows {
			tb.add(&rows[i])
		}
	}
	perRow(b, "ns/row", len(rows))
	b.ReportMetric(float64(tb.memory())/float64(len(rows)), "mem-B/row")
}

func BenchmarkTableEncode(b *testing.B) {
	rows := benchRows(b)
	rows = rows[:min(len(rows), benchSegment)]
	tb := newTableBuilder(len(rows))
	for i := range rows {
		tb.add(&rows[i])
	}
	var buf bytes.Buffer
	b.ReportAllocs()
	for b.Loop() {
		buf.Reset()
		if _, err := tb.encode(context.Background(), segment.NewWriter(&buf)); err != nil {
			b.Fatal(err)
		}
	}
	perRow(b, "ns/row", len(rows))
	b.ReportMetric(float64(buf.Len())/float64(len(rows)), "B/row")
	logSections(b, stored{data: buf.Bytes()})
}

func BenchmarkTableMerge(b *testing.B) {
	benchRows(b)
	parts := benchTables()
	var tabs []*table
	n := 0
	var opts mergeOptions
	for _, p := range parts {
		tabs = append(tabs, p.open(b))
		opts.firstSeq = append(opts.firstSeq, uint64(n))
		n += int(p.sum.rows)
	}
	var buf bytes.Buffer
	b.ReportAllocs()
	for b.Loop() {
		buf.Reset()
		if _, err := mergeTables(context.Background(), segment.NewWriter(&buf), tabs, opts); err != nil {
			b.Fatal(err)
		}
	}
	perRow(b, "ns/row", n)
	b.ReportMetric(float64(buf.Len())/float64(n), "B/row")
	logSections(b, stored{data: buf.Bytes()})
}

// logSections prints where the bytes of a table are.
func logSections(b *testing.B, s stored) {
	tab := s.open(b)
	type part struct {
		name string
		info segment.SectionInfo
	}
	var parts []part
	rest := int64(len(s.data))
	for info := range tab.seg.Sections() {
		parts = append(parts, part{sectionName(info.ID), info})
		rest -= info.Stored
	}
	slices.SortFunc(parts, func(x, y part) int { return cmp.Compare(y.info.Stored, x.info.Stored) })
	rows := float64(tab.rows)
	out := new(strings.Builder)
	for _, p := range parts {
		fmt.Fprintf(out, "\n%-22s %7.3f B/row  (raw %7.3f, %d chunks)", p.name, float64(p.info.Stored)/rows, float64(p.info.Raw)/rows, p.info.Chunks)
	}
	fmt.Fprintf(out, "\n%-22s %7.3f B/row", "directory", float64(rest)/rows)
	b.Logf("%s\n%d rows, %d groups, dictionaries %v, %d machines, %d aggregates", out, tab.rows, tab.groups, tab.tableMeta.dicts, tab.machines, tab.aggregates)
}

// BenchmarkTableLookup measures the ways in, warm.
func BenchmarkTableLookup(b *testing.B) {
	benchRows(b)
	tab := benchTables()[0].open(b)
	c := tab.cursor()
	rng := rand.New(rand.NewPCG(1, 2))
	var groups []uint32
	b.Run("hash", func(b *testing.B) {
		for b.Loop() {
			groups = c.findHash(c.groupHash(rng.Uint32N(tab.groups)), groups[:0])
		}
	})
	b.Run("row", func(b *testing.B) {
		var f rowFacts
		for b.Loop() {
			row := rng.Uint32N(tab.rows)
			c.rowRecord(c.groupOfRow(row), row, &f)
		}
	})
	b.Run("analytics", func(b *testing.B) {
		// The heaviest domain whose aggregate is not stored.
		name, most := "", uint32(0)
		for root := range tab.tableMeta.dicts[dictRoot] {
			lo, hi := c.rootGroups(root)
			from, _ := c.groupRows(lo)
			_, to := c.groupRows(hi - 1)
			if n := to - from; n > most && uint64(n) < aggregateRows {
				name, most = c.rootName(root), n
			}
		}
		for b.Loop() {
			if _, err := c.aggregate(context.Background(), RootDomain, name); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(most), "rows")
	})
	if c.err() != nil {
		b.Fatal(c.err())
	}
}
