package watchlist

// The ceilings of this package, in one place. Lengths of text are in characters.
const (
	maxName        = 100
	maxDescription = 1000
	maxLabel       = 200
	maxNote        = 1000
	maxReason      = 200 // and status, of a billing state
	maxSearch      = 1000
	maxLoginBytes  = 320 // 64 + '@' + 255, the longest address of RFC 5321

	minKeyword, maxKeyword = 3, 100
	minRansom, maxRansom   = 2, 100
	minAsset, maxAsset     = 2, 253
	minBIN, maxBIN         = 6, 8

	// maxBatch bounds the entries or ids of one call.
	maxBatch = 1000
	// maxGroups bounds the groups of a workspace.
	maxGroups = 1000
	// MaxQuota is the greatest quota.
	MaxQuota = 1_000_000

	defaultPageSize = 50
	maxPageSize     = 200

	// pollRecords is how many records are read between two looks at a context.
	pollRecords = 1024
)
