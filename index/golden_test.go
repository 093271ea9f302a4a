package index

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/leakscope/leakscope/internal/codec"
)

// bytesOf reads a hexdump: what follows "|" on a line is its comment.
func bytesOf(t *testing.T, dump string) string {
	t.Helper()
	var digits strings.Builder
	for line := range strings.Lines(dump) {
		line, _, _ = strings.Cut(line, "|")
		for _, f := range strings.Fields(line) {
			digits.WriteString(f)
		}
	}
	b, err := hex.DecodeString(digits.String())
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func same(t *testing.T, chunks codec.MemChunks, dumps ...string) {
	t.Helper()
	if len(chunks) != len(dumps) {
		t.Fatalf("%d chunks, want %d", len(chunks), len(dumps))
	}
	for i, dump := range dumps {
		if string(chunks[i]) != bytesOf(t, dump) {
			t.Errorf("chunk %d is not as doc.go draws it:\n%s", i, hex.Dump(chunks[i]))
		}
	}
}

// TestDictBytes pins the stored form.
func TestDictBytes(t *testing.T) {
	_, chunks := buildDict(t, []string{"a.example", "a.test", strings.Repeat("b", 256)})
	same(t, *chunks, `
		00000000        | first ordinal
		0300            | strings
		0000            | group 0 begins at suffix byte 0
		00 02 00        | shared: nothing, "a.", nothing
		09 04 ff        | suffix lengths; the last does not fit
		612e6578616d706c65 | "a.example"
		74657374        | "test"
		8002            | 256
		`+strings.Repeat("62", 256), `
		01              | version
		01              | entries
		01              | data chunks
		03              | strings
		01 61           | separator "a": above the empty string before the first
		03              | strings of the chunk
	`)
}

// TestBitmapsBytes pins the stored form.
func TestBitmapsBytes(t *testing.T) {
	b := NewBitmapsBuilder(8)
	b.Add(3, 5)
	b.Add(3, 9)
	for row := range uint32(10) {
		b.Add(7, 16+row)
	}
	b.Add(3, 1<<20)
	chunks := new(codec.MemChunks)
	if err := b.WriteTo(chunks); err != nil {
		t.Fatal(err)
	}
	same(t, *chunks, `
		3a300000 01000000 | no runs, 1 container
		0000 0100       | key 0, 2 rows
		10000000        | at byte 16
		0500 0900       | rows 5 and 9
		3a300000 01000000 | no runs, 1 container
		1000 0000       | key 16, 1 row
		10000000        | at byte 16
		0000            | row 16<<16
		3b300000 01     | runs, 1 container; it is one
		0000 0900       | key 0, 10 rows
		0100 1000 0900  | 1 run: row 16 and the 9 that follow
	`, `
		01              | version
		02              | values
		01              | data chunks
		03 02           | value 3 has 2 pieces
		00 02 00 00 14  | piece 0: 2 rows, chunk 0, byte 0, 20 bytes
		01 01 00 14 12  | piece 1: 1 row, chunk 0, byte 20, 18 bytes
		04 01           | value 3+4 has 1 piece
		00 0a 00 26 0f  | piece 0: 10 rows, chunk 0, byte 38, 15 bytes
	`)
}

// TestTextBytes pins the stored form.
func TestTextBytes(t *testing.T) {
	strs := make([]string, 3*128+1) // four blocks
	for i := range strs {
		strs[i] = "aab"
	}
	strs[0], strs[384] = "AA.b", "0aab"
	_, chunks := buildText(t, textForms["lists"], strs, 7)
	same(t, *chunks, `
		0b              | length of the heads
		01 00           | key 1, "aab": in all blocks
		23 01           | key 36, "aa.": a list of 1 byte
		fd0a 01         | key 1441, "a.b": a list of 1 byte
		dfb902 01       | key 41600, "0aa": a list of 1 byte
		11              | k = 1; block 0 as 1 0
		11              | the same
		61              | k = 1; gap 3 as 0 1 1, then a zero
	`, `
		02              | version
		01              | parts
		01              | data chunks
		8103            | strings
		07              | blocks of 128
		04 01           | part of 4 blocks, 1 chunk
		01              | its first key
	`)
}

// TestTextSignBytes pins the stored form.
func TestTextSignBytes(t *testing.T) {
	strs := make([]string, 3*16) // three blocks
	for i := range strs {
		strs[i] = "ab"
	}
	strs[0], strs[1], strs[32], strs[33] = "ABC", "abcd", "", "\u212aab"
	_, chunks := buildText(t, textForms["signs"], strs, 4)
	none := strings.Repeat("0000000000000000", 512)
	at := func(dump string, bit int, word string) string { return dump[:bit*16] + word + dump[bit*16+16:] }
	have := at(none, 44, "0100000000000000") // "abc": block 0
	have = at(have, 484, "0100000000000000") // "bcd": block 0
	have = at(have, 167, "0400000000000000") // "kab": block 2, folded
	for _, n := range []int{354, 234, 337} { // block 2 as it is: e2 84 aa 61 62
		have = at(have, n, "0400000000000000")
	}
	same(t, *chunks, have, `
		03              | version
		00              | entries
		01              | data chunks
		30              | strings
		04              | blocks of 16
	`)
}
