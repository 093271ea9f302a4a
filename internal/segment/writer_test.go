package segment

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"testing"
)

// fullDisk takes so many bytes.
type fullDisk struct{ left int }

func (d *fullDisk) Write(b []byte) (int, error) {
	if len(b) > d.left {
		n := d.left
		d.left = 0
		return n, errDisk
	}
	d.left -= len(b)
	return len(b), nil
}

func TestWriterErrorsStick(t *testing.T) {
	for _, room := range []int{0, 7, 50, 1100, 2050, 2100} {
		w := NewWriter(&fullDisk{left: room})
		s := w.Section(1, Plain)
		col := NewIntsWriter(w.Section(2, Plain))
		first := s.WriteChunk(make([]byte, 1000))
		for i := range uint64(4000) {
			col.Append(i * i)
		}
		colErr := col.Finish()
		_, err := w.Finish(nil)
		if !errors.Is(err, errDisk) {
			t.Errorf("room %d: %v", room, err)
		}
		if first != nil && (!errors.Is(first, errDisk) || !errors.Is(colErr, errDisk)) {
			t.Errorf("room %d: %v, %v", room, first, colErr)
		}
	}
}

func TestWriterMisuse(t *testing.T) {
	for name, misuse := range map[string]func(w *Writer){
		"section twice": func(w *Writer) { w.Section(1, Plain); w.Section(1, Small) },
		"huge chunk":    func(w *Writer) { w.Section(1, Small).WriteChunk(make([]byte, MaxChunk+1)) },
		"huge meta":     func(w *Writer) { w.Finish(make([]byte, MaxFooter)) },
		"finish twice":  func(w *Writer) { w.Finish(nil) },
	} {
		var file bytes.Buffer
		w := NewWriter(&file)
		misuse(w)
		if _, err := w.Finish(nil); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	var file bytes.Buffer
	w := NewWriter(&file)
	s := w.Section(1, Plain)
	if _, err := w.Finish(nil); err != nil {
		t.Fatal(err)
	}
	n := file.Len()
	if err := s.WriteChunk([]byte{1}); err == nil || file.Len() != n {
		t.Error("written to after the end")
	}
}

// TestLargestChunk is at the limits, where one byte more is refused.
func TestLargestChunk(t *testing.T) {
	var file bytes.Buffer
	w := NewWriter(&file)
	for id, packing := range []Packing{Plain, Small} {
		if err := w.Section(uint16(id), packing).WriteChunk(make([]byte, MaxChunk)); err != nil {
			t.Fatal(err)
		}
	}
	sum, err := w.Finish(nil)
	if err != nil {
		t.Fatal(err)
	}
	r, err := Open(bytes.NewReader(file.Bytes()), sum.Size, "x", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Verify(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func TestSectionsInParallel(t *testing.T) {
	var file bytes.Buffer
	w := NewWriter(&file)
	var wg sync.WaitGroup
	for id := range uint16(6) {
		s := w.Section(id, Packing(id%2))
		wg.Go(func() {
			for i := range 40 {
				if err := s.WriteChunk(bytes.Repeat([]byte{byte(id), byte(i)}, 500)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	sum, err := w.Finish(nil)
	if err != nil {
		t.Fatal(err)
	}
	r, err := Open(bytes.NewReader(file.Bytes()), sum.Size, "x", NewCache(20_000))
	if err != nil {
		t.Fatal(err)
	}
	for id := range uint16(6) {
		for i := range 40 {
			b, err := r.Section(id).Chunk(i)
			if err != nil || !bytes.Equal(b, bytes.Repeat([]byte{byte(id), byte(i)}, 500)) {
				t.Fatalf("section %d chunk %d: %v", id, i, err)
			}
		}
	}
}
