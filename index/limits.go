package index

// Ceilings of the stored forms. A reader refuses bytes beyond them, so each is
// a promise about the memory that hostile bytes can cost.
const (
	// MaxString is the longest string a dictionary takes, in bytes.
	MaxString = 64 << 10

	groupShift     = 4               // strings of a front-coded group: 1<<groupShift
	groupStrings   = 1 << groupShift // the first of each is stored whole
	groupMask      = groupStrings - 1
	chunkStrings   = 4096     // most strings of a dictionary chunk
	chunkSuffixes  = 32 << 10 // a dictionary chunk is cut once its suffix area reaches this
	chunkHeader    = 4 + 2    // first ordinal, count
	lengthEscape   = 255      // a length byte of this value: the length stands in the suffix area
	separatorBytes = 128      // longest chunk separator of the directory

	markShift = 11       // a chunk has 1<<markShift to chunkStrings short strings, mostly
	flatBytes = 16 << 10 // Search decodes so much at a time, and one string more

	directoryChunk   = 1 << 20   // a longer directory takes several chunks
	pieceShift       = 20        // rows of a stored bitmap piece: 1<<pieceShift
	bitmapChunkBytes = 64 << 10  // bitmaps share a chunk up to this size
	maxBitmapChunk   = 256 << 10 // none is longer: a piece has 16 containers of 8 KiB at most

	textLeastShift = 4         // strings of a block of a text index: from 1<<textLeastShift
	textMostShift  = 10        // to 1<<textMostShift
	textPartBlocks = 1<<16 - 1 // most blocks of a part
	textPartKeys   = 1 << 20   // a part ends with the block that brings its distinct keys to this
	textChunkBytes = 16 << 10  // a chunk of lists is cut once it reaches this
	textShortRange = 1 << 10   // so many strings are searched as fast without
	textSignBlocks = 512       // blocks of a chunk of signatures
	textWorthBytes = 256       // so long a list is decoded to save the search of one block, at most
)
