package leaks

import (
	"runtime"
	"runtime/debug"
)

// Queries read segments where they stand in mapped files. When the disk fails, or a
// file is cut short behind the store's back, what was read before is gone, and to
// use it is a fault of memory, which ends a process that does not expect it. A store
// expects it: whatever reads the segments of a snapshot does so between watch and end,
// and the fault is an error as if the disk had failed earlier.
//
// All of a query runs on its caller's goroutine: the setting is one of a goroutine, and
// whoever starts others that read has them watched, too. Merging, [Store.Verify] and
// opening read files, not mappings.

// A watch is over what one goroutine reads in the segments of a snapshot:
//
//	defer sn.watch().end(&err)
//
// where err is the result of the function, which holds a reference to the snapshot.
type watch struct {
	sn     *snapshot
	before bool // whether faults were panics before
}

func (sn *snapshot) watch() watch { return watch{sn, debug.SetPanicOnFault(true)} }

// end ends the watch. It is deferred, and turns the panic of a fault in one of the
// snapshot's segments into an error that says where. Any other panic goes on.
func (w watch) end(err *error) {
	debug.SetPanicOnFault(w.before)
	v := recover()
	if v == nil {
		return
	}
	if fault, ok := v.(interface {
		runtime.Error
		Addr() uintptr
	}); ok {
		for h := range w.sn.all() {
			if e := h.reader.Fault(fault.Addr()); e != nil {
				*err = e
				return
			}
		}
	}
	panic(v)
}

// aside runs what is not the store's, such as a yield function, unwatched.
func (w watch) aside(fn func()) {
	debug.SetPanicOnFault(w.before)
	defer debug.SetPanicOnFault(true)
	fn()
}

// watched runs a part of what its caller does with the snapshot.
func (sn *snapshot) watched(read func() error) (err error) {
	defer sn.watch().end(&err)
	return read()
}
