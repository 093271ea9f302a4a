package leaks

import (
	"encoding/binary"
	"slices"

	"github.com/leakscope/leakscope/stats"
)

// aggregateNames is what an aggregator asks about the ordinals it was given.
type aggregateNames interface {
	// aggName returns member n of a dictionary, valid until the next call.
	aggName(d dictID, n uint32) []byte
	// aggUserMail returns the mail domain of a user.
	aggUserMail(user uint32) uint32
	// aggUserHash returns the sketch hash of a username, 0 of the empty one.
	aggUserHash(user uint32) uint64
}

// An aggregator computes the aggregate of one domain at a time from groups and
// rows. It counts by ordinals and looks at a name once, and hands the sketches
// each value once, in bulk: that is several times faster than counting row by
// row.
type aggregator struct {
	names aggregateNames
	col   Column
	agg   *stats.Aggregate

	firstDay  uint16
	days      []uint32 // by day of seen, from firstDay on
	daySeen   []uint16
	sources   []bool
	countries counter
	stealers  counter

	// The distinct values, some as ordinals that may repeat.
	users, inverse            []uint32
	leaks, passwords          []uint64
	userHashes, inverseHashes []uint64
	sourceList                []uint32
	scratch                   []uint64
	digest                    [8]byte
}

// A counter counts ordinals.
type counter struct {
	counts []uint64
	seen   []uint32
}

func (c *counter) add(n uint32) {
	if c.counts[n] == 0 {
		c.seen = append(c.seen, n)
	}
	c.counts[n]++
}

// newAggregator returns an aggregator of ordinals below the given numbers and
// of times from minSeen to maxSeen.
func newAggregator(names aggregateNames, sources, countries, stealers uint32, minSeen, maxSeen uint32) *aggregator {
	first := stats.Day(minSeen)
	return &aggregator{
		names: names, firstDay: first, sources: make([]bool, sources),
		days:      make([]uint32, stats.Day(maxSeen)-first+1),
		countries: counter{counts: make([]uint64, countries)},
		stealers:  counter{counts: make([]uint64, stealers)},
	}
}

// begin starts on a domain of column RootDomain or EmailDomain, whose rows are
// to be added to agg.
func (a *aggregator) begin(col Column, agg *stats.Aggregate) {
	a.col, a.agg = col, agg
	a.users, a.inverse, a.leaks, a.passwords = a.users[:0], a.inverse[:0], a.leaks[:0], a.passwords[:0]
	a.userHashes, a.inverseHashes = a.userHashes[:0], a.inverseHashes[:0]
}

// credential takes the hashes of a group and its password; pw is as
// packPassword packs it.
func (a *aggregator) credential(leak, password uint64, pw uint32) {
	a.leaks = append(a.leaks, leak)
	if pw&1 != 0 {
		a.passwords = append(a.passwords, password)
	}
}

// group takes a group of the domain; its rows follow.
func (a *aggregator) group(h hash128, hasPassword bool, digest uint64, user, root uint32) {
	b := h.bytes()
	a.leaks = append(a.leaks, stats.Hash(b[:]))
	if hasPassword {
		binary.LittleEndian.PutUint64(a.digest[:], digest)
		a.passwords = append(a.passwords, stats.Hash(a.digest[:]))
	}
	a.users = append(a.users, user)
	if n := len(a.inverse); a.col == EmailDomain && (n == 0 || a.inverse[n-1] != root) {
		a.inverse = append(a.inverse, root)
	}
}

// row takes a row of the group.
func (a *aggregator) row(typ Type, seen, source, country, stealer uint32) {
	a.agg.Total++
	a.agg.Latest = max(a.agg.Latest, seen)
	switch typ {
	case Combo:
		a.agg.ByType[stats.TypeCombo]++
	case Stealer:
		a.agg.ByType[stats.TypeStealer]++
	}
	day := stats.Day(seen) - a.firstDay
	if a.days[day] == 0 {
		a.daySeen = append(a.daySeen, day)
	}
	a.days[day]++
	if !a.sources[source] {
		a.sources[source] = true
		a.sourceList = append(a.sourceList, source)
	}
	a.countries.add(country)
	a.stealers.add(stealer)
}

// finish brings what was counted into the aggregate and returns it.
func (a *aggregator) finish() *stats.Aggregate {
	agg := a.agg
	if agg.ByDay == nil {
		agg.ByDay = make(map[uint16]uint64, len(a.daySeen))
	}
	for _, day := range a.daySeen {
		agg.ByDay[day+a.firstDay] += uint64(a.days[day])
		a.days[day] = 0
	}
	a.named(&a.stealers, dictStealer, &agg.ByStealer)
	a.named(&a.countries, dictCountry, &agg.ByCountry)
	agg.Leaks.AddMany(a.leaks)
	agg.Passwords.AddMany(a.passwords)

	hashes := a.scratch[:0]
	for _, s := range a.sourceList {
		hashes = append(hashes, stats.Hash(a.names.aggName(dictSource, s)))
		a.sources[s] = false
	}
	agg.Sources.AddMany(hashes)

	slices.Sort(a.users)
	for _, u := range slices.Compact(a.users) {
		if h := a.names.aggUserHash(u); h != 0 {
			a.userHashes = append(a.userHashes, h)
		}
		if a.col == RootDomain {
			a.inverse = append(a.inverse, a.names.aggUserMail(u))
		}
	}
	agg.Usernames.AddMany(a.userHashes)

	d := dictMail
	if a.col == EmailDomain {
		d = dictRoot
	}
	slices.Sort(a.inverse)
	for _, n := range slices.Compact(a.inverse) {
		if name := a.names.aggName(d, n); len(name) > 0 {
			a.inverseHashes = append(a.inverseHashes, stats.Hash(name))
		}
	}
	agg.Inverse.AddMany(a.inverseHashes)

	a.scratch, a.daySeen, a.sourceList, a.agg = hashes, a.daySeen[:0], a.sourceList[:0], nil
	return agg
}

// named adds the counts to m by name, without the empty one, and clears c.
func (a *aggregator) named(c *counter, d dictID, m *map[string]uint64) {
	if *m == nil {
		*m = make(map[string]uint64, len(c.seen))
	}
	for _, n := range c.seen {
		if name := a.names.aggName(d, n); len(name) > 0 {
			(*m)[string(name)] += c.counts[n]
		}
		c.counts[n] = 0
	}
	c.seen = c.seen[:0]
}

// aggregateKey is the name under which an aggregate is stored.
func aggregateKey(dst []byte, col Column, name string) []byte {
	kind := byte('m')
	if col == RootDomain {
		kind = 'a' // roots come first: they are known first
	}
	return append(append(dst, kind), name...)
}

// add appends the aggregate of a domain: first roots, then e-mail domains, each
// by ascending name. One that is longer than a chunk goes on in the chunks that
// follow, which it has to itself.
func (o *aggregatesOut) add(col Column, name []byte, rows uint64, pinned bool, agg *stats.Aggregate) error {
	o.one.Reset()
	agg.Encode(&o.one)
	alone := o.one.Len() >= aggAloneBytes
	if o.chunk.Len() > 0 && (alone || o.chunk.Len()+o.one.Len() > aggChunkBytes) {
		if err := o.flush(); err != nil {
			return err
		}
	}
	o.key = aggregateKey(o.key[:0], col, string(name))
	o.names.Add(o.key)
	o.place.Append(o.chunks<<32 | uint64(o.chunk.Len()))
	o.rows.Append(rows<<1 | uint64(boolByte(pinned)))
	b := o.one.Bytes()
	o.chunk.Uvarint(uint64(len(b)))
	for len(b) > aggPieceBytes {
		o.chunk.Raw(b[:aggPieceBytes])
		b = b[aggPieceBytes:]
		if err := o.flush(); err != nil {
			return err
		}
	}
	o.chunk.Raw(b)
	if alone {
		return o.flush()
	}
	return nil
}

func (o *aggregatesOut) flush() error {
	err := o.data.WriteChunk(o.chunk.Bytes())
	o.chunk.Reset()
	o.chunks++
	return err
}

func (w *tableWriter) finishAggregates(o *aggregatesOut) error {
	w.meta.aggregates = o.names.Len()
	if o.chunk.Len() > 0 {
		if err := o.flush(); err != nil {
			return err
		}
	}
	for _, finish := range []func() error{o.names.Finish, o.place.Finish, o.rows.Finish} {
		if err := finish(); err != nil {
			return err
		}
	}
	return nil
}
