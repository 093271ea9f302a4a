package main

import (
	"os/exec"
	"syscall"
)

// allocated returns the bytes of disk that a file takes.
func allocated(path string) (int64, error) {
	var st syscall.Stat_t
	if err := syscall.Stat(path, &st); err != nil {
		return 0, err
	}
	return st.Blocks * 512, nil
}

// peakOf returns the greatest resident memory of a process that has ended.
func peakOf(cmd *exec.Cmd) int64 {
	if u, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		return u.Maxrss << 10
	}
	return 0
}

// settle lets the kernel write out what earlier steps left behind, so that it
// is not paid for by the next.
func settle() { syscall.Sync() }
