package archives

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/leakscope/leakscope/leaks/formats"
)

// Limits bound what one file on disk may hold, with all that is nested in it.
// A zero field means the default.
type Limits struct {
	// Entries is how many files and folders may be met. Default 10,000,000.
	Entries int64
	// Bytes is how many may be unpacked, those of nested archives counted at
	// each level. Default 4 TiB.
	Bytes int64
	// Ratio is how many times its own size a file may unpack to, once it has
	// unpacked 64 MiB. Default 300; text seldom exceeds 30.
	Ratio int64
	// Depth is how many archives may lie inside each other. Default 5.
	Depth int
	// Nested is how many bytes of archives may be held in memory at a time,
	// because they lie compressed in others but need random access. Default
	// 64 MiB.
	Nested int64
	// Memory is how many bytes may be held at a time in all: nested archives,
	// the dictionaries of decoders, the directories of 7z. Default 128 MiB more
	// than Nested.
	Memory int64
	// Time is how long a file may take, its consumer's time included. Default
	// none.
	Time time.Duration

	free int64 // for tests; 0 means freeBytes
}

const (
	defaultEntries = 10_000_000
	defaultBytes   = 4 << 40
	defaultRatio   = 300
	defaultDepth   = 5
	defaultNested  = 64 << 20
	besidesNested  = 128 << 20

	// freeBytes may be unpacked whatever the ratio: small files of one letter
	// are no bomb.
	freeBytes = 64 << 20
	// maxDictionary bounds what a decoder may keep of the past. WinRAR and 7z
	// use up to 64 MiB unless told otherwise.
	maxDictionary = 128 << 20
	// maxDirectory bounds the directory of a 7z, which is held whole.
	maxDirectory = 128 << 20
	// slowKey is how long making a key may take without being suspect: ten
	// times what archivers ask for. maxSlow bounds what suspect ones take in
	// one archive; hostile ones ask for minutes, file by file.
	slowKey = 500 * time.Millisecond
	maxSlow = time.Minute
	// maxName bounds a path inside an archive, in bytes.
	maxName = 4096
	// probeBytes is how much of a file is decoded to tell whether a password
	// fits.
	probeBytes = 1 << 20
)

// errStop ends a walk whose consumer wants no more, or whose context is done.
var errStop = errors.New("stop")

// A budget is what is left of the limits for one file on disk.
type budget struct {
	ctx     context.Context
	limits  Limits
	packed  int64 // the file's size on disk
	start   time.Time
	entries int64
	bytes   int64
	nested  int64
	held    int64           // of Memory
	over    *formats.Damage // the limit that was exceeded
}

func newBudget(ctx context.Context, l Limits, packed int64) *budget {
	return &budget{ctx: ctx, packed: packed, start: time.Now(), limits: Limits{
		Entries: cmp.Or(l.Entries, defaultEntries),
		Bytes:   cmp.Or(l.Bytes, defaultBytes),
		Ratio:   cmp.Or(l.Ratio, defaultRatio),
		Depth:   cmp.Or(l.Depth, defaultDepth),
		Nested:  cmp.Or(l.Nested, defaultNested),
		Memory:  cmp.Or(l.Memory, cmp.Or(l.Nested, defaultNested)+besidesNested),
		Time:    l.Time,
		free:    cmp.Or(l.free, freeBytes),
	}}
}

// exceed records that a limit is exceeded; nothing more is read.
func (b *budget) exceed(limit, format string, args ...any) error {
	b.over = &formats.Damage{Trouble: formats.TroubleLimit, Limit: limit, Detail: fmt.Sprintf(format, args...)}
	return b.over
}

// check reports a context that is done, or a limit exceeded.
func (b *budget) check() error {
	if err := b.ctx.Err(); err != nil {
		return err
	}
	if b.over != nil {
		return b.over
	}
	if b.limits.Time > 0 && time.Since(b.start) > b.limits.Time {
		return b.exceed("Time", "took longer than %v", b.limits.Time)
	}
	return nil
}

// entry counts one file or folder.
func (b *budget) entry() error {
	b.entries++
	if b.entries > b.limits.Entries {
		return b.exceed("Entries", "more than %d files", b.limits.Entries)
	}
	return b.check()
}

// room is how many bytes more may be held.
func (b *budget) room() int64 { return b.limits.Memory - b.held }

// hold counts n bytes that a decoder is going to hold for what; whoever holds
// them drops them.
func (b *budget) hold(n int64, what string) error {
	if n > b.room() {
		return &formats.Damage{Trouble: formats.TroubleLimit, Limit: "Memory", Detail: fmt.Sprintf("needs %s of %d MiB, and %d MiB of memory are left", what, (n+1<<20-1)>>20, max(0, b.room())>>20)}
	}
	b.held += n
	return nil
}

func (b *budget) drop(n int64) { b.held -= n }

// dictionary counts the dictionary of a decoder.
func (b *budget) dictionary(n int64) error {
	if n > maxDictionary {
		return &formats.Damage{Trouble: formats.TroubleLimit, Detail: fmt.Sprintf("needs a dictionary of %d MiB", n>>20)}
	}
	return b.hold(n, "a dictionary")
}

// A holder is a decoder that drops the memory it holds when it is closed.
type holder struct {
	io.Reader
	b     *budget
	n     int64
	close func() // may be nil
}

func (h *holder) Close() error {
	if h.close != nil {
		h.close()
		h.close = nil
	}
	h.b.drop(h.n)
	h.n = 0
	return nil
}

// unpacked counts n bytes that a decoder gave.
func (b *budget) unpacked(n int) error {
	b.bytes += int64(n)
	switch {
	case b.bytes > b.limits.Bytes:
		return b.exceed("Bytes", "more than %d bytes unpacked", b.limits.Bytes)
	case b.bytes > b.limits.free && b.bytes/b.limits.Ratio > b.packed:
		return b.exceed("Ratio", "unpacks to more than %d times its size", b.limits.Ratio)
	}
	return nil
}

// A meter counts what a decoder gives against a budget, and turns whatever
// goes wrong into a Damage of the place.
type meter struct {
	b     *budget
	r     io.Reader
	count bool // whether what is read was unpacked
	place place
	err   error
}

func (m *meter) Read(p []byte) (n int, err error) {
	if m.err != nil {
		return 0, m.err
	}
	if err := m.b.check(); err != nil {
		m.err = m.place.damaged(err)
		return 0, m.err
	}
	if len(p) > 1<<20 {
		p = p[:1<<20] // poll often enough
	}
	err = safely(func() (err error) {
		n, err = m.r.Read(p)
		return err
	})
	n = max(0, min(n, len(p)))
	if m.count && n > 0 {
		if over := m.b.unpacked(n); over != nil {
			n, err = 0, over
		}
	}
	if err != nil && err != io.EOF {
		if cerr := m.b.ctx.Err(); cerr != nil {
			err = cerr
		}
		err = m.place.damaged(err)
	}
	m.err = err
	return n, err
}

// safely turns a panic of a decoder into an error. Hostile input makes some
// libraries panic; fn must not call the consumer.
func safely(fn func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = errDecoder
		}
	}()
	return fn()
}

var errDecoder = errors.New("the decoder failed")

// slow adds up the time that suspect keys take.
type slow time.Duration

// took counts one key; an error says that it is enough.
func (s *slow) took(d time.Duration) error {
	if d > slowKey {
		*s += slow(d)
	}
	if time.Duration(*s) > maxSlow {
		return &formats.Damage{Trouble: formats.TroubleLimit, Detail: "the keys of its encryption take too long to make"}
	}
	return nil
}
