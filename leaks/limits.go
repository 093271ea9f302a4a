package leaks

// The ceilings of this package, in one place.
const (
	// maxHostBytes bounds a host or URL; longer ones are rejected.
	maxHostBytes = 8 << 10
	// maxUsernameBytes bounds a username.
	maxUsernameBytes = 1 << 10
	// maxPasswordBytes bounds a password.
	maxPasswordBytes = 4 << 10
	// maxFactBytes bounds every other text of a record.
	maxFactBytes = 1 << 10

	// maxPageSize is the contract's largest page.
	maxPageSize = 200
	// defaultPageSize is the contract's default page.
	defaultPageSize = 50
	// maxPastEnd is a number of pages that no answer has.
	maxPastEnd = 1 << 48
	// maxIdentifiers bounds the values of one filter, and of [Narrow].
	maxIdentifiers = 100_000
	// minCoverBytes, and a byte for so many rows, bound what a table remembers
	// of what the domains of scopes cover in it.
	minCoverBytes    = 64 << 10
	rowsPerCoverByte = 4
	// minKeyword and maxKeyword bound the characters of a keyword.
	minKeyword = 3
	maxKeyword = 100
	// maxSearchBytes bounds a search text.
	maxSearchBytes = 1 << 10

	// maxMachineRows is the most credentials that a machine's profile lists.
	maxMachineRows = 10_000

	// pollLookups is how many names may be looked up in a table between two
	// looks at a context.
	pollLookups = 256

	// pollFilled is how many rows of an answer are filled in between two looks
	// at a context and at the errors of cursors.
	pollFilled = 64

	// maxPins bounds the snapshots that cursors keep alive.
	maxPins = 32

	// maxSegmentRows bounds what merging puts into one segment, and so the
	// memory of a merge, whatever the size of the store.
	maxSegmentRows = 24 << 20
	// maxFreshRows bounds Options.SegmentRows.
	maxFreshRows = 8 << 20
	// mergeCacheBytes bounds the chunks that one merge keeps loaded.
	mergeCacheBytes = 16 << 20
	// maxMergeInputs bounds the segments of one merge: the edit that publishes
	// it must fit into one transaction of the catalogue.
	maxMergeInputs = 256
	// maxFanout is the greatest Options.MergeFanout. It is below maxBacklog, so
	// that a tier is full before an ingest waits for it.
	maxFanout = 64
	// maxDeferred is the number of segments from which on merging does not wait
	// for a running ingest to end, nor for queries.
	maxDeferred = 192
	// besideBytes of the memory budget allow a merge beside an ingest one row.
	// It takes about half of that.
	besideBytes = 128
	// askedFanout is how many segments of a size are merged into one while an
	// ingest runs and queries are asked.
	askedFanout = 4
	// maxBacklog is the number of segments at which an ingest waits for
	// merging to catch up.
	maxBacklog = 224
)
