package segment

import "errors"

// Version is the format version this build writes, the last byte of both
// magics.
const Version = 1

const (
	headMagic = "LSCSEG\r\x01" // first 8 bytes; "\r" trips line-ending damage
	tailMagic = "GESCSL\n\x01" // last 8 bytes

	headLen = 8
	tailLen = 32
)

const (
	// MaxChunk is the most bytes a chunk may have, stored or raw.
	MaxChunk = 16 << 20
	// MaxFooter is the most bytes a footer may have, meta included.
	MaxFooter = 64 << 20

	// minCompress is the fewest bytes worth the trouble of compressing.
	minCompress = 64
)

// How the bytes of a chunk are stored.
const (
	codecRaw  = 0
	codecZstd = 1
)

// ErrClosed is returned for chunks of a reader that was closed.
var ErrClosed = errors.New("segment is closed")

// ErrVersion is returned by Open for a well-formed segment of a format version
// that this build does not know.
var ErrVersion = errors.New("segment format version is not known to this build")
