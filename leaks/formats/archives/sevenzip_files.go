package archives

import (
	"encoding/binary"
	"time"
	"unicode/utf16"
)

// szFileList reads the files of the directory one by one from its bytes, so
// that a million of them takes no more memory than those.
type szFileList struct {
	n          int
	at         int
	names      []byte // UTF-16, each ended by 0
	empty      szBits // has no data
	emptyFile  szBits // of the empty ones: a file, no folder
	emptyAt    int
	times      []byte
	hasTime    szBits
	attributes []byte
	hasAttr    szBits
	anti       szBits
}

// A szFile is one of them.
type szFile struct {
	name  string
	data  bool // has data
	dir   bool
	link  bool
	anti  bool // a deletion, in differential archives
	mtime time.Time
}

// files reads FilesInfo.
func (r *szBuffer) files() *szFileList {
	l := &szFileList{n: r.count(8)}
	empties := 0 // files without data
	for !r.bad {
		id := r.byte()
		if id == szEnd {
			return l
		}
		p := &szBuffer{b: r.take(r.number())}
		switch id {
		case szEmptyStream:
			l.empty = p.bits(l.n)
			empties = l.empty.count()
		case szEmptyFile:
			l.emptyFile = p.bits(empties)
		case szAnti:
			l.anti = p.bits(empties)
		case szNames:
			if p.byte() != 0 {
				r.fail()
			}
			l.names = p.b
		case szMTime:
			l.hasTime, l.times = p.values(l.n, 8)
		case szAttributes:
			l.hasAttr, l.attributes = p.values(l.n, 4)
		}
		if p.bad {
			r.fail()
		}
	}
	return l
}

// values reads which files have a value, and the bytes of those.
func (r *szBuffer) values(n int, width int) (szBits, []byte) {
	has := r.optionalBits(n)
	if r.byte() != 0 {
		r.fail()
	}
	return has, r.take(uint64(has.count()) * uint64(width))
}

// next returns the next file; false behind the last, or where the directory is
// broken.
func (l *szFileList) next() (f szFile, ok bool) {
	if l.at >= l.n {
		return f, false
	}
	i := l.at
	l.at++
	end := -1
	for j := 0; j+1 < len(l.names); j += 2 {
		if l.names[j] == 0 && l.names[j+1] == 0 {
			end = j
			break
		}
	}
	if end < 0 {
		return f, false
	}
	units := make([]uint16, end/2)
	for j := range units {
		units[j] = binary.LittleEndian.Uint16(l.names[2*j:])
	}
	f.name, l.names = string(utf16.Decode(units)), l.names[end+2:]
	f.data = !l.empty.at(i)
	if !f.data {
		f.dir = !l.emptyFile.at(l.emptyAt)
		f.anti = l.anti.at(l.emptyAt)
		l.emptyAt++
	}
	if l.hasTime.at(i) && len(l.times) >= 8 {
		f.mtime = fileTime(binary.LittleEndian.Uint64(l.times))
		l.times = l.times[8:]
	}
	if l.hasAttr.at(i) && len(l.attributes) >= 4 {
		a := binary.LittleEndian.Uint32(l.attributes)
		l.attributes = l.attributes[4:]
		f.dir = f.dir || a&0x10 != 0
		f.link = a&0x8000 != 0 && a>>16&0xf000 == 0xa000 || a&0x400 != 0
	}
	return f, true
}

// fileTime is a time in 100 ns since 1601.
func fileTime(v uint64) time.Time {
	const to1970 = 116444736000000000
	if v < to1970 || v > to1970*4 {
		return time.Time{}
	}
	v -= to1970
	return time.Unix(int64(v/1e7), int64(v%1e7*100)).UTC()
}
