package leaks

import (
	"cmp"
	"context"
	"runtime"
	"slices"

	"github.com/leakscope/leakscope/internal/normalize"
	"github.com/leakscope/leakscope/internal/segment"
	"github.com/leakscope/leakscope/stats"
)

// encodeScratch is what encode needs besides the builder, kept between tables.
// Builders that are not encoded at the same time can share one.
type encodeScratch struct {
	sorters [2]stringSorter // of the dictionaries written at the same time
	ranks   [numDicts]ranking
	order   hashOrder
	machine []uint32 // rank of each machine
	hashes  []uint64
	rows    []uint32 // the builder's rows in the table's order
	starts  []uint32 // by group: its first place in rows, and the end
	counts  []uint32
	ofRoot  []uint32 // by the builder's row: the builder's root, then its rank
	ofUser  []uint32 // by the builder's row: the builder's user
	again   []uint64 // by the builder's row, a bit: an earlier one is of the same group
	groupOf []uint32 // scratch of beginGroups
	seen    []uint32 // by the builder's row
	byHash  []uint32 // groups by their hash; nil if some may be alike
	users   []uint32
	tuples  []numberedTuple

	rowBatch []builtRow

	rootEnds  []uint32 // by rank of a root: where its groups end
	rootHash  []uint64 // by rank of a root: its hash in sketches; 0 of the empty one
	userHash  []uint64 // by rank of a user: likewise
	mailUsers []uint32 // by rank of a mail domain: its first user, and the end
	names     nameHasher
	rawName   []byte
	atMail    []byte
	heavy     heavyScratch
}

// parallelRows is from how many rows on a table is written on two processors.
// Below, its bytes are the same each time. Tests change it.
var parallelRows = 1 << 15

// onTwo reports whether to do so.
func onTwo(rows int) bool { return rows >= parallelRows && runtime.GOMAXPROCS(0) > 1 }

// together runs both functions, at the same time if parallel says so, and
// returns the first error.
func together(parallel bool, a, b func() error) error {
	if !parallel {
		if err := a(); err != nil {
			return err
		}
		return b()
	}
	done := make(chan error, 1)
	go func() { done <- a() }()
	err := b()
	return cmp.Or(<-done, err)
}

// encode writes the rows as a table. The builder stays as it is.
func (b *tableBuilder) encode(ctx context.Context, seg *segment.Writer) (tableSummary, error) {
	vote := b.vote
	w := newTableWriter(seg, vote.result(), &b.out.order, false)
	w.meta.ownRoots, w.meta.rootList = b.ownRoots, normalize.RootList()
	parallel := onTwo(b.len())
	order := b.orderHashes()
	if err := b.encodeDicts(ctx, w, parallel); err != nil {
		return tableSummary{}, err
	}
	if err := b.encodeMachines(w); err != nil {
		return tableSummary{}, err
	}
	b.orderRows(order)
	w.beginRows()
	aggs := w.aggregates()
	heavy := b.findHeavy()
	if err := b.encodeRows(ctx, w, heavy, aggs); err != nil {
		return tableSummary{}, err
	}
	var split bool
	err := together(parallel,
		func() error { return b.aggregateMails(ctx, w, heavy, aggs) },
		func() (err error) { split, err = w.endRows(); return err })
	if err != nil {
		return tableSummary{}, err
	}
	if split {
		c := w.column(sectionRowOrdinal)
		for _, r := range b.out.rows {
			c.Append(uint64(r))
		}
		if err := w.finishColumns(); err != nil {
			return tableSummary{}, err
		}
	}
	if err := w.finishAggregates(aggs); err != nil {
		return tableSummary{}, err
	}
	return w.finish()
}

// A numberedTuple is a machine and its number in the builder.
type numberedTuple struct {
	tuple machineTuple
	n     uint32
}

// encodeMachines brings the machines' facts into the order of the ranked
// dictionaries, sorts and writes them. Most differ in the first fact already:
// they are distributed by that.
func (b *tableBuilder) encodeMachines(w *tableWriter) error {
	s := b.out
	first := s.ranks[machineMachineID.dict()].rank
	s.counts = resize(s.counts, len(first)+1)
	clear(s.counts)
	for i := range b.tuples {
		s.counts[first[b.tuples[i][machineMachineID]]+1]++
	}
	for i := range first {
		s.counts[i+1] += s.counts[i]
	}
	s.tuples = resize(s.tuples, len(b.tuples))
	for i, t := range b.tuples {
		for f := range t {
			t[f] = s.ranks[machineField(f).dict()].rank[t[f]]
		}
		at := &s.counts[t[machineMachineID]]
		s.tuples[*at] = numberedTuple{t, uint32(i)}
		*at++
	}
	out := w.machines()
	s.machine = resize(s.machine, len(b.tuples))
	for lo := 0; lo < len(s.tuples); {
		hi := lo + 1
		for hi < len(s.tuples) && s.tuples[hi].tuple[machineMachineID] == s.tuples[lo].tuple[machineMachineID] {
			hi++
		}
		if hi-lo > 1 {
			slices.SortFunc(s.tuples[lo:hi], func(a, b numberedTuple) int { return slices.Compare(a.tuple[:], b.tuple[:]) })
		}
		for i := lo; i < hi; i++ {
			s.machine[s.tuples[i].n] = w.addMachine(out, &s.tuples[i].tuple)
		}
		lo = hi
	}
	return w.finishMachines(out)
}

// A hashedOrder is the rows by hash, then by arrival: what [hashOrder.sort] made of
// them.
type hashedOrder struct {
	keys  []uint64
	again int  // how many are of the same group as the one before
	alike bool // some may be alike in their hash and yet of different groups
}

// orderHashes sorts the rows by hash, finds those of which an earlier one is of the
// same group, and tells the dictionary of users which of its strings only those
// refer to.
func (b *tableBuilder) orderHashes() hashedOrder {
	s := b.out
	n := len(b.rows)
	s.hashes, s.seen, s.ofRoot, s.ofUser = resize(s.hashes, n), resize(s.seen, n), resize(s.ofRoot, n), resize(s.ofUser, n)
	for i := range b.rows {
		r := &b.rows[i]
		s.hashes[i], s.seen[i], s.ofRoot[i], s.ofUser[i] = r.hash.hi, r.seen, b.domains[r.domain].root, r.user
	}
	s.again = resize(s.again, n/64+1)
	clear(s.again)
	o := hashedOrder{keys: s.order.sort(s.hashes)}
	for i := 1; i < n; i++ {
		if !s.order.alike(o.keys[i], o.keys[i-1]) {
			continue
		}
		switch m, n := s.order.number(o.keys[i-1]), s.order.number(o.keys[i]); {
		case s.ofRoot[m] == s.ofRoot[n] && b.rows[m].hash == b.rows[n].hash:
			s.again[n/64] |= 1 << (n % 64)
			o.again++
		case s.hashes[m] == s.hashes[n]:
			o.alike = true
		}
	}
	if users := b.dicts[dictUser]; o.again > 0 {
		users.used = resize(users.used, users.len()/64+1)
		clear(users.used)
		for i, user := range s.ofUser {
			users.used[user/64] |= (^s.again[i/64] >> (i % 64) & 1) << (user % 64)
		}
	}
	return o
}

// orderRows sorts the rows by (root, hash, seen, arrival): by root, keeping their
// order by hash, then those of one group by time.
func (b *tableBuilder) orderRows(by hashedOrder) {
	s := b.out
	n := len(b.rows)
	roots := s.ranks[dictRoot].rank
	s.counts = resize(s.counts, len(roots)+1)
	clear(s.counts)
	for i, root := range s.ofRoot {
		rank := roots[root]
		s.ofRoot[i] = rank
		s.counts[rank+1]++
	}
	for i := range roots {
		s.counts[i+1] += s.counts[i]
	}
	s.rows, s.byHash = resize(s.rows, n), resize(s.byHash, n)
	for i, k := range by.keys {
		n := s.order.number(k)
		again := uint32(s.again[n/64]>>(n%64)&1) * inGroup
		at := &s.counts[s.ofRoot[n]]
		s.rows[*at], s.byHash[i] = n|again, *at|again
		*at++
	}
	s.rootEnds = append(s.rootEnds[:0], s.counts[:len(roots)]...)
	if by.alike {
		by.again = b.orderAlike()
	}
	b.beginGroups(by.again)
	if by.alike {
		s.byHash = nil
	}
}

// inGroup marks, while rows are ordered, one of the same group as the one before. No
// table has as many rows.
const inGroup = 1 << 31

// orderAlike sorts rows of one root and equal high halves of hashes by the low
// ones, which have not been looked at, and marks those of one group anew; it
// returns how many it marks. There are next to none to sort in real data.
func (b *tableBuilder) orderAlike() (again int) {
	s := b.out
	for i := range s.rows {
		s.rows[i] &^= inGroup
	}
	for lo := 0; lo < len(s.rows); {
		first, hi := s.rows[lo], lo+1
		for hi < len(s.rows) && s.hashes[s.rows[hi]] == s.hashes[first] && s.ofRoot[s.rows[hi]] == s.ofRoot[first] {
			hi++
		}
		if run := s.rows[lo:hi]; len(run) > 1 {
			slices.SortFunc(run, func(x, y uint32) int {
				return cmp.Or(cmp.Compare(b.rows[x].hash.lo, b.rows[y].hash.lo), cmp.Compare(x, y))
			})
			for i := len(run) - 1; i > 0; i-- {
				if b.rows[run[i]].hash.lo == b.rows[run[i-1]].hash.lo {
					run[i] |= inGroup
					again++
				}
			}
		}
		lo = hi
	}
	return again
}

// beginGroups finds where groups begin, given how many rows belong to the group of
// the row before, sorts the rows of each by time, and turns places among rows into
// groups.
func (b *tableBuilder) beginGroups(again int) {
	s := b.out
	s.starts = resize(s.starts, len(s.rows)-again+1)
	if again == 0 {
		for i := range s.starts {
			s.starts[i] = uint32(i)
		}
		return
	}
	groups := uint32(0)
	s.groupOf = resize(s.groupOf, len(s.rows)+1) // by place among rows
	for place, n := range s.rows {
		if n&inGroup == 0 {
			s.starts[groups] = uint32(place)
			groups++
		}
		s.groupOf[place] = groups - 1
		s.rows[place] = n &^ inGroup
	}
	s.starts[groups], s.groupOf[len(s.rows)] = uint32(len(s.rows)), groups
	kept := s.byHash[:0]
	for _, place := range s.byHash {
		if place&inGroup == 0 {
			kept = append(kept, s.groupOf[place])
		}
	}
	s.byHash = kept
	for i, end := range s.rootEnds {
		s.rootEnds[i] = s.groupOf[end]
	}
	bySeen := func(x, y uint32) int { return cmp.Compare(s.seen[x], s.seen[y]) }
	for g := range groups {
		if run := s.rows[s.starts[g]:s.starts[g+1]]; len(run) > 1 && !slices.IsSortedFunc(run, bySeen) {
			slices.SortStableFunc(run, bySeen)
		}
	}
}

// encodeRows writes groups and rows, and while they are at hand the aggregates
// of heavy roots; what those of heavy e-mail domains need it puts aside.
func (b *tableBuilder) encodeRows(ctx context.Context, w *tableWriter, heavy *heavyScratch, aggs *aggregatesOut) error {
	s := b.out
	w.rootGroups.Append(0)
	w.rootGroups.AppendAll(s.rootEnds)
	w.roots = uint32(len(s.rootEnds) + 1)
	groups := s.starts[:len(s.starts)-1]
	w.byHash, w.users = s.byHash, resize(s.users, len(groups))[:0]
	if w.byHash == nil {
		for _, first := range groups {
			w.hashes = append(w.hashes, s.hashes[s.rows[first]])
		}
	}
	agg := b.newAggregator(w)
	done, lo := 0, 0 // groups written, first group of the root
	for root, end := range s.rootEnds {
		hi := int(end)
		rows := uint64(s.starts[hi] - s.starts[lo])
		if s.rootHash[root] != 0 && rows >= freshAggregates*aggregateRows {
			if err := b.encodeGroups(ctx, w, done, lo, heavy, nil); err != nil {
				return err
			}
			agg.begin(RootDomain, new(stats.Aggregate))
			heavy.beginRoot()
			if err := b.encodeGroups(ctx, w, lo, hi, heavy, agg); err != nil {
				return err
			}
			name := b.dicts[dictRoot].at(s.ranks[dictRoot].order[root])
			if err := aggs.add(RootDomain, name, rows, false, agg.finish()); err != nil {
				return err
			}
			done = hi
		}
		lo = hi
	}
	err := b.encodeGroups(ctx, w, done, lo, heavy, nil)
	s.users = w.users
	return err
}

// encodeGroups writes the groups from lo to hi, and their rows, in batches.
// Those of a heavy root have its aggregator.
func (b *tableBuilder) encodeGroups(ctx context.Context, w *tableWriter, lo, hi int, heavy *heavyScratch, agg *aggregator) error {
	starts := b.out.starts
	for lo < hi {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		end := lo + 1
		for end < hi && end-lo < batchGroups && starts[end+1]-starts[lo] <= batchRows {
			end++
		}
		b.gatherRows(w, lo, end)
		b.gatherGroups(w, lo, end)
		b.countBatch(w, lo, end, heavy, agg)
		first := w.meta.rows
		w.meta.groups += uint32(w.groupBatch.n)
		w.meta.rows += uint32(w.rowBatch.n)
		w.writeGroups(&w.groupBatch)
		w.writeRows(&w.rowBatch, first)
		lo = end
	}
	return nil
}

// gatherGroups fills the batch with the groups from lo to hi, whose rows have been
// gathered.
func (b *tableBuilder) gatherGroups(w *tableWriter, lo, hi int) {
	s, out := b.out, &w.groupBatch
	out.n = hi - lo
	copy(out.row, s.starts[lo:hi])
	domains, users, masks := s.ranks[dictDomain].rank, s.ranks[dictUser].rank, s.ranks[dictMask].rank
	for i := range out.n {
		from, to := s.starts[lo+i], s.starts[lo+i+1]
		user := s.rowBatch[from-s.starts[lo]].user
		if to-from > 1 {
			// That of the row which came first is surely known to the dictionary.
			user = s.ofUser[slices.Min(s.rows[from:to])]
		}
		out.user[i] = users[user]
	}
	for i := range out.n {
		r := &s.rowBatch[s.starts[lo+i]-s.starts[lo]]
		out.domain[i], out.mask[i], out.pw[i] = domains[r.domain], masks[r.mask], r.pw
		out.key(i, r.hash, r.digest)
	}
}

// gatherRows fills the batch with the rows of the groups from lo to hi, and
// counts the sources of each group.
func (b *tableBuilder) gatherRows(w *tableWriter, lo, hi int) {
	s, out := b.out, &w.rowBatch
	rows := s.rows[s.starts[lo]:s.starts[hi]]
	s.rowBatch = resize(s.rowBatch, len(rows))
	in := s.rowBatch
	for i, n := range rows {
		in[i] = b.rows[n]
	}
	out.resize(max(len(in), batchRows))
	out.n = len(in)
	hosts := s.ranks[dictHost].rank
	for i := range in {
		out.host[i], out.machine[i] = hosts[in[i].host], s.machine[in[i].machine]
	}
	out.machines(w)
	for i := range in {
		r := &in[i]
		out.seen[i], out.upload[i], out.log[i], out.typ[i] = r.seen, r.upload, r.log, uint32(r.typ)
	}
	sources, software, protocols := s.ranks[dictSource].rank, s.ranks[dictSoftware].rank, s.ranks[dictProtocol].rank
	for i := range in {
		r := &in[i]
		out.source[i], out.software[i], out.protocol[i] = sources[r.source], software[r.software], protocols[r.protocol]
	}
	for g := lo; g < hi; g++ {
		n := uint64(0)
		for _, source := range out.source[s.starts[g]-s.starts[lo] : s.starts[g+1]-s.starts[lo]] {
			if e := &w.sourceEpoch[source]; *e != uint32(g)+1 {
				*e = uint32(g) + 1
				n++
			}
		}
		w.groupSources.Append(n)
	}
}

// countBatch counts the batch for the aggregate of its root, if that is heavy,
// and puts aside what those of heavy e-mail domains need.
func (b *tableBuilder) countBatch(w *tableWriter, lo, hi int, heavy *heavyScratch, agg *aggregator) {
	s, rows := b.out, &w.rowBatch
	at := s.starts[lo]
	for i := range hi - lo {
		from, to := s.starts[lo+i]-at, s.starts[lo+i+1]-at
		g := &s.rowBatch[from]
		mail := heavy.of(g.mail)
		if mail == nil && agg == nil {
			continue
		}
		leak, password := sketchHashes(g)
		if agg != nil {
			agg.credential(leak, password, g.pw)
			b.countUser(agg, heavy, g, w.groupBatch.user[i])
		}
		if mail != nil {
			heavy.addGroup(mail, leak, password, g.pw, s.rootHash[s.ofRoot[s.rows[at+from]]])
			heavy.addRows(mail, rows, int(from), int(to))
		}
	}
	if agg != nil {
		for i := range rows.n {
			agg.row(Type(rows.typ[i]), rows.seen[i], rows.source[i], rows.country[i], rows.stealer[i])
		}
	}
}
