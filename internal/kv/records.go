package kv

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/cespare/xxhash/v2"

	"github.com/leakscope/leakscope/internal/codec"
)

// Every value is framed: version, payload length, payload, and an xxHash64 over
// the key and all of these. So an empty or short value, one cut off, or one that
// stands under another key is corruption, never data.
const frameVersion = 1

func frame(key, payload []byte) []byte {
	var w codec.Writer
	w.Uint8(frameVersion)
	w.Block(payload)
	w.Uint64(frameSum(key, w.Bytes()))
	return w.Bytes()
}

// unframe checks value and returns its payload, aliasing it, and its checksum.
func unframe(key, value []byte) (payload []byte, sum uint64, err error) {
	r := codec.NewReader(value)
	if v := r.Uint8(); r.Err() == nil && v != frameVersion {
		r.Fail("unknown version of a catalogue value")
	}
	payload = r.Block()
	body := r.Offset()
	sum = r.Uint64()
	if err := r.Close(); err != nil {
		return nil, 0, err
	}
	if sum != frameSum(key, value[:body]) {
		return nil, 0, fmt.Errorf("%w: checksum of a catalogue value of %d bytes does not match", codec.ErrCorrupt, len(value))
	}
	return payload, sum, nil
}

func frameSum(key, body []byte) uint64 {
	d := xxhash.New()
	d.Write(key)
	d.Write(body)
	return d.Sum64()
}

// SegmentMeta is what the manifest says of one segment.
type SegmentMeta struct {
	ID        uint64 // given by CreateSegment
	Size      int64  // of the file, bytes
	FooterSum uint64 // checksum of the footer; whoever opens the segment compares it
	Rows      uint64 // occurrences
	Groups    uint64 // credentials, counted per root domain
	FirstSeq  uint64 // the ingest sequence numbers it covers: [FirstSeq, EndSeq)
	EndSeq    uint64
	Level     uint8  // merges behind it
	MinSeen   uint32 // least and greatest detection time, unix seconds
	MaxSeen   uint32
	Set       uint8 // which of the store's data sets it belongs to
}

func (m *SegmentMeta) encode() []byte {
	var w codec.Writer
	for _, v := range []uint64{uint64(m.Size), m.FooterSum, m.Rows, m.Groups, m.FirstSeq, m.EndSeq} {
		w.Uint64(v)
	}
	w.Uint8(m.Level)
	w.Uint32(m.MinSeen)
	w.Uint32(m.MaxSeen)
	if m.Set != 0 { // the only set of stores before there were others
		w.Uint8(m.Set)
	}
	return w.Bytes()
}

func decodeSegmentMeta(id uint64, payload []byte) (SegmentMeta, error) {
	r := codec.NewReader(payload)
	m := SegmentMeta{ID: id, Size: int64(r.Uint64()), FooterSum: r.Uint64(), Rows: r.Uint64(), Groups: r.Uint64(),
		FirstSeq: r.Uint64(), EndSeq: r.Uint64(), Level: r.Uint8(), MinSeen: r.Uint32(), MaxSeen: r.Uint32()}
	if r.Left() > 0 {
		if m.Set = r.Uint8(); m.Set == 0 {
			r.Fail("a data set that is not written")
		}
	}
	return m, r.Close()
}

// check refuses a record that no caller could mean.
func (m *SegmentMeta) check() error {
	switch {
	case m.Size <= 0:
		return fmt.Errorf("%s: size %d", label(m.ID), m.Size)
	case m.EndSeq < m.FirstSeq:
		return fmt.Errorf("%s: sequence range [%d, %d)", label(m.ID), m.FirstSeq, m.EndSeq)
	}
	return nil
}

func compareSegments(a, b SegmentMeta) int {
	return cmp.Or(cmp.Compare(a.FirstSeq, b.FirstSeq), cmp.Compare(a.EndSeq, b.EndSeq), cmp.Compare(a.ID, b.ID))
}

// BatchRecord is how far one named input has come.
type BatchRecord struct {
	ID       string           // 1 to 1024 bytes
	Done     bool             // ingested whole
	Records  int64            // input items consumed, rejects included: where to resume
	Ingested int64            // of them, stored
	Rejected int64            // of them, refused
	Reasons  map[string]int64 // refused by reason; at most 256 reasons
	Seen     int64            // detection time of records that bring none, unix seconds
}

func (b *BatchRecord) encode() ([]byte, error) {
	switch {
	case b.ID == "" || len(b.ID) > maxBatchID:
		return nil, fmt.Errorf("batch identity of %d bytes; 1 to %d are allowed", len(b.ID), maxBatchID)
	case len(b.Reasons) > maxReasons:
		return nil, fmt.Errorf("batch with %d reject reasons; %d are allowed", len(b.Reasons), maxReasons)
	}
	var w codec.Writer
	done := uint8(0)
	if b.Done {
		done = 1
	}
	w.Uint8(done)
	for _, v := range []int64{b.Records, b.Ingested, b.Rejected, b.Seen} {
		w.Uint64(uint64(v))
	}
	w.Uvarint(uint64(len(b.Reasons)))
	for _, name := range slices.Sorted(maps.Keys(b.Reasons)) {
		w.String(name)
		w.Uint64(uint64(b.Reasons[name]))
	}
	if w.Len() > maxValue {
		return nil, fmt.Errorf("batch record of %d bytes; %d are allowed", w.Len(), maxValue)
	}
	return w.Bytes(), nil
}

func decodeBatch(id string, payload []byte) (BatchRecord, error) {
	r := codec.NewReader(payload)
	b := BatchRecord{ID: id, Done: r.Uint8() != 0, Records: int64(r.Uint64()), Ingested: int64(r.Uint64()),
		Rejected: int64(r.Uint64()), Seen: int64(r.Uint64())}
	n := r.Count(9)
	if n > 0 {
		b.Reasons = make(map[string]int64, n)
	}
	for range n {
		name := r.String()
		b.Reasons[name] = int64(r.Uint64())
	}
	if err := r.Close(); err != nil {
		return BatchRecord{}, err
	}
	return b, nil
}

// A state is the catalogue's own account of itself. It is rewritten by every
// transaction that touches the manifest, so a record that went missing, or one
// that came back, shows at the next open.
type state struct {
	generation  uint64 // transactions so far
	nextSegment uint64 // no published segment has this id or a greater one
	nextSeq     uint64 // no published record has this sequence number or a greater one
	segments    uint64 // how many segment records there are
	sums        uint64 // all their checksums, XORed
}

func (s *state) encode() []byte {
	var w codec.Writer
	for _, v := range []uint64{s.generation, s.nextSegment, s.nextSeq, s.segments, s.sums} {
		w.Uint64(v)
	}
	return w.Bytes()
}

func decodeState(payload []byte) (state, error) {
	r := codec.NewReader(payload)
	s := state{r.Uint64(), r.Uint64(), r.Uint64(), r.Uint64(), r.Uint64()}
	return s, r.Close()
}

var errBigEdit = errors.New("edit is too large for one transaction")
