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
	groups  []uint32 // the builder's groups in the table's order
	starts  []uint32 // by place in groups: the first of the group's rows in rows
	rows    []uint32 // the builder's rows in the table's order
	counts  []uint32
	ofRoot  []uint32 // by the builder's group: the rank of its root
	seen    []uint32 // by the builder's row
	byHash  []uint32 // places of groups by their hash; nil if some may be alike
	users   []uint32
	tuples  []numberedTuple

	groupBatch []builtGroup
	rowBatch   []builtRow

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
	if err := b.encodeDicts(ctx, w, parallel); err != nil {
		return tableSummary{}, err
	}
	if err := b.encodeMachines(w); err != nil {
		return tableSummary{}, err
	}
	b.orderGroups()
	b.orderRows()
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

// orderGroups sorts the groups by (root, hash): first all by hash, then, with
// a sort that keeps that order, by root.
func (b *tableBuilder) orderGroups() {
	s := b.out
	n := len(b.groups)
	s.hashes, s.ofRoot = resize(s.hashes, n), resize(s.ofRoot, n)
	roots := s.ranks[dictRoot].rank
	s.counts = resize(s.counts, len(roots)+1)
	clear(s.counts)
	for i := range b.groups {
		root := roots[b.groups[i].root]
		s.hashes[i], s.ofRoot[i] = b.groups[i].hash.hi, root
		s.counts[root+1]++
	}
	for i := range roots {
		s.counts[i+1] += s.counts[i]
	}
	s.groups, s.byHash = resize(s.groups, n), resize(s.byHash, n)
	alike, before := false, uint64(0)
	for i, k := range s.order.sort(s.hashes) {
		alike = alike || i > 0 && s.order.alike(k, before)
		before = k
		n := s.order.number(k)
		at := &s.counts[s.ofRoot[n]]
		s.groups[*at], s.byHash[i] = n, *at
		*at++
	}
	s.rootEnds = append(s.rootEnds[:0], s.counts[:len(roots)]...)
	if alike {
		s.byHash = nil
		b.orderAlike()
	}
}

// orderAlike sorts groups of one root and equal high halves by the low ones,
// which have not been looked at. There are next to none in real data.
func (b *tableBuilder) orderAlike() {
	s := b.out
	for lo := 0; lo < len(s.groups); {
		first, hi := &b.groups[s.groups[lo]], lo+1
		for hi < len(s.groups) && b.groups[s.groups[hi]].hash.hi == first.hash.hi && b.groups[s.groups[hi]].root == first.root {
			hi++
		}
		if hi-lo > 1 {
			slices.SortFunc(s.groups[lo:hi], func(x, y uint32) int {
				return cmp.Compare(b.groups[x].hash.lo, b.groups[y].hash.lo)
			})
		}
		lo = hi
	}
}

// orderRows sorts the rows by (group, seen, arrival).
func (b *tableBuilder) orderRows() {
	s := b.out
	s.starts = resize(s.starts, len(b.groups)+1)
	s.counts = resize(s.counts, len(b.groups)) // by the builder's number: where its next row goes
	sum := uint32(0)
	for place, g := range s.groups {
		s.starts[place], s.counts[g] = sum, sum
		sum += b.groups[g].rows
	}
	s.starts[len(s.groups)] = sum
	s.rows, s.seen = resize(s.rows, len(b.rows)), resize(s.seen, len(b.rows))
	for i := range b.rows {
		r := &b.rows[i]
		s.seen[i] = r.seen
		at := &s.counts[r.group]
		s.rows[*at] = uint32(i)
		*at++
	}
	bySeen := func(x, y uint32) int { return cmp.Compare(s.seen[x], s.seen[y]) }
	for place := range s.groups {
		if run := s.rows[s.starts[place]:s.starts[place+1]]; len(run) > 1 && !slices.IsSortedFunc(run, bySeen) {
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
	w.byHash, w.users = s.byHash, resize(s.users, len(s.groups))[:0]
	if w.byHash == nil {
		for _, n := range s.groups {
			w.hashes = append(w.hashes, b.groups[n].hash.hi)
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
		b.gatherGroups(w, lo, end)
		b.gatherRows(w, lo, end)
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

// gatherGroups fills the batch with the groups from lo to hi.
func (b *tableBuilder) gatherGroups(w *tableWriter, lo, hi int) {
	s, out := b.out, &w.groupBatch
	s.groupBatch = resize(s.groupBatch, hi-lo)
	in := s.groupBatch
	for i, n := range s.groups[lo:hi] {
		in[i] = b.groups[n]
	}
	out.n = len(in)
	copy(out.row, s.starts[lo:hi])
	domains, users, masks := s.ranks[dictDomain].rank, s.ranks[dictUser].rank, s.ranks[dictMask].rank
	for i := range in {
		out.user[i] = users[in[i].user]
	}
	for i := range in {
		out.domain[i] = domains[in[i].domain]
	}
	for i := range in {
		g := &in[i]
		out.mask[i], out.pw[i] = masks[g.mask], g.pw
		out.key(i, g.hash, g.digest)
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
	for i := range s.groupBatch {
		g := &s.groupBatch[i]
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
			heavy.addGroup(mail, leak, password, g.pw, s.rootHash[s.ranks[dictRoot].rank[g.root]])
			at := s.starts[lo]
			heavy.addRows(mail, rows, int(s.starts[lo+i]-at), int(s.starts[lo+i+1]-at))
		}
	}
	if agg != nil {
		for i := range rows.n {
			agg.row(Type(rows.typ[i]), rows.seen[i], rows.source[i], rows.country[i], rows.stealer[i])
		}
	}
}
