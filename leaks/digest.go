package leaks

import (
	"context"
	"io"
	"runtime"
	"sync"

	"github.com/leakscope/leakscope/internal/normalize"
	"github.com/leakscope/leakscope/internal/readfull"
)

// digestPiece is how much of an input is hashed at a time: what fits into a
// processor's second cache beside its copy. It is part of what Digest is.
const digestPiece = 256 << 10

// Digest reads all of r and returns what identifies it among the inputs of this
// store, as the Batch of [IngestOptions]: a keyed hash of its bytes, 32 bytes of
// it. Another store, with another key, has others. Without the key nobody can
// make two inputs with one digest, or tell an input by it.
//
// The input is read in pieces of 256 KiB, which are hashed by as many goroutines
// as there are processors, since nothing else can be done before: an input that
// is known need not be read again. A file is read by all of them, from where it
// stands; where it stands then is not defined. Errors are those of r, as they
// are, and of ctx; a process that runs in Go's mode fips140=only has no Digest.
func (s *Store) Digest(ctx context.Context, r io.Reader) (sum [32]byte, err error) {
	d := digester{ctx: ctx, r: r, hasher: s.hasher.Clone()}
	if f, ok := r.(interface {
		io.ReaderAt
		io.Seeker
	}); ok {
		if base, err := f.Seek(0, io.SeekCurrent); err == nil { // a pipe is no place to seek in
			d.at, d.base = f, base
		}
	}
	var others sync.WaitGroup
	d.run(func() {
		for range runtime.GOMAXPROCS(0) - 1 {
			others.Go(func() { d.run(func() {}) })
		}
	})
	others.Wait()
	if d.err != io.EOF {
		return sum, d.err
	}
	return d.hasher.Input(d.tags[:d.end*normalize.PieceTag]), nil
}

// A digester hands out the pieces of an input.
type digester struct {
	ctx    context.Context
	r      io.Reader
	at     io.ReaderAt // r, if its pieces can be read at the same time
	base   int64       // where its first one begins
	hasher *normalize.Hasher

	mu   sync.Mutex // guards r, unless at, and what follows
	n    uint64     // pieces handed out
	tags []byte
	end  uint64 // with err: how many pieces there are
	err  error  // how the input ended, once it has
}

// digestRooms has the buffers of pieces: a folder has many small files.
var digestRooms = sync.Pool{New: func() any { return new([digestPiece]byte) }}

// run hashes pieces until there are no more. After the first it calls more if
// others are to come.
func (d *digester) run(more func()) {
	room := digestRooms.Get().(*[digestPiece]byte)
	defer digestRooms.Put(room)
	tag := make([]byte, 0, normalize.PieceTag)
	for {
		number, n, err := d.read(room[:])
		if n > 0 {
			var failed error
			if tag, failed = d.hasher.AppendPiece(tag[:0], number, room[:n]); failed != nil {
				n, err = 0, failed
			}
		}
		d.mu.Lock()
		if n > 0 {
			copy(d.tags[number*normalize.PieceTag:], tag)
		}
		d.ended(number, n, err)
		d.mu.Unlock()
		if err != nil {
			return
		}
		if more != nil {
			more()
			more = nil
		}
	}
}

// read reads the next piece. It may be the last one, with the error that ended
// the input.
func (d *digester) read(room []byte) (number uint64, n int, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err != nil {
		return d.n, 0, d.err
	}
	number = d.n
	d.n++
	d.tags = append(d.tags, make([]byte, normalize.PieceTag)...)
	if d.at == nil {
		n, err = readfull.Read(d.ctx, d.r, room)
		d.ended(number, n, err)
		return number, n, err
	}
	d.mu.Unlock()
	piece := io.NewSectionReader(d.at, d.base+int64(number)*digestPiece, digestPiece)
	n, err = readfull.Read(d.ctx, piece, room)
	d.mu.Lock()
	return number, n, err
}

// ended takes note of how reading a piece ended: the input ends with the first
// piece that is not whole. The caller holds mu.
func (d *digester) ended(number uint64, n int, err error) {
	switch {
	case err == nil:
	case err != io.EOF:
		d.err = err
	case d.err == nil || d.err == io.EOF:
		end := number
		if n > 0 {
			end++
		}
		if d.err == nil || end < d.end {
			d.end = end
		}
		d.err = io.EOF
	}
}
