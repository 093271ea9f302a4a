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
// is known need not be read again. Errors are those of r, as they are, and of
// ctx; a process that runs in Go's mode fips140=only has no Digest.
func (s *Store) Digest(ctx context.Context, r io.Reader) (sum [32]byte, err error) {
	d := digester{ctx: ctx, r: r, hasher: s.hasher.Clone()}
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
	return d.hasher.Input(d.tags), nil
}

// A digester hands out the pieces of an input.
type digester struct {
	ctx    context.Context
	r      io.Reader
	hasher *normalize.Hasher

	mu   sync.Mutex // guards r and what follows
	n    uint64     // pieces handed out
	tags []byte
	err  error // how the input ended, once it has
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
		d.mu.Lock()
		if d.err != nil {
			d.mu.Unlock()
			return
		}
		var n int
		n, d.err = readfull.Read(d.ctx, d.r, room[:])
		i, last := d.n, d.err != nil
		if n > 0 {
			d.n++
			d.tags = append(d.tags, make([]byte, normalize.PieceTag)...)
		}
		d.mu.Unlock()
		if !last && more != nil {
			more()
		}
		more = nil
		if n == 0 {
			return
		}
		tag, err := d.hasher.AppendPiece(tag[:0], i, room[:n])
		d.mu.Lock()
		copy(d.tags[i*normalize.PieceTag:], tag)
		if err != nil {
			d.err = err
		}
		d.mu.Unlock()
	}
}
