package archives

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"testing/iotest"

	"github.com/leakscope/leakscope/leaks/formats"
	"github.com/leakscope/leakscope/leaks/formats/internal/allocs"
)

// FuzzStream reads any bytes as any container: only Damages, and no more bytes
// than the limit lets.
func FuzzStream(f *testing.F) {
	for name, data := range samples(victims(2)) {
		f.Add(data, name)
	}
	f.Add(overlapping(20, 1000), "o.zip")
	made, err := filepath.Glob("testdata/made/*.*")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range made {
		if filepath.Base(name) == "hidden.7z" { // its key takes a quarter of a second
			continue
		}
		if data, err := os.ReadFile(name); err == nil && len(data) < 9000 {
			f.Add(data, filepath.Base(name))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, name string) {
		const limit = 4 << 20
		o := Options{Passwords: []string{"p", "q"}, Limits: Limits{Bytes: limit, Entries: 10000, Nested: 1 << 20, Memory: 16 << 20}}
		total := int64(0)
		opened := uint64(1)
		before := allocs.Bytes()
		defer func() {
			// Each file may have a decoder of its own, each password be tried on
			// each, and the text model of rar 3 takes what it wants.
			if n := allocs.Bytes() - before; n > 400<<20+opened*3*(16<<20) {
				t.Errorf("%d bytes allocated for %d and %d files", n, len(data), opened)
			}
		}()
		for e, err := range Stream(t.Context(), bytes.NewReader(data), name, o) {
			var d *formats.Damage
			if err != nil {
				if !errors.As(err, &d) {
					t.Fatal(err)
				}
				continue
			}
			opened++
			r, err := e.Open()
			if err == nil {
				var n int64
				n, err = io.Copy(io.Discard, r)
				total += n
			}
			if err != nil && !errors.As(err, &d) {
				t.Fatal(err)
			}
		}
		if total > limit+int64(len(data)) {
			t.Errorf("%d bytes", total)
		}
	})
}

// FuzzSevenZip reads any bytes as the directory of a 7z.
func FuzzSevenZip(f *testing.F) {
	for _, data := range samples(victims(2)) {
		if sniff(data) != kind7z {
			continue
		}
		a := &szArchive{b: newBudget(f.Context(), Limits{}, 1), r: bytes.NewReader(data), size: int64(len(data))}
		if b, err := a.start(); err == nil {
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		const room = 1 << 20
		before := allocs.Bytes()
		defer func() {
			// Names are made and dropped, two bytes of one for each.
			if n := allocs.Bytes() - before; n > 3*room+allocs.Slack+64*uint64(len(b)) {
				t.Errorf("%d bytes allocated for %d", n, len(b))
			}
		}()
		r := &szBuffer{b: b, room: room}
		switch r.byte() {
		case szHeader:
			_, l, err := r.header()
			if err != nil {
				return
			}
			for {
				if _, ok := l.next(); !ok {
					return
				}
			}
		case szEncoded:
			r.streams()
		}
	})
}

// FuzzDecoders gives any bytes to the decoders that are our own: what comes
// out is bounded and does not depend on how it is read.
func FuzzDecoders(f *testing.F) {
	for _, name := range []string{"prog.bin", "x86.bin.xz", "two.txt.xz", "crc64.txt.xz"} {
		data, err := os.ReadFile(filepath.Join("testdata", "made", name))
		if err != nil {
			f.Fatal(err)
		}
		for i := range byte(12) {
			f.Add(i, data[:min(len(data), 3000)])
		}
	}
	f.Fuzz(func(t *testing.T, which byte, data []byte) {
		open := func() (io.Reader, *budget) {
			b := newBudget(t.Context(), Limits{Memory: 4 << 20}, int64(len(data)))
			var r io.Reader = bytes.NewReader(data)
			var err error
			switch which % 12 {
			case 0:
				r, err = b.unxz(r)
			case 1:
				r = newInflate64(r)
			case 2:
				n := len(data) / 4
				r, err = newBCJ2([]io.Reader{bytes.NewReader(data[:n]), bytes.NewReader(data[n : 2*n]), bytes.NewReader(data[2*n : 3*n]), bytes.NewReader(data[3*n:])})
			case 3:
				r, err = newDelta([]byte{byte(len(data))}, r)
			default:
				r, err = newBranches(uint64(which%12), nil, r)
			}
			if err != nil || r == nil {
				return nil, b
			}
			return r, b
		}
		const most = 1 << 20
		before := allocs.Bytes()
		r, b := open()
		if r == nil {
			return
		}
		whole, err1 := io.ReadAll(io.LimitReader(r, most))
		if c, ok := r.(io.Closer); ok {
			c.Close()
		}
		if n := allocs.Bytes() - before; n > allocs.Slack+(4<<20)+8*most+100*uint64(len(data)) || b.held != 0 {
			t.Fatalf("%d bytes allocated, %d held", n, b.held)
		}
		r, _ = open()
		small, err2 := io.ReadAll(iotest.OneByteReader(io.LimitReader(r, most)))
		if !bytes.Equal(whole, small) || (err1 == nil) != (err2 == nil) {
			t.Fatalf("%d bytes %v, then %d bytes %v", len(whole), err1, len(small), err2)
		}
	})
}
