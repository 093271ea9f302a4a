package kv

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// claim makes sure that the first n bytes of f have blocks on disk, without
// changing its size: a write there through a memory map cannot meet a full disk
// any more. File systems that cannot do this are left as they are.
func claim(f *os.File, n int64) error {
	for {
		err := unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_KEEP_SIZE, 0, n)
		switch {
		case err == nil || errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.ENOSYS):
			return nil
		case !errors.Is(err, unix.EINTR):
			return &os.PathError{Op: "fallocate", Path: f.Name(), Err: err}
		}
	}
}
