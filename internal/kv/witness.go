package kv

import (
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	"github.com/cespare/xxhash/v2"

	"github.com/leakscope/leakscope/internal/codec"
)

// The witness is a small file beside Badger's that says how far the catalogue had
// come. Badger cuts its log silently at the first damaged byte: what then is left
// is whole, and old. For segments their files tell it; for the rest, such as a
// key that was revoked, this file does.
//
// It is written after each transaction, and not synced, so that it costs a
// microsecond. So it may lag behind after a power cut, which weakens it for once;
// ahead of what was durable it never is. A missing or unreadable one says nothing.
type witness struct {
	file *os.File
	seen map[string]uint64 // generations by the key of the state record
}

const (
	witnessMagic = 0x5754494e // "WTIN"
	maxWitness   = 512        // bytes
)

func (w *witness) encode() []byte {
	var b codec.Writer
	b.Uint32(witnessMagic)
	b.Uvarint(uint64(len(w.seen)))
	for _, key := range slices.Sorted(maps.Keys(w.seen)) {
		b.String(key)
		b.Uint64(w.seen[key])
	}
	b.Uint64(xxhash.Sum64(b.Bytes()))
	return b.Bytes()
}

func decodeWitness(b []byte) (map[string]uint64, error) {
	r := codec.NewReader(b)
	if r.Uint32() != witnessMagic {
		r.Fail("not a witness")
	}
	seen := map[string]uint64{}
	for range r.Count(9) {
		key := r.String()
		seen[key] = r.Uint64()
	}
	body := r.Offset()
	if sum := r.Uint64(); r.Err() == nil && sum != xxhash.Sum64(b[:body]) {
		r.Fail("checksum does not match")
	}
	return seen, r.Err() // a longer one may have stood there
}

// openWitness opens the file, or makes one, and compares it with the catalogue.
func (db *DB) openWitness() error {
	path := db.path(badgerDir, witnessName)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	db.witness = witness{f, map[string]uint64{}}
	b, err := io.ReadAll(io.LimitReader(f, maxWitness))
	if err != nil {
		return err
	}
	seen, err := decodeWitness(b)
	if err != nil {
		if len(b) > 0 {
			db.warn("the catalogue's witness cannot be read and is ignored", "error", err)
		}
		return nil
	}
	for key, want := range seen {
		payload, ok, err := db.read([]byte(key))
		if err != nil {
			return fmt.Errorf("catalogue: state: %w", err)
		}
		var got uint64
		if ok {
			got = generationOf(payload)
		}
		if got < want {
			return fmt.Errorf("%w: catalogue: it has lost its newest entries: %d transactions of %q were acknowledged, %d are there (to go on without them, remove %s)",
				codec.ErrCorrupt, want, key, got, path)
		}
		db.witness.seen[key] = got
	}
	return nil
}

// generationOf reads what every state record begins with.
func generationOf(payload []byte) uint64 {
	if len(payload) < 8 {
		return 0
	}
	return binary.LittleEndian.Uint64(payload)
}

// attest notes what a durable transaction has brought. The write lock is held.
func (db *DB) attest(changes []change) {
	told := false
	for _, c := range changes {
		if c.payload != nil && (c.key[0] == prefixState || c.key[0] == prefixRoom) {
			if db.witness.seen == nil {
				db.witness.seen = map[string]uint64{}
			}
			db.witness.seen[string(c.key)] = generationOf(c.payload)
			told = true
		}
	}
	if !told || db.witness.file == nil {
		return
	}
	if _, err := db.witness.file.WriteAt(db.witness.encode(), 0); err != nil {
		db.warn("the catalogue's witness was not written", "error", err)
	}
}

func (w *witness) close() error {
	if w.file == nil {
		return nil
	}
	return w.file.Close()
}
