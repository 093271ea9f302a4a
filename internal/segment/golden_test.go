package segment

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden dumps in testdata")

// What the golden segment holds.
var (
	goldenDays  = []uint64{1_700_006_400, 1_700_006_400 + 5*86_400, 1_700_006_400 + 2*86_400, 1_700_006_400}
	goldenLine  = []uint64{0, 101, 199, 300, 402, 499, 600, 700, 801, 900}
	goldenSame  = []uint64{7, 7, 7}
	goldenFixed = [][]byte{{0xa0, 0xa1, 0xa2}, {0xb0, 0xb1, 0xb2}}
	goldenText  = []byte(strings.Repeat("alice@mail.example ", 12))
	goldenMeta  = []byte("meta")
)

// Its sections.
const (
	goldenDaysID  = 1
	goldenLineID  = 2
	goldenSameID  = 3
	goldenFixedID = 0x0104
	goldenTextID  = 0x0205
)

// writeGolden writes the golden segment; packed, it has a chunk whose bytes are
// the compressor's choice.
func writeGolden(t testing.TB, packing Packing) []byte {
	t.Helper()
	var file bytes.Buffer
	w := NewWriter(&file)
	if packing != Plain {
		if err := w.Section(goldenTextID, packing).WriteChunk(goldenText); err != nil {
			t.Fatal(err)
		}
	} else {
		// Opened out of order: the directory sorts.
		fixed := NewFixedWriter(w.Section(goldenFixedID, Plain), 3)
		for _, v := range goldenFixed {
			fixed.Append(v)
		}
		if err := fixed.Finish(); err != nil {
			t.Fatal(err)
		}
		for id, vals := range [][]uint64{goldenDaysID: goldenDays, goldenLineID: goldenLine, goldenSameID: goldenSame} {
			if vals == nil {
				continue
			}
			col := NewIntsWriter(w.Section(uint16(id), Small)) // too small to be worth it
			for _, v := range vals {
				col.Append(v)
			}
			if err := col.Finish(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := w.Finish(goldenMeta); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// checkGolden opens the golden segment and compares what it holds.
func checkGolden(t *testing.T, file []byte, packing Packing) {
	t.Helper()
	r, err := Open(bytes.NewReader(file), int64(len(file)), "golden", NewCache(1<<20))
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Verify(context.Background()); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(r.Meta(), goldenMeta) {
		t.Error("meta differs")
	}
	if packing != Plain {
		if b, err := r.Section(goldenTextID).Chunk(0); err != nil || !bytes.Equal(b, goldenText) {
			t.Errorf("text differs: %v", err)
		}
		return
	}
	for id, want := range [][]uint64{goldenDaysID: goldenDays, goldenLineID: goldenLine, goldenSameID: goldenSame} {
		col, err := OpenInts(r.Section(uint16(id)), uint64(len(want)))
		if err != nil {
			t.Fatal(err)
		}
		k := col.Cursor()
		if got := k.Decode(0, col.Len(), nil); k.Err() != nil || !slices.Equal(got, want) {
			t.Errorf("section %d: %v, %v", id, got, k.Err())
		}
	}
	col, err := OpenFixed(r.Section(goldenFixedID), 3, 2)
	if err != nil {
		t.Fatal(err)
	}
	k := col.Cursor()
	for i, want := range goldenFixed {
		if got := k.At(uint64(i)); k.Err() != nil || !bytes.Equal(got, want) {
			t.Errorf("fixed value %d: %x, %v", i, got, k.Err())
		}
	}
}

// TestGolden proves doc.go: the dump is drawn by it, independently of the
// reader; the bytes in the dump must be read by every build to come and, as
// long as the version stands, be written again exactly. Of compressed chunks
// only the former holds: a newer compressor may do better.
func TestGolden(t *testing.T) {
	for name, packing := range map[string]Packing{"plain.txt": Plain, "zstd.txt": Small} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join("testdata", name)
			if *update {
				if err := os.WriteFile(path, []byte(annotate(writeGolden(t, packing))), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			dump, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			file := parseDump(t, string(dump))
			checkGolden(t, file, packing)
			if again := annotate(file); again != string(dump) {
				t.Errorf("annotated differently:\n%s", again)
			}
			written := writeGolden(t, packing)
			if packing == Plain && !bytes.Equal(written, file) {
				t.Errorf("written differently:\n%s", annotate(written))
			}
			checkGolden(t, written, packing)
		})
	}
}

// parseDump takes the bytes out of a dump.
func parseDump(t testing.TB, dump string) []byte {
	t.Helper()
	var file []byte
	for line := range strings.Lines(dump) {
		digits, _, _ := strings.Cut(line[min(len(line), 6):], "|")
		b, err := hex.DecodeString(strings.ReplaceAll(strings.TrimSpace(digits), " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		file = append(file, b...)
	}
	return file
}

// A dumper annotates bytes front to back.
type dumper struct {
	file []byte
	at   int
	out  strings.Builder
}

func (d *dumper) take(n int, format string, args ...any) []byte {
	b := d.file[d.at : d.at+n]
	note := fmt.Sprintf(format, args...)
	for i := 0; i < n || i == 0; i += 16 {
		line := b[i:min(n, i+16)]
		fmt.Fprintf(&d.out, "%s\n", strings.TrimRight(fmt.Sprintf("%04x  % -48x| %s", d.at+i, line, note), " "))
		note = ""
	}
	d.at += n
	return b
}

func (d *dumper) u16(what string) uint64 {
	v := uint64(binary.LittleEndian.Uint16(d.file[d.at:]))
	d.take(2, "%s %d", what, v)
	return v
}

func (d *dumper) u32(what string) uint64 {
	v := uint64(binary.LittleEndian.Uint32(d.file[d.at:]))
	d.take(4, "%s %d", what, v)
	return v
}

func (d *dumper) u64(what string) uint64 {
	v := binary.LittleEndian.Uint64(d.file[d.at:])
	d.take(8, "%s %d", what, v)
	return v
}

func (d *dumper) uvarint(what string) int {
	v, n := binary.Uvarint(d.file[d.at:])
	d.take(n, "%s %d", what, v)
	return int(v)
}

// annotate draws a golden segment by the text of doc.go.
func annotate(file []byte) string {
	// The footer comes first, to a dumper of its own: it says where chunks are.
	tail := len(file) - 32
	foot := &dumper{file: file, at: int(binary.LittleEndian.Uint64(file[tail:]))}
	end := foot.at
	foot.take(foot.uvarint("footer: meta, bytes"), "meta")
	ids, total := make([]uint64, foot.uvarint("sections")), 0
	for i := range ids {
		ids[i] = foot.u16("section id")
		total += foot.uvarint("  chunks")
	}
	d := &dumper{file: file}
	d.take(8, "header: magic and version")
	for range total {
		id := ids[foot.uvarint("chunk of section index")]
		codec := foot.take(1, "  codec %d", file[foot.at])[0]
		n := foot.uvarint("  stored")
		if codec > 0 {
			foot.uvarint("  raw")
		}
		foot.take(8, "  checksum")
		switch {
		case codec > 0:
			d.take(n, "section %d: zstd frame", id)
		case id <= goldenSameID:
			annotateInts(d, id)
		default:
			d.take(n, "section %d: fixed values", id)
		}
	}
	if d.at != end || foot.at != tail {
		panic("dump does not add up") // a test helper's own mistake
	}
	d.out.WriteString(foot.out.String())
	d.at = tail
	d.u64("trailer: offset of the footer")
	d.u64("  its length")
	d.take(8, "  its checksum")
	d.take(8, "  magic and version")
	return d.out.String()
}

func annotateInts(d *dumper, id uint64) {
	n := int(d.u16(fmt.Sprintf("section %d: integers", id)))
	d.u64("  block: base")
	d.u32("    slope")
	info := binary.LittleEndian.Uint32(d.file[d.at:])
	width := int(info & 0xff)
	d.take(4, "    width %d, scale %d, payload at %d", width, info>>8&15, info>>12)
	if width > 0 {
		d.take((n*width+7)/8, "  payload")
	}
	d.take(8, "  padding")
}
