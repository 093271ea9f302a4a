package formats

import (
	"context"
	"io"
	"runtime"
	"sync"

	"github.com/zeebo/blake3"
)

// digestPiece is how much of an input is hashed by itself. It is part of the
// definition of Digest.
const digestPiece = 1 << 20

// Digest reads all of r and returns what identifies it, for instance as the
// Batch of [leaks.IngestOptions]: the BLAKE3 hash of the BLAKE3 hashes of its
// pieces of 1 MiB, of which the last may be shorter. Nobody can make two inputs
// with one digest.
//
// Pieces are hashed by as many goroutines as there are processors, since nothing
// else can be done before: an input that is known need not be read again.
// Errors are those of r and ctx.
func Digest(ctx context.Context, r io.Reader) (sum [32]byte, err error) {
	d := digester{ctx: ctx, r: r}
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
	room := digestRooms.Get().(*digestRoom)
	defer digestRooms.Put(room)
	room.hash.Reset()
	for i := range d.sums {
		_, _ = room.hash.Write(d.sums[i][:]) // a hash never fails to be written to
	}
	room.hash.Sum(sum[:0])
	return sum, nil
}

// A digester hands out the pieces of an input.
type digester struct {
	ctx context.Context
	r   io.Reader

	mu   sync.Mutex // guards r and what follows
	sums [][32]byte
	err  error // how the input ended, once it has
}

// A digestRoom is what hashing a piece needs; a folder has many small files.
type digestRoom struct {
	hash *blake3.Hasher
	buf  []byte
}

var digestRooms = sync.Pool{New: func() any {
	return &digestRoom{blake3.New(), make([]byte, digestPiece)}
}}

// run hashes pieces until there are no more. After the first it calls more if
// others are to come.
func (d *digester) run(more func()) {
	room := digestRooms.Get().(*digestRoom)
	defer digestRooms.Put(room)
	h, buf := room.hash, room.buf
	for {
		d.mu.Lock()
		if d.err != nil {
			d.mu.Unlock()
			return
		}
		var n int
		n, d.err = fill(d.ctx, d.r, buf)
		i, last := len(d.sums), d.err != nil
		if n > 0 {
			d.sums = append(d.sums, [32]byte{})
		}
		d.mu.Unlock()
		if !last && more != nil {
			more()
		}
		more = nil
		if n > 0 {
			h.Reset()
			_, _ = h.Write(buf[:n])
			var sum [32]byte
			h.Sum(sum[:0])
			d.mu.Lock()
			d.sums[i] = sum
			d.mu.Unlock()
		}
	}
}
