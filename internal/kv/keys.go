package kv

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// This is the only file that spells a key of the catalogue or a name on disk.

// Keys: one byte says the kind, the rest is the identity. Numbers are
// big-endian, so that keys order as numbers do.
const (
	prefixState    = 's' // the one state record: counters, and the sum of the segment records
	prefixKeyCheck = 'k' // the one check value of the store's hash key
	prefixSegment  = 'm' // + segment id, 8 bytes: one record per segment of the manifest
	prefixDropped  = 'd' // + segment id, 8 bytes: out of the manifest, file not yet known to be gone
	prefixBatch    = 'b' // + the batch's identity as given
	prefixRecord   = 'r' // + room + the room's own key: a record of another room
	prefixRoom     = 'R' // + room: the state record of a room, counter and sum of its records
	prefixJournal  = 'j' // + part, 4 bytes: changes of a large transaction
	prefixSeal     = 'J' // the one record that says that a journal is whole
)

func keyState() []byte                  { return []byte{prefixState} }
func keyKeyCheck() []byte               { return []byte{prefixKeyCheck} }
func keySegment(id uint64) []byte       { return numberKey(prefixSegment, id) }
func keyDropped(id uint64) []byte       { return numberKey(prefixDropped, id) }
func keyBatch(id string) []byte         { return append([]byte{prefixBatch}, id...) }
func keyRoom(room Room) []byte          { return []byte{prefixRoom, byte(room)} }
func numberKey(p byte, n uint64) []byte { return binary.BigEndian.AppendUint64([]byte{p}, n) }

func keyRecord(room Room, key []byte) []byte {
	return append([]byte{prefixRecord, byte(room)}, key...)
}

func keySeal() []byte { return []byte{prefixSeal} }
func keyJournal(part int) []byte {
	return binary.BigEndian.AppendUint32([]byte{prefixJournal}, uint32(part))
}

// keyNumber gives back the id of a segment or dropped key.
func keyNumber(key []byte) (uint64, bool) {
	if len(key) != 9 {
		return 0, false
	}
	return binary.BigEndian.Uint64(key[1:]), true
}

// Names inside the store's directory.
const (
	markerName    = "LEAKSCOPE"     // says: this is a store, of this format
	markerNewName = "LEAKSCOPE.new" // says: a store is being made here
	badgerDir     = "badger"        // the catalogue
	segmentsDir   = "segments"      // the segment files
	witnessName   = "witness"       // in badgerDir: how far the catalogue had come
	ballastName   = "ballast"       // in badgerDir: room to give up when the disk is full

	publishedExt   = ".seg" // named by a committed manifest, now or earlier
	unpublishedExt = ".tmp" // being written, or written and not yet published
)

func segmentName(id uint64, ext string) string { return fmt.Sprintf("%016x%s", id, ext) }

// parseSegmentName undoes segmentName; ok is false for a name it would not make.
func parseSegmentName(name string) (id uint64, ext string, ok bool) {
	for _, ext := range []string{publishedExt, unpublishedExt} {
		hex, has := strings.CutSuffix(name, ext)
		if !has {
			continue
		}
		if _, err := fmt.Sscanf(hex, "%016x", &id); err != nil || segmentName(id, ext) != name {
			return 0, "", false
		}
		return id, ext, true
	}
	return 0, "", false
}

// label names a segment in messages.
func label(id uint64) string { return fmt.Sprintf("segment %016x", id) }
