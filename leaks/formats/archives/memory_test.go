package archives

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"strings"
	"testing"

	"github.com/leakscope/leakscope/leaks/formats"
	"github.com/leakscope/leakscope/leaks/formats/internal/allocs"
	"github.com/leakscope/leakscope/leaks/formats/internal/makearchive"
)

// greedyXz makes the n-th block of an xz file ask for the dictionary that prop
// means.
func greedyXz(data []byte, n int, prop byte) []byte {
	data = bytes.Clone(data)
	// The headers of blocks of LZMA2 alone begin so: length, flags, filter,
	// length of its property.
	at := 0
	for range n {
		at += 1 + bytes.Index(data[at+1:], []byte{2, 0, 0x21, 1})
		if data[at] != 2 {
			panic("no such block")
		}
	}
	data[at+4] = prop
	binary.LittleEndian.PutUint32(data[at+8:], crc32.ChecksumIEEE(data[at:at+8]))
	return data
}

// limits walks what r holds, reads all, and returns the damages and how much
// was allocated for it.
func limits(t *testing.T, name string, data []byte, o Options) (list []*formats.Damage, allocated uint64) {
	t.Helper()
	before := allocs.Bytes()
	for e, err := range Stream(t.Context(), bytes.NewReader(data), name, o) {
		if err == nil {
			var r io.Reader
			if r, err = e.Open(); err == nil {
				_, err = io.Copy(io.Discard, r)
			}
		}
		var d *formats.Damage
		if err != nil && !errors.As(err, &d) {
			t.Fatal(err)
		}
		if d != nil {
			list = append(list, d)
		}
	}
	return list, allocs.Bytes() - before
}

// TestGreedy gives each decoder headers that ask for more memory than there is.
func TestGreedy(t *testing.T) {
	text := strings.Repeat("https://a.example:u:p\n", 200)
	file := []makearchive.File{{Name: "a.txt", Data: []byte(text)}}
	zipped := func(method uint16, data []byte) []byte {
		var buf bytes.Buffer
		w := zip.NewWriter(&buf)
		f, err := w.CreateRaw(&zip.FileHeader{Name: "a.txt", Method: method, CompressedSize64: uint64(len(data)), UncompressedSize64: 1 << 40})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write(data); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return buf.Bytes()
	}
	greedyZstd := []byte{0x28, 0xb5, 0x2f, 0xfd, 0, 20 << 3, 1, 0, 0} // 1 GiB
	xz := makearchive.Xz([]byte(text))
	two := append(bytes.Clone(xz), greedyXz(xz, 1, 37)...)
	for name, data := range map[string][]byte{
		"lzma.zip":  zipped(14, append([]byte{9, 20, 5, 0, 0x5d, 0, 0, 0, 0x40}, make([]byte, 100)...)),
		"xz.zip":    zipped(95, greedyXz(xz, 1, 37)),
		"zstd.zip":  zipped(93, greedyZstd),
		"a.xz":      greedyXz(xz, 1, 40),
		"later.xz":  two,
		"a.zst":     greedyZstd,
		"later.zst": append(makearchive.Zstd([]byte(text)), greedyZstd...),
		"a.rar":     makearchive.Rar(file, makearchive.RarOptions{Dictionary: 12}),
	} {
		list, n := limits(t, name, data, Options{})
		if len(list) != 1 || list[0].Trouble != formats.TroubleLimit || !strings.Contains(list[0].Detail, "dictionary") {
			t.Errorf("%s: %v", name, list)
		}
		if n > 2*allocs.Slack {
			t.Errorf("%s: %d bytes allocated", name, n)
		}
	}
	// One that asks for much but holds little is read, in little memory.
	list, n := limits(t, "a.7z", makearchive.SevenZip(file, makearchive.SevenZipOptions{Dictionary: 37}), Options{})
	if len(list) > 0 || n > allocs.Slack {
		t.Errorf("a.7z: %v, %d bytes", list, n)
	}
}

// TestGreedyCoders asks the same of the coders of a 7z.
func TestGreedyCoders(t *testing.T) {
	const much = 1 << 40
	for name, c := range map[string]szCoder{
		"LZMA2": {id: szLZMA2, props: []byte{37}, size: much},
		"LZMA":  {id: szLZMA, props: []byte{0x5d, 0, 0, 0, 0x40}, size: much},
		"PPMd":  {id: szPPMd, props: []byte{6, 0, 0, 0, 0x40}, size: much},
		"small": {id: szLZMA2, props: []byte{22}, size: much}, // 8 MiB, of which 1 is left
	} {
		a := &szArchive{b: newBudget(t.Context(), Limits{Memory: 1 << 20}, 1)}
		_, err := a.coder(&c, bytes.NewReader(make([]byte, 100)), "")
		var d *formats.Damage
		if !errors.As(err, &d) || d.Trouble != formats.TroubleLimit {
			t.Errorf("%s: %v", name, err)
		}
		if a.b.held != 0 {
			t.Errorf("%s: %d bytes held", name, a.b.held)
		}
	}
}

// TestGreedyTogether puts decoders inside each other: the memory is that of
// all of them.
func TestGreedyTogether(t *testing.T) {
	data := noise(1 << 20) // so much that the outer ones are not at their end
	for range 5 {          // 64 MiB each
		data = greedyXz(makearchive.Xz(data), 1, 28)
	}
	list, n := limits(t, "a.xz", data, Options{})
	if len(list) != 1 || list[0].Trouble != formats.TroubleLimit || !strings.Contains(list[0].Detail, "memory are left") {
		t.Errorf("%v", list)
	}
	if n > defaultNested+besidesNested+4*allocs.Slack {
		t.Errorf("%d bytes allocated", n)
	}
	// One behind the other they take it in turn, and it comes back.
	var files []makearchive.File
	one := greedyXz(makearchive.Xz([]byte("https://a.example:u:p\n")), 1, 28)
	for _, name := range []string{"a.xz", "b.xz", "c.xz", "d.xz", "e.xz"} {
		files = append(files, makearchive.File{Name: name, Data: one})
	}
	if list, _ := limits(t, "a.tar", makearchive.Tar(files), Options{}); len(list) > 0 {
		t.Errorf("%v", list)
	}
	if list, _ := limits(t, "a.zip", makearchive.Zip(files, makearchive.ZipOptions{}), Options{}); len(list) > 0 {
		t.Errorf("%v", list)
	}
}

// TestGreedyDirectory gives a 7z a directory whose bytes stand for much.
func TestGreedyDirectory(t *testing.T) {
	const n = 1 << 20
	many := func(head ...byte) []byte {
		b := binary.LittleEndian.AppendUint32(append(head, 0xf0), n)
		return append(b, 0)
	}
	folders := append(many(szHeader, szMainStreams, szUnpackInfo, szFolder), bytes.Repeat([]byte{1, 0}, n)...)
	streams := append(many(szHeader, szMainStreams, szPackInfo, 0), bytes.Repeat([]byte{szSize, 1}, n)...)
	for name, b := range map[string][]byte{"folders": folders, "streams": streams} {
		before := allocs.Bytes()
		r := &szBuffer{b: b[1:], room: 1 << 20}
		_, _, err := r.header()
		var d *formats.Damage
		if name == "folders" && (!errors.As(r.err(), &d) || d.Trouble != formats.TroubleLimit) {
			t.Errorf("%s: %v, %v", name, err, r.err())
		}
		if n := allocs.Bytes() - before; n > allocs.Slack {
			t.Errorf("%s: %d bytes allocated", name, n)
		}
	}
}
