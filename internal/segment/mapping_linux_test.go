package segment

import (
	"errors"
	"os"
	"runtime/debug"
	"strings"
	"testing"
	"unsafe"

	"github.com/leakscope/leakscope/internal/codec"
)

// What goes away after it was read is a fault whose address tells which segment,
// which chunk and where; other addresses are not the reader's.
func TestFault(t *testing.T) {
	page := int64(os.Getpagesize())
	file := oneSection(t, 100)
	r, path := openMapped(t, file, NewCache(1<<20))
	other, _ := openMapped(t, file, NewCache(1<<20))
	var own byte
	for _, addr := range []uintptr{0, 1, uintptr(unsafe.Pointer(&own)), ^uintptr(0)} {
		if err := errors.Join(r.Fault(addr), other.Fault(addr)); err != nil {
			t.Errorf("%#x: %v", addr, err)
		}
	}
	chunks := make([][]byte, 100)
	for i := range chunks {
		var err error
		if chunks[i], err = r.Section(1).Chunk(i); err != nil {
			t.Fatal(err)
		}
		if _, err := other.Section(1).Chunk(i); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Truncate(path, 2*page); err != nil {
		t.Fatal(err)
	}
	read := func(b []byte) (addr uintptr) {
		defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
		defer func() {
			if v := recover(); v != nil {
				addr = v.(interface{ Addr() uintptr }).Addr()
			}
		}()
		for _, v := range b {
			own += v
		}
		return 0
	}
	for i, b := range chunks {
		addr := read(b)
		if gone := headLen+int64(i+1)*1000 > 2*page; gone != (addr != 0) {
			t.Fatalf("chunk %d: a fault at %#x", i, addr)
		}
		if addr == 0 {
			continue
		}
		err := r.Fault(addr)
		if !errors.Is(err, codec.ErrCorrupt) || !strings.Contains(err.Error(), "segment x: section 1") || strings.Contains(err.Error(), "\n") {
			t.Errorf("chunk %d: %v", i, err)
		}
		if err := other.Fault(addr); err != nil {
			t.Errorf("another reader: %v", err)
		}
	}
	last := read(chunks[99])
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if err := r.Fault(last); err != nil {
		t.Errorf("after closing: %v", err)
	}
}
