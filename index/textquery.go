package index

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/leakscope/leakscope/internal/codec"
)

// A textQuery looks the trigrams of one needle up in one part after another.
type textQuery struct {
	keys  []uint16 // distinct, ascending
	lists [][]byte // of the part: the lists of those that tell blocks apart
	found []uint32
	other []uint32
}

var errTextHead = fmt.Errorf("%w: malformed head", codec.ErrCorrupt)

func newTextQuery(needle []byte) *textQuery {
	q := &textQuery{keys: make([]uint16, 0, len(needle))}
	for i := range len(needle) - 2 {
		q.keys = append(q.keys, textKey(needle[i], needle[i+1], needle[i+2]))
	}
	slices.Sort(q.keys)
	q.keys = slices.Compact(q.keys)
	return q
}

// listedBlocks calls fn for the blocks from first on and below end that have the
// needle's trigrams, until it returns false.
func (t *Text) listedBlocks(first, end uint32, needle []byte, fn func(block uint32) bool) error {
	q := newTextQuery(needle)
	i, found := slices.BinarySearchFunc(t.parts, first, func(p textPart, b uint32) int { return int(p.block) - int(b) })
	if !found {
		i--
	}
	for ; i < len(t.parts) && t.parts[i].block < end; i++ {
		p := &t.parts[i]
		blocks, all, err := q.blocks(t.src, p)
		if err != nil {
			return err
		}
		if all {
			blocks = q.every(p.blocks)
		}
		for _, b := range blocks {
			if b += p.block; b >= first && b < end && !fn(b) {
				return nil
			}
		}
	}
	return nil
}

// blocks returns the blocks of a part that have all the keys, counted from the
// part's first, valid until the next call; or that all of them may.
func (q *textQuery) blocks(src codec.ChunkSource, p *textPart) (blocks []uint32, all bool, err error) {
	q.lists = q.lists[:0]
	for keys := q.keys; len(keys) > 0; {
		// The chunk of the first key, and which others are its own.
		i, found := slices.BinarySearch(p.firsts, keys[0])
		if !found {
			i--
		}
		if i < 0 {
			return nil, false, nil
		}
		own := len(keys)
		if i+1 < len(p.firsts) {
			own, _ = slices.BinarySearch(keys, p.firsts[i+1])
		}
		chunk, err := src.Chunk(p.chunk + i)
		if err != nil {
			return nil, false, err
		}
		some, err := q.find(chunk, keys[:own])
		if err != nil {
			return nil, false, fmt.Errorf("chunk %d: %w", p.chunk+i, err)
		}
		if !some {
			return nil, false, nil
		}
		keys = keys[own:]
	}
	if len(q.lists) == 0 {
		return nil, true, nil
	}
	slices.SortFunc(q.lists, func(a, b []byte) int { return cmp.Compare(len(a), len(b)) })
	q.found = q.found[:0]
	for i, list := range q.lists {
		to := &q.found
		if i > 0 {
			if len(list) > len(q.found)*textWorthBytes {
				break
			}
			to = &q.other
		}
		var ok bool
		if *to, ok = decodeList((*to)[:0], list, p.blocks); !ok {
			return nil, false, fmt.Errorf("%w: malformed list", codec.ErrCorrupt)
		}
		if i > 0 {
			q.found = intersect(q.found, q.other)
		}
		if len(q.found) == 0 {
			break
		}
	}
	return q.found, false, nil
}

// find appends to q.lists those of keys, which ascend, that stand in chunk. It
// reports false when one does not.
func (q *textQuery) find(chunk []byte, keys []uint16) (bool, error) {
	size, at := binary.Uvarint(chunk)
	if at <= 0 || size > uint64(len(chunk)-at) {
		return false, errTextHead
	}
	heads, body := chunk[at:at+int(size)], chunk[at+int(size):]
	key, from := uint64(0), uint64(0)
	for len(heads) > 0 {
		var step, size uint64
		if len(heads) >= 2 && heads[0]|heads[1] < 0x80 {
			step, size = uint64(heads[0]), uint64(heads[1])
			heads = heads[2:]
		} else {
			for _, v := range []*uint64{&step, &size} {
				var used int
				if *v, used = binary.Uvarint(heads); used <= 0 || *v > uint64(max(len(body), textKeys)) {
					return false, errTextHead
				}
				heads = heads[used:]
			}
		}
		key += step
		if want := uint64(keys[0]); key >= want {
			if key > want {
				return false, nil
			}
			if size > 0 {
				if from+size > uint64(len(body)) {
					return false, errTextHead
				}
				q.lists = append(q.lists, body[from:from+size])
			}
			if keys = keys[1:]; len(keys) == 0 {
				return true, nil
			}
		}
		from += size
	}
	return false, nil
}

// every returns the numbers below blocks.
func (q *textQuery) every(blocks uint32) []uint32 {
	q.found = q.found[:0]
	for b := range blocks {
		q.found = append(q.found, b)
	}
	return q.found
}
