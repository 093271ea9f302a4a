package kv

// Ceilings and sizes, in bytes unless they say otherwise.
const (
	// DefaultMinFree is used where Options.MinFree is 0.
	DefaultMinFree = 64 << 20

	memTableSize = 1 << 20                 // of the catalogue's log; 15 % of it is Badger's limit for a transaction
	walReserve   = memTableSize * 5 / 4    // blocks claimed ahead for one log: it rotates when memTableSize is passed
	vlogFileSize = 1 << 20                 // Badger's least; nothing is ever written to its value log
	inlineBelow  = memTableSize * 15 / 100 // every value stays in the tree, whose blocks are checksummed
	maxTxnBytes  = memTableSize * 12 / 100 // what one of our transactions may hold
	maxTxnKeys   = 1000                    // and how many keys
	maxValue     = 64 << 10                // of one record
	maxBatchID   = 1 << 10                 // of a batch's identity
	maxReasons   = 256                     // reject reasons of one batch
	maxKeyCheck  = 64                      // of the key check value
	maxRecordKey = 1 << 10                 // of a room's record

	maxEditBytes   = 64 << 20 // of a transaction that goes through the journal
	maxJournalPart = 80 << 10 // of one record of the journal, which any one change fits

	ballastSize = 4 << 20 // given up to open or close on a full disk
	openNeed    = 3 << 20 // what Badger may write while it opens or closes

	writeBuffer = 1 << 20  // of a segment file being written
	spaceEvery  = 16 << 20 // how often free space is looked at while one is written
)
