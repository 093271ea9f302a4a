package archives

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/leakscope/leakscope/leaks/formats"
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
		if b, err := szStart(bytes.NewReader(data), int64(len(data))); err == nil {
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r := &szBuffer{b: b}
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
