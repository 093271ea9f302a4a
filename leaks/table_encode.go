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
	awaited uint64 // what await loaded

	rootEnds  []uint32 // by rank of a root: where its groups end
	rootHash  []uint64 // by rank of a root: its hash in sketches; 0 of the empty one
	userHash  []uint64 // by rank of a user: likewise
	mailUsers []uint32 // by rank of a mail domain: its first user, and the end
	userName  []byte
	heavy     heavyScratch
}

// await asks for the groups from place on, their rows, and what those refer to.
func (b *tableBuilder) await(place int) {
	if place%awaitAhead != 0 {
		return
	}
	s := b.out
	end := min(place+awaitAhead, len(s.groups))
	rows := s.rows[s.starts[place]:s.starts[end]]
	rows = rows[:min(len(rows), 2*awaitAhead)]
	sum := uint32(0)
	for _, n := range s.groups[place:end] {
		sum ^= b.groups[n].user
	}
	for _, n := range rows {
		sum ^= b.rows[n].host
	}
	users, domains, hosts := s.ranks[dictUser].rank, s.ranks[dictDomain].rank, s.ranks[dictHost].rank
	for _, n := range s.groups[place:end] {
		sum ^= users[b.groups[n].user] ^ domains[b.groups[n].domain]
	}
	for _, n := range rows {
		sum ^= hosts[b.rows[n].host] ^ s.machine[b.rows[n].machine]
	}
	s.awaited ^= uint64(sum)
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
	w := newTableWriter(seg, vote.result(), &b.out.order, segment.Fast)
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

// encodeMachines brings the machines' facts into the order of the ranked
// dictionaries, sorts and writes them.
func (b *tableBuilder) encodeMachines(w *tableWriter) error {
	s := b.out
	type numbered struct {
		tuple machineTuple
		n     uint32
	}
	all := make([]numbered, len(b.tuples))
	for i, t := range b.tuples {
		for f := range t {
			t[f] = s.ranks[machineField(f).dict()].rank[t[f]]
		}
		all[i] = numbered{t, uint32(i)}
	}
	slices.SortFunc(all, func(a, b numbered) int { return slices.Compare(a.tuple[:], b.tuple[:]) })
	out := w.machines()
	s.machine = resize(s.machine, len(all))
	for i := range all {
		s.machine[all[i].n] = w.addMachine(out, &all[i].tuple)
	}
	return w.finishMachines(out)
}

// orderGroups sorts the groups by (root, hash): first all by hash, then, with
// a sort that keeps that order, by root.
func (b *tableBuilder) orderGroups() {
	s := b.out
	s.hashes = resize(s.hashes, len(b.groups))
	roots := s.ranks[dictRoot].rank
	s.counts = resize(s.counts, len(roots)+1)
	clear(s.counts)
	for i := range b.groups {
		s.hashes[i] = b.groups[i].hash.hi
		s.counts[roots[b.groups[i].root]+1]++
	}
	for i := range roots {
		s.counts[i+1] += s.counts[i]
	}
	s.groups = resize(s.groups, len(b.groups))
	alike, before := false, uint64(0)
	for i, k := range s.order.sort(s.hashes) {
		alike = alike || i > 0 && s.order.alike(k, before)
		before = k
		n := s.order.number(k)
		at := &s.counts[roots[b.groups[n].root]]
		s.groups[*at] = n
		*at++
	}
	s.rootEnds = append(s.rootEnds[:0], s.counts[:len(roots)]...)
	if alike {
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
	s.rows = resize(s.rows, len(b.rows))
	for i := range b.rows {
		at := &s.counts[b.rows[i].group]
		s.rows[*at] = uint32(i)
		*at++
	}
	bySeen := func(x, y uint32) int { return cmp.Compare(b.rows[x].seen, b.rows[y].seen) }
	for place := range s.groups {
		if run := s.rows[s.starts[place]:s.starts[place+1]]; len(run) > 1 && !slices.IsSortedFunc(run, bySeen) {
			slices.SortStableFunc(run, bySeen)
		}
	}
}

// outGroup translates a group into the table's ordinals.
func (b *tableBuilder) outGroup(g *builtGroup) outGroup {
	ranks := &b.out.ranks
	return outGroup{
		hash: g.hash, digest: g.digest, pw: g.pw,
		root:   ranks[dictRoot].rank[g.root],
		domain: ranks[dictDomain].rank[g.domain],
		user:   ranks[dictUser].rank[g.user],
		mask:   ranks[dictMask].rank[g.mask],
	}
}

// outRow translates a row into the table's ordinals.
func (b *tableBuilder) outRow(r *builtRow) outRow {
	s := b.out
	return outRow{
		seen: r.seen, upload: r.upload, log: r.log, typ: r.typ,
		source:   s.ranks[dictSource].rank[r.source],
		host:     s.ranks[dictHost].rank[r.host],
		machine:  s.machine[r.machine],
		software: s.ranks[dictSoftware].rank[r.software],
		protocol: s.ranks[dictProtocol].rank[r.protocol],
	}
}

// encodeRows writes groups and rows, and while they are at hand the aggregates
// of heavy roots; what those of heavy e-mail domains need it puts aside.
func (b *tableBuilder) encodeRows(ctx context.Context, w *tableWriter, heavy *heavyScratch, aggs *aggregatesOut) error {
	s := b.out
	agg := b.newAggregator(w)
	lo := 0
	for root, end := range s.rootEnds {
		if root%awaitMost == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		hi := int(end)
		rows := uint64(s.starts[hi] - s.starts[lo])
		rootHash := s.rootHash[root]
		heavyRoot := rootHash != 0 && rows >= aggregateRows
		if heavyRoot {
			agg.begin(RootDomain, new(stats.Aggregate))
			heavy.beginRoot()
		}
		for place := lo; place < hi; place++ {
			b.await(place)
			g := &b.groups[s.groups[place]]
			out := b.outGroup(g)
			w.group(&out)
			mail := heavy.of(g.mail)
			if mail != nil || heavyRoot {
				leak, password := sketchHashes(g)
				if heavyRoot {
					agg.credential(leak, password, g.pw)
					b.countUser(agg, heavy, g, out.user)
				}
				if mail != nil {
					heavy.addGroup(mail, leak, password, g.pw, rootHash)
				}
			}
			for _, i := range s.rows[s.starts[place]:s.starts[place+1]] {
				r := b.outRow(&b.rows[i])
				w.row(&r)
				if heavyRoot {
					agg.row(r.typ, r.seen, r.source, w.machineCountry[r.machine], w.machineStealer[r.machine])
				}
				if mail != nil {
					heavy.addRow(mail, &r, w)
				}
			}
		}
		if heavyRoot {
			name := b.dicts[dictRoot].at(s.ranks[dictRoot].order[root])
			if err := aggs.add(RootDomain, name, rows, false, agg.finish()); err != nil {
				return err
			}
		}
		lo = hi
	}
	return nil
}
