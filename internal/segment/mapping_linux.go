package segment

import (
	"os"
	"syscall"
)

func mapFile(f *os.File, size int64) []byte {
	if size <= 0 || int64(int(size)) != size {
		return nil
	}
	data, err := syscall.Mmap(int(f.Fd()), 0, int(size), syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		return nil // reading does, too
	}
	return data
}

func unmap(data []byte) error {
	if data == nil {
		return nil
	}
	return os.NewSyscallError("munmap", syscall.Munmap(data))
}

// release gives back the memory of some whole pages.
func release(pages []byte) {
	// It fails for what is no mapping only. Then nothing is given back.
	_ = syscall.Madvise(pages, syscall.MADV_DONTNEED)
}
