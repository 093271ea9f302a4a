package index

import (
	"fmt"

	"github.com/leakscope/leakscope/internal/codec"
)

// Versions of a text index: one a form.
const (
	textVersion     = 2
	textSignVersion = 3
)

// A Text is a stored text index: it tells which blocks of a dictionary's
// strings may contain a needle. Opening it reads its directory only. It is
// safe for concurrent use.
type Text struct {
	src   codec.ChunkSource
	n     uint32
	shift uint // a block has 1<<shift strings

	signed bool       // the index is of signatures, which have no parts
	parts  []textPart // of lists
}

// blocks returns how many there are.
func (t *Text) blocks() uint32 { return uint32((uint64(t.n) + 1<<t.shift - 1) >> t.shift) }

// A textPart indexes blocks of its own.
type textPart struct {
	block  uint32 // the first
	blocks uint32
	chunk  int      // the first
	firsts []uint16 // by chunk its first key
}

// OpenText opens the text index of a dictionary of n strings. Without chunks,
// which is how a small dictionary's is stored, there is none: it returns nil.
// One of other than n strings is [codec.ErrCorrupt].
func OpenText(src codec.ChunkSource, n uint32) (*Text, error) {
	if src.Chunks() == 0 {
		return nil, nil
	}
	last, err := src.Chunk(src.Chunks() - 1)
	if err != nil {
		return nil, fmt.Errorf("text index directory: %w", err)
	}
	open := openTextLists
	if len(last) > 0 && last[0] == textSignVersion {
		open = openTextSigns
	}
	t, err := open(src, n)
	if err != nil {
		return nil, fmt.Errorf("text index directory: %w", err)
	}
	return t, nil
}

// readTextHead reads what the directories of both forms begin with, and returns
// the shift. They must be of n strings.
func readTextHead(r *codec.Reader, n uint32) uint {
	if have := r.Uvarint(); have != uint64(n) {
		r.Fail(fmt.Sprintf("%d strings, %d expected", have, n))
	}
	shift := r.Uint8()
	if r.Err() == nil && (shift < textLeastShift || shift > textMostShift) {
		r.Fail("blocks of another size")
	}
	return uint(min(shift, textMostShift))
}

func openTextLists(src codec.ChunkSource, n uint32) (*Text, error) {
	parts, chunks, r, err := readDirectory(src, textVersion, 2)
	if err != nil {
		return nil, err
	}
	shift := readTextHead(r, n)
	t := &Text{src: src, n: n, shift: shift, parts: make([]textPart, 0, parts)}
	block, chunk := uint64(0), 0
	for range parts {
		blocks, count := r.Uvarint(), r.Count(1)
		if r.Err() == nil && (blocks == 0 || blocks > textPartBlocks || count > chunks-chunk) {
			r.Fail("part beyond the limits")
		}
		if r.Err() != nil {
			break
		}
		p := textPart{block: uint32(block), blocks: uint32(blocks), chunk: chunk, firsts: make([]uint16, count)}
		key := uint64(0)
		for i := range p.firsts {
			step := r.Uvarint()
			if key += step; r.Err() == nil && (key >= textKeys || step >= textKeys || i > 0 && step == 0) {
				r.Fail("keys out of order")
			}
			p.firsts[i] = uint16(min(key, textKeys))
			if r.Err() != nil {
				break
			}
		}
		t.parts = append(t.parts, p)
		block, chunk = block+blocks, chunk+count
	}
	if r.Err() == nil && block != uint64(t.blocks()) || chunk != chunks {
		r.Fail("parts do not add up")
	}
	if err := r.Close(); err != nil {
		return nil, err
	}
	return t, nil
}

// Candidates calls fn for ranges from <= ord < to within lo <= ord < hi,
// ascending and apart from each other, until it returns false: a string that m
// matches is in one of them. It reports false, having called nothing, where
// the index does not help: the needle, folded, has fewer than three bytes. An
// error, which may come after calls, wraps [codec.ErrCorrupt] or is that of
// the chunk source. A nil index never helps.
func (t *Text) Candidates(lo, hi uint32, m *Matcher, fn func(from, to uint32) bool) (bool, error) {
	if t == nil || len(m.needle) < 3 {
		return false, nil
	}
	if lo > hi || hi > t.n {
		return false, fmt.Errorf("%w: ordinals %d to %d of a text index of %d", codec.ErrCorrupt, lo, hi, t.n)
	}
	if lo == hi {
		return true, nil
	}
	first, end := lo>>t.shift, (hi-1)>>t.shift+1
	from, to := uint32(0), uint32(0) // blocks not reported yet
	report := func() bool {
		return from == to || fn(max(lo, from<<t.shift), uint32(min(uint64(hi), uint64(to)<<t.shift)))
	}
	more := true
	add := func(b uint32) bool {
		if b != to || from == to {
			if more = report(); !more {
				return false
			}
			from = b
		}
		to = b + 1
		return true
	}
	each := t.listedBlocks
	if t.signed {
		each = t.signedBlocks
	}
	if err := each(first, end, m.needle, add); err != nil {
		return true, fmt.Errorf("text index: %w", err)
	}
	if more {
		report()
	}
	return true, nil
}
