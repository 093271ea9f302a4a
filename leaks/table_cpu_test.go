package leaks

import (
	"syscall"
	"testing"
)

func cpuNow() int64 {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return u.Utime.Nano() + u.Stime.Nano()
}

var cpuStart int64

func cpuRow(b *testing.B, rows int) {
	b.ReportMetric(float64(cpuNow()-cpuStart)/float64(b.N)/float64(rows), "cpu-ns/row")
}
