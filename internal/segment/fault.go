package segment

import (
	"fmt"
	"unsafe"

	"github.com/leakscope/leakscope/internal/codec"
)

// Fault returns the error that a memory fault at an address is, nil if the address
// is not one of r's mapped file. It wraps [codec.ErrCorrupt], as it would if the disk
// had failed when the chunk was first read, and says where. See [Reader.Map].
func (r *Reader) Fault(addr uintptr) error {
	off, ok := r.mapping.offset(addr)
	if !ok {
		return nil
	}
	for _, s := range r.sections {
		for i := range s.infos {
			if c := &s.infos[i]; c.off <= off && off < c.off+int64(c.stored) {
				return s.fail(i, fmt.Sprintf("was read before, and byte %d is gone", off))
			}
		}
	}
	return fmt.Errorf("segment %s: %w: byte %d was read before, and is gone", r.name, codec.ErrCorrupt, off)
}

// offset returns where in the file an address lies; false means not in it.
func (m *mapping) offset(addr uintptr) (int64, bool) {
	if m == nil {
		return 0, false
	}
	base := m.base.Load()
	if base == 0 || addr < base || addr-base >= uintptr(m.size) {
		return 0, false
	}
	return int64(addr - base), true
}

// stand says where the mapping stands, from now on or, with nil, that it is no more.
func (m *mapping) stand(data []byte) {
	m.base.Store(uintptr(unsafe.Pointer(unsafe.SliceData(data))))
}
