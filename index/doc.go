// Package index keeps what finds rows: sorted dictionaries of strings, sets of
// row numbers, the test whether a string contains another whatever its case,
// and an index of which strings may. Row numbers, values and ordinals go in and
// out; the package does not know what they stand for.
//
// Stored forms live in sections of checked chunks ([codec.ChunkSink],
// [codec.ChunkSource]); whoever stores them compresses and checksums. All
// numbers are little-endian; "uvarint" has seven bits a byte. Each form is data
// chunks, then its directory. Whatever bytes are read, the answer is data or
// an error that wraps [codec.ErrCorrupt]; never a panic, never memory beyond a
// small multiple of the chunks themselves.
//
// # Dictionary
//
// A [Dict] gives strings the ordinals 0 to n-1. Strings need to be sorted only
// within the ranges they are looked up in, so that one dictionary can hold the
// sorted hosts of one domain behind those of another.
//
//	chunk 0 … k-1: up to 4096 strings, cut once the suffixes reach 32 KiB
//	  uint32          ordinal of the first string
//	  uint16          n, number of strings
//	  uint16 × ⌈n/16⌉ where the suffixes of each group of 16 begin
//	  byte × n        bytes shared with the string before; 0 for the first of a group
//	  byte × n        length of the suffix
//	  suffixes        one behind another. A length byte of 255 says that the
//	                  length stands here, before the suffix, as a uvarint;
//	                  when both do, the shared one first.
//	directory
//	  uvarint         number of strings
//	  k times:
//	    uvarint+bytes separator: above the string before the chunk, not above
//	                  its first one; cut at 128 bytes. Where the chunk's first
//	                  string is not above the one before: that string.
//	    uvarint       number of strings
//
// Shared lengths are as long as can be; Find relies on it. Lengths stand apart
// from suffixes because either then compresses better, and because the place of
// a length needs no search.
//
// # Bitmaps
//
// [Bitmaps] hold a [Set] each of some values, cut into pieces of 1,048,576
// rows, so that a chunk stays below 256 KiB and a range of rows can be read
// alone.
//
//	chunk 0 … k-1: pieces, one behind another, each a 32-bit roaring bitmap
//	  of whole row numbers (github.com/RoaringBitmap/RoaringFormatSpec)
//	directory
//	  each value:
//	    uvarint       difference to the value before
//	    uvarint       number of pieces, 1 or more
//	    each piece:
//	      uvarint     number (row >> 20), as difference to the piece before
//	      uvarint     rows in it, 1 or more
//	      uvarint     chunk, as difference to that of the piece before, of
//	                  whichever value
//	      uvarint     offset in the chunk
//	      uvarint     length
//
// # Text index
//
// A [Text] says which blocks of consecutive strings of a dictionary, 16 to 1,024
// of them, may have each trigram of a needle, folded ([Fold]). It is stored in one
// of two forms: lists ([TextWriter]) are the shorter ones and the surer ones,
// signatures ([TextSigner]) take a third of the time to write.
//
// Lists: bytes count by class (a to z, 0 to 9, ".", "-", "_", and one for all other
// ASCII; a byte b beyond ASCII has class 7b mod 40), so that a trigram is a number
// below 40³, its key: (first × 40 + second) × 40 + third. The index comes in parts,
// each of blocks of its own: a part ends with the block that brings the distinct
// keys of its blocks, added up, to 1,048,576. A part takes chunks of its own.
//
//	chunk 0 … k-1: lists of ascending keys, cut once they reach 16 KiB
//	  uvarint         length of the heads
//	  each key that is in some block, its head:
//	    uvarint       difference to the key before in the chunk
//	    uvarint       length of its list; 0 for a key in more than 3/4 of the blocks
//	  lists           one behind another: the blocks, counted from the part's
//	                  first, as a Rice code, bits from the lowest on:
//	    4 bits        k
//	    each block    g = blocks between it and the one before: g>>k zeros, a
//	                  one, the k low bits of g
//	    zeros         to the end of the byte
//	directory
//	  uvarint         number of strings
//	  byte            a block has two to the power of this
//	  each part:
//	    uvarint       number of blocks
//	    uvarint       number of chunks
//	    each chunk:
//	      uvarint     first key, as difference to that of the part's chunk before
//
// Signatures: a block has 512 bits, of which that of each trigram of its folded
// strings is set; others may be, too. Be T(b) the upper half of the first number
// that SplitMix64 gives with seed b, then the trigram a, b, c has bit ((T(a)<<22 +
// T(b)<<11 + T(c)) mod 2³²) >> 23.
//
//	chunk 0 … k-1: of 512 blocks each, the last one of the rest
//	  each of the 512 bits:
//	    uint64 × ⌈blocks/64⌉ which blocks have it, the first one in the lowest bit
//	directory
//	  uvarint         number of strings
//	  byte            a block has two to the power of this
//
// # Directory
//
//	chunk k … last-1: the directory's first parts of 1 MiB each; mostly none
//	last chunk
//	  byte            version: 1; of a text index 2 for lists, 3 for signatures
//	  uvarint         number of entries: chunks of a dictionary, values of bitmaps,
//	                  parts of lists, none of signatures
//	  uvarint         k
//	  the rest of the directory
package index
