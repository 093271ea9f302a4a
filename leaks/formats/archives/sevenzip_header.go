package archives

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
)

// The format is described in 7zFormat.txt of the LZMA SDK.

var (
	errSevenZip = errors.New("broken 7z directory")
)

// Property ids of the directory.
const (
	szEnd          = 0x00
	szHeader       = 0x01
	szArchiveProps = 0x02
	szAddStreams   = 0x03
	szMainStreams  = 0x04
	szFiles        = 0x05
	szPackInfo     = 0x06
	szUnpackInfo   = 0x07
	szSubStreams   = 0x08
	szSize         = 0x09
	szCRC          = 0x0a
	szFolder       = 0x0b
	szCodersSize   = 0x0c
	szNumUnpack    = 0x0d
	szEmptyStream  = 0x0e
	szEmptyFile    = 0x0f
	szAnti         = 0x10
	szNames        = 0x11
	szMTime        = 0x14
	szAttributes   = 0x15
	szEncoded      = 0x17
)

// A szCoder is one step of unpacking, with one stream in and one out.
type szCoder struct {
	id    uint64
	props []byte
	size  uint64 // of what it gives
}

// A szFolder is a chain of coders from packed bytes (the last coder of chain
// is nearest to them) to files.
type szFolderInfo struct {
	coders []szCoder
	chain  []int // coder indices, from the files' side to the packed side
	odd    bool  // coders with several streams: not read
	packs  int   // packed streams that it uses
	pack   int   // the first of them
	crc    uint32
	hasCRC bool
	files  uint64 // how many it holds
}

func (f *szFolderInfo) size() uint64 {
	if len(f.chain) == 0 {
		return 0
	}
	return f.coders[f.chain[0]].size
}

// szStreams is the StreamsInfo structure.
type szStreams struct {
	packAt    uint64
	packSizes []uint64
	folders   []szFolderInfo
	sizes     []uint64 // of the files of all folders
	crcs      []uint32
	hasCRC    []bool
}

// A szBuffer reads the directory. Its error is sticky; counts are checked
// against what is left, for each thing counted takes at least a bit.
type szBuffer struct {
	b   []byte
	bad bool
}

func (r *szBuffer) fail() { r.b, r.bad = nil, true }

func (r *szBuffer) byte() byte {
	if len(r.b) == 0 {
		r.fail()
		return 0
	}
	c := r.b[0]
	r.b = r.b[1:]
	return c
}

func (r *szBuffer) take(n uint64) []byte {
	if n > uint64(len(r.b)) {
		r.fail()
		return nil
	}
	v := r.b[:n]
	r.b = r.b[n:]
	return v
}

func (r *szBuffer) uint32() uint32 {
	if v := r.take(4); v != nil {
		return binary.LittleEndian.Uint32(v)
	}
	return 0
}

// number reads 7z's variable-length integer: ones at the top of the first byte
// count the bytes that follow.
func (r *szBuffer) number() uint64 {
	first := r.byte()
	var v uint64
	mask := byte(0x80)
	for i := range 8 {
		if first&mask == 0 {
			return v | uint64(first&(mask-1))<<(8*i)
		}
		v |= uint64(r.byte()) << (8 * i)
		mask >>= 1
	}
	return v
}

// count reads a number of things that take at least 1/per bytes each.
func (r *szBuffer) count(per uint64) int {
	n := r.number()
	if n > uint64(len(r.b))*per {
		r.fail()
		return 0
	}
	return int(n)
}

func (r *szBuffer) bits(n int) []bool {
	raw := r.take((uint64(n) + 7) / 8)
	if r.bad {
		return nil
	}
	v := make([]bool, n)
	for i := range v {
		v[i] = raw[i/8]&(0x80>>(i%8)) != 0
	}
	return v
}

// optionalBits reads bits, or one byte that says that all are set.
func (r *szBuffer) optionalBits(n int) []bool {
	if r.byte() == 0 {
		return r.bits(n)
	}
	if r.bad || n > len(r.b) { // something of a byte or more follows for each
		r.fail()
		return nil
	}
	v := make([]bool, n)
	for i := range v {
		v[i] = true
	}
	return v
}

func (r *szBuffer) digests(n int) (crcs []uint32, has []bool) {
	has = r.optionalBits(n)
	if r.bad {
		return nil, nil
	}
	crcs = make([]uint32, n)
	for i := range crcs {
		if has[i] {
			crcs[i] = r.uint32()
		}
	}
	return crcs, has
}

// streams reads a StreamsInfo.
func (r *szBuffer) streams() *szStreams {
	s := &szStreams{}
	split := false
	for {
		switch r.byte() {
		case szEnd:
			if !split {
				s.whole()
			}
			if !s.consistent() {
				r.fail()
			}
			return s
		case szPackInfo:
			r.packInfo(s)
		case szUnpackInfo:
			r.unpackInfo(s)
		case szSubStreams:
			r.subStreams(s)
			split = true
		default:
			r.fail()
		}
		if r.bad {
			return s
		}
	}
}

// consistent checks that the folders' packed streams are there.
func (s *szStreams) consistent() bool {
	used := 0
	for i := range s.folders {
		s.folders[i].pack = used
		used += s.folders[i].packs
	}
	return used <= len(s.packSizes)
}

func (r *szBuffer) packInfo(s *szStreams) {
	s.packAt = r.number()
	n := r.count(1)
	for !r.bad {
		switch r.byte() {
		case szEnd:
			return
		case szSize:
			s.packSizes = make([]uint64, n)
			for i := range s.packSizes {
				s.packSizes[i] = r.number()
			}
		case szCRC:
			r.digests(n)
		default:
			r.fail()
		}
	}
}

func (r *szBuffer) unpackInfo(s *szStreams) {
	if r.byte() != szFolder {
		r.fail()
		return
	}
	n := r.count(1)
	if r.byte() != 0 {
		r.fail() // the folders stand elsewhere: no archiver does that
		return
	}
	s.folders = make([]szFolderInfo, 0, min(n, 1024))
	for range n {
		s.folders = append(s.folders, r.folder())
		if r.bad {
			return
		}
	}
	if r.byte() != szCodersSize {
		r.fail()
		return
	}
	for i := range s.folders {
		for j := range s.folders[i].coders {
			s.folders[i].coders[j].size = r.number()
		}
	}
	for !r.bad {
		switch r.byte() {
		case szEnd:
			return
		case szCRC:
			crcs, has := r.digests(n)
			for i := range has {
				s.folders[i].crc, s.folders[i].hasCRC = crcs[i], has[i]
			}
		default:
			r.fail()
		}
	}
}

// folder reads the coders and how they are bound to each other.
func (r *szBuffer) folder() (f szFolderInfo) {
	n := r.number()
	if n == 0 || n > 32 { // the format's own limit
		r.fail()
		return f
	}
	ins, outs := uint64(0), uint64(0)
	for range n {
		flags := r.byte()
		var c szCoder
		for _, b := range r.take(uint64(flags & 15)) {
			c.id = c.id<<8 | uint64(b)
		}
		in, out := uint64(1), uint64(1)
		if flags&0x10 != 0 {
			in, out = r.number(), r.number()
		}
		if flags&0x20 != 0 {
			c.props = r.take(r.number())
		}
		if r.bad || flags&0x80 != 0 || flags&15 > 8 || in > 32 || out != 1 {
			r.fail()
			return f
		}
		f.odd = f.odd || in != 1
		ins, outs = ins+in, outs+out
		f.coders = append(f.coders, c)
	}
	if ins < outs-1 || ins-(outs-1) > 32 {
		r.fail()
		return f
	}
	from := map[uint64]uint64{} // in-stream to the coder that feeds it
	bound := map[uint64]bool{}
	for range outs - 1 {
		in, out := r.number(), r.number()
		if in >= ins || out >= outs {
			r.fail()
			return f
		}
		from[in], bound[out] = out, true
	}
	f.packs = int(ins - (outs - 1))
	if f.packs > 1 {
		for range f.packs {
			r.number()
		}
		f.odd = true
	}
	// The chain begins at the coder whose result nobody takes.
	for i := range outs {
		if bound[i] {
			continue
		}
		if len(f.chain) > 0 {
			r.fail()
			return f
		}
		f.chain = append(f.chain, int(i))
	}
	if len(f.chain) == 0 {
		r.fail()
		return f
	}
	if f.odd {
		return f
	}
	for {
		next, ok := from[uint64(f.chain[len(f.chain)-1])]
		if !ok {
			return f
		}
		if len(f.chain) >= len(f.coders) {
			r.fail() // a circle
			return f
		}
		f.chain = append(f.chain, int(next))
	}
}

// whole says that each folder is one file.
func (s *szStreams) whole() {
	for i := range s.folders {
		f := &s.folders[i]
		f.files = 1
		s.sizes = append(s.sizes, f.size())
		s.crcs, s.hasCRC = append(s.crcs, f.crc), append(s.hasCRC, f.hasCRC)
	}
}

func (r *szBuffer) subStreams(s *szStreams) {
	id := r.byte()
	for i := range s.folders {
		s.folders[i].files = 1
	}
	if id == szNumUnpack {
		for i := range s.folders {
			s.folders[i].files = r.number()
		}
		id = r.byte()
	}
	unknown := 0 // sums that no folder's stands for
	for i := range s.folders {
		f := &s.folders[i]
		if f.files == 0 {
			continue
		}
		if f.files-1 > uint64(len(r.b)) || r.bad {
			r.fail()
			return
		}
		left := f.size()
		for range f.files - 1 {
			if id != szSize {
				r.fail()
				return
			}
			size := r.number()
			if size > left {
				r.fail()
				return
			}
			s.sizes = append(s.sizes, size)
			left -= size
		}
		s.sizes = append(s.sizes, left)
		if f.files != 1 || !f.hasCRC {
			unknown += int(f.files)
		}
	}
	if id == szSize {
		id = r.byte()
	}
	var crcs []uint32
	var has []bool
	for id != szEnd && !r.bad {
		if id != szCRC {
			r.fail()
			return
		}
		crcs, has = r.digests(unknown)
		id = r.byte()
	}
	for i := range s.folders {
		f := &s.folders[i]
		if f.files == 1 && f.hasCRC {
			s.crcs, s.hasCRC = append(s.crcs, f.crc), append(s.hasCRC, true)
			continue
		}
		for range f.files {
			if len(has) == 0 {
				s.crcs, s.hasCRC = append(s.crcs, 0), append(s.hasCRC, false)
				continue
			}
			s.crcs, s.hasCRC = append(s.crcs, crcs[0]), append(s.hasCRC, has[0])
			crcs, has = crcs[1:], has[1:]
		}
	}
}

// szStart reads the signature header, and the bytes of the directory it points
// to.
func szStart(r io.ReaderAt, size int64) ([]byte, error) {
	var h [32]byte
	if _, err := r.ReadAt(h[:], 0); err != nil {
		return nil, err
	}
	le := binary.LittleEndian
	if crc32.ChecksumIEEE(h[12:]) != le.Uint32(h[8:]) {
		return nil, errSevenZip
	}
	offset, length := le.Uint64(h[12:]), le.Uint64(h[20:])
	if length == 0 {
		return nil, nil
	}
	if offset > uint64(size) || length > uint64(size) || 32+offset+length > uint64(size) {
		return nil, io.ErrUnexpectedEOF // the directory is the last thing
	}
	if length > maxDirectory {
		return nil, tooLong(length)
	}
	b := make([]byte, length)
	if _, err := r.ReadAt(b, 32+int64(offset)); err != nil {
		return nil, err
	}
	if crc32.ChecksumIEEE(b) != le.Uint32(h[28:]) {
		return nil, errSevenZip
	}
	return b, nil
}
