package leaks

import (
	"fmt"
	"io"
	"slices"
)

// A spill collects records of one size in parts, each in the order they came, and
// gives back one part at a time. What there is of all parts beyond a limit stands in
// a file: so the millions of groups of a merge are put into another order in memory
// that does not grow with them.
type spill struct {
	size    int // bytes of a record
	parts   []spillPart
	scratch func() (scratchFile, error)

	kept int64 // bytes of full blocks in memory
	file scratchFile
	end  int64 // of the file
	err  error // the first one
	buf  []byte
}

// A scratchFile is where a spill puts what does not fit, as kv.ScratchFile.
type scratchFile interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
}

type spillPart struct {
	open   []byte
	blocks []spillBlock
}

// A spillBlock is some records of a part: in memory, or in the file.
type spillBlock struct {
	data []byte
	at   int64
	n    int
}

const (
	// spillParts is how many parts a spill has: so many that the records of one
	// are few, so few that a block of each is nothing.
	spillParts = 64
	spillShift = 64 - 6 // of 64 bits, those that tell the part
)

// spillBytes is how many bytes of full blocks a spill keeps in memory, and
// spillBlockBytes how many make a block. Tests lower them.
var (
	spillBytes      int64 = 24 << 20
	spillBlockBytes       = 32 << 10
)

// newSpill returns a spill of records of size bytes, whose file scratch makes if
// there is more than fits; it is closed by close.
func newSpill(size int, scratch func() (scratchFile, error)) *spill {
	return &spill{size: size, parts: make([]spillPart, spillParts), scratch: scratch}
}

// add returns the room for the next record of a part, to be filled in before the
// next call.
func (s *spill) add(part int) []byte {
	p := &s.parts[part]
	if len(p.open)+s.size > cap(p.open) {
		s.cut(p)
	}
	n := len(p.open)
	p.open = p.open[:n+s.size]
	return p.open[n:]
}

// cut ends the open block of a part and begins another.
func (s *spill) cut(p *spillPart) {
	room := max(spillBlockBytes/s.size, 1) * s.size
	if len(p.open) == 0 {
		p.open = make([]byte, 0, room)
		return
	}
	if s.kept+int64(len(p.open)) > spillBytes && s.err == nil {
		at, err := s.write(p.open)
		if err != nil {
			s.err = err
		}
		p.blocks = append(p.blocks, spillBlock{at: at, n: len(p.open)})
		p.open = p.open[:0]
		return
	}
	s.kept += int64(len(p.open))
	p.blocks = append(p.blocks, spillBlock{data: p.open, n: len(p.open)})
	p.open = make([]byte, 0, room)
}

func (s *spill) write(b []byte) (at int64, err error) {
	if s.file == nil {
		f, err := s.scratch()
		if err != nil {
			return 0, err
		}
		s.file = f
	}
	at = s.end
	if _, err := s.file.WriteAt(b, at); err != nil {
		return 0, fmt.Errorf("scratch file: %w", err)
	}
	s.end += int64(len(b))
	return at, nil
}

// each gives the records of a part some at a time, valid until the next, in the
// order they came.
func (s *spill) each(part int, fn func(records []byte)) error {
	p := &s.parts[part]
	for _, b := range p.blocks {
		if s.err != nil {
			return s.err
		}
		data := b.data
		if data == nil {
			s.buf = slices.Grow(s.buf[:0], b.n)[:b.n]
			data = s.buf
			if n, err := s.file.ReadAt(data, b.at); n < b.n {
				if err == io.EOF {
					err = io.ErrUnexpectedEOF
				}
				s.err = fmt.Errorf("scratch file: %w", err)
				return s.err
			}
		}
		fn(data)
	}
	fn(p.open)
	return s.err
}

// drop lets go of a part.
func (s *spill) drop(part int) { s.parts[part] = spillPart{} }

// close gives everything up.
func (s *spill) close() {
	if s == nil {
		return
	}
	if s.file != nil {
		_ = s.file.Close() // nobody reads it any more
	}
	*s = spill{}
}
