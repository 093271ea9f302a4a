package archives

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"unsafe"
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

// A szCoder is one step of unpacking, with one stream out and mostly one in.
type szCoder struct {
	id    uint64
	props []byte
	size  uint64 // of what it gives
	first int    // its first stream in, of the folder's
	ins   int
}

// A szFolderInfo is a tree of coders, from packed bytes to files.
type szFolderInfo struct {
	coders []szCoder
	ins    []int8 // what feeds each stream in: a coder, or ^n for the n-th packed stream
	main   int    // the coder that gives the files
	packs  int    // packed streams that it uses
	pack   int    // the first of them
	crc    uint32
	hasCRC bool
	files  uint64 // how many it holds
}

func (f *szFolderInfo) size() uint64 {
	if len(f.coders) == 0 {
		return 0
	}
	return f.coders[f.main].size
}

// szStreams is the StreamsInfo structure.
type szStreams struct {
	packAts []uint64 // where each packed stream begins, and the last ends
	folders []szFolderInfo
	sizes   []uint64 // of the files of all folders
	crcs    []uint32
	hasCRC  szBits
}

// streams reads a StreamsInfo.
func (r *szBuffer) streams() *szStreams {
	s := &szStreams{}
	split := false
	for {
		switch r.byte() {
		case szEnd:
			if !split {
				s.whole(r)
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
	return used < len(s.packAts) || used == 0
}

func (r *szBuffer) packInfo(s *szStreams) {
	at := r.number()
	n := r.count(1)
	for !r.bad {
		switch r.byte() {
		case szEnd:
			return
		case szSize:
			if r.cost(n+1, 8); r.bad {
				return
			}
			s.packAts = make([]uint64, n+1)
			s.packAts[0] = at
			for i := range n {
				s.packAts[i+1] = s.packAts[i] + r.number()
				if s.packAts[i+1] > 1<<62 || s.packAts[i] > 1<<62 {
					r.fail()
					return
				}
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
	if r.cost(n, int64(unsafe.Sizeof(szFolderInfo{}))); r.bad {
		return
	}
	s.folders = make([]szFolderInfo, 0, n)
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
			for i := range crcs {
				s.folders[i].crc, s.folders[i].hasCRC = crcs[i], has.at(i)
			}
		default:
			r.fail()
		}
	}
}

// szMost is how many coders, and how many streams in, a folder may have: the
// format's own limit.
const szMost = 32

// folder reads the coders and how they are bound to each other.
func (r *szBuffer) folder() (f szFolderInfo) {
	n := r.number()
	if n == 0 || n > szMost {
		r.fail()
		return f
	}
	if r.cost(int(n), int64(unsafe.Sizeof(szCoder{}))); r.bad {
		return f
	}
	f.coders = make([]szCoder, 0, n)
	ins := 0
	for range n {
		flags := r.byte()
		c := szCoder{first: ins, ins: 1}
		for _, b := range r.take(uint64(flags & 15)) {
			c.id = c.id<<8 | uint64(b)
		}
		if flags&0x10 != 0 {
			in, out := r.number(), r.number()
			if in == 0 || in > szMost || out != 1 {
				r.fail()
			}
			c.ins = int(in)
		}
		if flags&0x20 != 0 {
			c.props = r.take(r.number())
		}
		ins += c.ins
		if r.bad || flags&0x80 != 0 || flags&15 > 8 || ins > szMost {
			r.fail()
			return f
		}
		f.coders = append(f.coders, c)
	}
	binds := int(n) - 1
	if r.cost(ins, 1); r.bad || ins < binds {
		r.fail()
		return f
	}
	const free = -128
	f.ins = make([]int8, ins)
	for i := range f.ins {
		f.ins[i] = free
	}
	var bound [szMost]bool
	for range binds {
		in, out := r.number(), r.number()
		if in >= uint64(ins) || out >= n || f.ins[in] != free || bound[out] {
			r.fail()
			return f
		}
		f.ins[in], bound[out] = int8(out), true
	}
	f.packs = ins - binds
	for i := range f.packs {
		in := uint64(0)
		if f.packs > 1 {
			in = r.number()
		} else {
			for f.ins[in] != free {
				in++
			}
		}
		if in >= uint64(ins) || f.ins[in] != free {
			r.fail()
			return f
		}
		f.ins[in] = int8(^i)
	}
	for bound[f.main] { // one is not: there is a bind less than coders
		f.main++
	}
	return f
}

// whole says that each folder is one file.
func (s *szStreams) whole(r *szBuffer) {
	if r.cost(len(s.folders), 13); r.bad {
		return
	}
	s.makeSums(len(s.folders))
	for i := range s.folders {
		f := &s.folders[i]
		f.files = 1
		s.sizes = append(s.sizes, f.size())
		s.addSum(f.crc, f.hasCRC)
	}
}

// makeSums makes room for n files.
func (s *szStreams) makeSums(n int) {
	s.sizes, s.crcs = make([]uint64, 0, n), make([]uint32, 0, n)
	s.hasCRC = szBits{raw: make([]byte, (n+7)/8), n: n}
}

func (s *szStreams) addSum(crc uint32, has bool) {
	if i := len(s.crcs); has {
		s.hasCRC.raw[i/8] |= 0x80 >> (i % 8)
	}
	s.crcs = append(s.crcs, crc)
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
	total := uint64(0)
	for i := range s.folders {
		if total += s.folders[i].files; s.folders[i].files > uint64(len(r.b))+1 || total > 1<<40 {
			r.fail()
			return
		}
	}
	if r.cost(int(total), 13); r.bad {
		return
	}
	s.makeSums(int(total))
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
	var has szBits
	for id != szEnd && !r.bad {
		if id != szCRC {
			r.fail()
			return
		}
		crcs, has = r.digests(unknown)
		id = r.byte()
	}
	if r.bad {
		return
	}
	at := 0
	for i := range s.folders {
		f := &s.folders[i]
		if f.files == 1 && f.hasCRC {
			s.addSum(f.crc, true)
			continue
		}
		for range f.files {
			if at < len(crcs) {
				s.addSum(crcs[at], has.at(at))
			} else {
				s.addSum(0, false)
			}
			at++
		}
	}
}

// start reads the signature header, and the bytes of the directory it points
// to.
func (a *szArchive) start() ([]byte, error) {
	var h [32]byte
	if _, err := a.r.ReadAt(h[:], 0); err != nil {
		return nil, err
	}
	le := binary.LittleEndian
	if crc32.ChecksumIEEE(h[12:]) != le.Uint32(h[8:]) {
		return nil, errSevenZip
	}
	offset, length, size := le.Uint64(h[12:]), le.Uint64(h[20:]), uint64(a.size)
	if length == 0 {
		return nil, nil
	}
	if offset > size || length > size || 32+offset+length > size {
		return nil, io.ErrUnexpectedEOF // the directory is the last thing
	}
	if err := a.hold(int64(length)); err != nil {
		return nil, err
	}
	b := make([]byte, length)
	if _, err := a.r.ReadAt(b, 32+int64(offset)); err != nil {
		return nil, err
	}
	if crc32.ChecksumIEEE(b) != le.Uint32(h[28:]) {
		return nil, errSevenZip
	}
	return b, nil
}
