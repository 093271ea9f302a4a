package index

import "encoding/binary"

// The 32-bit roaring format, as far as it is written here: a builder knows
// each container when it is complete, and to encode it at once is several
// times as fast as to grow it row by row.
// https://github.com/RoaringBitmap/RoaringFormatSpec
const (
	cookieRuns    = 12347 // some containers are runs; upper half: containers - 1
	cookieNoRuns  = 12346
	offsetsFrom   = 4    // containers from which a bitmap with runs has offsets
	arrayRows     = 4096 // most rows of an array container
	bitmapBytes   = 8192
	runBytes      = 4 // start and length - 1, uint16 each
	runCountBytes = 2
)

// appendContainer appends the smallest container of rows, which ascend
// strictly in runs runs, and says whether it is one of runs.
func appendContainer(dst []byte, rows []uint16, runs int) ([]byte, bool) {
	if size := runCountBytes + runBytes*runs; size < min(2*len(rows), bitmapBytes) {
		dst = binary.LittleEndian.AppendUint16(dst, uint16(runs))
		for len(rows) > 0 {
			n := 1
			for n < len(rows) && rows[n] == rows[n-1]+1 {
				n++
			}
			dst = binary.LittleEndian.AppendUint16(dst, rows[0])
			dst = binary.LittleEndian.AppendUint16(dst, uint16(n-1))
			rows = rows[n:]
		}
		return dst, true
	}
	if len(rows) <= arrayRows {
		for _, row := range rows {
			dst = binary.LittleEndian.AppendUint16(dst, row)
		}
		return dst, false
	}
	var bits [bitmapBytes]byte
	for _, row := range rows {
		bits[row>>3] |= 1 << (row & 7)
	}
	return append(dst, bits[:]...), false
}

// appendBitmap appends a bitmap of containers with ascending keys.
func (b *BitmapsBuilder) appendBitmap(dst []byte, containers []container) []byte {
	start, n := len(dst), len(containers)
	runs := false
	for _, c := range containers {
		runs = runs || c.run
	}
	if runs {
		dst = binary.LittleEndian.AppendUint32(dst, cookieRuns|uint32(n-1)<<16)
		at := len(dst)
		dst = append(dst, make([]byte, (n+7)/8)...)
		for i, c := range containers {
			if c.run {
				dst[at+i/8] |= 1 << (i % 8)
			}
		}
	} else {
		dst = binary.LittleEndian.AppendUint32(dst, cookieNoRuns)
		dst = binary.LittleEndian.AppendUint32(dst, uint32(n))
	}
	for _, c := range containers {
		dst = binary.LittleEndian.AppendUint16(dst, c.key)
		dst = binary.LittleEndian.AppendUint16(dst, c.less)
	}
	if !runs || n >= offsetsFrom {
		at := uint32(len(dst) - start + 4*n)
		for _, c := range containers {
			dst = binary.LittleEndian.AppendUint32(dst, at)
			at += c.end - c.off
		}
	}
	for _, c := range containers {
		dst = append(dst, b.bytes[c.slab][c.off:c.end]...)
	}
	return dst
}
