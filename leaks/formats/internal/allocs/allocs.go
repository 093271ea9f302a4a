// Package allocs lets fuzz targets assert that what an input makes a reader
// allocate is bounded by the input's size.
package allocs

import "runtime/metrics"

// Bytes returns how many bytes the program has allocated since it began. Small
// objects count when the page they stand on is full, so that a difference of
// two calls may be off by some hundred KiB.
func Bytes() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// Slack is more than Bytes may be off, and than readers need whatever they read.
const Slack = 16 << 20
