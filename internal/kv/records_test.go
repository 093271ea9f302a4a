package kv

import (
	"bytes"
	"errors"
	"maps"
	"testing"

	"pgregory.net/rapid"

	"github.com/leakscope/leakscope/internal/codec"
)

func TestFrame(t *testing.T) {
	key := keyBatch("b")
	good := frame(key, []byte("payload"))
	if got, _, err := unframe(key, good); err != nil || string(got) != "payload" {
		t.Fatalf("%q, %v", got, err)
	}
	for i := range good { // every cut, and every flipped bit
		if _, _, err := unframe(key, good[:i]); !errors.Is(err, codec.ErrCorrupt) {
			t.Errorf("cut to %d bytes: %v", i, err)
		}
		for bit := range 8 {
			bad := bytes.Clone(good)
			bad[i] ^= 1 << bit
			if _, _, err := unframe(key, bad); !errors.Is(err, codec.ErrCorrupt) {
				t.Errorf("bit %d of byte %d: %v", bit, i, err)
			}
		}
	}
	if _, _, err := unframe(key, append(bytes.Clone(good), 0)); !errors.Is(err, codec.ErrCorrupt) {
		t.Errorf("a byte too many: %v", err)
	}
	if _, _, err := unframe(keyBatch("c"), good); !errors.Is(err, codec.ErrCorrupt) {
		t.Errorf("under another key: %v", err)
	}
}

func TestRecordsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := SegmentMeta{
			ID: rapid.Uint64().Draw(t, "id"), Size: rapid.Int64().Draw(t, "size"), FooterSum: rapid.Uint64().Draw(t, "sum"),
			Rows: rapid.Uint64().Draw(t, "rows"), Groups: rapid.Uint64().Draw(t, "groups"),
			FirstSeq: rapid.Uint64().Draw(t, "first"), EndSeq: rapid.Uint64().Draw(t, "end"),
			Level: rapid.Uint8().Draw(t, "level"), MinSeen: rapid.Uint32().Draw(t, "min"), MaxSeen: rapid.Uint32().Draw(t, "max"),
		}
		if got, err := decodeSegmentMeta(m.ID, m.encode()); err != nil || got != m {
			t.Fatalf("segment %+v, %v, want %+v", got, err, m)
		}
		s := state{rapid.Uint64().Draw(t, "g"), rapid.Uint64().Draw(t, "n"), rapid.Uint64().Draw(t, "q"), rapid.Uint64().Draw(t, "c"), rapid.Uint64().Draw(t, "x")}
		if got, err := decodeState(s.encode()); err != nil || got != s {
			t.Fatalf("state %+v, %v, want %+v", got, err, s)
		}
		b := BatchRecord{
			ID: rapid.StringN(1, 20, 100).Draw(t, "batch"), Done: rapid.Bool().Draw(t, "done"),
			Records: rapid.Int64().Draw(t, "records"), Ingested: rapid.Int64().Draw(t, "in"), Rejected: rapid.Int64().Draw(t, "out"),
			Reasons: rapid.MapOfN(rapid.String(), rapid.Int64(), 0, 5).Draw(t, "reasons"), Seen: rapid.Int64().Draw(t, "seen"),
		}
		enc, err := b.encode()
		if err != nil {
			t.Fatal(err)
		}
		got, err := decodeBatch(b.ID, enc)
		if err != nil || !maps.Equal(got.Reasons, b.Reasons) {
			t.Fatalf("batch %+v, %v, want %+v", got, err, b)
		}
		got.Reasons, b.Reasons = nil, nil
		if got.ID != b.ID || got.Done != b.Done || got.Records != b.Records || got.Ingested != b.Ingested || got.Rejected != b.Rejected || got.Seen != b.Seen {
			t.Fatalf("batch %+v, want %+v", got, b)
		}
	})
}

func TestSegmentNames(t *testing.T) {
	for _, id := range []uint64{0, 1, 255, 1 << 40, 1<<64 - 1} {
		for _, ext := range []string{publishedExt, unpublishedExt} {
			if got, gotExt, ok := parseSegmentName(segmentName(id, ext)); !ok || got != id || gotExt != ext {
				t.Errorf("%s: %d, %s, %v", segmentName(id, ext), got, gotExt, ok)
			}
		}
	}
	for _, name := range []string{"", ".seg", "1.seg", "000000000000000g.seg", "0000000000000001.SEG", "0000000000000001.seg.tmp", "+000000000000001.seg", "000000000000000A.seg", "00000000000000001.seg"} {
		if _, _, ok := parseSegmentName(name); ok {
			t.Errorf("%q was taken for a segment's name", name)
		}
	}
}

// FuzzRecords: no bytes make a decoder panic or hand out what a checksum does
// not cover.
func FuzzRecords(f *testing.F) {
	m := SegmentMeta{ID: 1, Size: 2, EndSeq: 3}
	b := BatchRecord{ID: "b", Reasons: map[string]int64{"host": 1}}
	enc, err := b.encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(m.encode())
	f.Add(enc)
	f.Add((&state{1, 2, 3, 4, 5}).encode())
	f.Add(frame(keyState(), m.encode()))
	f.Add([]byte(marker(1)))
	f.Add((&roomState{1, 2, 3}).encode())
	f.Add((&witness{seen: map[string]uint64{"s": 1, "Rw": 2}}).encode())
	parts, err := journalParts([]change{{[]byte("a"), []byte("b")}, {key: []byte("c")}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(parts[0])
	f.Fuzz(func(t *testing.T, data []byte) {
		if got, err := decodeSegmentMeta(7, data); err == nil && !bytes.Equal(got.encode(), data) {
			t.Errorf("segment record %x is read as %+v", data, got)
		}
		if got, err := decodeState(data); err == nil && !bytes.Equal(got.encode(), data) {
			t.Errorf("state %x is read as %+v", data, got)
		}
		_, _ = decodeBatch("b", data)
		if payload, _, err := unframe(keyState(), data); err == nil && !bytes.Equal(frame(keyState(), payload), data) {
			// a longer form of the length varint would be another writer's
			t.Logf("frame %x has another form", data)
		}
		_ = checkMarker(data)
		if got, err := decodeRoomState(data); err == nil && !bytes.Equal(got.encode(), data) {
			t.Errorf("room state %x is read as %+v", data, got)
		}
		_, _ = decodeWitness(data)
		if changes, err := decodeJournalPart(data); err == nil && len(changes) > 0 {
			parts, err := journalParts(changes)
			if err != nil {
				return // too large for one
			}
			again, err := decodeJournalPart(bytes.Join(parts, nil))
			if err != nil || len(again) != len(changes) {
				t.Errorf("journal %x: %d changes, then %d, %v", data, len(changes), len(again), err)
			}
		}
	})
}
