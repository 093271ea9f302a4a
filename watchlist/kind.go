package watchlist

import "slices"

// A Kind is what an entry watches for.
type Kind string

// The kinds of entries.
const (
	Domain    Kind = "domain"
	Keyword   Kind = "keyword"
	BIN       Kind = "bin"
	Executive Kind = "executive"
	Asset     Kind = "asset"
	Ransom    Kind = "ransom"
)

// Kinds are all kinds, in the order in which they are listed. The place of one
// is stored: new ones go to the end.
var kinds = [...]Kind{Domain, Keyword, BIN, Executive, Asset, Ransom}

// Kinds returns all kinds.
func Kinds() []Kind { return slices.Clone(kinds[:]) }

// index is the place of a kind in kinds, or -1.
func (k Kind) index() int { return slices.Index(kinds[:], k) }

// Valid reports whether there is such a kind.
func (k Kind) Valid() bool { return k.index() >= 0 }

// Metric is the name under which entries of the kind are counted: "domains".
func (k Kind) Metric() string { return string(k) + "s" }

// DefaultQuota is how many entries of the kind a workspace may have that says
// nothing about it: 1,000, and 10,000 assets.
func (k Kind) DefaultQuota() int {
	if k == Asset {
		return 10_000
	}
	return 1_000
}

// billed reports whether creating entries of the kind may be blocked by billing.
func (k Kind) billed() bool { return k == Domain || k == Keyword || k == BIN }

// Set parses a kind, for package flag.
func (k *Kind) Set(s string) error {
	if !Kind(s).Valid() {
		return paramErrorf("kind", "must be one of %s", kinds)
	}
	*k = Kind(s)
	return nil
}

// String returns the kind's name.
func (k Kind) String() string { return string(k) }
