package watchlist

import (
	"encoding/binary"
	"encoding/hex"
	"io"
	"sync"
	"time"
)

// An id is a version 7 UUID (RFC 9562): a time in milliseconds, a counter within
// it, and 62 random bits. Ids of one directory grow, so the order of keys is that
// of creation, and cannot be guessed, so one tells nothing of another.
type id [16]byte

var noID id

func (i id) String() string {
	if i == noID {
		return ""
	}
	var b [36]byte
	hex.Encode(b[0:], i[0:4])
	hex.Encode(b[9:], i[4:6])
	hex.Encode(b[14:], i[6:8])
	hex.Encode(b[19:], i[8:10])
	hex.Encode(b[24:], i[10:])
	b[8], b[13], b[18], b[23] = '-', '-', '-', '-'
	return string(b[:])
}

// parseID undoes String; what that would not make is no id.
func parseID(s string) (i id, ok bool) {
	if len(s) != 36 {
		return noID, false
	}
	text := s[0:8] + s[9:13] + s[14:18] + s[19:23] + s[24:]
	if _, err := hex.Decode(i[:], []byte(text)); err != nil || i.String() != s {
		return noID, false
	}
	return i, true
}

// idSource makes ids. It is safe for concurrent use.
type idSource struct {
	now  func() time.Time
	rand io.Reader

	mu   sync.Mutex
	last uint64 // milliseconds and counter of the last id
}

const counterBits = 12

func (s *idSource) next() (i id, err error) {
	if _, err := io.ReadFull(s.rand, i[8:]); err != nil {
		return noID, err
	}
	s.mu.Lock()
	s.last = max(s.last+1, uint64(max(s.now().UnixMilli(), 0))<<counterBits)
	n := s.last
	s.mu.Unlock()
	binary.BigEndian.PutUint64(i[:8], n>>counterBits<<16|0x7000|n&(1<<counterBits-1))
	i[8] = i[8]&0x3f | 0x80
	return i, nil
}
