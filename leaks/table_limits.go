package leaks

// Ceilings of a table.
const (
	// maxTableRows is the most rows, and so of anything counted, in a table.
	maxTableRows = 1 << 31
	// pollRows is how many rows may pass between two looks at a context.
	pollRows = 4096
	// aggChunkBytes is where a chunk of encoded aggregates is cut.
	aggChunkBytes = 64 << 10
	// aggAloneBytes is from where on an aggregate has its chunk to itself: one
	// with dense sketches, which is asked for most, and would wait for its
	// neighbours to be checked.
	aggAloneBytes = 16 << 10
	// aggPieceBytes is the most of one aggregate in a chunk.
	aggPieceBytes = 1 << 20
	// maxAggregate is the longest encoded aggregate a reader believes in.
	maxAggregate = 1 << 30
)

// aggregateRows is how many rows a domain must have in a table for its
// aggregate to be stored rather than computed when asked for. On the corpus of
// bench a table has 52.3 bytes a row at 1,024, 50.6 at 2,048, 49.9 at 4,096;
// computing takes some 0.4 microseconds a row. Tests change it.
var aggregateRows uint64 = 1024

// freshAggregates is how many times as many they must be in a fresh table, which
// is soon merged: to make and write aggregates is 4 % of an ingest.
const freshAggregates = 4

// textStrings is how many strings a dictionary must have to get a text index:
// going through fewer takes a fraction of a millisecond. Tests lower it.
var textStrings uint32 = 16 << 10
