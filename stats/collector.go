package stats

// A Granularity is the width of the time steps of [Report.LeaksByDay].
type Granularity int

// The granularities.
const (
	Daily  Granularity = iota // "day"
	Hourly                    // "hour"
)

// ParseGranularity returns the granularity of a parameter's value: "day",
// "hour", or nothing, which means day.
func ParseGranularity(s string) (Granularity, bool) {
	switch s {
	case "", "day":
		return Daily, true
	case "hour":
		return Hourly, true
	}
	return Daily, false
}

// seconds returns the width of a step.
func (g Granularity) seconds() int64 {
	if g == Hourly {
		return 3600
	}
	return secondsPerDay
}

// layout returns how the start of a step is written.
func (g Granularity) layout() string {
	if g == Hourly {
		return dateTimeLayout
	}
	return dateLayout
}

// An Observation is what a [Collector] has to know about one occurrence.
//
// Hash identifies (Username, password, Domain), so observations that share it
// share these; Password identifies the password. Both are keyed digests: no
// plaintext comes here.
type Observation struct {
	Seen      int64  // detection time, Unix seconds
	Stealer   bool   // the type: Stealer or Combo
	Username  string // empty: none
	LocalPart string // of an e-mail address, else empty
	Domain    string // of the host; empty: none

	// Identifier is the value of the query's identifier column, Inverse that
	// of the other one: the e-mail domain of a root_domain query, else the
	// root domain. Empty: none.
	Identifier string
	Inverse    string

	Hash        [16]byte
	Password    uint64 // meaningless unless HasPassword
	HasPassword bool   // the password is not empty
	PasswordLen int    // runes
	Classes     uint8  // one bit for each class of characters in the password

	Source string // an unnamed source is a source

	// ExternalAccount: the username has an e-mail domain, and it is not in the
	// caller's scope.
	ExternalAccount bool
}

// CollectorOptions say what to collect. The zero value collects everything, by
// day.
type CollectorOptions struct {
	Granularity Granularity
	// CountersOnly leaves out the lists by day, identifier and domain: all that
	// the window before, which serves the trends, does not need. The collector
	// must then not be asked for a report of its own.
	CountersOnly bool
}

// A Collector counts the observations of one window, exactly: it keeps every
// distinct username, domain, password digest and hash, some 110 bytes for each
// distinct credential and nothing for a repeated one. What it reports does not
// depend on the order of the observations. An Add takes about 1 µs when there
// are a million. It is not safe for concurrent use.
type Collector struct {
	options CollectorOptions

	total  uint64
	byType [2]uint64
	steps  map[step]uint64

	users       tally
	userFlags   []uint8 // by number of the user
	identifiers tally
	inverses    tally
	domains     tally
	sources     tally

	leaks     map[[16]byte]struct{}
	passwords map[uint64]passwordFacts
	last      [16]byte // the hash before: credentials come in runs
}

// step is one cell of the timeline.
type step struct {
	start      int64 // Unix seconds
	identifier uint32
}

// passwordFacts is what is known of a distinct password.
type passwordFacts struct {
	length  uint32
	classes uint8
	reused  bool // with two (username, domain) pairs or more
}

// The bits of Collector.userFlags.
const (
	userExternal = 1 << iota
	userAdmin
)

// NewCollector returns an empty collector.
func NewCollector(options CollectorOptions) *Collector {
	return &Collector{
		options:   options,
		steps:     make(map[step]uint64),
		leaks:     make(map[[16]byte]struct{}),
		passwords: make(map[uint64]passwordFacts),
	}
}

// Add counts one occurrence.
func (c *Collector) Add(o Observation) {
	c.total++
	if o.Stealer {
		c.byType[TypeStealer]++
	} else {
		c.byType[TypeCombo]++
	}
	c.addCredential(&o)
	c.addUser(&o)
	c.sources.add(o.Source)
	c.inverses.add(o.Inverse)
	if c.options.CountersOnly {
		return
	}
	c.domains.add(o.Domain)
	width := c.options.Granularity.seconds()
	start := o.Seen - o.Seen%width
	if start > o.Seen {
		start -= width // before 1970
	}
	c.steps[step{start, c.identifiers.add(o.Identifier)}]++
}

// addCredential notes a hash and its password.
func (c *Collector) addCredential(o *Observation) {
	before := len(c.leaks)
	if before > 0 && o.Hash == c.last {
		return
	}
	c.last = o.Hash
	c.leaks[o.Hash] = struct{}{}
	if len(c.leaks) == before || !o.HasPassword {
		return
	}
	// A new hash is a new (username, domain) pair for its password: a hash is
	// nothing else than the three together.
	p, known := c.passwords[o.Password]
	if !known {
		p = passwordFacts{length: uint32(max(0, o.PasswordLen)), classes: o.Classes}
	}
	p.reused = known
	c.passwords[o.Password] = p
}

func (c *Collector) addUser(o *Observation) {
	if o.Username == "" {
		return
	}
	id := c.users.add(o.Username)
	if int(id) == len(c.userFlags) {
		flags := uint8(0)
		login := o.LocalPart
		if login == "" {
			login = o.Username
		}
		if IsAdminName(login) {
			flags = userAdmin
		}
		c.userFlags = append(c.userFlags, flags)
	}
	if o.ExternalAccount {
		c.userFlags[id] |= userExternal
	}
}

// counters are the numbers that have a trend.
type counters struct {
	total, usernames, domains, passwords, leaks, sources uint64
	reuse, external, admin                               uint64
}

// counters of a nil collector are 0.
func (c *Collector) counters() counters {
	if c == nil {
		return counters{}
	}
	n := counters{
		total:     c.total,
		usernames: uint64(c.users.names.count()),
		domains:   uint64(c.inverses.named()),
		passwords: uint64(len(c.passwords)),
		leaks:     uint64(len(c.leaks)),
		sources:   uint64(c.sources.names.count()),
	}
	for _, p := range c.passwords {
		if p.reused {
			n.reuse++
		}
	}
	for _, flags := range c.userFlags {
		if flags&userExternal != 0 {
			n.external++
		}
		if flags&userAdmin != 0 {
			n.admin++
		}
	}
	return n
}
