// Package segment reads and writes segment files: immutable containers of
// checked chunks ([Writer], [Reader]), and the columns laid into them ([Ints],
// [Fixed]). It knows bytes, sections and columns; what a section means is its
// user's business. This text is the specification of format version 1; the
// annotated dumps in testdata are its proof.
//
// Integers are little-endian. A uvarint has seven bits a byte, lowest first, the
// top bit set on all but the last. A checksum is the xxHash64, seed 0, of the
// bytes named.
//
// # File
//
//	+--------+---------+---------+-- ... --+---------+--------+---------+
//	| header | chunk   | chunk   |         | chunk   | footer | trailer |
//	+--------+---------+---------+-- ... --+---------+--------+---------+
//	0        8                                       ^                  size
//	                                                 at
//
// Chunks lie one behind the other without gaps, those of different sections in
// any order, those of one section in theirs. Every byte of the file is covered
// by a magic, a checksum or an equation below: a changed one is found.
//
//	header    8 bytes  "LSCSEG" 0x0d version
//
//	trailer  32 bytes  at       u64  offset of the footer
//	                   length   u64  bytes of the footer; at + length + 32 = size
//	                   sum      u64  checksum of the footer
//	                   magic    8    "GESCSL" 0x0a version
//
// The version is 1 in both places. A file that differs only by the same other
// version in both is refused with [ErrVersion], anything else as corrupt.
//
// # Footer
//
//	meta      uvarint length, then as many bytes: the user's
//	sections  uvarint, how many; then each, by ascending id
//	            id      u16
//	            chunks  uvarint, how many
//	chunks    each, in file order, as many as the sections say
//	            section uvarint, index into the sections above
//	            codec   u8: 0 as it is, 1 zstd frame (RFC 8878)
//	            stored  uvarint, bytes in the file
//	            raw     uvarint, bytes when decompressed; codec 1 only
//	            sum     u64, checksum of the stored bytes
//
// Offsets are not stored: the first chunk starts at byte 8, each other one where
// the one before it ends, and the last must end at the footer. So chunks cannot
// overlap. No chunk is more than [MaxChunk] bytes, stored or raw; a compressed
// one is shorter than its content; no footer is more than [MaxFooter] bytes and
// none has bytes left over.
//
// # Column of integers
//
// A section of its own. Its n values, a number kept elsewhere, are cut into
// chunks of 16,384 and those into blocks of 1,024, the last of each may have
// fewer. Any value is found in constant time.
//
//	chunk     values  u16, how many
//	          blocks  16 bytes each
//	                    base   u64
//	                    slope  u32
//	                    info   u32: bits 0-7 width, 8-11 scale, 12-31 offset of
//	                           the block's payload from the chunk's start
//	          payload of each block: its packed numbers, width bits each, lowest
//	                  bits first, padded to a whole byte
//	          8 zero bytes, so that any packed number can be loaded as a word
//
//	value i of a block = base + packed[i] * divisor + (i * slope >> 10)   mod 2^64
//
// Width is 0 to 56, or 64. Scale 0 to 3 stands for the divisor 1, 60, 3,600 or
// 86,400. The writer takes the least value as base and the largest divisor that
// the differences to it have in common (times of whole days lose 16 bits each);
// where values ascend and it is smaller, it takes divisor 1 and what is left
// above a line from the first value to the last (starts of runs become as wide as
// they deviate from even). Equal values have width 0 and no payload.
//
// # Column of fixed values
//
// A section of its own: n values of w bytes, 1 to 64, both kept elsewhere, one
// behind the other and nothing else. A chunk has the largest power of two of
// values that fits 131,072 bytes, the last chunk what is left.
//
// # Reading
//
// Open reads the footer only. A chunk is read, checked and decompressed when it
// is used, and kept in a [Cache] that all readers of a store share; after
// [Reader.Map] those that are not compressed are checked once and used where they
// stand in the mapped file. What fails there later is a fault, which [Reader.Fault] makes
// an error of. Lengths and counts are checked before anything is
// allocated for them; a cursor checks the description of a block once, when it gets
// there, after which no value in it can lie outside the chunk. Hostile bytes cost an
// error wrapping [codec.ErrCorrupt], which says where and quotes nothing.
//
// # Concurrency
//
// A Writer takes chunks of different sections from different goroutines. Readers,
// sections, columns and caches are safe for concurrent use; cursors and column
// writers belong to one goroutine. A Reader that maps its file is closed when nobody
// uses it, or any chunk that it gave, any more.
package segment
