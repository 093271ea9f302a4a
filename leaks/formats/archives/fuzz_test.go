package archives

import (
	"bytes"
	"errors"
	"io"
	"testing"

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
	f.Fuzz(func(t *testing.T, data []byte, name string) {
		const limit = 4 << 20
		o := Options{Passwords: []string{"p", "q"}, Limits: Limits{Bytes: limit, Entries: 10000, Nested: 1 << 20}}
		total := int64(0)
		for e, err := range Stream(t.Context(), bytes.NewReader(data), name, o) {
			var d *formats.Damage
			if err != nil {
				if !errors.As(err, &d) {
					t.Fatal(err)
				}
				continue
			}
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
